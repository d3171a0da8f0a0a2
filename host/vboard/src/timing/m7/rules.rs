//! The rules of the core's timing.
//!
//! Standing: **M** — measured and published by *jnk0le*; **Q** — by *quinapalus*, too; **A** —
//! assumed, for want of a source.
//!
//! | rule | what | standing |
//! | --- | --- | --- |
//! | I1 | two instructions issue together if the second needs no result of the first, but see L1 | M, Q |
//! | I2 | not together: two multiplies, two stores, a multiply and a store, two bit-field or DSP instructions, two instructions of which both use the early shifter | M, Q |
//! | I3 | bit-field and DSP instructions issue together with another only as the first of the two | M |
//! | I4 | two loads issue together if they go to different banks (even and odd words) | M |
//! | I5 | LDM, STM, LDRD, STRD, PUSH, POP issue alone and take a cycle per two words | M, Q |
//! | I6 | two FP arithmetic instructions do not issue together, nor a multiply-accumulate with a load, store or move of the FPU | M |
//! | I7 | VDIV 16, VSQRT 14; nothing else issues meanwhile | M |
//! | I8 | moves of two registers to and from the FPU, and system instructions, issue alone | M; A |
//! | L1 | the early ALU (ADD, SUB, MOV as the first of two; shifts by a constant) gives its result to the late one in the same cycle, to addresses and early operands in the next | M |
//! | L2 | the late ALU gives its result to the late one in the next cycle, to addresses and early operands one later | M |
//! | L3 | a word loaded is there for the late ALU in the next cycle, for early operands, addresses and multiplies one later; bytes and halfwords one later again | M |
//! | L4 | multiplies take one cycle more to their result; accumulators are passed on each cycle | M, Q |
//! | L5 | stored data may come from the same cycle | M |
//! | L6 | FP arithmetic 3, VFMA 5 and VMLA 6 as a multiplicand; 3 as the next accumulator | M |
//! | B1 | a branch predicted taken takes no cycle of its own besides its slot; the target issues in the next cycle | M |
//! | B2 | a misprediction takes 8; 6 if the flags it tests were set 3 cycles before it, or earlier | M |
//! | B3 | the BTAC has 64 entries, each for branches 128 bytes apart, with two bits of what the branch did; a branch enters it when it is taken; BPIALL and ICIALLU empty it | A |
//! | B4 | a branch that is not there is expected to be taken if it is direct and unconditional, or conditional and goes back; the decoder finds out, which takes 2 | A |
//! | B5 | any other is expected not to be taken | A |
//! | B6 | indirect branches, returns included, are expected to go where they went last | A |
//! | C1 | results that are not there yet when a block ends are waited for in the next; a misprediction takes longer than all of them | as L1 to L6 |
//! | D1 | division as in a Cortex-M4 | A |
//! | D2 | an unaligned load 3 more, an unaligned store none | M |
//! | E1 | exception entry 12, return 10, as in a Cortex-M4; FP registers 9 more, two per cycle | A |

/// L3: cycles until a loaded word can be used by the late ALU.
pub(super) const LOAD: u32 = 1;
/// … and what bytes and halfwords take more.
pub(super) const NARROW: u32 = 1;
/// L4.
pub(super) const MULTIPLY: u32 = 2;
/// L6: until the result of FP arithmetic can be used.
pub(super) const FLOAT: u32 = 3;
/// L6: until the result of a fused and of a chained multiply-accumulate can be multiplied.
pub(super) const FUSED: u32 = 5;
pub(super) const CHAINED: u32 = 6;
/// I7.
pub(super) const FLOAT_DIVIDE: u32 = 16;
pub(super) const FLOAT_ROOT: u32 = 14;
/// B2.
pub(super) const MISPREDICTED: u32 = 8;
pub(super) const MISPREDICTED_EARLY: u32 = 6;
/// … and how many cycles before the branch flags must have been set for that.
pub(super) const FLAGS_EARLY: u32 = 3;
/// B3.
pub(super) const TARGETS: usize = 64;
/// B4.
pub(super) const DECODED: u32 = 2;
/// D1: the least that a division takes.
pub(super) const DIVIDE: u32 = 2;
/// D2.
pub(super) const UNALIGNED_LOAD: u32 = 3;
/// I8: MRS, MSR, CPS and barriers.
pub(super) const SYSTEM: u32 = 2;
/// E1.
pub(super) const ENTRY: u32 = 12;
pub(super) const TAIL_CHAINED: u32 = 6;
pub(super) const RETURN: u32 = 10;
pub(super) const FLOAT_FRAME: u32 = 9;
