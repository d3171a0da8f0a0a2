//! The rules of the core's timing, one item each, with their standing.
//!
//! They describe a Cortex-M4 that runs from memories without wait states; wait states of
//! the flash come on top ([`FlashAccelerator`](super::FlashAccelerator)).
//!
//! Standing of a rule:
//!
//! * **D** — documented: Arm's *Cortex-M4 Technical Reference Manual*, 100166 (formerly
//!   DDI 0439): table 3-1 of instruction cycles, section 3.3 on pairing loads and stores,
//!   chapter 7 on the FPU.
//! * **M** — measured and published: *jnk0le*, `cortex_m3m4.md` (STM32F407);
//!   *compendium.i-0.nl*, pages on instruction alignment and branches (an STM32 with data
//!   in SRAM2); T. Pornin's comments in fn-dsa's `sha3_cm4.s`.
//! * **F** — fitted to the cycle counts that pqm4 publishes for a real NUCLEO-L4R5ZI at
//!   20 MHz without wait states, over the executed paths of 62 operations. The rules
//!   together reproduce them within 0.35 % (rms) where assembly dominates and within 1 to
//!   2.5 % where compiled code does. A single F rule is worth less than that: it is what
//!   was missing once D and M were in place.
//!
//! | rule | what | standing |
//! | --- | --- | --- |
//! | R0 | a predicated instruction whose condition fails: 1 | D |
//! | R1 | data processing, every multiply, DSP, VMOV core↔FPU: 1; operands shifted or just multiplied cost nothing more | D; VMOV of two registers F |
//! | R2 | a load of at most a word: 2, or 1 if the next instruction is such a load too and its address does not need the loaded register; *n* loads: *n* + 1. LDRT and its relatives as LDR: no other figure is given | D |
//! | R3 | a load followed by a store stays 2 | F (M says 1) |
//! | R4 | a loaded register forms the next load's or store's address: no pipelining and 1 more | D, the cycle M |
//! | R5 | an address register written by the data-processing or multiply instruction just before: 1 more | D |
//! | R5b | … or by the one before that: 1 more | F |
//! | R6 | after a load with write-back, a load or store by the same base: no pipelining and 1 more; 2 more at the first of such a chain | M, F |
//! | R7 | a store of at most a word: 1; with a register offset 2. STRT and its relatives as STR | D |
//! | R8 | one-entry store buffer; a buffered store holds the data bus for two cycles | F, agrees with M |
//! | R9 | LDM, STM, POP, PUSH, VLDM, VSTM, LDRD, STRD, VLDR, VSTR: 1 + words; none of them pipelines | D |
//! | R10 | taken B, B\<cond\>, CBZ: 1 + 1; BL, BX, BLX: 1 + 2; POP {.., pc}: 1 + N + 3; LDR pc: 5; TBB, TBH: 6 | M; F; F; D; D |
//! | R10 | branch not taken: 1, and it takes the fetch slot of that cycle | D, the slot F |
//! | R11 | fetch queue of three words filled by 32-bit fetches | D; when it fetches F |
//! | R11 | at most [`STALL_CAP`] stalls in a run of misaligned wide single-cycle instructions | F, ad hoc |
//! | R12 | a PC-relative load from the code region: 1 more | D ("might"), F |
//! | R13 | misaligned data: see [`misaligned`] | D, weak F |

use crate::memory::Size;

/// Cycles of an LDR without a pipelining successor (R2).
pub(super) const LOAD: u8 = 2;

/// The cycle that the address of a load or store waits for the register bank (R5, R5b).
pub(super) const ADDRESS_WAIT: u32 = 1;

/// The cycle that an address waits for a register loaded just before (R4).
pub(super) const LOADED_ADDRESS_WAIT: u32 = 1;

/// What the use of a base that the load just before wrote back costs (R6), within a chain
/// of such uses.
pub(super) const WRITEBACK_WAIT: u32 = 1;

/// … and at the first of the chain.
pub(super) const WRITEBACK_WAIT_FIRST: u32 = 2;

/// How long a buffered store holds the data bus (R8).
pub(super) const STORE_BUS: u8 = 2;

/// Pipeline refill after a taken B, B\<cond\> or CBZ (R10).
pub(super) const REFILL_DIRECT: u8 = 1;

/// Pipeline refill after BL, BX, BLX (R10), and MOV PC and ADD PC, which find their target
/// as late. An ISB flushes the pipeline and refills it as late, too: the TRM only says
/// that it takes at least a refill.
pub(super) const REFILL_LATE: u8 = 2;

/// Pipeline refill after a load of the PC (R10; the TRM's LDR PC is 2 + 3).
pub(super) const REFILL_LOADED: u8 = 3;

/// TBB and TBH: the TRM counts at least two cycles for the load, one for the addition and
/// three for the refill.
pub(super) const TABLE_BRANCH: u8 = 3;

/// The most stalls in a run of misaligned wide single-cycle instructions (R11). Without
/// it a loop of 372 such instructions comes out at 0.5 stalls each where silicon shows at
/// most 0.1.
pub(super) const STALL_CAP: u8 = 4;

/// The further cycle of a PC-relative load while the core fetches from the same memory
/// (R12).
pub(super) const LITERAL_CONTENTION: u32 = 1;

/// Fewest cycles of SDIV and UDIV (TRM: 2 to 12, "depending on the number of leading ones
/// and zeroes in the operands").
pub(super) const DIVIDE_MIN: u8 = 2;

/// MRS, MSR, CPS: the TRM's table gives a range of 1 to 2; this is its upper end.
pub(super) const SPECIAL: u8 = 2;

/// VDIV and VSQRT keep the FPU busy for so long; integer instructions go on meanwhile
/// ("take one cycle if no further floating-point instructions are executed").
pub(super) const FLOAT_DIVIDE: u8 = 14;

/// VMLA, VFMA and their relatives (TRM). Published measurements disagree on whether
/// integer instructions may overlap with the last two cycles; the TRM grants this to VDIV
/// and VSQRT only, and so does this model.
pub(super) const FLOAT_MULTIPLY_ACCUMULATE: u8 = 3;

/// A result of FP arithmetic or conversion that the very next instruction consumes (TRM:
/// "one cycle longer"); not if it is the addend of a multiply-accumulate, which is
/// consumed one cycle later.
pub(super) const FLOAT_RESULT_WAIT: u32 = 1;

/// Extra cycles of a data access at `address` (R13): a halfword across bytes and a word
/// across halfwords are two transfers, a word at an odd address three. The store buffer
/// hides those of a store.
pub(super) fn misaligned(address: u32, size: Size, write: bool) -> u32 {
    match (size, address & 3) {
        _ if write => 0,
        (Size::Half, 1 | 3) | (Size::Word, 2) => 1,
        (Size::Word, 1 | 3) => 2,
        _ => 0,
    }
}

/// Cycles of dividing beyond [`DIVIDE_MIN`].
///
/// The TRM gives the range and says that it follows the operands' leading ones and zeroes,
/// not how. Here the ten further cycles are shared evenly over the up to 32 bits that the
/// quotient can have; a quotient of 0 or a division by zero ends at once. Not validated.
pub(in crate::timing) fn divide(signed: bool, dividend: u32, divisor: u32) -> u32 {
    let magnitude = |v: u32| if signed { (v as i32).unsigned_abs() } else { v };
    let (dividend, divisor) = (magnitude(dividend), magnitude(divisor));
    if divisor == 0 || dividend < divisor {
        return 0;
    }
    let quotient_bits = divisor.leading_zeros() - dividend.leading_zeros() + 1;
    (quotient_bits * 10).div_ceil(32)
}
