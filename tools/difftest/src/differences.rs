//! Where Unicorn 2.1.4 (QEMU 5.0.1) is known to differ, and why that is no fault of ours.
//!
//! This is the only such list. An entry accepts one difference, as narrowly as it can be told;
//! how often each was needed is printed at the end of a run.

use crate::{
    case::{End, Fault},
    compare::{Diff, Pair, SP},
    isa::{Encoding, Isa, Kind},
};

/// One known difference.
pub struct Difference {
    /// What differs.
    pub name: &'static str,
    /// Why it is to be expected.
    pub reason: &'static str,
    applies: fn(&Pair<'_>, &Diff, &Isa) -> bool,
}

/// All of them.
pub const KNOWN: &[Difference] = &[
    Difference {
        name: "waiting",
        reason: "YIELD, WFE and WFI end Unicorn's run in ways of its own; that ours sleeps, other tests look at",
        applies: |pair, _, isa| {
            let waits = |name: &str| ["YIELD", "WFE", "WFI"].iter().any(|w| name.starts_with(w));
            names(pair, isa).any(waits)
        },
    },
    Difference {
        name: "alignment of words",
        reason: "LDM, STM, LDRD, STRD, LDREX, STREX, VLDR, VSTR, VLDM and VSTM fault unless aligned \
                 (DDI 0403, A3.2.1); Unicorn does not check",
        applies: |pair, _, isa| {
            pair.ours.end == End::Fault(Fault::Unaligned) && is_unaligned(pair, isa)
        },
    },
    Difference {
        name: "invalid state",
        reason: "a branch to an even address faults before anything is fetched from there \
                 (DDI 0403, B1.5.6); Unicorn fetches first, or calls it an invalid instruction",
        applies: |pair, diff, _| {
            // The same instruction may have left SP<1:0> set in Unicorn, see below.
            let aligned = pair.theirs.r[13] & !3 == pair.ours.r[13];
            let only = Diff {
                end: true,
                r: if aligned { diff.r & SP } else { 0 },
                ..Diff::default()
            };
            pair.ours.end == End::Fault(Fault::InvalidState)
                && matches!(pair.theirs.end, End::Fault(Fault::Fetch | Fault::Undefined))
                && *diff == only
        },
    },
    Difference {
        name: "EXC_RETURN in thread mode",
        reason: "it is an ordinary branch to where there is no code (DDI 0403, B1.5.8); Unicorn \
                 leaves an exception that was never entered",
        applies: |pair, _, _| {
            matches!(&pair.theirs.end, End::Refused(what) if what.ends_with("exception 8"))
                && matches!(
                    pair.ours.end,
                    End::Fault(Fault::Fetch | Fault::InvalidState)
                )
                && pair.ours.r[15] >= 0xff00_0000
        },
    },
    Difference {
        name: "private peripherals",
        reason: "at 0xe000_0000 our core has its peripherals, Unicorn nothing",
        applies: |pair, _, _| {
            let near = |r: &u32| (0xdfff_0000..0xe011_0000).contains(r);
            let told =
                matches!(&pair.ours.end, End::Refused(what) if what.contains("is not modelled"));
            let reached = pair.case.state.r.iter().any(near) || pair.ours.r.iter().any(near);
            pair.theirs.end == End::Fault(Fault::Data)
                && (told || pair.ours.end == End::Breakpoint && reached)
        },
    },
    Difference {
        name: "VCVT from fixed point",
        reason: "it rounds to nearest whatever FPSCR.RMode says (PM0214, 3.11.5; DDI 0403, \
                 A7.7.228); Unicorn obeys RMode",
        applies: |pair, diff, isa| {
            let only = Diff {
                s: diff.s,
                fpscr: diff.fpscr,
                // Where it is stored by what follows.
                memory: diff.memory && pair.case.code.len() > 2,
                ..Diff::default()
            };
            *diff == only
                && names(pair, isa).any(|n| n == "VCVT (from fixed)")
                && pair.case.state.fpscr & 3 << 22 != 0
        },
    },
    Difference {
        name: "MRS of CONTROL",
        reason: "bits 2 and 3: here no floating-point context is kept (FPCCR.ASPEN is clear), and \
                 SFPA is of Armv8-M",
        applies: |pair, diff, isa| {
            let only = Diff {
                r: diff.r,
                ..Diff::default()
            };
            let target = |&(_, i, bits): &(u32, usize, u32)| {
                let encoding = &isa.encodings[i];
                let control = encoding.name == "MRS T1" && encoding.field(bits, b'k') == Some(20);
                control.then(|| encoding.field(bits, b'd').unwrap_or(0) as usize)
            };
            *diff == only
                && pair.instructions.iter().find_map(target).is_some_and(|d| {
                    diff.r == 1 << d && (pair.ours.r[d] ^ pair.theirs.r[d]) & !12 == 0
                })
        },
    },
    Difference {
        name: "what follows a store that faults",
        reason: "Unicorn finishes the translation block, base register, IT block and all, before it \
                 reports the fault",
        applies: |pair, diff, isa| {
            let at = pair.ours.r[15];
            let store = |&(address, i, _): &(u32, usize, u32)| {
                let name = &isa.encodings[i].name;
                address == at
                    && ["ST", "VST", "PUSH"]
                        .iter()
                        .any(|start| name.starts_with(start))
            };
            pair.ours.end == End::Fault(Fault::Data)
                && !diff.end
                && pair.instructions.iter().any(store)
        },
    },
    Difference {
        name: "SP<1:0>",
        reason: "they are always zero (DDI 0403, B1.4.1); Unicorn keeps them",
        applies: |pair, diff, isa| {
            let aligned = pair.theirs.r[13] & !3 == pair.ours.r[13];
            let only = Diff {
                r: diff.r & SP,
                special: diff.special,
                ..Diff::default()
            };
            let special = !diff.special || names(pair, isa).any(|n| n == "MSR T1");
            let stack = |i: usize| pair.theirs.special[i] & !3 == pair.ours.special[i];
            *diff == only && aligned && special && (4..6).all(stack)
                || in_it(pair, isa) && !diff.end && pair.theirs.r[13] & 3 != 0
        },
    },
    Difference {
        name: "IT state behind ISB and VMSR",
        reason: "Unicorn ends a translation block behind them, and forgets the rest of the IT block",
        applies: |pair, _, isa| {
            let before_last = pair.instructions.len().saturating_sub(1);
            let ends = |&(_, i, _): &(u32, usize, u32)| {
                matches!(isa.encodings[i].name.as_str(), "ISB T1" | "VMSR")
            };
            in_it(pair, isa) && pair.instructions[..before_last].iter().any(ends)
        },
    },
];

impl Difference {
    /// The entry that accepts what `diff` says of `pair`.
    pub fn of(pair: &Pair<'_>, diff: &Diff, isa: &Isa) -> Option<usize> {
        KNOWN.iter().position(|d| (d.applies)(pair, diff, isa))
    }
}

fn names<'a>(pair: &'a Pair<'_>, isa: &'a Isa) -> impl Iterator<Item = &'a str> {
    pair.instructions
        .iter()
        .map(|&(_, i, _)| isa.encodings[i].name.as_str())
}

fn in_it(pair: &Pair<'_>, isa: &Isa) -> bool {
    names(pair, isa).next() == Some("IT T1")
}

/// Whether the instruction at which we faulted accesses words (or halfwords, exclusively) at an
/// address that is not aligned.
fn is_unaligned(pair: &Pair<'_>, isa: &Isa) -> bool {
    let at = pair.ours.r[15];
    let Some(&(_, i, bits)) = pair.instructions.iter().find(|i| i.0 == at) else {
        return false;
    };
    let encoding: &Encoding = &isa.encodings[i];
    let base = encoding
        .field(bits, b'n')
        .map_or(0, |n| pair.ours.r[n as usize]);
    let mask = if encoding.name.contains("EXH") { 1 } else { 3 };
    matches!(encoding.kind, Kind::Words | Kind::Exclusive) && base & mask != 0
}
