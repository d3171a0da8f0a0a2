//! Which encodings are defined: all narrow ones, and a grid of the wide ones.
//!
//! Three verdicts are compared: the table's ([`crate::isa`]), the core's, and Unicorn's, which
//! only tells undefined from anything else.

use std::{collections::BTreeMap, rc::Rc};

use crate::{
    bench::BenchError,
    case::{CODE, Case, End, Fault, Outcome, PAGE, RAM, State},
    isa::{Isa, Verdict, is_wide},
    profile::Profile,
    rng::Rng,
    subject::Subject,
    unicorn::{Api, Unicorn},
};

/// Verdicts that do not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// The encoding's name, or its leading bits if it has none.
    pub encoding: String,
    /// What the table says.
    pub table: String,
    /// What the core says.
    pub core: String,
    /// What Unicorn says.
    pub unicorn: String,
}

/// What a sweep has found.
#[derive(Default)]
pub struct Sweep {
    /// Encodings looked at.
    pub encodings: u64,
    /// Disagreements about them: how many, and one of them.
    pub disagreements: BTreeMap<Disagreement, (u64, u32)>,
}

struct Sweeper<'a> {
    profile: &'a Profile,
    isa: &'a Isa,
    api: Rc<Api>,
    subject: Subject,
    unicorn: Unicorn,
    sweep: Sweep,
}

/// Looks at all narrow encodings, and for each first halfword of a wide one at `per` second
/// halfwords for each value of its bits 15 to 12 and 7 to 4.
pub fn run(api: &Rc<Api>, profile: &Profile, per: u32) -> Result<Sweep, BenchError> {
    let isa = profile.isa();
    let mut sweeper = Sweeper {
        profile,
        isa: &isa,
        api: Rc::clone(api),
        subject: Subject::new(profile)?,
        unicorn: Unicorn::new(api, profile)?,
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
        let image = [0x21; PAGE];
        let mut state = State::default();
        state.r[..13].fill(RAM + 0x801);
        state.r[14] = RAM + 0x801;
        let case = Case {
            at,
            code,
            state,
            image: 0,
        };
        self.subject.load_ram(&image);
        self.subject.load_code(at, &bytes);
        let core = match self.subject.run(&case).end {
            End::Fault(Fault::Undefined) => "undefined",
            End::Fault(Fault::NoCoprocessor) => "no coprocessor",
            End::Refused(what) if what.contains("UNPREDICTABLE") => "unpredictable",
            _ => "defined",
        };
        let verdict = self.isa.verdict(bits, wide, None);
        let table = match verdict {
            Verdict::Defined => "defined",
            Verdict::Undefined => "undefined",
            Verdict::Unpredictable(_) => "unpredictable",
            Verdict::NoCoprocessor => "no coprocessor",
        };
        let unicorn = self.ask_unicorn(&case, &bytes)?;
        self.sweep.encodings += 1;
        let agree = unicorn == table
            || table == "unpredictable"
            || table == "defined" && unicorn == "waits";
        if core == table && agree {
            return Ok(());
        }
        let encoding = match self.isa.find(bits, wide) {
            Some(i) => self.isa.encodings[i].name.clone(),
            None if wide => format!("{:012b}....", bits >> 20),
            None => format!("{:08b}........", bits >> 8),
        };
        let why = match verdict {
            Verdict::Unpredictable(why) => format!("{table}: {why}"),
            _ => table.to_owned(),
        };
        let disagreement = Disagreement {
            encoding,
            table: why,
            core: core.to_owned(),
            unicorn: unicorn.to_owned(),
        };
        self.sweep
            .disagreements
            .entry(disagreement)
            .or_insert((0, bits))
            .0 += 1;
        Ok(())
    }

    fn ask_unicorn(&mut self, case: &Case, bytes: &[u8]) -> Result<&'static str, BenchError> {
        let mut outcome = self.run_unicorn(case, bytes);
        // Having fetched in the wrong state Unicorn raises nothing but aborts.
        if outcome.end == End::Fault(Fault::Fetch) && outcome.r[15] == case.at {
            self.unicorn = Unicorn::new(&self.api, self.profile)?;
            outcome = self.run_unicorn(case, bytes);
        }
        let refused = matches!(outcome.end, End::Refused(_));
        if refused || outcome.special[3] & 3 != 0 {
            self.unicorn = Unicorn::new(&self.api, self.profile)?;
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
