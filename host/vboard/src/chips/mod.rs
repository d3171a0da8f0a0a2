//! The chips that can be emulated.
//!
//! A chip is a folder here: one file per peripheral, and a function that puts them on the memory map. What is not modelled is
//! listed by name, so that a program that touches it is told what it is.

mod coresight;
mod dbgmcu;
mod gpio;
mod register;
pub mod stm32l4r5;
mod tim2;

use crate::memory::Chip;

/// Names of the chips, as probe-rs calls them.
pub const NAMES: &[&str] = &[stm32l4r5::NAME];

/// The chip called `name` (case does not matter), as it leaves the factory.
pub fn by_name(name: &str) -> Option<Chip> {
    name.eq_ignore_ascii_case(stm32l4r5::NAME)
        .then(stm32l4r5::chip)
}
