//! From sums to outputs in five instructions, each exact: [`Rescale::apply`](crate::quantize::Rescale::apply) for
//! factors below 1/4, then zero point and saturation.
//!
//! The multiplier, at least 2^30, is doubled: seen as a signed number it is then too small by 2^32, which [`high`] makes
//! up for by adding the sum. Shifting right by `s` and rounding halves up is multiplying by 2^(32 - s) and rounding
//! the upper half; that halves of negative numbers are rounded down [`away`] sees to.

/// The sum times the doubled multiplier, the upper half rounded.
macro_rules! high {
    ($sum:literal, $multiplier:literal) => {
        concat!(
            concat!("smmlar ", $sum, ", ", $sum, ", ", $multiplier),
            concat!(", ", $sum, "\n"),
        )
    };
}

/// One less if negative.
macro_rules! away {
    ($sum:literal) => {
        concat!("add.w ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n")
    };
}

/// Shifted right, by multiplying by a power of two, and the output's zero point added.
macro_rules! shifted {
    ($sum:literal, $power:literal, $zero:literal) => {
        concat!(
            concat!("smmlar ", $sum, ", ", $sum, ", ", $power),
            concat!(", ", $zero, "\n"),
        )
    };
}

pub(super) use {away, high, shifted};
