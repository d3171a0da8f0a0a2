//! The decoded instruction: what the executor runs and what the timing model reads.
//!
//! One [`Op`] per operation of Armv7E-M with FPv4-SP. Everything that is known when an
//! instruction is decoded is resolved here: PC-relative addresses and branch targets are
//! absolute, modified immediates are expanded, a 16-bit instruction's flag setting is
//! decided by its place in an IT block. So an `Op` is only valid at the address it was
//! decoded for.

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

/// A floating-point operation of two operands (and the accumulator `sd` in the last eight).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "named as in the architecture manual")]
pub enum FpBinary {
    Add,
    Sub,
    Mul,
    Nmul,
    Div,
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
    /// B<cond>.
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
}

/// What kind of work an instruction is, as far as its timing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One-cycle integer work (including multiplies' relatives that are not multiplies).
    Alu,
    /// Any integer multiply.
    Multiply,
    /// SDIV, UDIV.
    Divide,
    /// One load of at most a word (LDREX too); `literal`: PC-relative.
    Load {
        /// The address is a literal's.
        literal: bool,
    },
    /// One store of at most a word; `register_offset`: `[rn, rm]`.
    Store {
        /// The address has a register offset.
        register_offset: bool,
    },
    /// LDRD, LDM, POP, VLDR, VLDM of `words` words.
    LoadMany {
        /// Words transferred.
        words: u8,
    },
    /// STRD, STM, PUSH, VSTR, VSTM of `words` words.
    StoreMany {
        /// Words transferred.
        words: u8,
    },
    /// A branch; loads into the PC are loads, see [`Op::writes_pc`].
    Branch(BranchKind),
    /// IT.
    IfThen,
    /// NOP and hints.
    Hint,
    /// Barriers, CPS, MRS, MSR.
    System,
    /// Floating-point arithmetic, compare, convert, move within the FPU.
    Float,
    /// FPU division or square root.
    FloatDivide,
    /// Moves between core and FPU registers.
    FloatMove,
    /// Ends in an exception, a halt or a machine error.
    Raise,
}

/// How a branch finds its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchKind {
    /// B.
    Direct,
    /// B<cond>.
    Conditional,
    /// CBZ, CBNZ.
    Compare,
    /// BL.
    Call,
    /// BLX register.
    CallRegister,
    /// BX register.
    Register,
    /// TBB, TBH.
    Table,
    /// MOV PC or ADD PC.
    ComputedPc,
}

/// A set of core registers, bit n = Rn.
pub type RegSet = u16;

const fn bit(r: Reg) -> RegSet {
    1 << (r & 15)
}

/// `r` unless it is 15, which stands for "none" in the forms that use it so.
const fn optional(r: Reg) -> RegSet {
    if r == 15 { 0 } else { bit(r) }
}

const fn indexed(index: Index, rn: Reg) -> RegSet {
    match index {
        Index::Offset => 0,
        Index::Pre | Index::Post => bit(rn),
    }
}

