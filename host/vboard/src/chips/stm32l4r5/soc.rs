//! The peripherals that depend on each other, behind one device.
//!
//! RCC, PWR and the flash interface together decide how fast the core may run; RCC gates and resets the others. After each write
//! to one of the three the clock tree is worked out anew, and what the chip cannot do is refused at the very
//! write that asks for it.

use super::clock::{Clocks, check};
use super::exti::Exti;
use super::flash;
use super::pwr::Pwr;
use super::rcc::{Gated, Rcc};
use super::serial::PORTS as SERIAL;
use super::syscfg;
use crate::chips::{
    double_word_flash::FlashController,
    gpio::{Gpio, port as port_registers},
    rcc::check_gate,
    register::{Bank, Register},
    serial::{self, Serial},
    tim2::Tim2,
    usart::SerialClocks,
};
use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

const BASE: u32 = 0x4000_0000;
const TIM2: u32 = 0x4000_0000;
const PWR: u32 = 0x4000_7000;
const SYSCFG: u32 = 0x4001_0000;
const EXTI: u32 = 0x4001_0400;
const RCC: u32 = 0x4002_1000;
const FLASH: u32 = 0x4002_2000;
const GPIO: u32 = 0x4800_0000;
const GPIO_END: u32 = GPIO + PORTS as u32 * BLOCK;
/// Address range of one peripheral.
const BLOCK: u32 = 0x400;

/// Address and length of each peripheral.
pub(crate) const WINDOWS: [(u32, u32); 10] = [
    (TIM2, BLOCK),
    // Four serial interfaces, then the other two.
    (SERIAL[1].base, 4 * BLOCK),
    SERIAL[5].window(),
    SERIAL[0].window(),
    (PWR, BLOCK),
    // VREFBUF and COMP share its block.
    (SYSCFG, 0x30),
    (EXTI, BLOCK),
    (RCC, BLOCK),
    (FLASH, BLOCK),
    (GPIO, PORTS as u32 * BLOCK),
];

const _: () = assert!(WINDOWS[0].0 == BASE, "offsets count from the first window");

/// Ports A to I.
const PORTS: usize = 9;
/// Ports A and B hold the debug pins; the pins of others are in analog mode.
const PORT_A: &[Register] = &port_registers(0xABFF_FFFF, 0x0C00_0000, 0x6400_0000);
const PORT_B: &[Register] = &port_registers(0xFFFF_FEBF, 0, 0x0000_0100);
const OTHER_PORTS: &[Register] = &port_registers(0xFFFF_FFFF, 0, 0);

const TIM2_INTERRUPT: usize = 28;

/// Port number `index` (A is 0) after reset.
fn gpio(index: usize) -> Gpio {
    Gpio::new(match index {
        0 => PORT_A,
        1 => PORT_B,
        _ => OTHER_PORTS,
    })
}

/// The peripherals.
#[derive(Debug, Clone)]
pub(crate) struct Soc {
    rcc: Rcc,
    pwr: Pwr,
    flash: FlashController,
    tim2: Tim2,
    syscfg: Bank,
    exti: Exti,
    gpio: Vec<Gpio>,
    serial: Serial,
    clocks: Clocks,
}

impl Soc {
    /// After power-on.
    pub(crate) fn new() -> Self {
        Soc {
            rcc: Rcc::new(),
            pwr: Pwr::new(),
            flash: FlashController::new(&flash::VARIANT),
            tim2: Tim2::new(TIM2_INTERRUPT, 0, 0),
            syscfg: syscfg::bank(),
            exti: Exti::new(),
            gpio: (0..PORTS).map(gpio).collect(),
            serial: Serial::new(SERIAL),
            // MSI at 4 MHz, undivided.
            clocks: Clocks {
                system: 4_000_000,
                core: 4_000_000,
                apb1_timer_shift: 0,
            },
        }
    }

    /// The peripherals reset by RCC, of those modelled.
    fn gated() -> impl Iterator<Item = Gated> {
        [Gated::Tim2, Gated::Pwr, Gated::Syscfg]
            .into_iter()
            .chain((0..PORTS).map(Gated::Gpio))
            .chain((0..SERIAL.len()).map(Gated::Serial))
    }

