//! Reset and clock control (RM0444, chapter 5).
//!
//! There is no crystal model: HSE is refused, LSE is the 32.768 kHz crystal of the Nucleo board.

use super::clock::{Clocks, HSI16, Voltage};
use crate::chips::hertz;
use crate::chips::rcc::{ahb_shift, apb_shift, serial_source};
use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, Reset};

const CR: u32 = 0x00;
const CFGR: u32 = 0x08;
const PLLCFGR: u32 = 0x0C;
const GPIORSTR: u32 = 0x24;
const APBRSTR1: u32 = 0x2C;
const APBRSTR2: u32 = 0x30;
const GPIOENR: u32 = 0x34;
const APBENR1: u32 = 0x3C;
const APBENR2: u32 = 0x40;
const CCIPR: u32 = 0x54;
const BDCR: u32 = 0x5C;
const CSR: u32 = 0x60;

const GPIO_BITS: u32 = 0x3F;
/// DMA1, DMA2, the flash interface and CRC.
const AHB_BITS: u32 = 0x1103;
const SRAMSMEN: u32 = 1 << 9;
const FLASHEN: u32 = 1 << 8;
const APB1_BITS: u32 = 0xFFFF_FFB7;
/// Clock of the RTC's registers and of the window watchdog, which have no reset bits.
const UNRESETTABLE: u32 = 1 << 10 | 1 << 11;
const APB2_BITS: u32 = 0x0017_D801;

const REGISTERS: &[Register] = &[
    Register::new(CR, "CR", HSION, 0x0140_3B00).refusing(HSEON | HSEBYP | CSSON),
    // Trimming would shift the oscillator's frequency.
    Register::new(0x04, "ICSCR", 0x4080, 0).refusing(0x7F00),
    Register::new(CFGR, "CFGR", 0, 0xFFFF_7F07),
    Register::new(PLLCFGR, "PLLCFGR", 0x1000, 0xFF3F_7F73),
    Register::new(0x14, "CRRCR", 0, 0),
    // Interrupts of the oscillators: none is ever pending.
    Register::new(0x18, "CIER", 0, 0).refusing(0x3B),
    Register::new(0x1C, "CIFR", 0, 0),
    Register::new(0x20, "CICR", 0, 0),
    Register::new(GPIORSTR, "IOPRSTR", 0, GPIO_BITS),
    // The flash interface can be reset in power-down only, which is not modelled.
    Register::new(0x28, "AHBRSTR", 0, AHB_BITS),
    Register::new(APBRSTR1, "APBRSTR1", 0, APB1_BITS & !UNRESETTABLE),
    Register::new(APBRSTR2, "APBRSTR2", 0, APB2_BITS),
    Register::new(GPIOENR, "IOPENR", 0, GPIO_BITS),
    Register::new(0x38, "AHBENR", FLASHEN, AHB_BITS),
    Register::new(APBENR1, "APBENR1", 0, APB1_BITS),
    Register::new(APBENR2, "APBENR2", 0, APB2_BITS),
    // Clocks during sleep: kept, not acted upon.
    Register::new(0x44, "IOPSMENR", GPIO_BITS, GPIO_BITS),
    Register::new(0x48, "AHBSMENR", AHB_BITS | SRAMSMEN, AHB_BITS | SRAMSMEN),
    Register::new(0x4C, "APBSMENR1", APB1_BITS, APB1_BITS & !TIM2EN).refusing(TIM2EN),
    Register::new(0x50, "APBSMENR2", APB2_BITS, APB2_BITS),
    Register::new(CCIPR, "CCIPR", 0, 0xC17C_FF7F),
    Register::new(0x58, "CCIPR2", 0, 0x330F),
    Register::new(BDCR, "BDCR", 0, 0x0301_831D).refusing(LSECSSON),
    Register::new(CSR, "CSR", PINRSTF | PWRRSTF, LSION),
];

const HSION: u32 = 1 << 8;
const HSIRDY: u32 = 1 << 10;
const HSEON: u32 = 1 << 16;
const HSEBYP: u32 = 1 << 18;
const CSSON: u32 = 1 << 19;
const HSI48ON: u32 = 1 << 22;
const PLLON: u32 = 1 << 24;
const PLLRDY: u32 = 1 << 25;
const PLLREN: u32 = 1 << 28;

const TIM2EN: u32 = 1 << 0;

const LSEON: u32 = 1 << 0;
const LSECSSON: u32 = 1 << 5;
const BDRST: u32 = 1 << 16;
const LSION: u32 = 1 << 0;
const RMVF: u32 = 1 << 23;
const PINRSTF: u32 = 1 << 26;
const PWRRSTF: u32 = 1 << 27;
const SFTRSTF: u32 = 1 << 28;
const RESET_FLAGS: u32 = 0xFE00_0000;

