//! Inner loops, and all of the crate's `unsafe`.
//!
//! Convolutions and dense layers are products of *columns* and *filters*. A column holds what an output pixel is
//! computed from, in the order of the filter's weights: 16-bit integers with the input's zero point subtracted, so
//! that padding is zero. Columns come in pairs, whose layout is each implementation's own: `portable` is for any
//! target, `armv7em` for cores with 16-bit dual multiply-accumulate. Both give the same results.

#[cfg(armv7em)]
mod armv7em;
pub(crate) mod cast;
mod filters;
#[cfg(not(armv7em))]
mod portable;

#[cfg(armv7em)]
pub(crate) use armv7em::{multiply, unpack};
pub(crate) use filters::Filters;
#[cfg(not(armv7em))]
pub(crate) use portable::{multiply, unpack};
