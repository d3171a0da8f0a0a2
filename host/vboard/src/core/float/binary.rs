//! Operations of two operands, or two and an accumulator.

use std::convert::Infallible;

use super::{Fpscr, SIGN};
use crate::core::insn::FpBinary;

/// A way to compute. What it cannot do gives `Miss`.
trait Way {
    type Miss;

    fn add(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Self::Miss>;
    fn subtract(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Self::Miss>;
    fn multiply(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Self::Miss>;
    fn divide(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Self::Miss>;
    fn fused(fpscr: &mut Fpscr, acc: u32, n: u32, m: u32) -> Result<u32, Self::Miss>;
    fn number(fpscr: &mut Fpscr, a: u32, b: u32, greater: bool) -> Result<u32, Self::Miss>;
}

/// By the manual's pseudocode, which knows an answer to everything.
struct ByBook;

/// By the host's arithmetic, where that is the same.
struct ByHost;

/// The host's arithmetic does not do it alike.
struct NotAlike;

impl Way for ByBook {
    type Miss = Infallible;

    fn add(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Infallible> {
        Ok(fpscr.exact_add(a, b))
    }

    fn subtract(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Infallible> {
        Ok(fpscr.exact_subtract(a, b))
    }

    fn multiply(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Infallible> {
        Ok(fpscr.exact_multiply(a, b))
    }

    fn divide(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, Infallible> {
        Ok(fpscr.exact_divide(a, b))
    }

    fn fused(fpscr: &mut Fpscr, acc: u32, n: u32, m: u32) -> Result<u32, Infallible> {
        Ok(fpscr.exact_fused(acc, n, m))
    }

    fn number(fpscr: &mut Fpscr, a: u32, b: u32, greater: bool) -> Result<u32, Infallible> {
        Ok(if greater {
            fpscr.greater_number(a, b)
        } else {
            fpscr.lesser_number(a, b)
        })
    }
}

impl Way for ByHost {
    type Miss = NotAlike;

    #[inline(always)]
    fn add(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, NotAlike> {
        fpscr.quick_add(a, b).ok_or(NotAlike)
    }

    #[inline(always)]
    fn subtract(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, NotAlike> {
        fpscr.quick_add(a, b ^ SIGN).ok_or(NotAlike)
    }

    #[inline(always)]
    fn multiply(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, NotAlike> {
        fpscr.quick_multiply(a, b).ok_or(NotAlike)
    }

    #[inline(always)]
    fn divide(fpscr: &mut Fpscr, a: u32, b: u32) -> Result<u32, NotAlike> {
        fpscr.quick_divide(a, b).ok_or(NotAlike)
    }

    #[inline(always)]
    fn fused(fpscr: &mut Fpscr, acc: u32, n: u32, m: u32) -> Result<u32, NotAlike> {
        fpscr.quick_fused(acc, n, m).ok_or(NotAlike)
    }

    #[inline(always)]
    fn number(_: &mut Fpscr, _: u32, _: u32, _: bool) -> Result<u32, NotAlike> {
        Err(NotAlike)
    }
}

impl Fpscr {
    /// `acc` (for those that use one) combined with `n` and `m`.
    pub(crate) fn binary(&mut self, op: FpBinary, acc: u32, n: u32, m: u32) -> u32 {
        match self.quick_binary(op, acc, n, m) {
            Some(result) => result,
            None => {
                let Ok(result) = self.binary_by::<ByBook>(op, acc, n, m);
                result
            }
        }
    }

    /// The same, if the host's arithmetic does it alike. If not, no flag may have been raised but
    /// those that [`Self::binary`] raises, too.
    #[inline(always)]
    pub(crate) fn quick_binary(&mut self, op: FpBinary, acc: u32, n: u32, m: u32) -> Option<u32> {
        self.binary_by::<ByHost>(op, acc, n, m).ok()
    }

    #[inline(always)]
    fn binary_by<W: Way>(
        &mut self,
        op: FpBinary,
        acc: u32,
        n: u32,
        m: u32,
    ) -> Result<u32, W::Miss> {
        match op {
            FpBinary::Add => W::add(self, n, m),
            FpBinary::Sub => W::subtract(self, n, m),
            FpBinary::Mul => W::multiply(self, n, m),
            FpBinary::Nmul => Ok(W::multiply(self, n, m)? ^ SIGN),
            FpBinary::Div => W::divide(self, n, m),
            FpBinary::MaxNum => W::number(self, n, m, true),
            FpBinary::MinNum => W::number(self, n, m, false),
            FpBinary::Mla => {
                let product = W::multiply(self, n, m)?;
                W::add(self, acc, product)
            }
            FpBinary::Mls => {
                let product = W::multiply(self, n, m)?;
                W::add(self, acc, product ^ SIGN)
            }
            FpBinary::Nmla => {
                let product = W::multiply(self, n, m)?;
                W::add(self, acc ^ SIGN, product ^ SIGN)
            }
            FpBinary::Nmls => {
                let product = W::multiply(self, n, m)?;
                W::add(self, acc ^ SIGN, product)
            }
            FpBinary::Fma => W::fused(self, acc, n, m),
            FpBinary::Fms => W::fused(self, acc, n ^ SIGN, m),
            FpBinary::Fnma => W::fused(self, acc ^ SIGN, n ^ SIGN, m),
            FpBinary::Fnms => W::fused(self, acc ^ SIGN, n, m),
        }
    }
}
