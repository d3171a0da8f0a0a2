//! The sum of two scaled tensors.

use crate::arena::Views;
use crate::op::Clamp;
use crate::quantize::Rescale;

/// Bits by which int8 inputs are shifted up before they are scaled.
pub(crate) const LEFT_SHIFT: u32 = 20;

/// How two quantized tensors are combined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaling {
    /// The zero points of the inputs.
    pub(crate) zeros: [i32; 2],
    /// Of sums, those of the inputs and of the sum, none of which shifts left.
    pub(crate) factors: [Rescale; 3],
    pub(crate) to_zero: i32,
    pub(crate) clamp: Clamp,
}

impl Scaling {
    /// Adds two int8 tensors of the same shape, from the start. How many elements are done.
    pub(crate) fn add(&self, views: &mut Views<'_>) -> usize {
        #[cfg(armv7em)]
        return super::armv7em_add::add(self, views);
        #[cfg(not(armv7em))]
        return add(self, views).unwrap_or(0);
    }
}

#[cfg(not(armv7em))]
fn add(scaling: &Scaling, views: &mut Views<'_>) -> Option<usize> {
    use crate::kernel::elementwise;
    use crate::quantize::ShortRescale;

    let [first, second, output] = scaling.factors.map(ShortRescale::new);
    let (output, [zero, other_zero]) = (output?, scaling.zeros);
    let term = |rescale: ShortRescale, zero: i32| {
        let is_half = rescale.multiplier == 1 << 30 && rescale.shift == 0;
        move |x: i8| {
            let x = i32::from(x) - zero;
            if is_half {
                // The factor of the greater scale. A branch is worth it where the product takes more than an instruction.
                x << (LEFT_SHIFT - 1)
            } else {
                rescale.apply(x << (LEFT_SHIFT + 1))
            }
        }
    };
    let (first, second) = (term(first?, zero), term(second?, other_zero));
    Some(elementwise::zip(views, |x, y| {
        // Each term is at most 255 * 2^20 / 2.
        let sum = first(x) + second(y);
        scaling.clamp.apply(output.apply(2 * sum) + scaling.to_zero)
    }))
}