/// Sources of SYSCLK, as in CFGR.SW.
const SW_HSI: u32 = 0;
const SW_HSE: u32 = 1;
const SW_PLL: u32 = 2;
const SW_LSI: u32 = 3;
const SW_LSE: u32 = 4;

/// The internal low-speed oscillator and the board's crystal, in Hz.
const LSI: u32 = 32_000;
const LSE: u32 = 32_768;

/// Peripherals that RCC resets or gates, as far as they are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gated {
    /// Timer 2.
    Tim2,
    /// Debug support.
    Dbg,
    /// Power control.
    Pwr,
    /// System configuration.
    Syscfg,
    /// General-purpose port, A being 0.
    Gpio(usize),
    /// Serial interface, numbered as in [`super::serial::PORTS`].
    Serial(usize),
}

/// What serial interface has which bit in the enable and reset registers; the first one's are the second ones.
const SERIAL_BITS: [u32; 8] = [14, 17, 18, 19, 8, 9, 20, 7];
/// Where CCIPR selects their clocks; the others have their bus's.
const SERIAL_FIELDS: [Option<u32>; 8] = [
    Some(0),
    Some(2),
    Some(4),
    None,
    None,
    None,
    Some(10),
    Some(8),
];

impl Gated {
    /// Where its enable and reset bits are: enable register, reset register, bit.
    fn bits(self) -> (u32, u32, u32) {
        match self {
            Gated::Tim2 => (APBENR1, APBRSTR1, TIM2EN),
            Gated::Dbg => (APBENR1, APBRSTR1, 1 << 27),
            Gated::Pwr => (APBENR1, APBRSTR1, 1 << 28),
            Gated::Syscfg => (APBENR2, APBRSTR2, 1 << 0),
            Gated::Gpio(port) => (GPIOENR, GPIORSTR, 1 << port),
            Gated::Serial(0) => (APBENR2, APBRSTR2, 1 << SERIAL_BITS[0]),
            Gated::Serial(port) => (APBENR1, APBRSTR1, 1 << SERIAL_BITS[port]),
        }
    }
}

/// The registers.
#[derive(Debug, Clone)]
pub(crate) struct Rcc {
    bank: Bank,
    /// The source that SYSCLK comes from (CFGR.SWS).
    source: u32,
}

impl Rcc {
    /// After power-on.
    pub(crate) fn new() -> Self {
        Rcc {
            bank: Bank::new("RCC", REGISTERS),
            source: SW_HSI,
        }
    }

    /// A reset of the chip: all but the RTC domain.
    pub(crate) fn reset(&mut self, reset: Reset) {
        let (backup, status) = (self.bank.get(BDCR), self.bank.get(CSR));
        *self = Rcc::new();
        if reset == Reset::PowerOn {
            return;
        }
        self.bank.set(BDCR, backup);
        // Every system reset pulls the pin, so that its flag comes with each.
        let cause = if reset == Reset::System { SFTRSTF } else { 0 };
        self.bank.set(CSR, status | cause | PINRSTF);
    }

    /// Whether `peripheral` has its bus clock.
    pub(crate) fn clocked(&self, peripheral: Gated) -> bool {
        let (enable, _, bit) = peripheral.bits();
        self.bank.get(enable) & bit != 0
    }

    /// Whether `peripheral` is held in reset.
    pub(crate) fn held_in_reset(&self, peripheral: Gated) -> bool {
        let (_, reset, bit) = peripheral.bits();
        self.bank.get(reset) & bit != 0
    }

