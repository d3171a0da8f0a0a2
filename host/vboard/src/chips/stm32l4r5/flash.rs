//! The embedded flash interface (RM0432, chapter 3): what it has of its own.

use crate::chips::double_word_flash::{DCEN, DCRST, ICEN, ICRST, LATENCY, PRFTEN, Variant};

/// Two banks of 1 MiB.
pub(crate) const VARIANT: Variant = Variant {
    acr_reset: ICEN | DCEN,
    acr_writable: LATENCY | PRFTEN | ICEN | DCEN | ICRST | DCRST,
    // Power-down.
    acr_refused: 1 << 13 | 1 << 14,
    bank_bytes: 1 << 20,
    page_bytes: 4 << 10,
    page_bits: 8,
    bank_select: 1 << 11,
    // BSY.
    busy: [1 << 16; 2],
    configuring: 0,
    cr_refused: 0,
    // ECCR.
    error_registers: &[0x18],
    // BK_ECC.
    error_bank: 1 << 21,
    error_unit: 1,
    // No protection, two banks (DBANK), watchdogs started by software.
    optr: 0xFFEF_F8AA,
    // DS12023, table "Flash memory characteristics", typical.
    program_ns: 81_690,
    page_erase_ns: 22_020_000,
    mass_erase_ns: 22_130_000,
    interrupt: 4,
};