    /// Which peripheral an address belongs to; RCC and the flash interface are always clocked.
    fn owner(address: u32) -> Option<(Gated, &'static str)> {
        if let Some(port) = serial::at(SERIAL, address) {
            return Some((Gated::Serial(port), SERIAL[port].kind.name));
        }
        Some(match address & !(BLOCK - 1) {
            TIM2 => (Gated::Tim2, "TIM2"),
            PWR => (Gated::Pwr, "PWR"),
            SYSCFG => (Gated::Syscfg, "SYSCFG"),
            GPIO..GPIO_END => (Gated::Gpio(port(address)), "GPIO port"),
            _ => return None,
        })
    }

    fn check_clocked(&self, address: u32) -> Result<(), AccessError> {
        let Some((peripheral, name)) = Soc::owner(address) else {
            return Ok(());
        };
        check_gate(
            name,
            self.rcc.clocked(peripheral),
            self.rcc.held_in_reset(peripheral),
        )
    }

    fn reset_peripheral(&mut self, peripheral: Gated, context: &mut Context<'_>) {
        match peripheral {
            Gated::Tim2 => {
                let shift = self.clocks.apb1_timer_shift;
                self.tim2 = Tim2::new(TIM2_INTERRUPT, context.now, shift);
            }
            Gated::Pwr => self.pwr = Pwr::new(),
            Gated::Syscfg => {
                self.syscfg.reset();
                self.exti = Exti::new();
            }
            Gated::Gpio(port) => self.gpio[port] = gpio(port),
            Gated::Serial(port) => self.serial.reset(port, context.lines),
        }
    }

    /// Works out the clocks after a change and checks that the chip can run so.
    fn retime(&mut self, now: u64) -> Result<(), AccessError> {
        let clocks = self.rcc.clocks()?;
        check(clocks, self.pwr.voltage(), self.flash.wait_states())
            .map_err(AccessError::Unmodelled)?;
        self.clocks = clocks;
        self.tim2.set_shift(clocks.apb1_timer_shift, now);
        Ok(())
    }

    fn read_word(&mut self, address: u32, context: &mut Context<'_>) -> Result<u32, AccessError> {
        self.check_clocked(address)?;
        let offset = address % BLOCK;
        if let Some(port) = serial::at(SERIAL, address) {
            return self.serial.read(port, offset, context.now);
        }
        match address - offset {
            TIM2 => self.tim2.read(offset, context.now),
            PWR => self.pwr.read(offset),
            SYSCFG => self.syscfg.read(offset),
            EXTI => self.exti.read(offset),
            RCC => self.rcc.read(offset),
            FLASH => self.flash.read(offset, context),
            _ => self.gpio[port(address)].read(offset),
        }
    }

    fn serial_clocks(&self, port: usize) -> SerialClocks {
        SerialClocks {
            core: self.clocks.core,
            kernel: self.rcc.serial_clock(port, self.clocks),
        }
    }
}

/// The port of an address in the GPIO range.
fn port(address: u32) -> usize {
    ((address - GPIO) / BLOCK) as usize
}

impl Peripheral for Soc {
    fn name(&self) -> &str {
        super::NAME
    }

    fn read(
        &mut self,
        offset: u32,
        size: Size,
        context: &mut Context<'_>,
    ) -> Result<u32, AccessError> {
        let address = BASE + offset;
        let word = self.read_word(address & !3, context)?;
        Ok(size.part(word, address))
    }