impl Op {
    /// The kind of work this is.
    pub fn class(&self) -> Class {
        match *self {
            Op::AluImm { .. }
            | Op::AluReg { .. }
            | Op::AluShift { .. }
            | Op::ShiftReg { .. }
            | Op::MovTop { .. }
            | Op::Unary { .. }
            | Op::Extend { .. }
            | Op::Extract { .. }
            | Op::Insert { .. }
            | Op::Pack { .. }
            | Op::Select { .. }
            | Op::Saturate { .. }
            | Op::Saturate16 { .. }
            | Op::SatArith { .. }
            | Op::Parallel { .. }
            | Op::Usad8 { .. } => Class::Alu,
            Op::Mul { .. }
            | Op::Mla { .. }
            | Op::MulLong { .. }
            | Op::MulDsp { .. }
            | Op::MulDspLong { .. } => Class::Multiply,
            Op::Divide { .. } => Class::Divide,
            Op::LoadImm { .. } | Op::LoadReg { .. } | Op::LoadExclusive { .. } => {
                Class::Load { literal: false }
            }
            Op::LoadLiteral { .. } => Class::Load { literal: true },
            Op::StoreImm { .. } | Op::StoreExclusive { .. } => Class::Store {
                register_offset: false,
            },
            Op::StoreReg { .. } => Class::Store {
                register_offset: true,
            },
            Op::LoadDual { .. } | Op::LoadDualLiteral { .. } => Class::LoadMany { words: 2 },
            Op::StoreDual { .. } => Class::StoreMany { words: 2 },
            Op::LoadMultiple { list, .. } => Class::LoadMany {
                words: list.count_ones() as u8,
            },
            Op::StoreMultiple { list, .. } => Class::StoreMany {
                words: list.count_ones() as u8,
            },
            Op::FpLoad { double, .. } | Op::FpLoadLiteral { double, .. } => Class::LoadMany {
                words: 1 + u8::from(double),
            },
            Op::FpStore { double, .. } => Class::StoreMany {
                words: 1 + u8::from(double),
            },
            Op::FpLoadMultiple { words, .. } => Class::LoadMany { words },
            Op::FpStoreMultiple { words, .. } => Class::StoreMany { words },
            Op::Branch { .. } => Class::Branch(BranchKind::Direct),
            Op::BranchIf { .. } => Class::Branch(BranchKind::Conditional),
            Op::Call { .. } => Class::Branch(BranchKind::Call),
            Op::CallReg { .. } => Class::Branch(BranchKind::CallRegister),
            Op::BranchReg { .. } => Class::Branch(BranchKind::Register),
            Op::CompareBranch { .. } => Class::Branch(BranchKind::Compare),
            Op::TableBranch { .. } => Class::Branch(BranchKind::Table),
            Op::MovPc { .. } | Op::AddPc { .. } => Class::Branch(BranchKind::ComputedPc),
            Op::IfThen { .. } => Class::IfThen,
            Op::Nop | Op::Preload | Op::SendEvent => Class::Hint,
            Op::WaitForEvent
            | Op::WaitForInterrupt
            | Op::ClearExclusive
            | Op::ChangeState { .. }
            | Op::ReadSpecial { .. }
            | Op::WriteSpecial { .. }
            | Op::DataMemoryBarrier
            | Op::DataSyncBarrier
            | Op::InstructionSyncBarrier => Class::System,
            Op::FpBinary {
                op: FpBinary::Div, ..
            }
            | Op::FpUnary {
                op: FpUnary::Sqrt, ..
            } => Class::FloatDivide,
            Op::FpBinary { .. }
            | Op::FpUnary { .. }
            | Op::FpConstant { .. }
            | Op::FpCompare { .. }
            | Op::FpConvert { .. }
            | Op::FpFixed { .. } => Class::Float,
            Op::FpMove { .. }
            | Op::FpMovePair { .. }
            | Op::FpReadStatus { .. }
            | Op::FpWriteStatus { .. } => Class::FloatMove,
            Op::Supervisor { .. }
            | Op::Breakpoint { .. }
            | Op::Coprocessor { .. }
            | Op::Undefined
            | Op::Unpredictable { .. }
            | Op::FetchFault => Class::Raise,
        }
    }

    /// The core registers that form a load's or store's address (base and index).
    pub fn address_registers(&self) -> RegSet {
        match *self {
            Op::LoadImm { rn, .. }
            | Op::StoreImm { rn, .. }
            | Op::LoadDual { rn, .. }
            | Op::StoreDual { rn, .. }
            | Op::LoadMultiple { rn, .. }
            | Op::StoreMultiple { rn, .. }
            | Op::LoadExclusive { rn, .. }
            | Op::StoreExclusive { rn, .. }
            | Op::FpLoad { rn, .. }
            | Op::FpStore { rn, .. }
            | Op::FpLoadMultiple { rn, .. }
            | Op::FpStoreMultiple { rn, .. } => bit(rn),
            Op::LoadReg { rn, rm, .. } | Op::StoreReg { rn, rm, .. } => bit(rn) | bit(rm),
            Op::TableBranch { rn, rm, .. } => optional(rn) | bit(rm),
            _ => 0,
        }
    }

    /// The base register that a load or store writes back, or none.
    pub fn writeback(&self) -> RegSet {
        match *self {
            Op::LoadImm { index, rn, .. }
            | Op::StoreImm { index, rn, .. }
            | Op::LoadDual { index, rn, .. }
            | Op::StoreDual { index, rn, .. } => indexed(index, rn),
            Op::LoadMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::StoreMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::FpLoadMultiple {
                rn,
                writeback: true,
                ..
            }
            | Op::FpStoreMultiple {
                rn,
                writeback: true,
                ..
            } => bit(rn),
            _ => 0,
        }
    }

