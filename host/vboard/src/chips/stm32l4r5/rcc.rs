//! Reset and clock control (RM0432, chapter 6).
//!
//! There is no crystal model: HSE is refused, LSE is the 32.768 kHz crystal of the Nucleo board.

use super::clock::{Clocks, HSI16, MSI_RANGES};
use crate::chips::hertz;
use crate::chips::rcc::{ahb_shift, apb_shift, serial_source};
use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, Reset};

const CR: u32 = 0x00;
const CFGR: u32 = 0x08;
const PLLCFGR: u32 = 0x0C;
const CICR: u32 = 0x20;
const AHB1RSTR: u32 = 0x28;
const AHB2RSTR: u32 = 0x2C;
const APB1RSTR1: u32 = 0x38;
const APB1RSTR2: u32 = 0x3C;
const APB2RSTR: u32 = 0x40;
const AHB2ENR: u32 = 0x4C;
const APB1ENR1: u32 = 0x58;
const APB1ENR2: u32 = 0x5C;
const APB2ENR: u32 = 0x60;
const CCIPR: u32 = 0x88;
const BDCR: u32 = 0x90;
const CSR: u32 = 0x94;
const CRRCR: u32 = 0x98;

const AHB1_BITS: u32 = 0x0007_1107;
const AHB2_BITS: u32 = 0x00D7_F1FF;
const AHB3_BITS: u32 = 0x0000_0301;
const APB1_BITS: u32 = 0xF3FE_CC3F;
const APB2_BITS: u32 = 0x0D67_7881;
const PLL_BITS: u32 = 0xFF73_7FF0;

/// RTC registers' clock; cannot be told from the RTC itself, which is not modelled.
const RTCAPBEN: u32 = 1 << 10;
const FLASHEN: u32 = 1 << 8;

const REGISTERS: &[Register] = &[
    Register::new(CR, "CR", 0x63, 0x1505_0BFD).refusing(HSEON | CSSON),
    // Trimming would shift the oscillators' frequencies.
    Register::new(0x04, "ICSCR", 0x4080_0080, 0).refusing(0x7F00_FF00),
    Register::new(CFGR, "CFGR", 0, 0x7F00_BFF3),
    Register::new(PLLCFGR, "PLLCFGR", 0x1000, PLL_BITS | 3),
    Register::new(0x10, "PLLSAI1CFGR", 0x1000, PLL_BITS),
    Register::new(0x14, "PLLSAI2CFGR", 0x1000, PLL_BITS),
    // Interrupts of the oscillators: none is ever pending.
    Register::new(0x18, "CIER", 0, 0).refusing(0x7FF),
    Register::new(0x1C, "CIFR", 0, 0),
    Register::new(CICR, "CICR", 0, 0),
    Register::new(AHB1RSTR, "AHB1RSTR", 0, AHB1_BITS),
    Register::new(AHB2RSTR, "AHB2RSTR", 0, AHB2_BITS),
    Register::new(0x30, "AHB3RSTR", 0, AHB3_BITS),
    Register::new(APB1RSTR1, "APB1RSTR1", 0, APB1_BITS & !RTCAPBEN),
    Register::new(APB1RSTR2, "APB1RSTR2", 0, 0x23),
    Register::new(APB2RSTR, "APB2RSTR", 0, APB2_BITS),
    Register::new(0x48, "AHB1ENR", FLASHEN, AHB1_BITS),
    Register::new(AHB2ENR, "AHB2ENR", 0, AHB2_BITS),
    Register::new(0x50, "AHB3ENR", 0, AHB3_BITS),
    Register::new(APB1ENR1, "APB1ENR1", RTCAPBEN, APB1_BITS),
    Register::new(APB1ENR2, "APB1ENR2", 0, 0x23),
    Register::new(APB2ENR, "APB2ENR", 0, APB2_BITS),
    Register::new(CCIPR, "CCIPR", 0, 0x3C3F_FFFF),
    Register::new(BDCR, "BDCR", 0, BDCR_BITS).refusing(LSECSSON),
    Register::new(CSR, "CSR", 0x0C00_0600, 0xF11),
    Register::new(CRRCR, "CRRCR", 0, HSI48ON),
    Register::new(0x9C, "CCIPR2", 0, 0x0033_57FF),
];

