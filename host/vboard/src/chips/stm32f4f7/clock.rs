//! The clock tree's results and the limits within which a chip works.

use crate::chips::hertz;

/// The internal oscillator, in Hz.
pub(crate) const HSI: u32 = 16_000_000;
/// What the debug probe of a Nucleo board feeds into OSC_IN, in Hz (UM1724 and UM1974, "OSC clock supply").
pub(crate) const HSE: u32 = 8_000_000;

/// Frequencies that one more wait state allows, at 2.7 to 3.6 V (RM0390, table 5; RM0385, table 5).
const WAIT_STATE: u32 = 30_000_000;

/// The bus clocks that follow from RCC's registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// SYSCLK in Hz.
    pub(crate) system: u32,
    /// HCLK, which the core runs at, in Hz.
    pub(crate) core: u32,
    /// PCLK1 and PCLK2 in Hz.
    pub(crate) buses: [u32; 2],
    /// Division of the core clock that the timers on APB1 count, as a power of two.
    pub(crate) apb1_timer_shift: u32,
}

/// The highest frequency of a clock, in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) normal: u32,
    /// With the over-drive mode on.
    pub(crate) over_drive: u32,
}

impl Limit {
    /// That of the mode in which the regulator is.
    pub(crate) fn of(self, over_drive: bool) -> u32 {
        if over_drive {
            self.over_drive
        } else {
            self.normal
        }
    }
}

/// What the regulator allows as it is set, in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) system: u32,
    /// PCLK1 and PCLK2.
    pub(crate) buses: [u32; 2],
}

/// Checks that a chip can run like this.
///
/// # Errors
/// The rule that is broken, and what to do.
pub(crate) fn check(clocks: Clocks, limits: Limits, wait_states: u32) -> Result<(), String> {
    if clocks.system > limits.system {
        return Err(format!(
            "SYSCLK of {} with a regulator that is set for {}: set PWR_CR.VOS, and ODEN and ODSWEN, before raising the clock",
            hertz(clocks.system),
            hertz(limits.system),
        ));
    }
    for (number, (clock, limit)) in (1..).zip(clocks.buses.into_iter().zip(limits.buses)) {
        if clock > limit {
            return Err(format!(
                "PCLK{number} of {}, of at most {}: divide it by RCC_CFGR.PPRE{number}",
                hertz(clock),
                hertz(limit),
            ));
        }
    }
    let limit = WAIT_STATE * (wait_states + 1);
    if clocks.core > limit {
        return Err(format!(
            "HCLK of {} with {wait_states} flash wait states, which allow {}: raise FLASH_ACR.LATENCY before the clock",
            hertz(clocks.core),
            hertz(limit),
        ));
    }
    Ok(())
}
