//! Where Unicorn 2.1.4 (QEMU 5.0.1) is known to differ, and why that is no fault of ours.
//!
//! This is the only such list. An entry accepts one difference, as narrowly as it can be told;
//! how often each was needed is printed at the end of a run.

use crate::{
    case::{End, FLAGS, Fault},
    compare::{Diff, PC, Pair, SP},
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
        applies: |pair, diff, isa| {
            let waits = |name: &str| ["YIELD", "WFE", "WFI"].iter().any(|w| name.starts_with(w));
            let only = Diff {
                end: true,
                r: diff.r & PC,
                ..Diff::default()
            };
            *diff == only
                && alone(pair, isa).is_some_and(|(_, encoding, _)| waits(&encoding.name))
                && matches!(pair.ours.end, End::Sleep | End::Breakpoint)
                && matches!(
                    pair.theirs.end,
                    End::Sleep | End::Refused(_) | End::Fault(Fault::Undefined)
                )
        },
    },
    Difference {
        name: "alignment",
        reason: "LDM, STM, LDRD, STRD, LDREX, STREX, VLDR, VSTR, VLDM and VSTM fault unless aligned \
                 (DDI 0403, A3.2.1), and so does every access of Armv6-M (DDI 0419, A3.2); Unicorn \
                 does not check",
        applies: |pair, _, isa| {
            // Armv6-M has one fault for everything.
            let fault = if isa.has_faults {
                Fault::Unaligned
            } else {
                Fault::Hard
            };
            pair.ours.end == End::Fault(fault)
                && is_unaligned(pair, isa)
                // It has had no effect. What loads the PC may have come back to itself.
                && alone(pair, isa).is_none_or(|(_, encoding, bits)| {
                    is_unchanged(pair) || encoding.loads_pc(bits)
                })
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
                    End::Fault(Fault::Fetch | Fault::InvalidState | Fault::Hard)
                )
                && pair.ours.r[15] >= 0xff00_0000
        },
    },
    Difference {
        name: "private peripherals",
        reason: "at 0xe000_0000 our core has its peripherals, Unicorn nothing",
        applies: |pair, _, isa| {
            // Ours may have gone on, to whatever end that takes.
            let went_on = pair.ours.r[15] != pair.theirs.r[15];
            pair.theirs.end == End::Fault(Fault::Data)
                && reaches_peripherals(pair, isa)
                && (went_on || matches!(pair.ours.end, End::Refused(_) | End::Breakpoint))
        },
    },
    Difference {
        name: "VCVT from fixed point",
        reason: "it rounds to nearest whatever FPSCR.RMode says (PM0214, 3.11.5; DDI 0403, \
                 A7.7.228); Unicorn obeys RMode",
        applies: |pair, diff, isa| {
            let is_moved = names(pair, isa).any(|n| TO_CORE.contains(&n));
            let only = Diff {
                s: diff.s,
                fpscr: diff.fpscr,
                // Where it is stored, or moved to a core register, by what follows.
                memory: diff.memory && pair.case.code.len() > 2,
                r: if is_moved { diff.r } else { 0 },
                ..Diff::default()
            };
            let is_target = match alone(pair, isa) {
                Some((_, encoding, bits)) => diff.s == 1 << encoding.single(bits),
                None => true,
            };
            *diff == only
                && is_target
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
        name: "Q in Armv6-M",
        reason: "there is none (DDI 0419, B1.4.2); with Unicorn MSR sets it",
        applies: |pair, diff, isa| {
            let only = Diff {
                flags: true,
                ..Diff::default()
            };
            const Q: u32 = 1 << 27;
            *diff == only
                && isa.flags & Q == 0
                && pair.ours.xpsr ^ pair.theirs.xpsr == Q
                && alone(pair, isa).is_some_and(|(_, encoding, _)| encoding.name == "MSR T1")
        },
    },
    Difference {
        name: "targets of a load that faults",
        reason: "a load of several registers that faults leaves those UNKNOWN (DDI 0403, B1.5.6); ours changes \
                 none, Unicorn those that it has loaded before",
        applies: |pair, diff, isa| {
            let at = pair.ours.r[15];
            let only = Diff {
                r: diff.r & !(SP | PC),
                s: diff.s,
                ..Diff::default()
            };
            let load = |&(address, i, _): &(u32, usize, u32)| {
                let encoding = &isa.encodings[i];
                let starts = |name: &&str| encoding.name.starts_with(name);
                address == at && ["LDM", "POP", "LDRD", "VLDM", "VLDR"].iter().any(starts)
            };
            matches!(pair.ours.end, End::Fault(Fault::Data | Fault::Hard))
                && *diff == only
                && pair.instructions.iter().any(load)
                && (alone(pair, isa).is_none() || is_unchanged(pair))
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
            let is_left_to_it = match alone(pair, isa) {
                Some((_, encoding, bits)) => {
                    let base = encoding.field(bits, b'n').unwrap_or(13);
                    let only = Diff {
                        r: diff.r & 1 << base,
                        memory: diff.memory && encoding.kind == Kind::Words,
                        ..Diff::default()
                    };
                    *diff == only
                }
                None => !diff.end,
            };
            matches!(pair.ours.end, End::Fault(Fault::Data | Fault::Hard))
                && is_left_to_it
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
                // One instruction has written it, another gone by it.
                || pair.theirs.r[13] & 3 != 0
                    && pair
                        .instructions
                        .iter()
                        .filter(|&&(_, i, bits)| isa.encodings[i].touches_sp(bits))
                        .nth(1)
                        .is_some()
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

/// Instructions that move floating-point registers to core registers.
const TO_CORE: [&str; 4] = [
    "VMOV (single to core)",
    "VMOV (scalar to core)",
    "VMOV (two singles)",
    "VMOV (double)",
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

/// The instruction, if the case has but one: its address, its encoding and its bits.
fn alone<'a>(pair: &Pair<'_>, isa: &'a Isa) -> Option<(u32, &'a Encoding, u32)> {
    match *pair.instructions {
        [(at, i, bits)] => Some((at, &isa.encodings[i], bits)),
        _ => None,
    }
}

/// Whether an instruction at which a core has stopped accesses something near 0xe000_0000.
fn reaches_peripherals(pair: &Pair<'_>, isa: &Isa) -> bool {
    let near = |address: u32| (0xdfff_0000..0xe011_0000).contains(&address);
    // Unicorn tells of a store when the block is over.
    let stops = [pair.ours.r[15], pair.theirs.r[15]];
    let states: [&[u32]; 3] = [&pair.case.state.r, &pair.ours.r, &pair.theirs.r];
    // A store that has gone through here, and Unicorn has told of at the end of an IT block, lies before both.
    let gone = pair.ours.end == End::Breakpoint;
    let at_stop = |&&(at, i, _): &&(u32, usize, u32)| {
        let stores = matches!(isa.encodings[i].kind, Kind::Words | Kind::Memory);
        stops.contains(&at) || (gone && stores)
    };
    pair.instructions
        .iter()
        .filter(at_stop)
        .any(|&(_, i, bits)| {
            let field = |letter| isa.encodings[i].field(bits, letter);
            states.iter().any(|r| {
                let register = |n: u32| r.get(n as usize).copied().unwrap_or(0);
                let base = register(field(b'n').unwrap_or(13));
                let offset = field(b'm').map_or(0, register);
                (0..4).any(|shift| near(base.wrapping_add(offset << shift)))
            })
        })
}

/// Whether our core is still where it was, and memory and registers are as they were.
fn is_unchanged(pair: &Pair<'_>) -> bool {
    let (before, after) = (&pair.case.state, pair.ours);
    let frame = &after.frame;
    let memory = |range: std::ops::Range<usize>| pair.our_ram[range.clone()] == pair.image[range];
    after.r[15] == pair.case.at
        && after.r[..15] == before.r
        && after.s == before.s
        && after.xpsr & FLAGS == before.apsr
        && memory(0..frame.start)
        && memory(frame.end..pair.image.len())
}

/// Whether the instruction at which we faulted accesses words or halfwords that have to be
/// aligned, at an address that is not.
fn is_unaligned(pair: &Pair<'_>, isa: &Isa) -> bool {
    let at = pair.ours.r[15];
    let Some(&(_, i, bits)) = pair.instructions.iter().find(|i| i.0 == at) else {
        return false;
    };
    let encoding = &isa.encodings[i];
    let value = |letter| {
        let register = encoding.field(bits, letter);
        register.map_or(0, |register| pair.ours.r[register as usize])
    };
    // Immediate offsets are multiples of the size.
    let address = match encoding.kind {
        Kind::Words | Kind::Exclusive => value(b'n'),
        Kind::Memory if !isa.has_faults => value(b'n').wrapping_add(value(b'm')),
        _ => 0,
    };
    address & encoding.alignment() != 0
}
