//! Programs that time their parts themselves, explained.
//!
//! An image that measures reads a counter when its work begins and ends, and before and after each
//! part of it. Its report says how many cycles passed between, not what they were spent on. Here
//! the same flash runs on a chip just powered on; the machine tells what it knows of each reading,
//! and the work whose cycles are those of the report, all of them, is the one that is explained.

use onchip_vboard::chips;
use onchip_vboard::machine::{Glance, Machine, MachineError, Stop};
use onchip_vboard::memory::MapError;
use serde::Serialize;

use crate::report::Spent;

/// Core cycles between looks at what has been read.
const SLICE: u64 = 1_000_000;

/// Core cycles without a reading after which none is awaited any more, beside those of the work:
/// start-up, painting memory and checking sums take less, reporting does not wait for anybody.
const PATIENCE: u64 = 1_000_000_000;

/// What a program has reported of its work.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The register that it reads for the time: one that counts core cycles.
    pub counter: u32,
    /// Cycles of all.
    pub whole: u64,
    /// Cycles of each part, in order.
    pub parts: &'a [u64],
}

/// What happened between two readings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Instructions executed, of the two that read the first included.
    pub instructions: u64,
    /// Core cycles passed.
    pub cycles: u64,
    /// What they were spent on; they add up to `cycles`.
    pub causes: Vec<Spent>,
}

/// What is behind the numbers of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Of the whole work, reading the counter included.
    pub whole: Stretch,
    /// Of its parts.
    pub parts: Vec<Stretch>,
}

/// Why a report cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is no model of the chip.
    #[error("there is no model of {0}; a virtual board has one of {known}", known = chips::names().collect::<Vec<_>>().join(", "))]
    UnknownChip(String),
    /// The model contradicts itself.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The program does something that is not modelled.
    #[error("the program cannot be run anew: {0}")]
    Stopped(MachineError),
    /// It does not do it again.
    #[error(
        "run anew from power-on, the program does not take the cycles that it reported: of {tried} \
         times none had {whole} in {parts} parts by the counter at {counter:#010x}; an image built \
         from this version's sources does"
    )]
    Different {
        /// Times that it worked.
        tried: usize,
        /// The cycles reported.
        whole: u64,
        /// The number of parts reported.
        parts: usize,
        /// What was taken for its counter.
        counter: u32,
    },
}

/// Explains what the program in `flash` has reported, on a chip called as in [`chips::names`].
///
/// The program must read its counter once before and once after the work, and once before and
/// once after each of its parts, and at no other time.
pub fn explain(
    chip: &str,
    flash: &[u8],
    reported: &Reported<'_>,
) -> Result<Explanation, ExplainError> {
    let chip = chips::by_name(chip).ok_or_else(|| ExplainError::UnknownChip(chip.to_owned()))?;
    let mut machine = Machine::new(chip)?;
    machine.load_flash(0, flash);
    machine.tap(Some(reported.counter));
    machine.track(true);

    let needed = 2 * reported.parts.len() + 2;
    let mut glances = Vec::new();
    let mut tried = 0;
    let mut heard = 0;
    loop {
        let stop = machine.run(SLICE);
        let new = machine.take_glances();
        if !new.is_empty() {
            heard = machine.cycles();
            glances.extend(new);
        }
        while glances.len() >= needed {
            let work: Vec<Glance> = glances.drain(..needed).collect();
            if let Some(explanation) = matching(&work, reported) {
                return Ok(explanation);
            }
            tried += 1;
        }
        if let Some(error) = machine.error() {
            return Err(ExplainError::Stopped(error.clone()));
        }
        let waited = machine.cycles() - heard;
        if stop != Stop::CycleLimit || waited > reported.whole.saturating_add(PATIENCE) {
            return Err(ExplainError::Different {
                tried,
                whole: reported.whole,
                parts: reported.parts.len(),
                counter: reported.counter,
            });
        }
    }
}

/// What is behind the readings of one work, if they are those reported.
fn matching(work: &[Glance], reported: &Reported<'_>) -> Option<Explanation> {
    let [first, within @ .., last] = work else {
        return None;
    };
    let whole = Stretch::between(first, last);
    let pairs = within.as_chunks::<2>().0.iter();
    let parts: Vec<Stretch> = pairs
        .map(|[begin, end]| Stretch::between(begin, end))
        .collect();
    let same = whole.cycles == reported.whole
        && parts
            .iter()
            .map(|part| part.cycles)
            .eq(reported.parts.iter().copied());
    same.then_some(Explanation { whole, parts })
}

impl Stretch {
    fn between(begin: &Glance, end: &Glance) -> Stretch {
        Stretch {
            instructions: end.instructions - begin.instructions,
            cycles: end.cycle - begin.cycle,
            causes: Spent::all(end.ledger - begin.ledger),
        }
    }
}
