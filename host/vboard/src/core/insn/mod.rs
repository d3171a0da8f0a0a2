//! The decoded instruction: what the executor runs and what the timing model reads.
//!
//! One [`Op`] per operation of Armv7E-M with FPv5-SP. Everything that is known when an
//! instruction is decoded is resolved here: PC-relative addresses and branch targets are
//! absolute, modified immediates are expanded, a 16-bit instruction's flag setting is
//! decided by its place in an IT block. So an `Op` is only valid at the address it was
//! decoded for.

mod effects;

pub use effects::{BranchKind, Class, RegSet};

/// A core register, 0 to 15.
pub type Reg = u8;

/// A single-precision register, 0 to 31. A double register `Dn` is named by `S2n`.
pub type SReg = u8;

/// A decoded instruction in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn {
    /// What it does.
    pub op: Op,
    /// The condition under which it executes: its place in an IT block, else
    /// [`Cond::Always`]. (`B<cond>` outside an IT block is [`Op::BranchIf`].)
    pub cond: Cond,
    /// Its length in halfwords, 1 or 2.
    pub halfwords: u8,
    /// EPSR.IT while this instruction executes, 0 outside IT blocks.
    pub it: u8,
}

/// A condition code, numbered as in the encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cond {
    /// EQ: Z.
    Equal,
    /// NE: !Z.
    NotEqual,
    /// CS/HS: C.
    Carry,
    /// CC/LO: !C.
    NoCarry,
    /// MI: N.
    Minus,
    /// PL: !N.
    Plus,
    /// VS: V.
    Overflow,
    /// VC: !V.
    NoOverflow,
    /// HI: C && !Z.
    Higher,
    /// LS: !C || Z.
    LowerOrSame,
    /// GE: N == V.
    GreaterOrEqual,
    /// LT: N != V.
    Less,
    /// GT: !Z && N == V.
    Greater,
    /// LE: Z || N != V.
    LessOrEqual,
    /// AL.
    Always,
}

impl Cond {
    /// The condition encoded by the low four bits of `bits` (15 means always, too).
    pub fn from_bits(bits: u32) -> Self {
        use Cond::{
            Always, Carry, Equal, Greater, GreaterOrEqual, Higher, Less, LessOrEqual, LowerOrSame,
            Minus, NoCarry, NoOverflow, NotEqual, Overflow, Plus,
        };
        const ALL: [Cond; 16] = [
            Equal,
            NotEqual,
            Carry,
            NoCarry,
            Minus,
            Plus,
            Overflow,
            NoOverflow,
            Higher,
            LowerOrSame,
            GreaterOrEqual,
            Less,
            Greater,
            LessOrEqual,
            Always,
            Always,
        ];
        ALL[(bits & 15) as usize]
    }
}

/// The operation of a data-processing instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum Alu {
    And,
    Bic,
    Orr,
    Orn,
    Eor,
    Add,
    Adc,
    Sbc,
    Sub,
    Rsb,
    /// Reads no `rn`.
    Mov,
    /// Reads no `rn`.
    Mvn,
    /// Writes no `rd`.
    Tst,
    /// Writes no `rd`.
    Teq,
    /// Writes no `rd`.
    Cmp,
    /// Writes no `rd`.
    Cmn,
}

/// What an expanded immediate does to the carry flag of a logical operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Carry {
    /// Left alone.
    Keep,
    /// Cleared (a rotated immediate whose bit 31 is 0).
    Clear,
    /// Set (a rotated immediate whose bit 31 is 1).
    Set,
}

/// A shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shift {
    /// Logical left, by 0 to 31 when immediate.
    Lsl,
    /// Logical right, by 1 to 32 when immediate.
    Lsr,
    /// Arithmetic right, by 1 to 32 when immediate.
    Asr,
    /// Rotate right, by 1 to 31 when immediate.
    Ror,
    /// Rotate right by one through carry; immediate only, amount 1.
    Rrx,
}

/// A 32 x 32 -> 64 bit multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum LongMul {
    Umull,
    Smull,
    Umlal,
    Smlal,
    Umaal,
}

