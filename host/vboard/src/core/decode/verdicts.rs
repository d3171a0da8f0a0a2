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
        ("Armv6-M", V6M, ([55936, 2318, 1138, 0], 3_119_407_615)),
        ("Armv7-M", V7M, ([57178, 1080, 1134, 0], 668_208_789)),
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
            ([263_552, 6_024_832, 3072, 0], 3_237_602_885),
        ),
        (
            "Armv7-M",
            V7M,
            ([1_338_633, 2_499_040, 880_919, 1_572_864], 3_984_709_767),
        ),
        (
            "Armv7E-M",
            V7EM,
            ([1_345_775, 2_491_898, 880_919, 1_572_864], 1_419_797_607),
        ),
        (
            "with FPv4-SP",
            FPV4,
            ([1_479_531, 3_046_138, 979_355, 786_432], 4_047_647_463),
        ),
        (
            "with FPv5-SP",
            FPV5,
            ([1_506_027, 3_019_642, 979_355, 786_432], 591_932_775),
        ),
    ];
    for (name, isa, count_) in expected {
        assert_eq!(count(isa, wide()), count_, "{name}");
    }
}

#[test]
fn what_the_comparison_with_the_manual_has_found() {
    let unpredictable = |encoding: u32| Op::Unpredictable { encoding };
    let found: [(u32, Op); 3] = [
        // MSR without a mask, and of a part of what has none.
        (0xf380_8000, unpredictable(0xf380_8000)),
        (0xf380_8c10, unpredictable(0xf380_8c10)),
        // VSTM (P, U, W = 0, 0, 1) of D16.
        (0xec60_1b10, Op::Undefined),
    ];
    for (encoding, op) in found {
        let insn = decode(FPV4, 0x1000, 0, (encoding >> 16) as u16, encoding as u16);
        assert_eq!(insn.op, op, "{encoding:#x}");
    }
}
