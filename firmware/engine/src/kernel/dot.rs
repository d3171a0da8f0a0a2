//! Sums of products.

/// Sum of the products of weights and data less its zero point. It wraps around like TFLite's.
#[inline]
pub(crate) fn dot(data: &[i8], weights: &[i8], zero: i32) -> i32 {
    let products = data
        .iter()
        .zip(weights)
        .map(|(&data, &weight)| (i32::from(data) - zero) * i32::from(weight));
    products.fold(0, i32::wrapping_add)
}
