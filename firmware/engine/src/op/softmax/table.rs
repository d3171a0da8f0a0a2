//! The tables of int16 SOFTMAX, of which each entry is computed when it is needed.
//!
//! TFLite `gen_lut`, in single precision: 512 steps and the end, each value less half of how far the straight line to
//! the next one misses the function in the middle.

use crate::fixed_point::exp_on_negative;
use crate::quantize::round;

/// A function of half steps from a table's start, in 32768ths.
pub(super) type Function = fn(i32) -> f32;

/// exp(x) for x from -10 to 0.
pub(super) fn exponential(half_step: i32) -> f32 {
    // A half step of a 102.4th in Q5.26.
    let x = (half_step - 1024) * 655_360;
    exp_on_negative(x, 5) as f32 / 65536.0
}

/// 1 / (1 + x) for x from 0 to 1.
pub(super) fn reciprocal(half_step: i32) -> f32 {
    32768.0 / (1.0 + half_step as f32 / 1024.0)
}

/// Entry `i`.
#[inline(never)]
pub(super) fn entry(function: Function, i: i32) -> i32 {
    let value = round(function(2 * i));
    let mut bias = 0;
    if i < 512 {
        let line = round((function(2 * i + 2) + value as f32) / 2.0);
        bias = round((line - round(function(2 * i + 1))) as f32 / 2.0);
    }
    (value - bias).min(32767)
}

/// A function's value between two that its table has. A table's places are the 16-bit numbers; what lies beyond them
/// counts as the first or last one.
///
/// TFLite `LUTLookup`.
#[inline(never)]
pub(super) fn look_up(function: Function, place: i32) -> i32 {
    let place = place.clamp(-32768, 32767);
    let (index, offset) = (256 + (place >> 7), place & 127);
    let base = entry(function, index);
    base + (((entry(function, index + 1) - base) * offset + 64) >> 7)
}
