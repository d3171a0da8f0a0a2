//! Conversions between element types: integers, floats and half floats.

use crate::op::context::Affine;
use crate::quantize::round;
use crate::tensor::DataType;

/// The quantization of what is not quantized.
pub(super) const NO_SCALE: Affine = Affine {
    scale: 1.0,
    zero_point: 0,
};

/// Whether TFLite Micro or LiteRT has this QUANTIZE.
pub(super) fn quantizes(from: DataType, to: DataType) -> bool {
    use DataType::{Float32, Int8, Int16, Int32, Uint8};
    match from {
        Float32 | Uint8 => matches!(to, Int8 | Uint8 | Int16),
        Int32 => matches!(to, Int8 | Int16),
        Int16 => matches!(to, Int8 | Int16 | Int32),
        Int8 => matches!(to, Int8 | Uint8 | Int16 | Int32),
        _ => false,
    }
}

/// The least and greatest integer of a type.
pub(super) fn range(dtype: DataType) -> (i32, i32) {
    match dtype {
        DataType::Int8 => (-128, 127),
        DataType::Uint8 => (0, 255),
        DataType::Int16 => (-32768, 32767),
        _ => (i32::MIN, i32::MAX),
    }
}

/// TFLite `AffineQuantize`, without zero point and range.
pub(super) fn quantized(x: f32, scale: f32) -> i32 {
    round(x / scale)
}

/// The bits of the float that equals a half float (IEEE 754 binary16: 5 bits of exponent, 10 of fraction).
pub(super) fn widened(half: u16) -> u32 {
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = u32::from(half & 0x7fff);
    sign | match magnitude >> 10 {
        // Multiples of 2^-24.
        0 => (magnitude as f32 * f32::from_bits((127 - 24) << 23)).to_bits(),
        31 => 0x7f80_0000 | magnitude << 13,
        _ => (magnitude << 13) + ((127 - 15) << 23),
    }
}
