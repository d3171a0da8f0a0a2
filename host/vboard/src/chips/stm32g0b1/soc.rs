//! The peripherals that depend on each other, behind one device.
//!
//! RCC, PWR and the flash interface together decide how fast the core may run; RCC gates and resets the others. After each write
//! to one of the three the clock tree is worked out anew, and what the chip cannot do is refused at the very
//! write that asks for it.

use super::clock::{Clocks, check};
use super::debug;
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
const DBG: u32 = 0x4001_5800;
const RCC: u32 = 0x4002_1000;
const FLASH: u32 = 0x4002_2000;
const GPIO: u32 = super::IO_PORT.0;
/// Address range of one peripheral.
const BLOCK: u32 = 0x400;
const GPIO_END: u32 = GPIO + PORTS as u32 * BLOCK;

/// Address and length of each peripheral.
pub(crate) const WINDOWS: [(u32, u32); 10] = [
    (TIM2, BLOCK),
    // USART2 to 5, LPUART1 and 2, USART1 and 6.
    (SERIAL[1].base, 4 * BLOCK),
    (SERIAL[6].base, 2 * BLOCK),
    (SERIAL[0].base, 2 * BLOCK),
    (PWR, BLOCK),
    // VREFBUF, COMP and the interrupts' status share its block.
    (SYSCFG, 0x30),
    (DBG, BLOCK),
    (RCC, BLOCK),
    (FLASH, BLOCK),
    (GPIO, GPIO_END - GPIO),
];

const _: () = assert!(WINDOWS[0].0 == BASE, "offsets count from the first window");

/// Ports A to F.
const PORTS: usize = 6;
/// Port A holds the debug pins; the pins of others are in analog mode (RM0444, chapter 7).
const PORT_A: &[Register] = &port_registers(0xEBFF_FFFF, 0x0C00_0000, 0x2400_0000);
const OTHER_PORTS: &[Register] = &port_registers(0xFFFF_FFFF, 0, 0);

const TIM2_INTERRUPT: usize = 15;

/// Port number `index` (A is 0) after reset.
fn gpio(index: usize) -> Gpio {
    Gpio::new(if index == 0 { PORT_A } else { OTHER_PORTS })
}

/// The peripherals.
#[derive(Debug, Clone)]
pub(crate) struct Soc {
    rcc: Rcc,
    pwr: Pwr,
    flash: FlashController,
    tim2: Tim2,
    syscfg: Bank,
    dbg: Bank,
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
            dbg: debug::dbg(),
            gpio: (0..PORTS).map(gpio).collect(),
            serial: Serial::new(SERIAL),
            clocks: Clocks::RESET,
        }
    }

    /// The peripherals reset by RCC, of those modelled.
    fn gated() -> impl Iterator<Item = Gated> {
        [Gated::Tim2, Gated::Dbg, Gated::Pwr, Gated::Syscfg]
            .into_iter()
            .chain((0..PORTS).map(Gated::Gpio))
            .chain((0..SERIAL.len()).map(Gated::Serial))
    }

    /// Which peripheral an address belongs to; RCC and the flash interface are always clocked, and DBG needs no
    /// clock to be accessed.
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
                let shift = self.clocks.timer_shift;
                self.tim2 = Tim2::new(TIM2_INTERRUPT, context.now, shift);
            }
            Gated::Dbg => self.dbg.reset(),
            Gated::Pwr => self.pwr = Pwr::new(),
            Gated::Syscfg => self.syscfg.reset(),
            Gated::Gpio(port) => self.gpio[port] = gpio(port),
            Gated::Serial(port) => self.serial.reset(port, context.lines),
        }
    }

    /// Works out the clocks after a change and checks that the chip can run so.
    fn retime(&mut self, now: u64) -> Result<(), AccessError> {
        let voltage = self.pwr.voltage();
        let clocks = self.rcc.clocks(voltage)?;
        check(clocks, voltage, self.flash.wait_states()).map_err(AccessError::Unmodelled)?;
        self.clocks = clocks;
        self.tim2.set_shift(clocks.timer_shift, now);
        Ok(())
    }

    /// DBG without its clock reads as zero and ignores writes, as peripherals on this bus do. It is the only one of
    /// which this is modelled, because HALs and debuggers do it: embassy-stm32 writes DBG_CR before
    /// it enables any clock, and probe-rs reads and writes it after it has taken the clock away.
    fn dbg_answers(&self) -> bool {
        self.rcc.clocked(Gated::Dbg) && !self.rcc.held_in_reset(Gated::Dbg)
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
            DBG if self.dbg_answers() => self.dbg.read(offset),
            DBG => Ok(0),
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
            DBG if self.dbg_answers() => self.dbg.write(offset, value)?,
            DBG => {}
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
        fresh.rcc.reset(reset);
        fresh.tim2 = Tim2::new(TIM2_INTERRUPT, context.now, 0);
        // What it is doing is cut short, not forgotten.
        std::mem::swap(&mut fresh.flash, &mut self.flash);
        if reset != Reset::PowerOn {
            // Power-on alone resets the debug support.
            std::mem::swap(&mut fresh.dbg, &mut self.dbg);
        }
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
mod tests;
