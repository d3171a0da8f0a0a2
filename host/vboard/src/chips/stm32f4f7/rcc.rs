//! Reset and clock control (RM0390, chapter 6; RM0385, chapter 5).
//!
//! HSE is what the board's debug probe feeds in, so it works bypassed only; LSE is the 32.768 kHz crystal of the Nucleo board.

use super::{
    Part,
    clock::{Clocks, HSE, HSI},
};
use crate::chips::{
    hertz,
    rcc::{ahb_shift, apb_shift, serial_source},
    register::{Bank, Register},
};
use crate::memory::{AccessError, Reset};

const CR: u32 = 0x00;
const PLLCFGR: u32 = 0x04;
const CFGR: u32 = 0x08;
pub(crate) const AHB1RSTR: u32 = 0x10;
pub(crate) const APB1RSTR: u32 = 0x20;
pub(crate) const APB2RSTR: u32 = 0x24;
pub(crate) const AHB1ENR: u32 = 0x30;
pub(crate) const APB1ENR: u32 = 0x40;
pub(crate) const APB2ENR: u32 = 0x44;
const BDCR: u32 = 0x70;
const CSR: u32 = 0x74;

const HSION: u32 = 1 << 0;
const HSIRDY: u32 = 1 << 1;
const HSEON: u32 = 1 << 16;
const HSEBYP: u32 = 1 << 18;
const CSSON: u32 = 1 << 19;
const PLLON: u32 = 1 << 24;
/// PLLON, PLLI2SON, PLLSAION; their ready flags are one bit higher, as HSE's is.
const PLLS: u32 = PLLON | 1 << 26 | 1 << 28;

const PLLSRC: u32 = 1 << 22;
const LSEON: u32 = 1 << 0;
const BDRST: u32 = 1 << 16;
const LSION: u32 = 1 << 0;
const RMVF: u32 = 1 << 24;
const PINRSTF: u32 = 1 << 26;
const BORRSTF: u32 = 1 << 25;
const SFTRSTF: u32 = 1 << 28;
const RESET_FLAGS: u32 = 0xFE00_0000;

/// The registers that all parts have alike.
pub(crate) const CONTROL: Register =
    Register::new(CR, "CR", 0x83, HSION | HSEON | HSEBYP | PLLS).refusing(CSSON | 0x78);
pub(crate) const PLL_CONFIG: Register = Register::new(PLLCFGR, "PLLCFGR", 0x2400_3010, 0x0F43_7FFF);
pub(crate) const CONFIG: Register = Register::new(CFGR, "CFGR", 0, 0xFFFF_FCF3);
/// Interrupts of the oscillators: none is ever pending.
pub(crate) const INTERRUPTS: Register = Register::new(0x0C, "CIR", 0, 0).refusing(0x7F00);
pub(crate) const BACKUP: Register = Register::new(BDCR, "BDCR", 0, 0x0001_830D);
pub(crate) const STATUS: Register = Register::new(CSR, "CSR", 0x0E00_0000, LSION);

/// Sources of SYSCLK, as in CFGR.SW.
const SW_HSI: u32 = 0;
const SW_HSE: u32 = 1;
const SW_PLL: u32 = 2;

/// Peripherals that RCC resets or gates, as far as they are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gated {
    /// Timer 2.
    Tim2,
    /// Power control.
    Pwr,
    /// System configuration.
    Syscfg,
    /// General-purpose port, A being 0.
    Gpio(usize),
    /// Serial interface, USART1 being 0.
    Serial(usize),
}

impl Gated {
    /// Where its enable and reset bits are: enable register, reset register, bit.
    fn bits(self) -> (u32, u32, u32) {
        match self {
            Gated::Tim2 => (APB1ENR, APB1RSTR, 1 << 0),
            Gated::Pwr => (APB1ENR, APB1RSTR, 1 << 28),
            Gated::Syscfg => (APB2ENR, APB2RSTR, 1 << 14),
            Gated::Gpio(port) => (AHB1ENR, AHB1RSTR, 1 << port),
            // USART1 and USART6.
            Gated::Serial(0) => (APB2ENR, APB2RSTR, 1 << 4),
            Gated::Serial(5) => (APB2ENR, APB2RSTR, 1 << 5),
            // USART2 to UART5, UART7 and UART8.
            Gated::Serial(port @ ..5) => (APB1ENR, APB1RSTR, 1 << (16 + port)),
            Gated::Serial(port) => (APB1ENR, APB1RSTR, 1 << (24 + port)),
        }
    }
}

/// The registers of a part.
#[derive(Debug, Clone)]
pub(crate) struct Rcc {
    part: &'static Part,
    bank: Bank,
    /// The source that SYSCLK comes from (CFGR.SWS).
    source: u32,
}

impl Rcc {
    /// After power-on.
    pub(crate) fn new(part: &'static Part) -> Self {
        Rcc {
            part,
            bank: Bank::new("RCC", part.rcc),
            source: SW_HSI,
        }
    }

