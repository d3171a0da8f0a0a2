//! Passages: what happens from one mark to the other.

use onchip_vboard::machine::Machine;
use onchip_vboard::timing::Ledger;
use serde::Serialize;

use crate::report::Spent;
use crate::stack::Painter;

/// One way from the begin mark to the end mark. The instruction at the begin mark is in it,
/// the one at the end mark is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// How many passages were open when it began.
    pub depth: usize,
    /// Core cycles since power-on when it began.
    pub begun: u64,
    /// Instructions executed, those of interrupts included.
    pub instructions: u64,
    /// Core cycles passed.
    pub cycles: u64,
    /// What they were spent on.
    pub causes: Vec<Spent>,
    /// Bytes by which the stack pointer went below what it was when it began: exact. Of the
    /// stack that was in use then; frames of interrupts are in it.
    pub stack_pointer: u32,
    /// The same by painting, so far as bytes were written; `None` if the stack could not be
    /// painted.
    pub stack_painted: Option<u32>,
}

/// A passage that has not ended yet.
#[derive(Debug)]
struct Open {
    begun: u64,
    ledger: Ledger,
    instructions: u64,
    sp: u32,
    /// It began with the process stack.
    process: bool,
    lowest: u32,
    written: u32,
}

/// Which marks there are, and what has passed.
#[derive(Debug)]
pub(crate) struct Passages {
    begin: Option<u32>,
    end: Option<u32>,
    open: Vec<Open>,
    pub(crate) closed: Vec<Passage>,
    /// Ends without a begin.
    pub(crate) stray_ends: u64,
    painter: Option<Painter>,
    /// The lowest main stack pointer of all.
    pub(crate) lowest: u32,
}

impl Passages {
    pub(crate) fn new(begin: Option<u32>, end: Option<u32>, painter: Option<Painter>) -> Self {
        Passages {
            begin,
            end,
            open: Vec::new(),
            closed: Vec::new(),
            stray_ends: 0,
            painter,
            lowest: u32::MAX,
        }
    }

    /// The marks to set.
    pub(crate) fn marks(&self) -> Vec<u32> {
        self.begin.into_iter().chain(self.end).collect()
    }

    /// Passages that are still open.
    pub(crate) fn unfinished(&self) -> usize {
        self.open.len()
    }

    /// The core is at a mark. A place that both begins and ends does the latter first.
    pub(crate) fn reach(&mut self, machine: &mut Machine) {
        self.look(machine);
        let pc = Some(machine.register(15));
        if pc == self.end {
            match self.open.pop() {
                Some(open) => self.closed.push(self.close(machine, &open)),
                None if self.begin == self.end => {}
                None => self.stray_ends += 1,
            }
        }
        if pc == self.begin {
            self.begin(machine);
        }
    }

    /// Takes in how low the stacks have been.
    pub(crate) fn look(&mut self, machine: &mut Machine) {
        let low = machine.take_stack_low();
        self.lowest = self.lowest.min(low.main);
        for open in &mut self.open {
            let low = if open.process { low.process } else { low.main };
            open.lowest = open.lowest.min(low);
        }
        let Some(painter) = &mut self.painter else {
            return;
        };
        painter.note(low.main);
        let main = self.open.iter_mut().filter(|open| !open.process);
        let top = main.map(|open| open.sp).max();
        if let Some(top) = top {
            let written = painter.lowest_written(machine, top);
            for open in &mut self.open {
                open.written = open.written.min(written);
            }
        }
    }

    fn begin(&mut self, machine: &mut Machine) {
        const SPSEL: u32 = 1 << 25;
        let process = machine.register(20) & SPSEL != 0;
        let sp = machine.register(13);
        if !process && let Some(painter) = &mut self.painter {
            painter.paint(machine, sp);
        }
        self.open.push(Open {
            begun: machine.cycles(),
            ledger: machine.ledger(),
            instructions: machine.instructions(),
            sp,
            process,
            lowest: sp,
            written: sp,
        });
    }

    fn close(&self, machine: &Machine, open: &Open) -> Passage {
        let painted = self.painter.is_some() && !open.process;
        Passage {
            depth: self.open.len(),
            begun: open.begun,
            instructions: machine.instructions() - open.instructions,
            cycles: machine.cycles() - open.begun,
            causes: Spent::all(machine.ledger() - open.ledger),
            stack_pointer: open.sp - open.lowest,
            stack_painted: painted.then(|| open.sp - open.written),
        }
    }
}
