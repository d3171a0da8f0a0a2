//! Which encodings are defined, as a whole: the decoder's verdicts on all narrow encodings and on
//! a grid of wide ones, of each instruction set. The numbers are this decoder's own, kept so
//! that no verdict changes unseen; whoever changes them compares with the manual's table and
//! with Unicorn: `tools/difftest --sweep`.

use super::{decode, is_wide};
use crate::core::{
    insn::Op,
    model::{Fpu, Isa},
};

const V6M: Isa = Isa {
    thumb2: false,
    dsp: false,
    fpu: None,
};
const V7M: Isa = Isa {
    thumb2: true,
    ..V6M
};
const V7EM: Isa = Isa { dsp: true, ..V7M };
const FPV4: Isa = Isa {
    fpu: Some(Fpu::Fpv4Sp),
    ..V7EM
};
const FPV5: Isa = Isa {
    fpu: Some(Fpu::Fpv5Sp),
    ..V7EM
};

/// Encodings that are defined, UNDEFINED, UNPREDICTABLE, and for an absent coprocessor; and a
/// digest (FNV-1a) of the verdicts in order.
type Count = ([u32; 4], u32);

fn count(isa: Isa, encodings: impl Iterator<Item = (u16, u16)>) -> Count {
    let (mut counts, mut digest) = ([0; 4], 0x811c_9dc5_u32);
    for (first, second) in encodings {
        let verdict = match decode(isa, 0x1000, 0, first, second).op {
            Op::Undefined => 1,
            Op::Unpredictable { .. } => 2,
            Op::Coprocessor { .. } => 3,
            _ => 0,
        };
        counts[verdict as usize] += 1;
        digest = (digest ^ verdict).wrapping_mul(0x0100_0193);
    }
    (counts, digest)
}

fn narrow() -> impl Iterator<Item = (u16, u16)> {
    (0..=u16::MAX)
        .filter(|&first| !is_wide(first))
        .map(|first| (first, 0))
}

/// All first halfwords; a part of the second ones.
fn wide() -> impl Iterator<Item = (u16, u16)> {
    let seconds = (0..=u16::MAX).filter(|second| {
        let (high, low) = (second >> 8 & 15, second & 15);
        matches!(high, 10 | 15) && matches!(low, 0 | 13)
    });
    let seconds: Vec<u16> = seconds.collect();
    (0..=u16::MAX)
        .filter(|&first| is_wide(first))
        .flat_map(move |first| {
            seconds
                .clone()
                .into_iter()
                .map(move |second| (first, second))
        })
}

#[test]
fn all_narrow_encodings_are_what_they_were() {
    let expected: [(&str, Isa, Count); 2] = [
        ("Armv6-M", V6M, ([55934, 2320, 1138, 0], 1_325_060_325)),
        ("Armv7-M", V7M, ([57178, 1056, 1158, 0], 1_408_082_909)),
    ];
    for (name, isa, count_) in expected {
        assert_eq!(count(isa, narrow()), count_, "{name}");
    }
}

#[test]
fn the_wide_encodings_of_a_grid_are_what_they_were() {
    let expected: [(&str, Isa, Count); 5] = [
        (
            "Armv6-M",
            V6M,
            ([262_152, 6_020_736, 8568, 0], 3_220_842_125),
        ),
        (
            "Armv7-M",
            V7M,
            ([1_307_248, 2_551_360, 859_984, 1_572_864], 2_687_798_421),
        ),
        (
            "Armv7E-M",
            V7EM,
            ([1_313_878, 2_512_000, 892_714, 1_572_864], 1_257_450_757),
        ),
        (
            "with FPv4-SP",
            FPV4,
            ([1_440_735, 3_063_168, 1_001_121, 786_432], 746_474_519),
        ),
        (
            "with FPv5-SP",
            FPV5,
            ([1_467_231, 3_036_672, 1_001_121, 786_432], 1_585_727_127),
        ),
    ];
    for (name, isa, count_) in expected {
        assert_eq!(count(isa, wide()), count_, "{name}");
    }
}

#[test]
fn what_the_comparison_with_the_manual_has_found() {
    let unpredictable = |encoding: u32| Op::Unpredictable { encoding };
    let found: [(u32, Op); 12] = [
        // MSR without a mask, and of a part of what has none.
        (0xf380_8000, unpredictable(0xf380_8000)),
        (0xf380_8c10, unpredictable(0xf380_8c10)),
        // VSTM (P, U, W = 0, 0, 1) of D16.
        (0xec60_1b10, Op::Undefined),
        // Bits that should be zero or one: MRS, DMB, CLREX, UXTB, SSAT, VCMP with zero, VMOV.
        (0xf3e0_8010, unpredictable(0xf3e0_8010)),
        (0xf3bf_805f, unpredictable(0xf3bf_805f)),
        (0xf3bf_8f2e, unpredictable(0xf3bf_8f2e)),
        (0xfa5f_f0c1, unpredictable(0xfa5f_f0c1)),
        (0xf301_0022, unpredictable(0xf301_0022)),
        (0xeeb5_0a41, unpredictable(0xeeb5_0a41)),
        (0xee00_1a11, unpredictable(0xee00_1a11)),
        // No such operation, whatever the registers: a multiplication, a store.
        (0xfb00_073d, Op::Undefined),
        (0xf800_d072, Op::Undefined),
    ];
    for (encoding, op) in found {
        let insn = decode(FPV4, 0x1000, 0, (encoding >> 16) as u16, encoding as u16);
        assert_eq!(insn.op, op, "{encoding:#x}");
    }
}
