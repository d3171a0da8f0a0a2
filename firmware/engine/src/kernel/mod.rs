//! Inner loops, and all of the crate's `unsafe`.
//!
//! Convolutions and dense layers are products of *columns* and *filters*. A column holds what an output pixel is
//! computed from, in the order of the filter's weights: 16-bit integers with the input's zero point subtracted, so
//! that padding is zero. Columns come in pairs, whose layout is each implementation's own: `portable` is for any
//! target, `armv7em` for cores with 16-bit dual multiply-accumulate. Both give the same results.

pub(crate) mod cast;
mod dot;
pub(crate) mod elementwise;
mod filters;
mod portable_strips;
pub(crate) mod sigmoid;
mod strips;
mod sum;

#[cfg(armv7em)]
mod armv7em;
#[cfg(armv7em)]
mod armv7em_add;
#[cfg(armv7em)]
mod armv7em_conv;
#[cfg(armv7em)]
mod armv7em_conv_tile;
#[cfg(armv7em)]
mod armv7em_dot;
#[cfg(armv7em)]
mod armv7em_finish;
#[cfg(armv7em)]
mod armv7em_strips;
#[cfg(armv7em)]
mod armv7em_tile;
#[cfg(not(armv7em))]
mod portable;

/// Columns that convolutions compute together: a triple.
pub(crate) const COLUMNS: usize = 3;

/// Where rows begin: each `step` bytes after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [i8],
    pub(crate) step: usize,
}

pub(crate) use dot::dot;
pub(crate) use filters::Filters;
pub(crate) use portable_strips::depthwise_3x3_in_place;
pub(crate) use strips::Strips;
pub(crate) use sum::{Sum, Term};

#[cfg(armv7em)]
pub(crate) use armv7em::{multiply_pairs, rounding_high_mul, unpack_pair};
#[cfg(armv7em)]
pub(crate) use armv7em_conv::{copy_rows, multiply, unpack};
#[cfg(armv7em)]
pub(crate) use armv7em_strips::depthwise_3x3;
#[cfg(not(armv7em))]
pub(crate) use portable::{
    copy_rows, depthwise_3x3, multiply, multiply_pairs, unpack, unpack_pair,
};
