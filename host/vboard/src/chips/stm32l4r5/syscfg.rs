//! System configuration controller (RM0432, chapter 9).

use crate::chips::register::{Bank, Register};

const REGISTERS: &[Register] = &[
    // Another memory at address zero.
    Register::new(0x00, "MEMRMP", 0, 0).refusing(0x10F),
    // Analog switches, fast-mode I2C pins and the FPU's interrupt enables (whose interrupt is not modelled).
    Register::new(0x04, "CFGR1", 0x7C00_0001, 0x007F_0301).refusing(0xFC00_0000),
    Register::new(0x08, "EXTICR1", 0, 0xFFFF),
    Register::new(0x0C, "EXTICR2", 0, 0xFFFF),
    Register::new(0x10, "EXTICR3", 0, 0xFFFF),
    Register::new(0x14, "EXTICR4", 0, 0xFFFF),
    // Erasing SRAM2.
    Register::new(0x18, "SCSR", 0, 0).refusing(1),
    Register::new(0x1C, "CFGR2", 0, 0xF),
];

/// The registers after reset.
pub(crate) fn bank() -> Bank {
    Bank::new("SYSCFG", REGISTERS)
}