    fn write(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        let address = BASE + offset;
        self.check_clocked(address)?;
        let offset = address % BLOCK;
        let block = address - offset;
        if let Some(port) = serial::at(SERIAL, address) {
            let clocks = self.serial_clocks(port);
            return self
                .serial
                .write(port, offset, (size, value), clocks, context);
        }
        if size != Size::Word && block < GPIO {
            return Err(AccessError::unmodelled("register written in part"));
        }
        match block {
            TIM2 => {
                self.tim2.write(offset, value, context.now)?;
                self.tim2.drive(context.lines);
            }
            PWR => {
                self.pwr.write(offset, value)?;
                self.retime(context.now)?;
            }
            SYSCFG => self.syscfg.write(offset, value)?,
            EXTI => self.exti.write(offset, value, context.lines)?,
            RCC => {
                self.rcc.write(offset, value, self.pwr.backup_writable())?;
                for peripheral in Soc::gated()
                    .filter(|&one| self.rcc.held_in_reset(one))
                    .collect::<Vec<_>>()
                {
                    self.reset_peripheral(peripheral, context);
                }
                self.retime(context.now)?;
            }
            FLASH => {
                self.flash.write(offset, value, self.clocks.core, context)?;
                self.retime(context.now)?;
            }
            _ => self.gpio[port(address)].write(offset, size, value)?,
        }
        Ok(())
    }

    fn reset(&mut self, reset: Reset, context: &mut Context<'_>) {
        let mut fresh = Soc::new();
        std::mem::swap(&mut fresh.rcc, &mut self.rcc);
        // What it is doing is cut short, not forgotten.
        std::mem::swap(&mut fresh.flash, &mut self.flash);
        fresh.rcc.reset(reset);
        fresh.tim2 = Tim2::new(TIM2_INTERRUPT, context.now, 0);
        fresh.flash.reset(context);
        fresh.serial = self.serial.after_reset();
        *self = fresh;
    }

    fn next_event(&self) -> Option<u64> {
        let events = [
            self.flash.next_event(),
            self.tim2.next_event(),
            self.serial.next_event(),
        ];
        events.into_iter().flatten().min()
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        self.flash.advance(context);
        self.tim2.advance(context.now);
        self.tim2.drive(context.lines);
        self.serial.advance(context);
    }

    fn take_serial(&mut self) -> Vec<u8> {
        self.serial.take()
    }

    fn program(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        self.flash
            .program(offset, size, value, self.clocks.core, context)
    }

