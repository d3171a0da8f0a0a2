//! When an encoding is UNPREDICTABLE: the manual's conditions, by name.
//!
//! Registers are fields `d` (Rd, Rdn), `n`, `m`, `t`, `u` (Rt2), `a` (Ra), `q` (RdLo), `h` (RdHi).

use super::pattern::Encoding;

/// An instruction under a rule.
pub struct View<'a> {
    pub(super) encoding: &'a Encoding,
    /// The instruction.
    pub bits: u32,
    /// Whether in an IT block, and if so, whether at its end.
    pub it: Option<bool>,
}

impl View<'_> {
    /// Field `letter`, 0 if there is none.
    pub fn get(&self, letter: u8) -> u32 {
        self.encoding.field(self.bits, letter).unwrap_or(0)
    }

    fn is_bad(&self, letter: u8) -> bool {
        matches!(self.get(letter), 13 | 15)
    }

    fn writes_back(&self) -> bool {
        self.get(b'W') == 1 || self.encoding.field(self.bits, b'P') == Some(0)
    }

    fn inside_it(&self) -> bool {
        self.it == Some(false)
    }
}

/// A condition under which an encoding is UNPREDICTABLE.
#[derive(Clone, Copy)]
pub struct Rule {
    /// In the manual's words.
    pub why: &'static str,
    /// Whether it holds.
    pub when: fn(&View<'_>) -> bool,
}

macro_rules! rules {
    ($($name:ident = $why:literal, $view:ident => $when:expr;)*) => {
        $(pub(super) const $name: Rule = Rule { why: $why, when: |$view| $when };)*
    };
}

rules! {
    // A5.1.2 (use of 0b1111 and 0b1101 as a register) and the instructions' pages, A7.7.
    BAD_D = "d IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'd');
    BAD_N = "n IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'n');
    BAD_M = "m IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'm');
    BAD_T = "t IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b't');
    BAD_U = "t2 IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'u');
    BAD_A = "a IN {13,15} (A7.7.75, A7.7.134)", v => v.is_bad(b'a');
    BAD_LO = "dLo IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'q');
    BAD_HI = "dHi IN {13,15} (A5.1.2, A7.7)", v => v.is_bad(b'h');
    A_IS_SP = "a == 13 (A7.7.74 and other multiplications)", v => v.get(b'a') == 13;
    N_IS_SP = "n == 13 (A5.1.2, A7.7)", v => v.get(b'n') == 13;
    N_IS_PC = "n == 15 (A5.1.2, A7.7)", v => v.get(b'n') == 15;
    T_IS_SP = "t == 13 (A5.1.2, A7.7)", v => v.get(b't') == 13;
    T_IS_PC = "t == 15 (A5.1.2, A7.7)", v => v.get(b't') == 15;
    D_IS_PC = "d == 15 (A7.7.5, A7.7.176)", v => v.get(b'd') == 15;
    SAME_LO_HI = "dHi == dLo (A7.7.138 and other long multiplications)", v => v.get(b'q') == v.get(b'h');
    // Flag-setting ADD, SUB, AND and EOR with d == 15 are comparisons.
    D_SP_OR_PC = "d == 13 || (d == 15 && S == '0') (A7.7.3, A7.7.4, A7.7.8, A7.7.9, A7.7.35, A7.7.174)",
        v => v.is_bad(b'd');
    IMMEDIATE = "ThumbExpandImm of 0b00000000 in two or four places (A5.3.2)", v => {
        let (i, j) = (v.get(b'i'), v.get(b'j'));
        v.encoding.wide && i >> 2 == 0 && i & 3 != 0 && j == 0
    };
    SP_SHIFT = "d == 13 && (shift_t != SRType_LSL || shift_n > 3) (A7.7.6, A7.7.177)",
        v => v.get(b'd') == 13 && (v.get(b's') != 0 || v.get(b'i') > 3);
    MOV_FLAGS = "setflags && (d IN {13,15} || m IN {13,15}) (A7.7.77)",
        v => v.get(b'S') == 1 && (v.is_bad(b'd') || v.is_bad(b'm'));
    MOV_PLAIN = "!setflags && (d == 15 || m == 15 || (d == 13 && m == 13)) (A7.7.77)", v => {
        let (d, m) = (v.get(b'd'), v.get(b'm'));
        v.get(b'S') == 0 && (d == 15 || m == 15 || d == 13 && m == 13)
    };
    EXTRACT = "lsbit + widthminus1 > 31 (A7.7.125, A7.7.193)", v => v.get(b'i') + v.get(b'w') > 31;
    INSERT = "msbit < lsbit (A7.7.13, A7.7.14)", v => v.get(b'w') < v.get(b'i');
    TWICE_M = "Rm is not the same in both fields (A7.7.24, A7.7.112 to A7.7.115)", v => v.get(b'm') != v.get(b'n');

    // IT blocks (A7.3.2 and the instructions' pages).
    NOT_IN_IT = "InITBlock() (A7.7)", v => v.it.is_some();
    BRANCH_IN_IT = "InITBlock() && !LastInITBlock() (A7.7)", v => v.inside_it();
    PC_IN_IT = "t == 15 && InITBlock() && !LastInITBlock() (A7.7.43 to A7.7.45)",
        v => v.get(b't') == 15 && v.inside_it();
    D_PC_IN_IT = "d == 15 && InITBlock() && !LastInITBlock() (A7.7.4, A7.7.77)",
        v => v.get(b'd') == 15 && v.inside_it();
    LIST_PC_IN_IT = "P == '1' && InITBlock() && !LastInITBlock() (A7.7.41, A7.7.99)",
        v => v.get(b'P') == 1 && v.inside_it();
    IT_ALWAYS = "firstcond == '1111' || (firstcond == '1110' && BitCount(mask) != 1) (A7.7.38)", v => {
        let c = v.get(b'c');
        c == 15 || c == 14 && v.get(b'k').count_ones() != 1
    };

    // Lists of registers.
    EMPTY = "BitCount(registers) < 1 (A7.7.41, A7.7.99, A7.7.101, A7.7.159)", v => v.bits & if v.bits >> 12 == 0b1011 { 0x1ff } else { 0xff } == 0;
    FEW = "BitCount(registers) < 2 (A7.7.41, A7.7.42, A7.7.99, A7.7.101, A7.7.159, A7.7.160)",
        v => (v.bits as u16).count_ones() < 2;
    BOTH_PC_LR = "P == '1' && M == '1' (A7.7.41, A7.7.42, A7.7.99)", v => v.bits >> 14 & 3 == 3;
    BASE_LISTED = "wback && registers<n> == '1' (A7.7.41, A7.7.42, A7.7.159, A7.7.160)",
        v => v.get(b'W') == 1 && v.bits >> v.get(b'n') & 1 == 1;
    BASE_NOT_LOWEST = "the stored base is UNKNOWN: registers<n> == '1' && n != LowestSetBit(registers) (A7.7.159)", v => {
        let list = v.bits & 0xff;
        list >> v.get(b'n') & 1 == 1 && list.trailing_zeros() != v.get(b'n')
    };

    // Single and double registers in memory.
    BACK_TO_BASE = "wback && n == t (A7.7.43, A7.7.46, A7.7.161 and others)",
        v => v.writes_back() && v.get(b'n') == v.get(b't');
    BACK_TO_EITHER = "wback && (n == t || n == t2) (A7.7.50, A7.7.166)",
        v => v.get(b'W') == 1 && (v.get(b'n') == v.get(b't') || v.get(b'n') == v.get(b'u'));
    SAME_TARGETS = "t == t2 (A7.7.50, A7.7.51, A7.7.240)", v => v.get(b't') == v.get(b'u');
    LITERAL_BACK = "W == '1' (A7.7.51)", v => v.get(b'W') == 1;
    HINT_BACK = "t == 15 && W == '1', or post-indexed (A7.7.47, A7.7.56, A7.7.60, A7.7.64; tables A5-18 to A5-20)",
        v => v.get(b't') == 15 && v.writes_back();
    STATUS_CLASH = "d == n || d == t (A7.7.167 to A7.7.169)",
        v => v.get(b'd') == v.get(b'n') || v.get(b'd') == v.get(b't');

    // Special registers.
    NO_SPECIAL = "SYSm names no register (B5.2.2, B5.2.3)",
        v => !matches!(v.get(b'k'), 0..=3 | 5..=9 | 16..=20);
    NO_SPECIAL_V6 = "SYSm names no register (DDI 0419C, B4.2.2, B4.2.3)",
        v => !matches!(v.get(b'k'), 0..=3 | 5..=9 | 16 | 20);
    MSR_NO_GE = "mask<0> without the DSP extension (B5.2.3)", v => v.get(b'c') & 1 == 1;
    MSR_MASK = "mask == '00' || (mask != '10' && !(UInt(SYSm) IN {0..3})) (B5.2.3)", v => {
        let mask = v.get(b'c');
        mask == 0 || mask != 2 && v.get(b'k') > 3
    };

    // Floating point.
    FP_LIST = "n == 15, regs == 0, or more registers than there are (A7.7.255, A7.7.235)", v => {
        let (first, count) = (v.get(b'd') << 1 | v.get(b'D'), v.get(b'i'));
        v.get(b'n') == 15 || count == 0 || first + count > 32
    };
    FP_LIST_DOUBLE = "n == 15, regs == 0, more registers than there are, or an odd number of words (FLDMX, FSTMX) (A7.7.255, A7.7.235)", v => {
        let (first, count) = (v.get(b'd') << 1, v.get(b'i'));
        v.get(b'n') == 15 || count == 0 || count & 1 == 1 || first + count > 32
    };
    NO_SUCH_DOUBLE = "D16 to D31 do not exist (A2.5.1)", v => v.get(b'D') == 1;
    NO_SUCH_DOUBLE_M = "D16 to D31 do not exist (A2.5.1)", v => v.get(b'M') == 1;
    NO_SUCH_DOUBLE_N = "D16 to D31 do not exist (A2.5.1)", v => v.get(b'N') == 1;
    LAST_SINGLE = "m == 31 (A7.7.241)", v => (v.get(b'm') << 1 | v.get(b'M')) == 31;
    MOVE_TWICE = "to_arm_registers && t == t2 (A7.7.240, A7.7.241)",
        v => v.get(b'p') == 1 && v.get(b't') == v.get(b'u');
    FRACTION = "frac_bits < 0 (A7.7.228)", v => {
        let size = if v.get(b'z') == 1 { 32 } else { 16 };
        (v.get(b'j') << 1 | v.get(b'i')) > size
    };
}
