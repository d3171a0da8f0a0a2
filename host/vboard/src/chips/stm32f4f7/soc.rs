//! The peripherals that depend on each other, behind one device.
//!
//! RCC, PWR and the flash interface together decide how fast the core may run; RCC gates and resets the others. After each write
//! to one of the three the clock tree is worked out anew, and what the chip cannot do is refused at the very
//! write that asks for it.

use super::{
    Part,
    clock::{Clocks, HSI, check},
    flash::FlashController,
    pwr::Pwr,
    rcc::{Gated, Rcc},
};
use crate::chips::{
    gpio::{Gpio, port_without_brr},
    iwdg,
    rcc::check_gate,
    register::{Bank, Register},
    serial::{self, Port, Serial},
    tim2::Tim2,
    usart::SerialClocks,
};
use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

const BASE: u32 = 0x4000_0000;
const TIM2: u32 = 0x4000_0000;
const IWDG: u32 = 0x4000_3000;
const PWR: u32 = 0x4000_7000;
const SYSCFG: u32 = 0x4001_3800;
const GPIO: u32 = 0x4002_0000;
const RCC: u32 = 0x4002_3800;
const FLASH: u32 = 0x4002_3C00;
/// Address range of one peripheral.
const BLOCK: u32 = 0x400;

const TIM2_INTERRUPT: usize = 28;

/// Ports A and B hold the debug pins; the pins of others are inputs (RM0390, section 7.4).
const PORT_A: &[Register] = &port_without_brr(0xA800_0000, 0x0C00_0000, 0x6400_0000);
const PORT_B: &[Register] = &port_without_brr(0x0000_0280, 0x0000_00C0, 0x0000_0100);
const OTHER_PORTS: &[Register] = &port_without_brr(0, 0, 0);

/// Port number `index` (A is 0) after reset.
fn gpio(index: usize) -> Gpio {
    Gpio::new(match index {
        0 => PORT_A,
        1 => PORT_B,
        _ => OTHER_PORTS,
    })
}

/// Address and length of each peripheral. Offsets count from the first.
pub(crate) fn windows(part: &Part) -> Vec<(u32, u32)> {
    let fixed = [
        (TIM2, BLOCK),
        (IWDG, BLOCK),
        (PWR, BLOCK),
        (SYSCFG, BLOCK),
        (GPIO, part.ports as u32 * BLOCK),
        (RCC, BLOCK),
        (FLASH, BLOCK),
    ];
    let serial = part.serial.iter().map(Port::window);
    fixed.into_iter().chain(serial).collect()
}

/// The peripherals of a part.
#[derive(Debug, Clone)]
pub(crate) struct Soc {
    part: &'static Part,
    rcc: Rcc,
    pwr: Pwr,
    flash: FlashController,
    tim2: Tim2,
    syscfg: Bank,
    gpio: Vec<Gpio>,
    serial: Serial,
    clocks: Clocks,
}

impl Soc {
    /// After power-on.
    pub(crate) fn new(part: &'static Part) -> Self {
        Soc {
            part,
            rcc: Rcc::new(part),
            pwr: Pwr::new(part),
            flash: FlashController::new(&part.flash),
            tim2: Tim2::new(TIM2_INTERRUPT, 0, 0),
            syscfg: Bank::new("SYSCFG", part.syscfg),
            gpio: (0..part.ports).map(gpio).collect(),
            serial: Serial::new(part.serial),
            clocks: Clocks {
                system: HSI,
                core: HSI,
                buses: [HSI; 2],
                apb1_timer_shift: 0,
            },
        }
    }

    /// The peripherals reset by RCC, of those modelled.
    fn gated(&self) -> impl Iterator<Item = Gated> + use<> {
        [Gated::Tim2, Gated::Pwr, Gated::Syscfg]
            .into_iter()
            .chain((0..self.part.ports).map(Gated::Gpio))
            .chain((0..self.part.serial.len()).map(Gated::Serial))
    }

    /// Which peripheral an address belongs to; RCC and the flash interface are always clocked.
    fn owner(&self, address: u32) -> Option<(Gated, &'static str)> {
        if let Some(port) = serial::at(self.part.serial, address) {
            return Some((Gated::Serial(port), self.part.serial[port].kind.name));
        }
        match address & !(BLOCK - 1) {
            TIM2 => Some((Gated::Tim2, "TIM2")),
            PWR => Some((Gated::Pwr, "PWR")),
            SYSCFG => Some((Gated::Syscfg, "SYSCFG")),
            at if port(at) < self.part.ports => Some((Gated::Gpio(port(at)), "GPIO port")),
            _ => None,
        }
    }

    fn check_clocked(&self, address: u32) -> Result<(), AccessError> {
        let Some((peripheral, name)) = self.owner(address) else {
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
            Gated::Pwr => self.pwr = Pwr::new(self.part),
            Gated::Syscfg => self.syscfg.reset(),
            Gated::Gpio(port) => self.gpio[port] = gpio(port),
            Gated::Serial(port) => self.serial.reset(port, context.lines),
        }
    }

    /// Works out the clocks after a change and checks that the chip can run so.
    fn retime(&mut self, now: u64) -> Result<(), AccessError> {
        let clocks = self.rcc.clocks()?;
        check(clocks, self.pwr.limits(), self.flash.wait_states())
            .map_err(AccessError::Unmodelled)?;
        self.clocks = clocks;
        self.tim2.set_shift(clocks.apb1_timer_shift, now);
        Ok(())
    }

    fn read_word(&mut self, address: u32, context: &mut Context<'_>) -> Result<u32, AccessError> {
        self.check_clocked(address)?;
        let offset = address % BLOCK;
        if let Some(port) = serial::at(self.part.serial, address) {
            return self.serial.read(port, offset, context.now);
        }
        match address - offset {
            TIM2 => self.tim2.read(offset, context.now),
            IWDG => iwdg::read(offset),
            PWR => self.pwr.read(offset),
            SYSCFG => self.syscfg.read(offset),
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

/// The number of the port at an address; beyond all ports if it is none.
fn port(address: u32) -> usize {
    (address.wrapping_sub(GPIO) / BLOCK) as usize
}

impl Peripheral for Soc {
    fn name(&self) -> &str {
        self.part.name
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
        if let Some(port) = serial::at(self.part.serial, address) {
            let clocks = self.serial_clocks(port);
            return self
                .serial
                .write(port, offset, (size, value), clocks, context);
        }
        let in_part = size != Size::Word;
        if in_part && port(address) >= self.part.ports {
            return Err(AccessError::unmodelled("register written in part"));
        }
        match block {
            TIM2 => {
                self.tim2.write(offset, value, context.now)?;
                self.tim2.drive(context.lines);
            }
            IWDG => iwdg::write(offset, value)?,
            PWR => {
                self.pwr.write(offset, value)?;
                self.retime(context.now)?;
            }
            SYSCFG => self.syscfg.write(offset, value)?,
            RCC => {
                self.rcc.write(offset, value, self.pwr.backup_writable())?;
                for peripheral in self.gated() {
                    if self.rcc.held_in_reset(peripheral) {
                        self.reset_peripheral(peripheral, context);
                    }
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
        let mut fresh = Soc::new(self.part);
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
}

#[cfg(test)]
mod tests;
