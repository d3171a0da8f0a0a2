//! The clock tree's arithmetic and the limits within which the chip works.

use crate::chips::hertz;

/// The internal oscillator of the name, in Hz.
pub(crate) const HSI16: u32 = 16_000_000;

/// Frequencies of the multi-speed oscillator, by MSIRANGE (RM0432, RCC_CR).
pub(crate) const MSI_RANGES: [u32; 12] = [
    100_000, 200_000, 400_000, 800_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000,
    24_000_000, 32_000_000, 48_000_000,
];

/// The bus clocks that follow from RCC's registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// SYSCLK in Hz.
    pub(crate) system: u32,
    /// HCLK, which the core runs at, in Hz.
    pub(crate) core: u32,
    /// Division of the core clock that the timers on APB1 count, as a power of two.
    pub(crate) apb1_timer_shift: u32,
}

/// What the regulator is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voltage {
    /// Range 1, boost mode.
    Boost,
    /// Range 1, normal mode.
    Range1,
    /// Range 2.
    Range2,
}

impl Voltage {
    /// Highest SYSCLK in Hz (RM0432, section "Dynamic voltage scaling management").
    pub(crate) fn limit(self) -> u32 {
        match self {
            Voltage::Boost => 120_000_000,
            Voltage::Range1 => 80_000_000,
            Voltage::Range2 => 26_000_000,
        }
    }

    /// Highest HCLK in Hz at so many wait states of the flash (RM0432, table "Number of wait states according to CPU clock
    /// frequency").
    pub(crate) fn flash_limit(self, wait_states: u32) -> u32 {
        match self {
            Voltage::Boost => 20_000_000 * (wait_states + 1).min(6),
            Voltage::Range1 => 20_000_000 * (wait_states + 1).min(4),
            Voltage::Range2 => [8_000_000, 16_000_000, 26_000_000][wait_states.min(2) as usize],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Voltage::Boost => "range 1 boost",
            Voltage::Range1 => "range 1 normal",
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
            "SYSCLK of {} in voltage {name}, which allows {}: set PWR_CR1.VOS and PWR_CR5.R1MODE before raising the clock",
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
            apb1_timer_shift: 0,
        };
        check(clocks, voltage, wait_states).is_ok()
    }

    #[test]
    fn limits() {
        assert!(allowed(120, Voltage::Boost, 5));
        assert!(!allowed(120, Voltage::Boost, 4));
        assert!(!allowed(121, Voltage::Boost, 5));
        assert!(allowed(80, Voltage::Range1, 3));
        assert!(!allowed(81, Voltage::Range1, 5));
        assert!(allowed(26, Voltage::Range2, 2));
        assert!(!allowed(17, Voltage::Range2, 1));
        assert!(allowed(4, Voltage::Range1, 0));
    }
}
