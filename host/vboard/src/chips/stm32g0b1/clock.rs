//! The clock tree's arithmetic and the limits within which the chip works.

use crate::chips::hertz;

/// The internal oscillator of the name, in Hz.
pub(crate) const HSI16: u32 = 16_000_000;

/// The bus clocks that follow from RCC's registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// SYSCLK in Hz.
    pub(crate) system: u32,
    /// HCLK, which the core runs at, in Hz.
    pub(crate) core: u32,
    /// Division of the core clock that the timers count, as a power of two.
    pub(crate) timer_shift: u32,
}

impl Clocks {
    /// After reset: HSI16, undivided.
    pub(crate) const RESET: Self = Clocks {
        system: HSI16,
        core: HSI16,
        timer_shift: 0,
    };
}

/// What the regulator is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voltage {
    /// Range 1.
    Range1,
    /// Range 2.
    Range2,
}

impl Voltage {
    /// Highest SYSCLK in Hz (RM0444, section "Dynamic voltage scaling management").
    pub(crate) fn limit(self) -> u32 {
        match self {
            Voltage::Range1 => 64_000_000,
            Voltage::Range2 => 16_000_000,
        }
    }

    /// Highest HCLK in Hz at so many wait states of the flash (RM0444, table "Number of wait states according to flash
    /// clock (HCLK) frequency").
    pub(crate) fn flash_limit(self, wait_states: u32) -> u32 {
        let steps = match self {
            Voltage::Range1 => [24_000_000, 48_000_000, 64_000_000],
            Voltage::Range2 => [8_000_000, 16_000_000, 16_000_000],
        };
        steps[wait_states.min(2) as usize]
    }

    /// Highest frequency of the PLL's oscillator in Hz (DS13560, table "PLL characteristics").
    pub(crate) fn vco_limit(self) -> u32 {
        match self {
            Voltage::Range1 => 344_000_000,
            Voltage::Range2 => 128_000_000,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Voltage::Range1 => "range 1",
            Voltage::Range2 => "range 2",
        }
    }
}

/// Checks that the chip can run like this.
///
/// # Errors
/// The rule that is broken, and what to do.
pub(crate) fn check(clocks: Clocks, voltage: Voltage, wait_states: u32) -> Result<(), String> {
    let (limit, name) = (voltage.limit(), voltage.name());
    if clocks.system > limit {
        return Err(format!(
            "SYSCLK of {} in voltage {name}, which allows {}: set PWR_CR1.VOS before raising the clock",
            hertz(clocks.system),
            hertz(limit),
        ));
    }
    let limit = voltage.flash_limit(wait_states);
    if clocks.core > limit {
        return Err(format!(
            "HCLK of {} with {wait_states} flash wait states in voltage {name}, which allow {}: raise FLASH_ACR.LATENCY \
             before the clock",
            hertz(clocks.core),
            hertz(limit),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(megahertz: u32, voltage: Voltage, wait_states: u32) -> bool {
        let frequency = megahertz * 1_000_000;
        let clocks = Clocks {
            system: frequency,
            core: frequency,
            timer_shift: 0,
        };
        check(clocks, voltage, wait_states).is_ok()
    }

    #[test]
    fn limits() {
        assert!(allowed(64, Voltage::Range1, 2));
        assert!(!allowed(64, Voltage::Range1, 1));
        assert!(!allowed(65, Voltage::Range1, 2));
        assert!(allowed(24, Voltage::Range1, 0));
        assert!(!allowed(25, Voltage::Range1, 0));
        assert!(allowed(16, Voltage::Range2, 1));
        assert!(!allowed(16, Voltage::Range2, 0));
        assert!(!allowed(17, Voltage::Range2, 2));
    }
}
