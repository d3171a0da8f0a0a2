//! Loops for the best vectors that the processor has.

use pulp::{Arch, Simd, WithSimd};

/// Runs a loop compiled for the widest vectors at hand. The closure and all that it calls must be
/// `#[inline(always)]`: what is not inlined is compiled for the least of processors.
#[inline(always)]
pub(crate) fn vectorized(arch: Arch, run: impl FnMut()) {
    arch.dispatch(Loop(run));
}

/// `pulp` takes closures too, but as `FnOnce`, which reaches them through a function of the
/// compiler's that is not always inlined.
struct Loop<F>(F);

impl<F: FnMut()> WithSimd for Loop<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        (self.0)();
    }
}
