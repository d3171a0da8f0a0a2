//! Which encodings are defined.
//!
//! The core's decoder and the table ([`crate::isa`]) are asked about every encoding there is:
//! outside of IT blocks, inside of one, and at its end. Unicorn, which only tells undefined from
//! anything else and takes a thousand times as long, is asked about all narrow encodings and a
//! grid of the wide ones.

use std::{collections::BTreeMap, rc::Rc, thread};

use onchip_vboard::core;

use crate::{
    bench::BenchError,
    case::{CODE, Case, End, Fault, Outcome, PAGE, RAM, State},
    isa::{Isa, Verdict, is_wide},
    profile::Profile,
    rng::Rng,
    unicorn::{Api, Unicorn},
};

/// Verdicts that do not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// The encoding's name, or its leading bits if it has none.
    pub encoding: String,
    /// What the table says.
    pub table: String,
    /// Who says something else, and what.
    pub other: String,
}

/// What a sweep has found.
#[derive(Default)]
pub struct Sweep {
    /// Encodings looked at.
    pub encodings: u64,
    /// Disagreements about them: how many, and one of them.
    pub disagreements: BTreeMap<Disagreement, (u64, u32)>,
}

impl Sweep {
    fn add(&mut self, disagreement: Disagreement, bits: u32) {
        let entry = self.disagreements.entry(disagreement).or_insert((0, bits));
        entry.0 += 1;
    }
}

/// IT states: none, before the last instruction of a block, at it; both under AL.
const IT_STATES: [(u8, Option<bool>); 3] = [(0, None), (0xe4, Some(false)), (0xe8, Some(true))];

/// Compares the core's decoder with the table, on `jobs` threads: on every narrow encoding and, for
/// each first halfword of a wide one, on every `stride`th second halfword.
pub fn decoders(profile: &Profile, jobs: u16, stride: u16) -> Sweep {
    let isa = profile.isa();
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|job| {
                let isa = &isa;
                scope.spawn(move || {
                    let mut sweep = Sweep::default();
                    for first in (job..=u16::MAX).step_by(jobs.into()) {
                        decoders_on(profile, isa, first, stride, &mut sweep);
                    }
                    sweep
                })
            })
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, Sweep>| match worker.join() {
            Ok(sweep) => sweep,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().map(join).collect::<Vec<_>>()
    });
    let mut all = Sweep::default();
    for part in parts {
        all.encodings += part.encodings;
        for (disagreement, (count, example)) in part.disagreements {
            let entry = all
                .disagreements
                .entry(disagreement)
                .or_insert((0, example));
            entry.0 += count;
        }
    }
    all
}

fn decoders_on(profile: &Profile, isa: &Isa, first: u16, stride: u16, sweep: &mut Sweep) {
    let states = if isa.has_faults {
        &IT_STATES[..]
    } else {
        &IT_STATES[..1]
    };
    // Another part of them for each first halfword.
    let start = if is_wide(first) { first % stride } else { 0 };
    let wide = is_wide(first);
    let last = if wide { u16::MAX } else { 0 };
    for second in (start..=last).step_by(stride.into()) {
        let bits = match wide {
            true => u32::from(first) << 16 | u32::from(second),
            false => first.into(),
        };
        sweep.encodings += 1;
        for &(it, place) in states {
            let table = isa.verdict(bits, wide, place);
            let ours = core::verdict(&profile.core, it, first, second);
            let agree = matches!(
                (table, ours),
                (Verdict::Defined, core::Verdict::Defined)
                    | (Verdict::Undefined, core::Verdict::Undefined)
                    | (Verdict::Unpredictable(_), core::Verdict::Unpredictable)
                    | (Verdict::NoCoprocessor, core::Verdict::NoCoprocessor)
            );
            if !agree {
                let place = match place {
                    None => "",
                    Some(false) => " in an IT block",
                    Some(true) => " at the end of an IT block",
                };
                let disagreement = Disagreement {
                    encoding: name(isa, bits, wide) + place,
                    table: describe(table),
                    other: format!("core: {ours:?}"),
                };
                sweep.add(disagreement, bits);
            }
        }
    }
}

/// The encoding's name, or its leading bits if it has none.
fn name(isa: &Isa, bits: u32, wide: bool) -> String {
    match isa.find(bits, wide) {
        Some(i) => isa.encodings[i].name.clone(),
        None if wide => format!("{:012b}....", bits >> 20),
        None => format!("{:08b}........", bits >> 8),
    }
}

