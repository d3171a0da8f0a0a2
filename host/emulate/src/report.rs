//! What is told of a run.

use onchip_vboard::machine::Excused;
use onchip_vboard::timing::Ledger;
use serde::Serialize;

use crate::cause::End;
use crate::passage::Passage;

/// All of a run. A function of the program, the chip and the options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The chip's name.
    pub chip: String,
    /// How it ended.
    pub end: End,
    /// Instructions executed since power-on.
    pub instructions: u64,
    /// Core cycles since power-on.
    pub cycles: u64,
    /// What they were spent on.
    pub causes: Vec<Spent>,
    /// Bytes by which the main stack pointer went below what the vector table says: exact.
    pub stack_pointer: u32,
    /// The passages in the order in which they ended.
    pub passages: Vec<Passage>,
    /// Passages that had not ended.
    pub unfinished: usize,
    /// Times that the end mark was reached without a begin.
    pub stray_ends: u64,
    /// Registers that are not modelled and were accessed nevertheless, by address.
    pub excused: Vec<Register>,
}

/// Cycles that were spent on one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// On what.
    pub on: &'static str,
    /// How many; negative if they were charged and not spent.
    pub cycles: i64,
}

impl Spent {
    /// All that a ledger has.
    pub(crate) fn all(ledger: Ledger) -> Vec<Spent> {
        let spent = ledger.iter().filter(|&(_, cycles)| cycles != 0);
        spent
            .map(|(cause, cycles)| Spent {
                on: cause.name(),
                cycles,
            })
            .collect()
    }
}

/// A register that is not modelled and was accessed nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Register {
    /// The peripheral or register, and what about it.
    pub what: String,
    /// Its address.
    pub address: u32,
    /// Whether it was written; else it was read.
    pub write: bool,
    /// The instruction that did so first.
    pub first_pc: u32,
    /// In which function.
    pub function: Option<String>,
    /// How often.
    pub count: u64,
}

impl Register {
    pub(crate) fn new(excused: &Excused, function: Option<&str>) -> Self {
        Register {
            what: excused.what.clone(),
            address: excused.address,
            write: excused.write,
            first_pc: excused.first_pc,
            function: function.map(str::to_owned),
            count: excused.count,
        }
    }
}