    fn misread(&mut self, offset: u32, context: &mut Context<'_>) {
        self.flash.misread(offset, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Flash, InterruptLines};
    use crate::timing::FlashGeometry;

    const RCC_CR: u32 = RCC;
    const RCC_CFGR: u32 = RCC + 0x08;
    const RCC_PLLCFGR: u32 = RCC + 0x0C;
    const APB1RSTR1: u32 = RCC + 0x38;
    const APB1ENR1: u32 = RCC + 0x58;
    const PWR_CR5: u32 = PWR + 0x80;
    const FLASH_ACR: u32 = FLASH;

    struct Bench {
        soc: Soc,
        flash: Flash,
        lines: InterruptLines,
        now: u64,
    }

    impl Bench {
        fn new() -> Self {
            Bench {
                soc: Soc::new(),
                flash: Flash::new(0x1000, FlashGeometry::STM32L4),
                lines: InterruptLines::default(),
                now: 0,
            }
        }

        fn with<T>(&mut self, access: impl FnOnce(&mut Soc, &mut Context<'_>) -> T) -> T {
            let mut context = Context {
                now: self.now,
                flash: &mut self.flash,
                lines: &mut self.lines,
            };
            access(&mut self.soc, &mut context)
        }

        fn read(&mut self, address: u32) -> Result<u32, AccessError> {
            self.with(|soc, context| soc.read(address - BASE, Size::Word, context))
        }

        fn write(&mut self, writes: &[(u32, u32)]) -> Result<(), AccessError> {
            for &(address, value) in writes {
                self.with(|soc, context| soc.write(address - BASE, Size::Word, value, context))?;
            }
            Ok(())
        }
    }

    /// Up to 120 MHz in the order that the manual prescribes.
    const FULL_SPEED: [(u32, u32); 8] = [
        (APB1ENR1, 1 << 28 | 1 << 0),
        (RCC_CFGR, 8 << 4),
        (PWR_CR5, 0),
        (RCC_CR, 0x161),
        (RCC_PLLCFGR, 2 | 1 << 4 | 30 << 8 | 1 << 24),
        (RCC_CR, 0x161 | 1 << 24),
        (FLASH_ACR, 0x705),
        (RCC_CFGR, 3),
    ];

    #[test]
    fn full_speed() {
        let mut bench = Bench::new();
        bench.write(&FULL_SPEED).unwrap();
        assert_eq!(bench.soc.clocks.core, 120_000_000);
        assert_eq!(bench.flash.accelerator.config().wait_states, 5);
    }

    fn check_refused(without: u32, expected: &str) {
        let mut bench = Bench::new();
        let steps: Vec<_> = FULL_SPEED
            .into_iter()
            .filter(|&(address, _)| address != without)
            .collect();
        let error = bench.write(&steps).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_silicon_could_not_do_is_refused() {
        check_refused(
            PWR_CR5,
            "SYSCLK of 120 MHz in voltage range 1 normal, which allows 80 MHz",
        );
        check_refused(FLASH_ACR, "HCLK of 120 MHz with 0 flash wait states");
        check_refused(APB1ENR1, "PWR without its clock");
    }

    #[test]
    fn slowing_the_flash_at_full_speed_is_refused() {
        let mut bench = Bench::new();
        bench.write(&FULL_SPEED).unwrap();
        assert!(bench.write(&[(FLASH_ACR, 0x704)]).is_err());
    }

    #[test]
    fn timer_keeps_step_with_the_core() {
        let mut bench = Bench::new();
        bench.write(&FULL_SPEED).unwrap();
        bench.write(&[(TIM2, 1)]).unwrap();
        bench.now = 1000;
        assert_eq!(bench.read(TIM2 + 0x24), Ok(1000));
        // PCLK1 = HCLK / 4; timers count twice that.
        bench.write(&[(RCC_CFGR, 3 | 5 << 8)]).unwrap();
        bench.now = 2000;
        assert_eq!(bench.read(TIM2 + 0x24), Ok(1500));
    }

    #[test]
    fn bytes_go_out_at_the_kernel_clocks_rate() {
        const USART2: u32 = 0x4000_4400;
        let mut bench = Bench::new();
        bench.write(&FULL_SPEED).unwrap();
        assert!(bench.read(USART2 + 0x1C).is_err(), "no clock");
        // PCLK1 = HCLK / 4 = 30 MHz, 10 bits of 260 clocks.
        let send = [(USART2 + 0x0C, 260), (USART2, 9), (USART2 + 0x28, 65)];
        bench
            .write(&[(APB1ENR1, 1 << 28 | 1 << 17), (RCC_CFGR, 3 | 5 << 8)])
            .unwrap();
        bench.write(&send).unwrap();
        assert_eq!(bench.soc.next_event(), Some(4 * 2600));
        // HSI16.
        bench.now = 20_000;
        bench
            .write(&[(RCC + 0x88, 2 << 2), (USART2 + 0x28, 66)])
            .unwrap();
        assert_eq!(bench.soc.next_event(), Some(20_000 + 2600 * 120 / 16));
        // The low-power crystal is off.
        bench.now = 50_000;
        bench.write(&[(RCC + 0x88, 3 << 2)]).unwrap();
        assert!(bench.write(&[(USART2 + 0x28, 67)]).is_err());
        assert_eq!(bench.soc.take_serial(), b"AB");
        assert_eq!(bench.soc.take_serial(), b"");
    }

    #[test]
    fn resets() {
        let mut bench = Bench::new();
        bench.write(&FULL_SPEED).unwrap();
        bench.write(&[(TIM2, 1), (APB1RSTR1, 1)]).unwrap();
        assert!(bench.read(TIM2).is_err(), "held in reset");
        bench.write(&[(APB1RSTR1, 0)]).unwrap();
        assert_eq!(bench.read(TIM2), Ok(0));
        bench.with(|soc, context| soc.reset(Reset::System, context));
        assert_eq!(bench.soc.clocks.core, 4_000_000);
        assert_eq!(bench.read(RCC_CFGR), Ok(0));
        assert!(bench.read(TIM2).is_err(), "no clock");
    }
}