/// A DSP multiply with a 32-bit result. Forms without accumulator have `ra` = 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DspMul {
    /// SMLAxy/SMULxy; the payload is bit 1 = top half of `rn`, bit 0 = top half of `rm`.
    Smlaxy(u8),
    /// SMLAWy/SMULWy; the payload selects the top half of `rm`.
    Smlaw(bool),
    /// SMLAD(X)/SMUAD(X); the payload exchanges the halves of `rm`.
    Smlad(bool),
    /// SMLSD(X)/SMUSD(X).
    Smlsd(bool),
    /// SMMLA(R)/SMMUL(R); the payload rounds.
    Smmla(bool),
    /// SMMLS(R).
    Smmls(bool),
}

/// A DSP multiply that accumulates into 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DspLong {
    /// SMLALxy, payload as for [`DspMul::Smlaxy`].
    Smlalxy(u8),
    /// SMLALD(X).
    Smlald(bool),
    /// SMLSLD(X).
    Smlsld(bool),
}

/// The operation of a parallel addition or subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum Lanes {
    Add16,
    Asx,
    Sax,
    Sub16,
    Add8,
    Sub8,
}

/// How a parallel addition or subtraction treats its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LaneMode {
    /// S: modulo, sets GE.
    Signed,
    /// Q: saturates signed.
    Saturate,
    /// SH: halves.
    Halve,
    /// U: modulo, sets GE.
    Unsigned,
    /// UQ: saturates unsigned.
    UnsignedSaturate,
    /// UH: halves unsigned.
    UnsignedHalve,
}

/// A saturating addition or subtraction of words: `rd = sat(rm op [2 *] rn)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum SatOp {
    Qadd,
    Qsub,
    Qdadd,
    Qdsub,
}

/// An operation on one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum Unary {
    Clz,
    Rbit,
    Rev,
    Rev16,
    Revsh,
}

/// An extension of part of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum Extend {
    Sxtb,
    Sxth,
    Sxtb16,
    Uxtb,
    Uxth,
    Uxtb16,
}

/// The width and extension of a load or store (stores use the first three).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Width {
    /// 32 bits.
    Word,
    /// 16 bits, zero-extended.
    Half,
    /// 8 bits, zero-extended.
    Byte,
    /// 16 bits, sign-extended.
    SignedHalf,
    /// 8 bits, sign-extended.
    SignedByte,
}

/// How a load or store forms its address from base and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Index {
    /// `[rn, #imm]`.
    Offset,
    /// `[rn, #imm]!`: the base becomes the address.
    Pre,
    /// `[rn], #imm`: the address is the old base.
    Post,
}

/// A floating-point operation of two operands (and the accumulator `sd` in those from
/// `Mla` on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum FpBinary {
    Add,
    Sub,
    Mul,
    Nmul,
    Div,
    /// VMAXNM.
    MaxNum,
    /// VMINNM.
    MinNum,
    Mla,
    Mls,
    Nmla,
    Nmls,
    Fma,
    Fms,
    Fnma,
    Fnms,
}

/// A floating-point operation of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum FpUnary {
    Mov,
    Abs,
    Neg,
    Sqrt,
}

/// How an instruction of FPv5 that names its rounding rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FpDirection {
    /// A: to nearest, ties away from zero.
    NearestAway,
    /// N: to nearest, ties to even.
    NearestEven,
    /// P: towards plus infinity.
    Up,
    /// M: towards minus infinity.
    Down,
}

/// How VRINT rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FpRounding {
    /// VRINTA, VRINTN, VRINTP, VRINTM.
    Directed(FpDirection),
    /// VRINTR and VRINTX: by FPSCR's mode; `exact` (X): inexact results are noted.
    Current {
        /// Whether the inexact flag is raised.
        exact: bool,
    },
    /// VRINTZ: towards zero.
    Zero,
}