const MSION: u32 = 1 << 0;
const MSIRDY: u32 = 1 << 1;
const MSIRGSEL: u32 = 1 << 3;
const HSION: u32 = 1 << 8;
const HSIRDY: u32 = 1 << 10;
const HSEON: u32 = 1 << 16;
const CSSON: u32 = 1 << 19;
const PLLON: u32 = 1 << 24;
const PLLRDY: u32 = 1 << 25;
/// PLLSAI1ON and PLLSAI2ON; their ready flags are one bit higher, as the PLL's is.
const PLLSAION: u32 = 1 << 26 | 1 << 28;
const PLLREN: u32 = 1 << 24;
const HSI48ON: u32 = 1 << 0;

const LSEON: u32 = 1 << 0;
const LSECSSON: u32 = 1 << 5;
const BDRST: u32 = 1 << 16;
const BDCR_BITS: u32 = 0x0301_839D;
const LSION: u32 = 1 << 0;
const RMVF: u32 = 1 << 23;
const PINRSTF: u32 = 1 << 26;
const BORRSTF: u32 = 1 << 27;
const SFTRSTF: u32 = 1 << 28;
const RESET_FLAGS: u32 = 0xFF00_0000;

/// Sources of SYSCLK, as in CFGR.SW.
const SW_MSI: u32 = 0;
const SW_HSI: u32 = 1;
const SW_PLL: u32 = 3;

/// Peripherals that RCC resets or gates, as far as they are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gated {
    /// Timer 2.
    Tim2,
    /// Power control.
    Pwr,
    /// System configuration; EXTI and its clock belong to it.
    Syscfg,
    /// General-purpose port, A being 0.
    Gpio(usize),
    /// Serial interface, numbered as in [`super::serial::PORTS`].
    Serial(usize),
}

impl Gated {
    /// Where its enable and reset bits are: enable register, reset register, bit.
    fn bits(self) -> (u32, u32, u32) {
        match self {
            Gated::Tim2 => (APB1ENR1, APB1RSTR1, 1 << 0),
            Gated::Pwr => (APB1ENR1, APB1RSTR1, 1 << 28),
            Gated::Syscfg => (APB2ENR, APB2RSTR, 1 << 0),
            Gated::Gpio(port) => (AHB2ENR, AHB2RSTR, 1 << port),
            Gated::Serial(0) => (APB2ENR, APB2RSTR, 1 << 14),
            Gated::Serial(5) => (APB1ENR2, APB1RSTR2, 1 << 0),
            // USART2 to UART5 in a row.
            Gated::Serial(port) => (APB1ENR1, APB1RSTR1, 1 << (16 + port)),
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
            source: SW_MSI,
        }
    }

