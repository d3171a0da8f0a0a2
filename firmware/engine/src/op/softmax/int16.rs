//! SOFTMAX, int16 to int16.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::element::Element;
use crate::op::softmax::table::{exponential, look_up, reciprocal};
use crate::quantize::Rescale;
use crate::real::Real;

/// From differences to 6553.5ths, ten of which are the table's range.
#[inline(never)]
pub(super) fn read(cx: &Context<'_>, scale: f32, beta: f32) -> Result<Rescale> {
    let range = Real::from(10.0) / Real::from(65535.0);
    let rescale = Rescale::new(Real::from(scale) * beta / range);
    let rescale = rescale.ok_or(cx.error(OperatorProblem::Multiplier, 0))?;
    // Differences have 16 bits and a sign: more would be shifted out.
    cx.ensure(rescale.shift <= 15, OperatorProblem::Multiplier, 0)?;
    Ok(rescale)
}

/// TFLite `SoftmaxInt16`.
pub(super) fn row(rescale: Rescale, row: &[i8], out: &mut [i8]) {
    let depth = row.len() / 2;
    let mut greatest = i32::from(i16::MIN);
    for i in 0..depth {
        greatest = greatest.max(i16::load(row, i).into());
    }
    let mut sum = 0_u32;
    for i in 0..depth {
        let difference = i32::from(i16::load(row, i)) - greatest;
        let place = rescale.apply_apart(difference).saturating_add(32767);
        let exponential = look_up(exponential, place);
        (exponential as i16).store(out, i);
        sum += exponential as u32;
    }
    // The sum's leading 17 bits, which are 1 and the place in the table of 1 / (1 + x).
    let zeros = sum.leading_zeros().clamp(1, 30);
    let shifted = ((sum << (zeros - 1)) + (1 << 13)) >> 14;
    let reciprocal = look_up(reciprocal, shifted as i32 - (1 << 15) - (1 << 16));
    let shift = 31 - zeros;
    for i in 0..depth {
        // Both have 15 bits.
        let product = i32::from(i16::load(out, i)) * reciprocal;
        let rounded = (product + (1 << (shift - 1))) >> shift;
        (rounded.clamp(0, 32767) as i16).store(out, i);
    }
}