    /// Reads a register. Whatever is switched on is ready.
    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        let value = self.bank.read(offset)?;
        Ok(match offset {
            CR => {
                let hsi = if value & HSION != 0 { HSIRDY } else { 0 };
                value | (value & (PLLON | HSI48ON)) << 1 | hsi
            }
            CFGR => value | self.source << 3,
            BDCR => value | (value & LSEON) << 1,
            CSR => value | (value & LSION) << 1,
            _ => value,
        })
    }

    /// Writes a register. `backup_writable` is PWR_CR1.DBP.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        backup_writable: bool,
    ) -> Result<(), AccessError> {
        match offset {
            // A source that SYSCLK needs cannot be switched off.
            CR => self.bank.write(CR, value | self.needed())?,
            PLLCFGR => {
                const FIXED_WHILE_ON: u32 = 0x7F73;
                let changed = self.bank.get(PLLCFGR) ^ value;
                if self.bank.get(CR) & PLLON != 0 && changed & FIXED_WHILE_ON != 0 {
                    return Err(AccessError::unmodelled(
                        "RCC_PLLCFGR: source, M or N changed while the PLL is on; switch it off first",
                    ));
                }
                self.bank.write(PLLCFGR, value)?;
            }
            // The RTC domain ignores writes while it is protected.
            BDCR if !backup_writable => {}
            BDCR if value & BDRST != 0 => self.bank.set(BDCR, BDRST),
            CSR => {
                self.bank.write(CSR, value)?;
                if value & RMVF != 0 {
                    self.bank.set(CSR, self.bank.get(CSR) & !RESET_FLAGS);
                }
            }
            _ => self.bank.write(offset, value)?,
        }
        let wanted = self.bank.get(CFGR) & 7;
        if self.is_ready(wanted)? {
            self.source = wanted;
        }
        Ok(())
    }

    fn is_ready(&self, source: u32) -> Result<bool, AccessError> {
        let cr = self.bank.get(CR);
        match source {
            SW_HSI => Ok(cr & HSION != 0),
            SW_PLL => Ok(cr & PLLON != 0 && self.bank.get(PLLCFGR) & PLLREN != 0),
            SW_LSI => Ok(self.bank.get(CSR) & LSION != 0),
            SW_LSE => Ok(self.bank.get(BDCR) & LSEON != 0),
            SW_HSE => Err(AccessError::unmodelled("RCC_CFGR.SW: HSE as system clock")),
            _ => Err(AccessError::unmodelled("RCC_CFGR.SW of a reserved value")),
        }
    }

    /// The enable bits in CR of what SYSCLK comes from.
    fn needed(&self) -> u32 {
        match self.source {
            SW_HSI => HSION,
            SW_PLL => PLLON | HSION,
            _ => 0,
        }
    }

    /// The PLL's output R in Hz.
    fn pll(&self, voltage: Voltage) -> Result<u32, AccessError> {
        let config = self.bank.get(PLLCFGR);
        match config & 3 {
            2 => {}
            3 => return Err(AccessError::unmodelled("RCC_PLLCFGR.PLLSRC: HSE")),
            _ => {
                return Err(AccessError::unmodelled(
                    "RCC_PLLCFGR.PLLSRC: the PLL is on without a source",
                ));
            }
        }
        let (m, n, r) = (
            (config >> 4 & 7) + 1,
            config >> 8 & 0x7F,
            (config >> 29) + 1,
        );
        // 127 times 16 MHz does not overflow.
        let (input, vco) = (HSI16 / m, HSI16 * n / m);
        let limit = voltage.vco_limit();
        if input < 2_660_000 || !(8..=86).contains(&n) || !(96_000_000..=limit).contains(&vco) {
            return Err(AccessError::unmodelled(format!(
                "RCC_PLLCFGR: PLL input {} times {n}; the input must be 2.66 to 16 MHz, N 8 to 86, the product 96 MHz to {}",
                hertz(input),
                hertz(limit),
            )));
        }
        if r == 1 {
            return Err(AccessError::unmodelled(
                "RCC_PLLCFGR.PLLR of a reserved value",
            ));
        }
        Ok(vco / r)
    }

    /// The kernel clock of a serial interface in Hz; 0 if its source is off. `clocks` is what [`Self::clocks`] says.
    pub(crate) fn serial_clock(&self, port: usize, clocks: Clocks) -> u32 {
        let field = SERIAL_FIELDS[port].map_or(0, |shift| self.bank.get(CCIPR) >> shift & 3);
        let apb = apb_shift(self.bank.get(CFGR) >> 12 & 7);
        serial_source(
            field,
            clocks.core >> apb,
            clocks.system,
            self.bank.get(CR) & HSION != 0,
            self.bank.get(BDCR) & LSEON != 0,
        )
    }

    /// The bus clocks at this core voltage.
    ///
    /// # Errors
    /// The PLL is outside its limits.
    pub(crate) fn clocks(&self, voltage: Voltage) -> Result<Clocks, AccessError> {
        // A PLL that is on must be sound, used or not.
        let pll = if self.bank.get(CR) & PLLON != 0 {
            self.pll(voltage)?
        } else {
            0
        };
        let system = match self.source {
            // HSIDIV.
            SW_HSI => HSI16 >> (self.bank.get(CR) >> 11 & 7),
            SW_LSI => LSI,
            SW_LSE => LSE,
            _ => pll,
        };
        let cfgr = self.bank.get(CFGR);
        let core = system >> ahb_shift(cfgr >> 8 & 0xF);
        // Timers count twice the bus clock as soon as it is divided.
        let apb = apb_shift(cfgr >> 12 & 7);
        Ok(Clocks {
            system,
            core,
            timer_shift: apb.saturating_sub(1),
        })
    }
}

