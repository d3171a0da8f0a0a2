//! The sum of two scaled tensors.

use crate::arena::Views;
use crate::kernel::elementwise;
use crate::op::Clamp;
use crate::quantize::ShortRescale;

/// Bits by which the inputs are shifted up before they are scaled.
const LEFT_SHIFT: u32 = 20;

/// How two tensors are added.
pub(crate) struct Sum {
    pub(crate) terms: [Term; 2],
    pub(crate) output: ShortRescale,
    pub(crate) output_zero: i32,
    pub(crate) clamp: Clamp,
}

/// How an input is scaled.
pub(crate) struct Term {
    pub(crate) zero_point: i32,
    pub(crate) rescale: ShortRescale,
}

impl Sum {
    /// Adds two tensors, element by element.
    pub(crate) fn run(&self, mut views: Views<'_>) {
        #[cfg(armv7em)]
        let done = super::armv7em_add::add(self, &mut views);
        #[cfg(not(armv7em))]
        let done = 0;
        let [a, b] = &self.terms;
        elementwise::zip(&mut views, done, |x, y| {
            // Each term is at most 255 * 2^20 / 2.
            let sum = a.scale(x) + b.scale(y);
            self.clamp
                .apply(self.output.apply(2 * sum) + self.output_zero)
        });
    }
}

impl Term {
    #[inline(always)]
    fn scale(&self, x: i8) -> i32 {
        self.rescale
            .apply((i32::from(x) - self.zero_point) << (LEFT_SHIFT + 1))
    }
}