    /// A reset of the chip: all but the backup domain.
    pub(crate) fn reset(&mut self, reset: Reset) {
        let (backup, status) = (self.bank.get(BDCR), self.bank.get(CSR));
        *self = Rcc::new(self.part);
        if reset == Reset::PowerOn {
            return;
        }
        self.bank.set(BDCR, backup);
        // Every system reset pulls the pin, so that its flag comes with each.
        let cause = if reset == Reset::System { SFTRSTF } else { 0 };
        let flags = status & RESET_FLAGS | cause | PINRSTF;
        let fresh = self.bank.get(CSR) & !(RESET_FLAGS | BORRSTF);
        self.bank.set(CSR, fresh | flags | status & LSION);
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
            CR => value & !HSIRDY | (value & HSION) << 1 | (value & (HSEON | PLLS)) << 1,
            CFGR => value | self.source << 2,
            BDCR => value | (value & LSEON) << 1,
            CSR => value | (value & LSION) << 1,
            _ => value,
        })
    }

    /// Writes a register. `backup_writable` is PWR_CR.DBP.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        backup_writable: bool,
    ) -> Result<(), AccessError> {
        match offset {
            CR => {
                if value & HSEON != 0 && value & HSEBYP == 0 {
                    return Err(AccessError::unmodelled(
                        "RCC_CR.HSEON without HSEBYP: the board has no crystal; bypass the oscillator",
                    ));
                }
                // A source that SYSCLK needs cannot be switched off.
                self.bank.write(CR, value | self.needed())?;
            }
            PLLCFGR => {
                let changed = self.bank.get(PLLCFGR) ^ value;
                if self.bank.get(CR) & PLLON != 0 && changed != 0 {
                    return Err(AccessError::unmodelled(
                        "RCC_PLLCFGR changed while the PLL is on; switch it off first",
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
            SW_HSI => Ok(cr & HSION != 0),
            SW_HSE => Ok(cr & HSEON != 0),
            SW_PLL => Ok(cr & PLLON != 0),
            _ if self.part.pll_r => Err(AccessError::unmodelled("RCC_CFGR.SW: the PLL's output R")),
            _ => Err(AccessError::unmodelled("RCC_CFGR.SW of a reserved value")),
        }
    }

    fn pll_from_hse(&self) -> bool {
        self.bank.get(PLLCFGR) & PLLSRC != 0
    }

    /// The enable bits in CR of what SYSCLK comes from.
    fn needed(&self) -> u32 {
        match self.source {
            SW_HSI => HSION,
            SW_HSE => HSEON | HSEBYP,
            _ if self.pll_from_hse() => PLLON | HSEON | HSEBYP,
            _ => PLLON | HSION,
        }
    }

    /// The PLL's output P in Hz.
    fn pll(&self) -> Result<u32, AccessError> {
        let config = self.bank.get(PLLCFGR);
        let (source, on) = if self.pll_from_hse() {
            (HSE, HSEON)
        } else {
            (HSI, HSION)
        };
        if self.bank.get(CR) & on == 0 {
            return Err(AccessError::unmodelled(
                "RCC_CR.PLLON with the PLL's source off; switch the oscillator on first",
            ));
        }
        let (m, n) = (config & 0x3F, config >> 6 & 0x1FF);
        let p = ((config >> 16 & 3) + 1) * 2;
        let input = source / m.max(1);
        let vco = u64::from(source) * u64::from(n) / u64::from(m.max(1));
        if m < 2
            || !(950_000..=2_100_000).contains(&input)
            || !(50..=432).contains(&n)
            || !(100_000_000..=432_000_000).contains(&vco)
        {
            return Err(AccessError::unmodelled(format!(
                "RCC_PLLCFGR: PLL input {} times {n}; M must be 2 to 63, the input 0.95 to 2.1 MHz, N 50 to 432, the product 100 \
                 to 432 MHz",
                hertz(input),
            )));
        }
        Ok(vco as u32 / p)
    }

    /// The kernel clock of a serial interface in Hz; 0 if its source is off. `clocks` is what [`Self::clocks`] says.
    pub(crate) fn serial_clock(&self, port: usize, clocks: Clocks) -> u32 {
        let select = self.part.serial_select;
        let fields = select.map_or(0, |offset| self.bank.get(offset));
        // USART1 and USART6 are on the second bus.
        let bus = clocks.buses[usize::from(port == 0 || port == 5)];
        serial_source(
            fields >> (2 * port) & 3,
            bus,
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
            SW_HSI => HSI,
            SW_HSE => HSE,
            _ => pll,
        };
        let cfgr = self.bank.get(CFGR);
        let core = system >> ahb_shift(cfgr >> 4 & 0xF);
        let [apb1, apb2] = [cfgr >> 10, cfgr >> 13].map(|field| apb_shift(field & 7));
        // Timers count twice the bus clock as soon as it is divided (TIMPRE is refused).
        Ok(Clocks {
            system,
            core,
            buses: [core >> apb1, core >> apb2],
            apb1_timer_shift: apb1.saturating_sub(1),
        })
    }
}