const _: () = assert!(PLLRDY == PLLON << 1);

#[cfg(test)]
mod tests {
    use super::*;

    const MHZ: u32 = 1_000_000;
    /// HSI16 * 8 / 2, with PLLR for the core.
    const PLL_64: u32 = 2 | 8 << 8 | PLLREN | 1 << 29;
    const TO_PLL: [(u32, u32); 3] = [(PLLCFGR, PLL_64), (CR, HSION | PLLON), (CFGR, SW_PLL)];

    fn write(rcc: &mut Rcc, writes: &[(u32, u32)]) {
        for &(offset, value) in writes {
            rcc.write(offset, value, true).unwrap();
        }
    }

    fn check(writes: &[(u32, u32)], system: u32, core: u32, timer_shift: u32) {
        let mut rcc = Rcc::new();
        write(&mut rcc, writes);
        let expected = Clocks {
            system,
            core,
            timer_shift,
        };
        assert_eq!(rcc.clocks(Voltage::Range1), Ok(expected), "{writes:x?}");
    }

    #[test]
    fn frequencies() {
        check(&[], 16 * MHZ, 16 * MHZ, 0);
        check(&[(CR, HSION | 3 << 11)], 2 * MHZ, 2 * MHZ, 0);
        check(&[(CFGR, 8 << 8)], 16 * MHZ, 8 * MHZ, 0);
        check(&TO_PLL, 64 * MHZ, 64 * MHZ, 0);
        let then = |cfgr| [&TO_PLL[..], &[(CFGR, cfgr)]].concat();
        check(&then(SW_PLL | 4 << 12), 64 * MHZ, 64 * MHZ, 0);
        check(&then(SW_PLL | 5 << 12), 64 * MHZ, 64 * MHZ, 1);
        check(&then(SW_PLL | 7 << 12 | 15 << 8), 64 * MHZ, 125_000, 3);
        check(&[(CSR, LSION), (CFGR, SW_LSI)], LSI, LSI, 0);
        check(&[(BDCR, LSEON), (CFGR, SW_LSE)], LSE, LSE, 0);
    }

    #[test]
    fn switching_waits_for_the_source_and_keeps_it() {
        let mut rcc = Rcc::new();
        write(&mut rcc, &[(CFGR, SW_PLL)]);
        assert_eq!(rcc.read(CFGR), Ok(SW_PLL), "still HSI16");
        write(&mut rcc, &TO_PLL);
        assert_eq!(rcc.read(CFGR), Ok(SW_PLL | SW_PLL << 3));
        write(&mut rcc, &[(CR, 0)]);
        let cr = rcc.read(CR).unwrap();
        assert_eq!(
            cr & (PLLRDY | HSIRDY),
            PLLRDY | HSIRDY,
            "PLL and its source stay"
        );
    }

    #[test]
    fn pll_outside_its_limits_is_refused() {
        let refused = |config: u32, voltage, expected: &str| {
            let mut rcc = Rcc::new();
            write(&mut rcc, &[(PLLCFGR, config), (CR, HSION | PLLON)]);
            let error = rcc.clocks(voltage).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(rcc.write(PLLCFGR, 0x1000, true).is_err(), "the PLL is on");
        };
        refused(
            2 | 22 << 8 | PLLREN | 1 << 29,
            Voltage::Range1,
            "96 MHz to 344 MHz",
        );
        refused(
            2 | 9 << 8 | PLLREN | 1 << 29,
            Voltage::Range2,
            "96 MHz to 128 MHz",
        );
        refused(2 | 8 << 8 | PLLREN, Voltage::Range1, "PLLR");
        refused(
            8 << 8 | PLLREN | 1 << 29,
            Voltage::Range1,
            "without a source",
        );
    }

    #[test]
    fn rtc_domain_is_protected_and_outlives_resets() {
        let mut rcc = Rcc::new();
        rcc.write(BDCR, LSEON, false).unwrap();
        assert_eq!(rcc.read(BDCR), Ok(0));
        rcc.write(BDCR, LSEON, true).unwrap();
        rcc.reset(Reset::System);
        assert_eq!(rcc.read(BDCR), Ok(3));
        assert_eq!(rcc.read(CSR), Ok(SFTRSTF | PINRSTF | PWRRSTF));
        write(&mut rcc, &[(CSR, RMVF), (BDCR, BDRST)]);
        assert_eq!(rcc.read(CSR), Ok(0));
        assert_eq!(rcc.read(BDCR), Ok(BDRST));
    }
}