fn describe(verdict: Verdict) -> String {
    match verdict {
        Verdict::Unpredictable(why) => format!("UNPREDICTABLE: {why}"),
        verdict => format!("{verdict:?}"),
    }
}

struct Sweeper<'a> {
    profile: &'a Profile,
    isa: &'a Isa,
    api: Rc<Api>,
    unicorn: Unicorn,
    sweep: Sweep,
}

/// Compares Unicorn with the table on all narrow encodings, and for each first halfword of a wide
/// one on `per` second halfwords for each value of its bits 15 to 12 and 7 to 4.
pub fn emulator(api: &Rc<Api>, profile: &Profile, per: u32) -> Result<Sweep, BenchError> {
    let isa = profile.isa();
    let mut sweeper = Sweeper {
        profile,
        isa: &isa,
        api: Rc::clone(api),
        unicorn: Unicorn::stepping(api, profile)?,
        sweep: Sweep::default(),
    };
    for first in 0..=u16::MAX {
        if !is_wide(first) {
            sweeper.judge(first.into(), false)?;
        }
    }
    let mut rng = Rng::new(1);
    for first in (0..=u16::MAX).filter(|&first| is_wide(first)) {
        for grid in 0..256 {
            for _ in 0..per {
                let other = |rng: &mut Rng| match rng.below(4) {
                    0 => 15,
                    1 => 13,
                    2 => 0,
                    _ => rng.below(16),
                };
                let second =
                    (grid >> 4) << 12 | other(&mut rng) << 8 | (grid & 15) << 4 | other(&mut rng);
                sweeper.judge(u32::from(first) << 16 | second, true)?;
            }
        }
    }
    Ok(sweeper.sweep)
}

impl Sweeper<'_> {
    fn judge(&mut self, bits: u32, wide: bool) -> Result<(), BenchError> {
        let at = CODE + 0x400;
        let code = match wide {
            true => vec![(bits >> 16) as u16, bits as u16],
            false => vec![bits as u16],
        };
        let bytes: Vec<u8> = code.iter().flat_map(|h| h.to_le_bytes()).collect();
        // Odd pointers and odd words: no branch goes to an even address.
        let mut state = State::default();
        state.r[..13].fill(RAM + 0x801);
        state.r[14] = RAM + 0x801;
        let case = Case {
            at,
            code,
            state,
            image: 0,
        };
        let unicorn = self.ask_unicorn(&case, &bytes)?;
        self.sweep.encodings += 1;
        let table = self.isa.verdict(bits, wide, None);
        let agree = match table {
            Verdict::Defined => unicorn == "defined" || unicorn == "waits",
            Verdict::Undefined => unicorn == "undefined",
            // Whatever it does.
            Verdict::Unpredictable(_) => true,
            Verdict::NoCoprocessor => unicorn == "no coprocessor",
        };
        if !agree {
            let disagreement = Disagreement {
                encoding: name(self.isa, bits, wide),
                table: describe(table),
                other: format!("Unicorn: {unicorn}"),
            };
            self.sweep.add(disagreement, bits);
        }
        Ok(())
    }

    fn ask_unicorn(&mut self, case: &Case, bytes: &[u8]) -> Result<&'static str, BenchError> {
        let mut outcome = self.run_unicorn(case, bytes);
        // Having fetched in the wrong state Unicorn raises nothing but aborts.
        if outcome.end == End::Fault(Fault::Fetch) && outcome.r[15] == case.at {
            self.unicorn = Unicorn::stepping(&self.api, self.profile)?;
            outcome = self.run_unicorn(case, bytes);
        }
        let refused = matches!(outcome.end, End::Refused(_));
        if refused || outcome.special[3] & 3 != 0 {
            self.unicorn = Unicorn::stepping(&self.api, self.profile)?;
        }
        Ok(match outcome.end {
            End::Fault(Fault::Undefined) => "undefined",
            End::Fault(Fault::NoCoprocessor) => "no coprocessor",
            End::Refused(_) | End::Sleep => "waits",
            _ => "defined",
        })
    }

    fn run_unicorn(&mut self, case: &Case, bytes: &[u8]) -> Outcome {
        self.unicorn.load_ram(&[0x21; PAGE]);
        self.unicorn.load_code(case.at, bytes);
        self.unicorn.run(case, true, true)
    }
}
