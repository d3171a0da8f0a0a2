//! What the reset and clock controllers of all lines do alike.

use crate::memory::AccessError;

/// Power of two by which HPRE divides: 2 to 16, then 64 to 512.
pub(crate) fn ahb_shift(prescaler: u32) -> u32 {
    match prescaler {
        0..8 => 0,
        8..12 => prescaler - 7,
        _ => prescaler - 6,
    }
}

/// Power of two by which PPRE divides.
pub(crate) fn apb_shift(prescaler: u32) -> u32 {
    prescaler.saturating_sub(3)
}

/// The kernel clock of a serial interface in Hz, by its field in RCC: its `bus`, SYSCLK, HSI16 or LSE; 0 if that is off.
pub(crate) fn serial_source(field: u32, bus: u32, system: u32, hsi: bool, lse: bool) -> u32 {
    const HSI16: u32 = 16_000_000;
    const LSE: u32 = 32_768;
    match field {
        0 => bus,
        1 => system,
        2 if hsi => HSI16,
        3 if lse => LSE,
        _ => 0,
    }
}

/// Refuses an access to a peripheral, called `name`, that is not `clocked` or that RCC holds in reset.
pub(crate) fn check_gate(name: &str, clocked: bool, held: bool) -> Result<(), AccessError> {
    if !clocked {
        return Err(AccessError::unmodelled(format!(
            "{name} without its clock; enable it in RCC first"
        )));
    }
    if held {
        return Err(AccessError::unmodelled(format!(
            "{name} while RCC holds it in reset"
        )));
    }
    Ok(())
}