/// A conversion between a single and something else in a single register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FpConvert {
    /// From a 32-bit integer; the payload: signed.
    FromInt(bool),
    /// To a 32-bit integer by FPSCR's rounding mode (VCVTR); the payload: signed.
    ToIntRounded(bool),
    /// To a 32-bit integer towards zero; the payload: signed.
    ToInt(bool),
    /// To a 32-bit integer in a direction of its own (VCVTA and its like); the flag: signed.
    ToIntDirected(FpDirection, bool),
    /// From half precision; the payload: the top half of the source.
    FromHalf(bool),
    /// To half precision; the payload: into the top half of the destination.
    ToHalf(bool),
}

/// The special registers of MRS and MSR are kept as their encoded number.
pub type Special = u8;

/// An operation with its operands.
///
/// Register fields follow the manual: `rd` destination, `rn` first operand or base, `rm`
/// second operand or index, `ra` accumulator, `rt`/`rt2` transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "fields follow the architecture manual, see above"
)]
pub enum Op {
    // -- data processing ----------------------------------------------------------------
    /// `rd = rn op imm`; ADR and MOVW are `Mov` of the resolved value.
    AluImm {
        op: Alu,
        s: bool,
        rd: Reg,
        rn: Reg,
        carry: Carry,
        imm: u32,
    },
    /// `rd = rn op rm`. Never writes the PC (see [`Op::MovPc`], [`Op::AddPc`]).
    AluReg {
        op: Alu,
        s: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// `rd = rn op (rm shifted by a constant)`; LSL/LSR/ASR/ROR/RRX by a constant are `Mov`.
    AluShift {
        op: Alu,
        s: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
        shift: Shift,
        amount: u8,
    },
    /// `rd = rn shifted by rm`.
    ShiftReg {
        shift: Shift,
        s: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// MOVT.
    MovTop { rd: Reg, imm: u16 },
    /// CLZ, RBIT, REV, REV16, REVSH.
    Unary { op: Unary, rd: Reg, rm: Reg },
    /// `rd = [rn +] extend(rm ror rotate)`, `rn` = 15 for the forms without addition.
    Extend {
        op: Extend,
        rd: Reg,
        rn: Reg,
        rm: Reg,
        rotate: u8,
    },
    /// SBFX/UBFX.
    Extract {
        signed: bool,
        rd: Reg,
        rn: Reg,
        lsb: u8,
        width: u8,
    },
    /// BFI, or BFC when `rn` = 15.
    Insert {
        rd: Reg,
        rn: Reg,
        lsb: u8,
        width: u8,
    },
    /// PKHBT (`top` false, LSL) or PKHTB (`top` true, ASR 1 to 32).
    Pack {
        top: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
        amount: u8,
    },
    /// SEL.
    Select { rd: Reg, rn: Reg, rm: Reg },
    /// SSAT/USAT to `bits` bits of `rn` shifted (`asr`: right by 1 to 31, else left).
    Saturate {
        signed: bool,
        rd: Reg,
        rn: Reg,
        bits: u8,
        asr: bool,
        amount: u8,
    },
    /// SSAT16/USAT16.
    Saturate16 {
        signed: bool,
        rd: Reg,
        rn: Reg,
        bits: u8,
    },
    /// QADD, QSUB, QDADD, QDSUB.
    SatArith {
        op: SatOp,
        rd: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// The 36 parallel additions and subtractions.
    Parallel {
        op: Lanes,
        mode: LaneMode,
        rd: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// USAD8, USADA8; `ra` = 15 without accumulator.
    Usad8 { rd: Reg, rn: Reg, rm: Reg, ra: Reg },

    // -- multiply, divide ---------------------------------------------------------------
    /// MUL.
    Mul { s: bool, rd: Reg, rn: Reg, rm: Reg },
    /// MLA, or MLS when `subtract`.
    Mla {
        subtract: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
        ra: Reg,
    },
    /// 64-bit multiplies.
    MulLong {
        op: LongMul,
        lo: Reg,
        hi: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// DSP multiplies with a 32-bit result.
    MulDsp {
        op: DspMul,
        rd: Reg,
        rn: Reg,
        rm: Reg,
        ra: Reg,
    },
    /// DSP multiplies with a 64-bit accumulator.
    MulDspLong {
        op: DspLong,
        lo: Reg,
        hi: Reg,
        rn: Reg,
        rm: Reg,
    },
    /// SDIV/UDIV.
    Divide {
        signed: bool,
        rd: Reg,
        rn: Reg,
        rm: Reg,
    },

    // -- loads and stores ---------------------------------------------------------------
    /// A load; `rt` = 15 is a branch (word only).
    LoadImm {
        width: Width,
        index: Index,
        rt: Reg,
        rn: Reg,
        imm: i32,
    },
    /// A load from `[rn, rm, lsl #lsl]`; `rt` = 15 is a branch (word only).
    LoadReg {
        width: Width,
        rt: Reg,
        rn: Reg,
        rm: Reg,
        lsl: u8,
    },
    /// A load from a literal at `address`; `rt` = 15 is a branch (word only).
    LoadLiteral { width: Width, rt: Reg, address: u32 },
    /// A store.
    StoreImm {
        width: Width,
        index: Index,
        rt: Reg,
        rn: Reg,
        imm: i32,
    },
    /// A store to `[rn, rm, lsl #lsl]`.
    StoreReg {
        width: Width,
        rt: Reg,
        rn: Reg,
        rm: Reg,
        lsl: u8,
    },
    /// LDRD.
    LoadDual {
        index: Index,
        rt: Reg,
        rt2: Reg,
        rn: Reg,
        imm: i16,
    },
    /// LDRD from a literal.
    LoadDualLiteral { rt: Reg, rt2: Reg, address: u32 },
    /// STRD.
    StoreDual {
        index: Index,
        rt: Reg,
        rt2: Reg,
        rn: Reg,
        imm: i16,
    },
    /// LDM (`before` false: from the base upwards) or LDMDB; POP is LDM SP!. Bit 15 of
    /// `list` is a branch.
    LoadMultiple {
        rn: Reg,
        writeback: bool,
        before: bool,
        list: u16,
    },
    /// STM or STMDB; PUSH is STMDB SP!.
    StoreMultiple {
        rn: Reg,
        writeback: bool,
        before: bool,
        list: u16,
    },
    /// LDRT and its narrow relatives: a load from `[rn, #imm]` as unprivileged code would
    /// make it.
    LoadUnprivileged {
        width: Width,
        rt: Reg,
        rn: Reg,
        imm: u8,
    },
    /// STRT and its narrow relatives.
    StoreUnprivileged {
        width: Width,
        rt: Reg,
        rn: Reg,
        imm: u8,
    },
    /// LDREX, LDREXH, LDREXB.
    LoadExclusive {
        width: Width,
        rt: Reg,
        rn: Reg,
        imm: u16,
    },
    /// STREX, STREXH, STREXB; `rd` receives the status.
    StoreExclusive {
        width: Width,
        rd: Reg,
        rt: Reg,
        rn: Reg,
        imm: u16,
    },
    /// CLREX.
    ClearExclusive,
    /// PLD, PLI.
    Preload,

    // -- branches -----------------------------------------------------------------------
    /// B.
    Branch { target: u32 },
    /// `B<cond>`.
    BranchIf { cond: Cond, target: u32 },
    /// BL.
    Call { target: u32 },
    /// BLX register.
    CallReg { rm: Reg },
    /// BX register.
    BranchReg { rm: Reg },
    /// CBZ, CBNZ.
    CompareBranch { nonzero: bool, rn: Reg, target: u32 },
    /// TBB, TBH (`half`); `rn` = 15: the table follows the instruction.
    TableBranch { half: bool, rn: Reg, rm: Reg },
    /// MOV PC, rm.
    MovPc { rm: Reg },
    /// ADD PC, rm.
    AddPc { rm: Reg },

    // -- system -------------------------------------------------------------------------
    /// IT; `firstcond_mask` is the new EPSR.IT.
    IfThen { firstcond_mask: u8 },
    /// NOP and hints without effect (YIELD, DBG, reserved hints).
    Nop,
    /// WFE.
    WaitForEvent,
    /// WFI.
    WaitForInterrupt,
    /// SEV.
    SendEvent,
    /// SVC.
    Supervisor { imm: u8 },
    /// BKPT.
    Breakpoint { imm: u8 },
    /// CPSIE/CPSID.
    ChangeState {
        disable: bool,
        primask: bool,
        faultmask: bool,
    },
    /// MRS.
    ReadSpecial { rd: Reg, special: Special },
    /// MSR; `mask` bit 1: APSR.NZCVQ, bit 0: APSR.GE.
    WriteSpecial { rn: Reg, mask: u8, special: Special },
    /// DMB.
    DataMemoryBarrier,
    /// DSB.
    DataSyncBarrier,
    /// ISB.
    InstructionSyncBarrier,

    // -- floating point -----------------------------------------------------------------
    /// `sd = [sd +-] sn op sm`.
    FpBinary {
        op: FpBinary,
        sd: SReg,
        sn: SReg,
        sm: SReg,
    },
    /// `sd = op sm`.
    FpUnary { op: FpUnary, sd: SReg, sm: SReg },
    /// VRINT: `sd` = `sm` rounded to an integral number.
    FpRound { how: FpRounding, sd: SReg, sm: SReg },
    /// VSEL: `sd` = `sn` if `cond` holds, else `sm`.
    FpSelect {
        cond: Cond,
        sd: SReg,
        sn: SReg,
        sm: SReg,
    },
    /// VMOV.F32 of a constant (its bits).
    FpConstant { sd: SReg, bits: u32 },
    /// VCMP/VCMPE (`quiet_raises`), with zero when `zero`.
    FpCompare {
        sd: SReg,
        sm: SReg,
        zero: bool,
        quiet_raises: bool,
    },
    /// Conversions other than fixed point.
    FpConvert { op: FpConvert, sd: SReg, sm: SReg },
    /// Fixed-point conversions in place: `to_fixed` or from, `bits` 16 or 32.
    FpFixed {
        to_fixed: bool,
        signed: bool,
        bits: u8,
        fraction: u8,
        sd: SReg,
    },
    /// VMOV between a core register and a single; `to_core`: into `rt`.
    FpMove { to_core: bool, sn: SReg, rt: Reg },
    /// VMOV between two core registers and `sm`, `sm + 1` (also the double form).
    FpMovePair {
        to_core: bool,
        sm: SReg,
        rt: Reg,
        rt2: Reg,
    },
    /// VMRS; `rt` = 15: flags into APSR.
    FpReadStatus { rt: Reg },
    /// VMSR.
    FpWriteStatus { rt: Reg },
    /// VLDR, 32 or (`double`) 64 bits.
    FpLoad {
        double: bool,
        sd: SReg,
        rn: Reg,
        imm: i16,
    },
    /// VLDR from a literal.
    FpLoadLiteral {
        double: bool,
        sd: SReg,
        address: u32,
    },
    /// VSTR.
    FpStore {
        double: bool,
        sd: SReg,
        rn: Reg,
        imm: i16,
    },
    /// VLDM, VPOP: `words` registers from `sd`.
    FpLoadMultiple {
        sd: SReg,
        words: u8,
        rn: Reg,
        writeback: bool,
        before: bool,
    },
    /// VSTM, VPUSH.
    FpStoreMultiple {
        sd: SReg,
        words: u8,
        rn: Reg,
        writeback: bool,
        before: bool,
    },

    // -- what raises --------------------------------------------------------------------
    /// A coprocessor instruction for `coprocessor`, which is absent (UsageFault NOCP).
    Coprocessor { coprocessor: u8 },
    /// An undefined encoding (UsageFault UNDEFINSTR).
    Undefined,
    /// An encoding the architecture calls UNPREDICTABLE, or defined but not modelled: the
    /// machine stops with an error.
    Unpredictable { encoding: u32 },
    /// The instruction could not be fetched; raised when it is reached, not before.
    FetchFault,
    /// No instruction: the machine's owner wants to know when the core is about to execute
    /// the one that is there.
    Mark,
}

#[cfg(test)]
mod tests {
    use super::{Insn, Op};

    #[test]
    fn an_instruction_fits_sixteen_bytes() {
        assert!(size_of::<Op>() <= 12, "{}", size_of::<Op>());
        assert!(size_of::<Insn>() <= 16, "{}", size_of::<Insn>());
    }
}