    /// A reset of the chip: all but the backup domain.
    pub(crate) fn reset(&mut self, reset: Reset) {
        if reset == Reset::PowerOn {
            *self = Rcc::new();
            return;
        }
        let (backup, status) = (self.bank.get(BDCR), self.bank.get(CSR));
        *self = Rcc::new();
        self.bank.set(BDCR, backup);
        // Every system reset pulls the pin, so that its flag comes with each.
        let cause = if reset == Reset::System { SFTRSTF } else { 0 };
        let flags = (status & RESET_FLAGS) | cause | PINRSTF;
        self.bank.set(
            CSR,
            self.bank.get(CSR) & !(RESET_FLAGS | BORRSTF) | flags | (status & (LSION | 1 << 4)),
        );
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
                let ready = (value & (PLLON | PLLSAION)) << 1
                    | (if value & MSION != 0 { MSIRDY } else { 0 })
                    | (if value & HSION != 0 { HSIRDY } else { 0 });
                value & !MSIRDY | ready
            }
            CFGR => value | self.source << 2,
            BDCR => value | (value & LSEON) << 1,
            CSR => value | (value & LSION) << 1,
            CRRCR => value | (value & HSI48ON) << 1,
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
            CR => {
                // A source that SYSCLK needs cannot be switched off.
                let value = value | self.needed();
                if value & MSION != 0 && value & MSIRGSEL != 0 && value >> 4 & 0xF > 11 {
                    return Err(AccessError::unmodelled(
                        "RCC_CR.MSIRANGE of a reserved value",
                    ));
                }
                self.bank.write(CR, value)?;
            }
            PLLCFGR => {
                const FIXED_WHILE_ON: u32 = 0x7FF3;
                let changed = self.bank.get(PLLCFGR) ^ value;
                if self.bank.get(CR) & PLLON != 0 && changed & FIXED_WHILE_ON != 0 {
                    return Err(AccessError::unmodelled(
                        "RCC_PLLCFGR: source, M or N changed while the PLL is on; switch it off first",
                    ));
                }
                self.bank.write(PLLCFGR, value)?;
            }
            // The backup domain ignores writes while it is protected.
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
        let wanted = self.bank.get(CFGR) & 3;
        if self.is_ready(wanted)? {
            self.source = wanted;
        }
        Ok(())
    }

    fn is_ready(&self, source: u32) -> Result<bool, AccessError> {
        let cr = self.bank.get(CR);
        match source {
            SW_MSI => Ok(cr & MSION != 0),
            SW_HSI => Ok(cr & HSION != 0),
            SW_PLL => Ok(cr & PLLON != 0 && self.bank.get(PLLCFGR) & PLLREN != 0),
            _ => Err(AccessError::unmodelled("RCC_CFGR.SW: HSE as system clock")),
        }
    }

    /// The enable bits in CR of what SYSCLK comes from.
    fn needed(&self) -> u32 {
        match (self.source, self.bank.get(PLLCFGR) & 3) {
            (SW_MSI, _) => MSION,
            (SW_HSI, _) => HSION,
            (_, 1) => PLLON | MSION,
            (_, 2) => PLLON | HSION,
            _ => PLLON,
        }
    }

    fn msi(&self) -> u32 {
        let range = if self.bank.get(CR) & MSIRGSEL != 0 {
            self.bank.get(CR) >> 4
        } else {
            self.bank.get(CSR) >> 8
        };
        MSI_RANGES[(range & 0xF).min(11) as usize]
    }

    /// The PLL's output R in Hz.
    fn pll(&self) -> Result<u32, AccessError> {
        let config = self.bank.get(PLLCFGR);
        let source = match config & 3 {
            1 => self.msi(),
            2 => HSI16,
            0 => {
                return Err(AccessError::unmodelled(
                    "RCC_PLLCFGR.PLLSRC: the PLL is on without a source",
                ));
            }
            _ => return Err(AccessError::unmodelled("RCC_PLLCFGR.PLLSRC: HSE")),
        };
        let (m, n) = ((config >> 4 & 0xF) + 1, config >> 8 & 0x7F);
        let r = ((config >> 25 & 3) + 1) * 2;
        let input = source / m;
        // 127 times at most 48 MHz overflows 32 bits.
        let vco = u64::from(source) * u64::from(n) / u64::from(m);
        if !(2_660_000..=16_000_000).contains(&input)
            || n < 8
            || !(64_000_000..=344_000_000).contains(&vco)
        {
            return Err(AccessError::unmodelled(format!(
                "RCC_PLLCFGR: PLL input {} times {n}; the input must be 2.66 to 16 MHz, N 8 to 127, the product 64 to 344 MHz",
                hertz(input),
            )));
        }
        Ok(vco as u32 / r)
    }

    /// The kernel clock of a serial interface in Hz; 0 if its source is off. `clocks` is what
    /// [`Self::clocks`] says.
    pub(crate) fn serial_clock(&self, port: usize, clocks: Clocks) -> u32 {
        let cfgr = self.bank.get(CFGR);
        // The first is the only one on the other bus.
        let prescaler = if port == 0 { cfgr >> 11 } else { cfgr >> 8 };
        serial_source(
            self.bank.get(CCIPR) >> (2 * port) & 3,
            clocks.core >> apb_shift(prescaler & 7),
            clocks.system,
            self.bank.get(CR) & HSION != 0,
            self.bank.get(BDCR) & LSEON != 0,
        )
    }

    /// The bus clocks.
    ///
    /// # Errors
    /// The PLL is outside its limits.
    pub(crate) fn clocks(&self) -> Result<Clocks, AccessError> {
        // A PLL that is on must be sound, used or not.
        let pll = if self.bank.get(CR) & PLLON != 0 {
            self.pll()?
        } else {
            0
        };
        let system = match self.source {
            SW_MSI => self.msi(),
            SW_HSI => HSI16,
            _ => pll,
        };
        let cfgr = self.bank.get(CFGR);
        let core = system >> ahb_shift(cfgr >> 4 & 0xF);
        let apb1 = apb_shift(cfgr >> 8 & 7);
        // Timers count twice the bus clock as soon as it is divided.
        Ok(Clocks {
            system,
            core,
            apb1_timer_shift: apb1.saturating_sub(1),
        })
    }
}

const _: () = assert!(PLLRDY == PLLON << 1);

