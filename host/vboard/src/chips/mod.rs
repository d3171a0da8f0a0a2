//! The chips that can be emulated.
//!
//! A chip is a folder here: one file per peripheral, and a function that puts them on the memory map. What is not modelled is
//! listed by name, so that a program that touches it is told what it is.

mod coresight;
mod dbgmcu;
mod double_word_flash;
mod gpio;
mod iwdg;
mod lock;
mod rcc;
mod register;
mod serial;
pub mod stm32f4f7;
pub mod stm32g0b1;
pub mod stm32l4r5;
mod system_memory;
mod tim2;
mod usart;

use self::stm32f4f7::{stm32f446, stm32f746};
use crate::memory::Chip;

/// A name, as probe-rs calls the chip, and what makes one.
type Entry = (&'static str, fn() -> Chip);

const CHIPS: &[Entry] = &[
    (stm32f446::NAME, stm32f446::chip),
    (stm32f746::NAME, stm32f746::chip),
    (stm32g0b1::NAME, stm32g0b1::chip),
    (stm32l4r5::NAME, stm32l4r5::chip),
];

/// Names of the chips, as probe-rs calls them.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHIPS.iter().map(|&(name, _)| name)
}

/// The chip called `name` (case does not matter), as it leaves the factory.
pub fn by_name(name: &str) -> Option<Chip> {
    CHIPS
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, chip)| chip())
}

/// A frequency for people.
fn hertz(value: u32) -> String {
    format!("{} MHz", f64::from(value) / 1e6)
}
