//! System configuration controller (RM0444, chapter 8).

use crate::chips::register::{Bank, Register};

const REGISTERS: &[Register] = &[
    // Pins PA11 and PA12, infrared, analog switches, strobes of the USB type C pins and fast-mode I2C pins are kept;
    // another memory at address zero is refused.
    Register::new(0x00, "CFGR1", 0, 0x01FF_07F8).refusing(3),
    // What breaks timers is kept; clamping diodes of pins are refused.
    Register::new(0x18, "CFGR2", 0, 0xF).refusing(0x00FF_0000),
];

/// The registers after reset.
pub(crate) fn bank() -> Bank {
    Bank::new("SYSCFG", REGISTERS)
}
