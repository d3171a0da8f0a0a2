//! The registers of ST's serial interfaces: two generations of them.
//!
//! What a sender's time does not depend on is kept and not acted upon; modes that are not modelled are refused.

use crate::chips::register::Register;

// CR1, of both generations.
pub(super) const RE: u32 = 1 << 2;
pub(super) const TE: u32 = 1 << 3;
pub(super) const TCIE: u32 = 1 << 6;
pub(super) const TXEIE: u32 = 1 << 7;
pub(super) const M0: u32 = 1 << 12;
pub(super) const OVER8: u32 = 1 << 15;
// CR1, of the new one.
pub(super) const M1: u32 = 1 << 28;
pub(super) const FIFOEN: u32 = 1 << 29;
pub(super) const TXFEIE: u32 = 1 << 30;
const RXFFIE: u32 = 1 << 31;

// The status register, of both.
pub(super) const TC: u32 = 1 << 6;
pub(super) const TXE: u32 = 1 << 7;
// ISR, of the new one.
pub(super) const TEACK: u32 = 1 << 21;
pub(super) const REACK: u32 = 1 << 22;
pub(super) const TXFE: u32 = 1 << 23;
pub(super) const TXFT: u32 = 1 << 27;

/// TXFRQ, in the request register of the new one.
pub(super) const TXFRQ: u32 = 1 << 4;

/// Where a generation has what, and what else it has.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) registers: &'static [Register],
    pub(super) cr1: u32,
    pub(super) cr2: u32,
    pub(super) brr: u32,
    /// SR or ISR.
    pub(super) status: u32,
    /// DR or TDR.
    pub(super) data: u32,
    /// UE in CR1.
    pub(super) enable: u32,
    /// What only the new generation has; the old one's flags are cleared in the status register itself.
    pub(super) new: Option<New>,
}

/// Registers of the new generation only.
#[derive(Debug)]
pub(super) struct New {
    pub(super) rqr: u32,
    pub(super) icr: u32,
    pub(super) presc: u32,
}

/// One status and one data register: STM32 F1, F2, F4, L1 (RM0390, section 25.6).
pub(crate) const OLD: Layout = Layout {
    registers: &[
        Register::new(0x00, "SR", 0, 0),
        // What it reads is received.
        Register::new(0x04, "DR", 0, 0),
        Register::new(0x08, "BRR", 0, 0xFFFF),
        // SBK sends a break.
        Register::new(0x0C, "CR1", 0, 0xBFFE).refusing(1),
        // The address is one to be received; synchronous and LIN modes.
        Register::new(0x10, "CR2", 0, 0x300F).refusing(0x4F60),
        // Error interrupt, one-bit sampling; IrDA, half duplex, smartcard, DMA, flow control.
        Register::new(0x14, "CR3", 0, 0x0801).refusing(0x07FE),
        Register::new(0x18, "GTPR", 0, 0).refusing(0xFFFF),
    ],
    status: 0x00,
    data: 0x04,
    brr: 0x08,
    cr1: 0x0C,
    cr2: 0x10,
    enable: 1 << 13,
    new: None,
};

/// Status and data registers by direction, and neither FIFOs nor a prescaler: STM32 F0, F3, F7, L0, L4 (RM0385, section 31.8).
pub(crate) const NEW: Layout = new(ALL.split_at(ALL.len() - 1).0);

/// The same with a prescaler: the basic interfaces of STM32 G0 (RM0444, section 33.8).
pub(crate) const PRESCALED: Layout = new(ALL);

/// The same with FIFOs as well: STM32 G0, G4, H7, L4+ (RM0432, sections 50.8 and 51.7; RM0444, sections 33.8 and 34.7).
pub(crate) const FIFO: Layout = new(WITH_FIFO);

const fn new(registers: &'static [Register]) -> Layout {
    Layout {
        registers,
        cr1: 0x00,
        cr2: 0x04,
        brr: 0x0C,
        status: 0x1C,
        data: 0x28,
        enable: 1 << 0,
        new: Some(New {
            rqr: 0x18,
            icr: 0x20,
            presc: 0x2C,
        }),
    }
}

const ALL: &[Register] = &registers(0, 0);
/// Their thresholds and the interrupts of these are refused.
const WITH_FIFO: &[Register] = &registers(FIFOEN | TXFEIE | RXFFIE, 0xFE80_0000);

/// The registers, PRESC being the last, with these bits more in CR1 and these refused in CR3.
const fn registers(fifo: u32, thresholds: u32) -> [Register; 12] {
    [
        // Multiprocessor and receiver's interrupts, parity, driver enable times; end of block, receiver timeout.
        Register::new(0x00, "CR1", 0, 0x13FF_FFFF | fifo).refusing(0x0C00_0000),
        // Stop bits and what changes the bits' look only; synchronous, LIN, auto-baud and address modes, receiver timeout.
        Register::new(0x04, "CR2", 0, 0x000F_B000).refusing(0xFFF0_4F78),
        // Error interrupt, one-bit sampling, overrun off; IrDA, half duplex, smartcard, DMA, flow control, driver
        // enable, wake-up.
        Register::new(0x08, "CR3", 0, 0x0000_1801).refusing(0x017F_E7FE | thresholds),
        Register::new(0x0C, "BRR", 0, 0x000F_FFFF),
        Register::new(0x10, "GTPR", 0, 0).refusing(0xFFFF),
        Register::new(0x14, "RTOR", 0, 0).refusing(u32::MAX),
        // Requests: only the flushes of what is never there do nothing.
        Register::new(0x18, "RQR", 0, 0).refusing(0b0_0111),
        Register::new(0x1C, "ISR", 0, 0),
        Register::new(0x20, "ICR", 0, 0),
        Register::new(0x24, "RDR", 0, 0),
        Register::new(0x28, "TDR", 0, 0x1FF),
        Register::new(0x2C, "PRESC", 0, 0xF),
    ]
}
