//! Faults to order: what goes wrong on a bench, at a point that is chosen.
//!
//! A test plans a [`Fault`] with [`VirtualBoard::inject`](crate::VirtualBoard::inject) and then does what it would do with a sound board.
//! Each fault strikes once, at an access of the probe or a core cycle that is the same in every run. Faults that are
//! planned stay so over resets and the loss of power; [`VirtualBoard::clear_faults`](crate::VirtualBoard::clear_faults) forgets them.
//!
//! Accesses are those of the probe to a register of the debug port or an access port; a block counts as
//! one ([`VirtualBoard::accesses`](crate::VirtualBoard::accesses)). Cycles count since power-on
//! ([`VirtualBoard::cycles`](crate::VirtualBoard::cycles)), hence anew after power was lost; what is to happen at a cycle happens at the end of the
//! block of code in which it passes, and at once if it has passed.

use thiserror::Error;

/// What is to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The probe is unplugged: after this many more accesses all of them fail, until the probe is opened anew. A TCP
    /// server drops the connection.
    DropProbe {
        /// Accesses that still succeed.
        after_accesses: u64,
    },
    /// The core hangs on its bus: it executes nothing, takes no exception and does not obey requests to halt. The debug port
    /// lives, memory can be accessed, peripherals run. Any reset ends it.
    HangCore {
        /// When.
        at_cycle: u64,
    },
    /// Bits of a word of flash or RAM flip. In flash it is as if the word had been programmed so: the error
    /// correction code fits.
    CorruptWord {
        /// Address of the word, a multiple of four.
        address: u32,
        /// The bits that flip.
        flips: u32,
        /// When.
        at_cycle: u64,
    },
    /// A word is read wrong by the probe, once; the word itself is sound.
    CorruptRead {
        /// Address of the word, a multiple of four; reads of parts of it count too.
        address: u32,
        /// The bits that are read wrong.
        flips: u32,
        /// Reads that are still right.
        after_reads: u64,
    },
    /// Power is lost for a moment: RAM, registers and the debug port's state are gone (what comes next over the wires finds the debug
    /// domain unpowered and is answered with FAULT), an operation on flash is cut short, the core starts anew.
    BrownOut {
        /// When.
        at_cycle: u64,
    },
    /// The wires are slow: each access to memory takes this many times as long in the chip's time.
    SlowBus {
        /// How many times; zero counts as one.
        factor: u32,
    },
}

/// Why a fault cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// Only flash and RAM can be corrupted.
    #[error("{0:#010x} is not the address of a word of flash or RAM; corrupt one that is")]
    NotMemory(u32),
}

/// A fault whose cycle has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    Hang,
    Corrupt { address: u32, flips: u32 },
    BrownOut,
}

#[derive(Debug)]
struct WrongRead {
    address: u32,
    flips: u32,
    left: u64,
}

/// The faults of one board, and the state of its probe's plug.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    accesses: u64,
    /// The access at which the probe is unplugged.
    drop_at: Option<u64>,
    unplugged: bool,
    timed: Vec<(u64, Strike)>,
    reads: Vec<WrongRead>,
    factor: u32,
}

impl Faults {
    pub(crate) fn plan(&mut self, fault: Fault) {
        match fault {
            Fault::DropProbe { after_accesses } => {
                self.drop_at = Some(self.accesses.saturating_add(after_accesses));
            }
            Fault::HangCore { at_cycle } => self.timed.push((at_cycle, Strike::Hang)),
            Fault::CorruptWord {
                address,
                flips,
                at_cycle,
            } => self
                .timed
                .push((at_cycle, Strike::Corrupt { address, flips })),
            Fault::CorruptRead {
                address,
                flips,
                after_reads,
            } => self.reads.push(WrongRead {
                address,
                flips,
                left: after_reads,
            }),
            Fault::BrownOut { at_cycle } => self.timed.push((at_cycle, Strike::BrownOut)),
            Fault::SlowBus { factor } => self.factor = factor,
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Faults {
            accesses: self.accesses,
            unplugged: self.unplugged,
            ..Faults::default()
        };
    }

    pub(crate) fn accesses(&self) -> u64 {
        self.accesses
    }

    /// An access comes over the wires. Returns whether they are there.
    pub(crate) fn note_access(&mut self) -> bool {
        if self.drop_at.is_some_and(|at| at <= self.accesses) {
            self.drop_at = None;
            self.unplugged = true;
        }
        self.accesses += u64::from(!self.unplugged);
        !self.unplugged
    }

    pub(crate) fn unplugged(&self) -> bool {
        self.unplugged
    }

    /// The probe is opened anew.
    pub(crate) fn plug_in(&mut self) {
        self.unplugged = false;
    }

    /// How many times as long as usual an access takes.
    pub(crate) fn factor(&self) -> u64 {
        self.factor.max(1).into()
    }

    /// Cycles from `now` to the next strike.
    pub(crate) fn until_next(&self, now: u64) -> u64 {
        let next = self.timed.iter().map(|(at, _)| *at).min();
        next.map_or(u64::MAX, |at| at.saturating_sub(now))
    }

    /// Takes the earliest strike that is due at `now`; of those of the same cycle, the one planned first.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<Strike> {
        let (first, (at, _)) = self
            .timed
            .iter()
            .enumerate()
            .min_by_key(|(_, (at, _))| *at)?;
        (*at <= now).then(|| self.timed.remove(first).1)
    }

    /// The bits, in their place in the word, that the probe reads wrong in the word at `address`.
    pub(crate) fn flips(&mut self, address: u32) -> u32 {
        if self.reads.is_empty() {
            return 0;
        }
        let mut flips = 0;
        self.reads.retain_mut(|read| {
            if read.address != address & !3 {
                return true;
            }
            if read.left > 0 {
                read.left -= 1;
                return true;
            }
            flips ^= read.flips;
            false
        });
        flips
    }
}