    /// The core registers read, address registers included.
    pub fn reads(&self) -> RegSet {
        let data = match *self {
            Op::AluImm {
                op: Alu::Mov | Alu::Mvn,
                ..
            } => 0,
            Op::AluImm { rn, .. } => bit(rn),
            Op::AluReg {
                op: Alu::Mov | Alu::Mvn,
                rm,
                ..
            }
            | Op::AluShift {
                op: Alu::Mov | Alu::Mvn,
                rm,
                ..
            } => bit(rm),
            Op::AluReg { rn, rm, .. }
            | Op::AluShift { rn, rm, .. }
            | Op::ShiftReg { rn, rm, .. }
            | Op::Pack { rn, rm, .. }
            | Op::Select { rn, rm, .. }
            | Op::SatArith { rn, rm, .. }
            | Op::Parallel { rn, rm, .. }
            | Op::Mul { rn, rm, .. }
            | Op::Divide { rn, rm, .. } => bit(rn) | bit(rm),
            Op::MovTop { rd, .. } => bit(rd),
            Op::Unary { rm, .. } => bit(rm),
            Op::Extend { rn, rm, .. } => optional(rn) | bit(rm),
            Op::Extract { rn, .. } | Op::Saturate { rn, .. } | Op::Saturate16 { rn, .. } => bit(rn),
            Op::Insert { rd, rn, .. } => bit(rd) | optional(rn),
            Op::Usad8 { rn, rm, ra, .. } | Op::MulDsp { rn, rm, ra, .. } => {
                bit(rn) | bit(rm) | optional(ra)
            }
            Op::Mla { rn, rm, ra, .. } => bit(rn) | bit(rm) | bit(ra),
            Op::MulLong {
                op: LongMul::Umull | LongMul::Smull,
                rn,
                rm,
                ..
            } => bit(rn) | bit(rm),
            Op::MulLong { lo, hi, rn, rm, .. } | Op::MulDspLong { lo, hi, rn, rm, .. } => {
                bit(lo) | bit(hi) | bit(rn) | bit(rm)
            }
            Op::StoreImm { rt, .. } | Op::StoreReg { rt, .. } | Op::StoreExclusive { rt, .. } => {
                bit(rt)
            }
            Op::StoreDual { rt, rt2, .. } => bit(rt) | bit(rt2),
            Op::StoreMultiple { list, .. } => list,
            Op::CallReg { rm } | Op::BranchReg { rm } | Op::MovPc { rm } | Op::AddPc { rm } => {
                bit(rm)
            }
            Op::CompareBranch { rn, .. } => bit(rn),
            Op::WriteSpecial { rn, .. } => bit(rn),
            Op::FpMove {
                to_core: false, rt, ..
            }
            | Op::FpWriteStatus { rt } => bit(rt),
            Op::FpMovePair {
                to_core: false,
                rt,
                rt2,
                ..
            } => bit(rt) | bit(rt2),
            _ => 0,
        };
        data | self.address_registers()
    }

    /// The core registers written, write-back and (as bit 15) the PC included.
    pub fn writes(&self) -> RegSet {
        let data = match *self {
            Op::AluImm { op, rd, .. } | Op::AluReg { op, rd, .. } | Op::AluShift { op, rd, .. } => {
                match op {
                    Alu::Tst | Alu::Teq | Alu::Cmp | Alu::Cmn => 0,
                    _ => bit(rd),
                }
            }
            Op::ShiftReg { rd, .. }
            | Op::MovTop { rd, .. }
            | Op::Unary { rd, .. }
            | Op::Extend { rd, .. }
            | Op::Extract { rd, .. }
            | Op::Insert { rd, .. }
            | Op::Pack { rd, .. }
            | Op::Select { rd, .. }
            | Op::Saturate { rd, .. }
            | Op::Saturate16 { rd, .. }
            | Op::SatArith { rd, .. }
            | Op::Parallel { rd, .. }
            | Op::Usad8 { rd, .. }
            | Op::Mul { rd, .. }
            | Op::Mla { rd, .. }
            | Op::MulDsp { rd, .. }
            | Op::Divide { rd, .. }
            | Op::StoreExclusive { rd, .. }
            | Op::ReadSpecial { rd, .. } => bit(rd),
            Op::MulLong { lo, hi, .. } | Op::MulDspLong { lo, hi, .. } => bit(lo) | bit(hi),
            Op::LoadImm { rt, .. }
            | Op::LoadReg { rt, .. }
            | Op::LoadLiteral { rt, .. }
            | Op::LoadExclusive { rt, .. } => bit(rt),
            Op::LoadDual { rt, rt2, .. } | Op::LoadDualLiteral { rt, rt2, .. } => {
                bit(rt) | bit(rt2)
            }
            Op::LoadMultiple { list, .. } => list,
            Op::Call { .. } | Op::CallReg { .. } => bit(14) | bit(15),
            Op::Branch { .. }
            | Op::BranchIf { .. }
            | Op::BranchReg { .. }
            | Op::CompareBranch { .. }
            | Op::TableBranch { .. }
            | Op::MovPc { .. }
            | Op::AddPc { .. } => bit(15),
            Op::FpMove {
                to_core: true, rt, ..
            } => bit(rt),
            Op::FpReadStatus { rt } => optional(rt),
            Op::FpMovePair {
                to_core: true,
                rt,
                rt2,
                ..
            } => bit(rt) | bit(rt2),
            _ => 0,
        };
        data | self.writeback()
    }

    /// Whether this may write the PC other than by falling through.
    pub fn writes_pc(&self) -> bool {
        self.writes() & bit(15) != 0
    }

    /// Whether a block of straight-line code ends after this instruction: it may branch,
    /// raise, wait, or change what must be looked at before the next one.
    pub fn ends_block(&self) -> bool {
        self.writes_pc()
            || matches!(
                self,
                Op::WaitForEvent
                    | Op::WaitForInterrupt
                    | Op::SendEvent
                    | Op::ChangeState { .. }
                    | Op::WriteSpecial { .. }
                    | Op::DataSyncBarrier
                    | Op::InstructionSyncBarrier
            )
            || self.class() == Class::Raise
    }
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
