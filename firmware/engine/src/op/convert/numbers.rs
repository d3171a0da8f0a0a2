//! Elements of any type as 32-bit numbers, and back.

use crate::flatbuffer::Scalar;
use crate::tensor::DataType;

/// The least and greatest integer of a type.
pub(super) fn range(dtype: DataType) -> Option<(i32, i32)> {
    Some(match dtype {
        DataType::Int8 => (-128, 127),
        DataType::Uint8 => (0, 255),
        DataType::Int16 => (-32768, 32767),
        DataType::Int32 => (i32::MIN, i32::MAX),
        _ => return None,
    })
}

/// As many elements as `numbers` has room for: integers by their value, floats by their bits.
pub(super) fn load(dtype: DataType, bytes: &[u8], numbers: &mut [i32]) {
    match dtype {
        DataType::Uint8 => each::<u8>(bytes, numbers),
        DataType::Int8 => each::<i8>(bytes, numbers),
        DataType::Int16 | DataType::Float16 => each::<i16>(bytes, numbers),
        _ => each::<i32>(bytes, numbers),
    }
}

fn each<T: Scalar + Into<i32>>(bytes: &[u8], numbers: &mut [i32]) {
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(T::SIZE)) {
        *number = T::read(bytes).into();
    }
}

/// Fills `bytes` with the numbers' low bytes, as many of each as it has room for.
pub(super) fn store(numbers: &[i32], bytes: &mut [u8]) {
    match bytes.len() / numbers.len().max(1) {
        1 => low::<1>(numbers, bytes),
        2 => low::<2>(numbers, bytes),
        _ => low::<4>(numbers, bytes),
    }
}

fn low<const N: usize>(numbers: &[i32], bytes: &mut [u8]) {
    for (number, bytes) in numbers.iter().zip(bytes.chunks_exact_mut(N)) {
        bytes.copy_from_slice(&number.to_le_bytes()[..N]);
    }
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
