//! Single-precision arithmetic as FPv4-SP and FPv5-SP do it.
//!
//! The functions of the architecture manual's pseudocode (`FPAdd`, `FPMulAdd`, `FPToFixed`
//! ...) on bit patterns, with FPSCR's modes and cumulative flags.

mod arithmetic;
mod binary;
mod convert;
mod integral;
mod number;
mod quick;
mod round;

use super::insn::FpDirection;
use round::{Unpacked, unpack};

/// FPSCR and the operations that obey and change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fpscr(pub(crate) u32);

/// A direction of rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Nearest,
    Up,
    Down,
    Zero,
    /// To nearest, ties away from zero: no mode of FPSCR.
    NearestAway,
}

impl From<FpDirection> for Rounding {
    fn from(direction: FpDirection) -> Self {
        match direction {
            FpDirection::NearestAway => Self::NearestAway,
            FpDirection::NearestEven => Self::Nearest,
            FpDirection::Up => Self::Up,
            FpDirection::Down => Self::Down,
        }
    }
}

/// The sign bit of a single.
const SIGN: u32 = 1 << 31;
/// Positive infinity.
const INFINITY: u32 = 0x7f80_0000;
/// The default NaN.
const DEFAULT_NAN: u32 = 0x7fc0_0000;
/// The bit that makes a NaN quiet.
const QUIET: u32 = 1 << 22;

impl Fpscr {
    /// The bits that exist.
    pub(crate) const WRITABLE: u32 = 0xf7c0_009f;
    /// AHP, DN, FZ and RMode.
    pub(crate) const MODES: u32 = 0x07c0_0000;

    const INVALID: u32 = 1 << 0;
    const DIVIDE_BY_ZERO: u32 = 1 << 1;
    const OVERFLOW: u32 = 1 << 2;
    const UNDERFLOW: u32 = 1 << 3;
    const INEXACT: u32 = 1 << 4;
    const INPUT_DENORMAL: u32 = 1 << 7;

    /// The direction that FPSCR.RMode chooses.
    pub(crate) fn rounding(self) -> Rounding {
        match self.0 >> 22 & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Up,
            2 => Rounding::Down,
            _ => Rounding::Zero,
        }
    }

    fn flush_to_zero(self) -> bool {
        self.0 & 1 << 24 != 0
    }

    fn default_nan(self) -> bool {
        self.0 & 1 << 25 != 0
    }

    fn alternative_half(self) -> bool {
        self.0 & 1 << 26 != 0
    }

    fn raise(&mut self, flags: u32) {
        self.0 |= flags;
    }

    /// The NaN resulting from operands of which at least one is a NaN, in order of
    /// precedence.
    fn propagate(&mut self, operands: &[u32]) -> u32 {
        let signaling = operands.iter().copied().find(|&x| is_signaling(x));
        if signaling.is_some() {
            self.raise(Self::INVALID);
        }
        let chosen = signaling.or_else(|| operands.iter().copied().find(|&x| is_nan(x)));
        match chosen {
            Some(nan) if !self.default_nan() => nan | QUIET,
            _ => DEFAULT_NAN,
        }
    }

    fn invalid(&mut self) -> u32 {
        self.raise(Self::INVALID);
        DEFAULT_NAN
    }

    /// VSQRT.
    pub(crate) fn square_root(&mut self, a: u32) -> u32 {
        match self.quick_square_root(a) {
            Some(root) => root,
            None => self.exact_square_root(a),
        }
    }

    /// Compares and sets NZCV; `quiet_raises`: any NaN is invalid, not only signaling ones.
    pub(crate) fn compare(&mut self, a: u32, b: u32, quiet_raises: bool) {
        if self.quick_compare(a, b).is_none() {
            self.exact_compare(a, b, quiet_raises);
        }
    }

    fn exact_compare(&mut self, a: u32, b: u32, quiet_raises: bool) {
        let (x, y) = (self.unpack(a), self.unpack(b));
        let nzcv = if is_nan(a) || is_nan(b) {
            if quiet_raises || is_signaling(a) || is_signaling(b) {
                self.raise(Self::INVALID);
            }
            0b0011
        } else {
            let (x, y) = (x.value(a), y.value(b));
            if x == y {
                0b0110
            } else if x < y {
                0b1000
            } else {
                0b0010
            }
        };
        self.0 = self.0 & 0x0fff_ffff | nzcv << 28;
    }

    /// Unpacks an operand, flushing denormals if the mode says so.
    fn unpack(&mut self, bits: u32) -> Unpacked {
        if self.flush_to_zero() && bits & INFINITY == 0 && bits & !SIGN != 0 {
            self.raise(Self::INPUT_DENORMAL);
            return Unpacked::Zero(bits & SIGN != 0);
        }
        unpack(bits)
    }
}

fn is_nan(bits: u32) -> bool {
    bits & !SIGN > INFINITY
}

fn is_signaling(bits: u32) -> bool {
    is_nan(bits) && bits & QUIET == 0
}
