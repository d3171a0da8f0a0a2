//! Inner loops, and all of the crate's `unsafe`.
//!
//! Convolutions and dense layers are products of *columns* and *filters*. A column holds what an output pixel is
//! computed from, in the order of the filter's weights: 16-bit integers with the input's zero point subtracted, so
//! that padding is zero. Columns come in pairs, whose layout is each implementation's own: `portable` is for any
//! target, `armv7em` for cores with 16-bit dual multiply-accumulate. Both give the same results.

pub(crate) mod cast;
pub(crate) mod elementwise;
mod filters;
pub(crate) mod sigmoid;
mod strips;
mod sum;

#[cfg(armv7em)]
mod armv7em;
#[cfg(armv7em)]
mod armv7em_add;
#[cfg(armv7em)]
mod armv7em_strips;
#[cfg(armv7em)]
mod armv7em_tile;
#[cfg(not(armv7em))]
mod portable;

/// Bytes of weights that the data cache of a slow flash can be trusted to hold, as small as they are.
pub(crate) const CACHED_WEIGHTS: usize = 192;

pub(crate) use filters::Filters;
pub(crate) use strips::Strips;
pub(crate) use sum::{Sum, Term};

#[cfg(armv7em)]
pub(crate) use armv7em::{multiply, rounding_high_mul, unpack};
#[cfg(armv7em)]
pub(crate) use armv7em_strips::depthwise_3x3;
#[cfg(not(armv7em))]
pub(crate) use portable::{depthwise_3x3, multiply, unpack};