#[cfg(test)]
mod tests {
    use super::*;

    const AHB_DIV2: u32 = 8 << 4;

    /// HSI16 / 2 * 30 / 2, as the images do.
    const PLL_120: u32 = 2 | 1 << 4 | 30 << 8 | PLLREN;

    fn write(rcc: &mut Rcc, writes: &[(u32, u32)]) {
        for &(offset, value) in writes {
            rcc.write(offset, value, true).unwrap();
        }
    }

    fn check(writes: &[(u32, u32)], system: u32, core: u32, apb1_timer_shift: u32) {
        let mut rcc = Rcc::new();
        write(&mut rcc, writes);
        let expected = Clocks {
            system,
            core,
            apb1_timer_shift,
        };
        assert_eq!(rcc.clocks(), Ok(expected), "{writes:x?}");
    }

    #[test]
    fn frequencies() {
        const MHZ: u32 = 1_000_000;
        check(&[], 4 * MHZ, 4 * MHZ, 0);
        check(&[(CFGR, AHB_DIV2)], 4 * MHZ, 2 * MHZ, 0);
        check(&[(CR, 0xB9)], 48 * MHZ, 48 * MHZ, 0);
        check(&[(CR, 0xB1)], 4 * MHZ, 4 * MHZ, 0);
        check(&[(CR, 0x161), (CFGR, SW_HSI)], 16 * MHZ, 16 * MHZ, 0);
        let pll = [(CR, 0x161), (PLLCFGR, PLL_120), (CR, 0x161 | PLLON)];
        check(
            &[&pll[..], &[(CFGR, SW_PLL)]].concat(),
            120 * MHZ,
            120 * MHZ,
            0,
        );
        check(
            &[&pll[..], &[(CFGR, SW_PLL | AHB_DIV2 | 4 << 8)]].concat(),
            120 * MHZ,
            60 * MHZ,
            0,
        );
        check(
            &[&pll[..], &[(CFGR, SW_PLL | 5 << 8)]].concat(),
            120 * MHZ,
            120 * MHZ,
            1,
        );
        check(
            &[&pll[..], &[(CFGR, SW_PLL | 7 << 8 | 15 << 4)]].concat(),
            120 * MHZ,
            120 * MHZ / 512,
            3,
        );
    }

    #[test]
    fn switching_waits_for_the_source_and_keeps_it() {
        let mut rcc = Rcc::new();
        write(&mut rcc, &[(CFGR, SW_PLL)]);
        assert_eq!(rcc.read(CFGR), Ok(SW_PLL), "still MSI");
        write(
            &mut rcc,
            &[(CR, 0x161), (PLLCFGR, PLL_120), (CR, 0x161 | PLLON)],
        );
        assert_eq!(rcc.read(CFGR), Ok(SW_PLL | SW_PLL << 2));
        write(&mut rcc, &[(CR, 0x60)]);
        let cr = rcc.read(CR).unwrap();
        assert_eq!(
            cr & (PLLRDY | HSIRDY | MSIRDY),
            PLLRDY | HSIRDY,
            "PLL and its source stay"
        );
    }

    #[test]
    fn pll_outside_its_limits_is_refused() {
        let mut rcc = Rcc::new();
        write(
            &mut rcc,
            &[(PLLCFGR, 2 | 40 << 8 | PLLREN), (CR, 0x161 | PLLON)],
        );
        let error = rcc.clocks().unwrap_err().to_string();
        assert!(error.contains("64 to 344 MHz"), "{error}");
        assert!(rcc.write(PLLCFGR, PLL_120, true).is_err(), "the PLL is on");
    }

    #[test]
    fn backup_domain_is_protected_and_outlives_resets() {
        let mut rcc = Rcc::new();
        rcc.write(BDCR, LSEON, false).unwrap();
        assert_eq!(rcc.read(BDCR), Ok(0));
        rcc.write(BDCR, LSEON, true).unwrap();
        rcc.reset(Reset::System);
        assert_eq!(rcc.read(BDCR), Ok(3));
        assert_eq!(
            rcc.read(CSR).unwrap() & RESET_FLAGS,
            SFTRSTF | PINRSTF | BORRSTF
        );
        write(&mut rcc, &[(CSR, RMVF), (BDCR, BDRST)]);
        assert_eq!(rcc.read(CSR).unwrap() & RESET_FLAGS, 0);
        assert_eq!(rcc.read(BDCR), Ok(BDRST));
    }
}
