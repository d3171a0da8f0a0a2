//! Inner loops, and all of the crate's `unsafe`.
//!
//! Convolutions and dense layers are products of *columns* and *filters*. A column holds what an output pixel is
//! computed from, in the order of the filter's weights, as numbers of more than 8 bits. Columns come alone or in triples,
//! whose layout is each implementation's own: `portable` is for any target, `armv7em_*` for cores with 16-bit dual
//! multiply-accumulate (those of Armv7E-M, and of Armv8-M Mainline with its DSP extension), `armv6m*` for those that can
//! only multiply. All give the same results.

/// What a naked function with DSP instructions begins with. Where they are an extension, the compiler checks the assembly
/// of such functions once as if for any core, when it keeps code for link-time optimization.
#[cfg(all(armv7em, not(armv8m)))]
macro_rules! with_dsp {
    () => {
        ""
    };
}
#[cfg(all(armv7em, armv8m))]
macro_rules! with_dsp {
    () => {
        ".cpu cortex-m33"
    };
}

pub(crate) mod cast;
mod dot;
pub(crate) mod elementwise;
mod filters;
mod greatest;
mod portable_strips;
pub(crate) mod sigmoid;
mod strips;
mod sum;
mod taps;

#[cfg(armv6m)]
mod armv6m;
#[cfg(armv6m)]
mod armv6m_depthwise;
#[cfg(armv6m)]
mod armv6m_dot;
#[cfg(armv6m)]
mod armv6m_row;
#[cfg(armv6m)]
mod armv6m_taps;
#[cfg(armv7em)]
mod armv7em_add;
#[cfg(armv7em)]
mod armv7em_clamp;
#[cfg(armv7em)]
mod armv7em_conv;
#[cfg(armv7em)]
mod armv7em_conv_tile;
#[cfg(armv7em)]
mod armv7em_dot;
#[cfg(armv7em)]
mod armv7em_finish;
#[cfg(armv7em)]
mod armv7em_rows;
#[cfg(armv7em)]
mod armv7em_strips;
#[cfg(armv7em)]
mod armv7em_taps;
#[cfg(not(armv7em))]
mod portable;

/// Calls a function, and is not inlined for once: hot code that is seldom needed is not to make registers scarce where the
/// rest is. Being generic, it is compiled where it is called from.
#[inline(never)]
pub(crate) fn apart<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Columns that convolutions compute together: a triple.
pub(crate) const COLUMNS: usize = 3;

/// Where rows begin: each `step` bytes after the one before.
#[derive(Clone, Copy, Default)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [i8],
    pub(crate) step: usize,
}

pub(crate) use dot::dot;
pub(crate) use filters::{Filters, is_short_shift, sums_are_short};
pub(crate) use greatest::greatest_of_four;
pub(crate) use portable_strips::depthwise_3x3_in_place;
pub(crate) use strips::Strips;
pub(crate) use sum::{LEFT_SHIFT, Scaling};
pub(crate) use taps::Taps;

#[cfg(armv6m)]
pub(crate) use armv6m::{multiply, unpack};
#[cfg(armv6m)]
pub(crate) use armv6m_depthwise::depthwise_3x3;
#[cfg(armv6m)]
pub(crate) use armv6m_taps::depthwise_pixels;
#[cfg(armv7em)]
pub(crate) use armv7em_conv::{copy_rows, multiply, unpack};
#[cfg(armv7em)]
pub(crate) use armv7em_rows::{multiply_column, unpack_column};
#[cfg(armv7em)]
pub(crate) use armv7em_strips::depthwise_3x3;
#[cfg(armv7em)]
pub(crate) use armv7em_taps::depthwise_pixels;
#[cfg(not(armv7em))]
pub(crate) use portable::{copy_rows, multiply_column, unpack_column};
#[cfg(not(any(armv6m, armv7em)))]
pub(crate) use portable::{depthwise_3x3, depthwise_pixels, multiply, unpack};
