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
