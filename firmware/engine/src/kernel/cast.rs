//! Bytes seen as signed numbers, and the other way round.

/// Bytes as signed bytes.
#[inline]
pub(crate) fn as_i8(bytes: &[u8]) -> &[i8] {
    // SAFETY: `u8` and `i8` have the same size and alignment, and every bit pattern is valid for both.
    unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// Bytes as signed bytes, to be written.
#[inline]
pub(crate) fn as_i8_mut(bytes: &mut [u8]) -> &mut [i8] {
    // SAFETY: as in `as_i8`; the exclusive borrow is passed on.
    unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Signed bytes as bytes.
#[inline]
pub(crate) fn as_u8(bytes: &[i8]) -> &[u8] {
    // SAFETY: as in `as_i8`.
    unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// Signed bytes as bytes, to be written.
#[inline]
pub(crate) fn as_u8_mut(bytes: &mut [i8]) -> &mut [u8] {
    // SAFETY: as in `as_i8_mut`.
    unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Bytes as 16-bit integers. Bytes before the first aligned one and after the last whole one are left out.
#[inline]
pub(crate) fn as_i16_mut(bytes: &mut [u8]) -> &mut [i16] {
    // SAFETY: every bit pattern is a valid `i16`, and `align_to_mut` keeps to its size and alignment.
    unsafe { bytes.align_to_mut().1 }
}

/// Bytes as 32-bit integers, as far as they are aligned.
#[cfg(armv6m)]
pub(crate) fn as_i32_mut(bytes: &mut [u8]) -> &mut [i32] {
    // SAFETY: as in `as_i16_mut`.
    unsafe { bytes.align_to_mut().1 }
}

/// What consists of integers and has no padding.
///
/// # Safety
/// Bytes of any values are one, and all its bytes are set.
pub(crate) unsafe trait Record {}

/// Bytes as records. Bytes before the first aligned one and after the last whole one are left out.
pub(crate) fn as_records<T: Record>(bytes: &mut [u8]) -> &mut [T] {
    // SAFETY: `Record` promises that they can be seen as each other, and `align_to_mut` keeps to size and alignment.
    unsafe { bytes.align_to_mut().1 }
}
