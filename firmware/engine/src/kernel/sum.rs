//! The sum or difference of two scaled tensors.

use crate::arena::Views;
use crate::kernel::elementwise;
use crate::op::{Broadcast, Clamp};
use crate::quantize::ShortRescale;

/// Bits by which the inputs are shifted up before they are scaled.
const LEFT_SHIFT: u32 = 20;

/// How two tensors are added.
pub(crate) struct Sum {
    pub(crate) terms: [Term; 2],
    /// Whether the second is subtracted instead.
    pub(crate) subtract: bool,
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
    #[inline]
    pub(crate) fn run(&self, views: &mut Views<'_>, geometry: &Broadcast) {
        #[cfg(armv7em)]
        if geometry.whole() == [true; 2] && !self.subtract {
            let done = super::armv7em_add::add(self, views);
            elementwise::zip(views, done, |x, y| self.add(x, y));
            return;
        }
        elementwise::broadcast(views, geometry, |x, y| self.add(x, y));
    }

    #[inline(always)]
    fn add(&self, x: i8, y: i8) -> i8 {
        let [a, b] = &self.terms;
        let sign = -i32::from(self.subtract);
        // Each term is at most 255 * 2^20 / 2.
        let sum = a.scale(x) + ((b.scale(y) ^ sign) - sign);
        self.clamp
            .apply(self.output.apply(2 * sum) + self.output_zero)
    }
}

impl Term {
    /// Whether it is the one of the greater scale, whose factor is a half.
    #[inline(always)]
    pub(super) fn is_half(&self) -> bool {
        self.rescale.multiplier == 1 << 30 && self.rescale.shift == 0
    }

    #[inline(always)]
    fn scale(&self, x: i8) -> i32 {
        let x = i32::from(x) - self.zero_point;
        if cfg!(not(armv7em)) && self.is_half() {
            // A branch is worth it where the product takes more than an instruction.
            x << (LEFT_SHIFT - 1)
        } else {
            self.rescale.apply(x << (LEFT_SHIFT + 1))
        }
    }
}
