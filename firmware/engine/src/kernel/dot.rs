//! Sums of products of bytes.

/// Sum of the products of weights and data less its zero point. It wraps around like TFLite's.
#[cfg_attr(not(armv7em), inline)]
pub(crate) fn dot(data: &[i8], weights: &[i8], zero: i32) -> i32 {
    #[cfg(armv7em)]
    let (sum, done) = super::armv7em_dot::dot_of_groups(data, weights, zero);
    #[cfg(not(armv7em))]
    let (sum, done) = (0, 0);
    let products = data[done..]
        .iter()
        .zip(&weights[done..])
        .map(|(&data, &weight)| (i32::from(data) - zero) * i32::from(weight));
    products.fold(sum, i32::wrapping_add)
}
