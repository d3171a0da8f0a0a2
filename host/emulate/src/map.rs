//! A chip's memories for people, and where a program's parts may lie.

use onchip_vboard::machine::{Machine, Memory};

/// "flash 0x08000000 to 0x081fffff, RAM ..."
pub(crate) fn describe(machine: &Machine) -> String {
    let memory = |memory: Memory| {
        let kind = if memory.ram { "RAM" } else { "flash" };
        let last = memory.base + (memory.len - 1);
        format!("{kind} {:#010x} to {last:#010x}", memory.base)
    };
    let all: Vec<String> = machine.memories().map(memory).collect();
    all.join(", ")
}

/// The RAM that `address` is in or right behind, as a stack pointer may be.
pub(crate) fn ram_below(machine: &Machine, address: u32) -> Option<Memory> {
    machine.memories().find(|memory| {
        let above = address.wrapping_sub(memory.base);
        memory.ram && above != 0 && above <= memory.len
    })
}
