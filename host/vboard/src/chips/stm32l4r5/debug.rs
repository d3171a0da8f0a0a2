//! What debuggers find on the external private peripheral bus: DBGMCU, the ROM table and the identification of the trace components.

use crate::chips::register::{Bank, Register};
use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

/// Address and length of DBGMCU.
pub(crate) const DBGMCU_WINDOW: (u32, u32) = (0xE004_2000, 0x400);

/// Device 0x470 (STM32L4R/L4S), revision V.
const IDCODE: u32 = 0x101F_0470;

const DBGMCU_REGISTERS: &[Register] = &[
    Register::new(0x00, "IDCODE", IDCODE, 0),
    // Whether sleep modes keep the clocks; trace pins are refused.
    Register::new(0x04, "CR", 0, 7).refusing(0xE0),
    // Peripherals to stop while the core is halted: kept, not acted upon.
    Register::new(0x08, "APB1FZR1", 0, 0x82E0_1C3F),
    Register::new(0x0C, "APB1FZR2", 0, 0x22),
    Register::new(0x10, "APB2FZR", 0, 0x0007_2800),
];

/// MCU debug component (RM0432, section "DBGMCU"). Only power-on resets it.
#[derive(Debug)]
pub(crate) struct Dbgmcu(Bank);

impl Default for Dbgmcu {
    fn default() -> Self {
        Dbgmcu(Bank::new("DBGMCU", DBGMCU_REGISTERS))
    }
}

impl Peripheral for Dbgmcu {
    fn name(&self) -> &str {
        "DBGMCU"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        match size {
            Size::Word => self.0.read(offset),
            _ => Err(AccessError::unmodelled("DBGMCU register, read in part")),
        }
    }

    fn write(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        _: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        match size {
            Size::Word => self.0.write(offset, value),
            _ => Err(AccessError::unmodelled("DBGMCU register, written in part")),
        }
    }

    fn reset(&mut self, reset: Reset, _: &mut Context<'_>) {
        if reset == Reset::PowerOn {
            self.0.reset();
        }
    }
}

const TPIU: u32 = 0xE004_0000;
const ETM: u32 = 0xE004_1000;
const ROM_TABLE: u32 = 0xE00F_F000;

/// Addresses and lengths of the components that are there to be identified.
pub(crate) const ROM_WINDOWS: [(u32, u32); 3] =
    [(TPIU, 0x1000), (ETM, 0x1000), (ROM_TABLE, 0x1000)];

/// Entries of the ROM table: SCS, DWT, FPB, ITM, TPIU, ETM, each by its distance and present.
const ENTRIES: [u32; 6] = [
    0xFFF0_F003,
    0xFFF0_2003,
    0xFFF0_3003,
    0xFFF0_1003,
    0xFFF4_1003,
    0xFFF4_2003,
];

/// The ROM table and the peripheral and component ids of TPIU and ETM.
#[derive(Debug)]
pub(crate) struct Identification;

impl Peripheral for Identification {
    fn name(&self) -> &str {
        "CoreSight identification"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        if size != Size::Word {
            return Err(AccessError::unmodelled(
                "part of an identification register",
            ));
        }
        let register = offset & 0xFFF;
        match TPIU + (offset & !0xFFF) {
            ROM_TABLE => Ok(match register {
                0..0x18 => ENTRIES[register as usize / 4],
                // Designer ST (bank 1, 0x20), part 0x470, as DBGMCU says. Silicon reads 0 in the last
                // one; CMOD = 1, "modified", is how a host that looks tells an emulated chip from a
                // real one, whatever the probe between them.
                0xFD0.. => identification(register, [0x70, 0x04, 0x0A, 0x01], 0x10),
                _ => 0,
            }),
            // Cortex-M4 TPIU and ETM: designer Arm, CoreSight components.
            TPIU if register >= 0xFD0 => Ok(identification(
                register,
                [0xA1, 0xB9, 0x0B, 0x00],
                CORESIGHT,
            )),
            ETM if register >= 0xFD0 => Ok(identification(
                register,
                [0x25, 0xB9, 0x0B, 0x00],
                CORESIGHT,
            )),
            // CoreSight device types: trace port sink, processor trace source.
            TPIU if register == 0xFCC => Ok(0x11),
            ETM if register == 0xFCC => Ok(0x13),
            // DEVARCH: older than the register.
            TPIU | ETM if register == 0xFBC => Ok(0),
            TPIU => Err(AccessError::unmodelled("TPIU")),
            _ => Err(AccessError::unmodelled("ETM")),
        }
    }

    fn write(
        &mut self,
        offset: u32,
        _: Size,
        _: u32,
        _: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        match TPIU + (offset & !0xFFF) {
            ROM_TABLE => Ok(()),
            TPIU => Err(AccessError::unmodelled("TPIU")),
            _ => Err(AccessError::unmodelled("ETM")),
        }
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}
}

/// Component class of CoreSight components.
const CORESIGHT: u32 = 0x90;

/// PIDR4, PIDR0 to 3 and CIDR0 to 3 of a component, by their offset (IHI 0029, chapter B2).
fn identification(register: u32, peripheral: [u32; 4], class: u32) -> u32 {
    match register {
        // PIDR4: the JEP 106 bank, 4 for Arm, 0 for ST.
        0xFD0 if class == CORESIGHT => 4,
        0xFE0..0xFF0 => peripheral[(register as usize - 0xFE0) / 4],
        0xFF0.. => [0x0D, class, 0x05, 0xB1][(register as usize - 0xFF0) / 4],
        _ => 0,
    }
}
