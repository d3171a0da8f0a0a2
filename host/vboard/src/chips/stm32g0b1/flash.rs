//! The embedded flash interface (RM0444, chapter 3): what it has of its own.
//!
//! Not modelled, hence refused: the securable areas, read and write protection (the registers of these option bytes),
//! and pages numbered beyond a bank's 128.

use crate::chips::double_word_flash::{EMPTY, ICEN, ICRST, PRFTEN, Variant};

/// The debugger may access the chip. Clearing it is refused.
const DBG_SWEN: u32 = 1 << 18;
/// A reserved bit of ACR that reads as one.
const RESERVED: u32 = 1 << 10;
const SEC_PROT: u32 = 1 << 28;

/// Two banks of 256 KiB.
pub(crate) const VARIANT: Variant = Variant {
    acr_reset: DBG_SWEN | RESERVED | ICEN,
    acr_writable: 7 | PRFTEN | ICEN | ICRST | EMPTY,
    acr_refused: DBG_SWEN,
    bank_bytes: 256 << 10,
    page_bytes: 2 << 10,
    page_bits: 10,
    bank_select: 1 << 13,
    // BSY1, BSY2 and CFGBSY.
    busy: [1 << 16, 1 << 17],
    configuring: 1 << 18,
    cr_refused: SEC_PROT,
    // ECCR and ECC2R, whose ADDR_ECC counts double words.
    error_registers: &[0x18, 0x1C],
    error_bank: 0,
    error_unit: 8,
    // No protection, two banks, no parity check of the SRAM, watchdogs started by software.
    optr: 0xFFFF_FEAA,
    // DS13560, table "Flash memory characteristics", typical.
    program_ns: 85_000,
    page_erase_ns: 22_000_000,
    mass_erase_ns: 22_100_000,
    interrupt: 3,
};
