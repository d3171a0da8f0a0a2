//! A factor for each output channel of a convolution, computed once and kept as integers.

#[cfg(armv7em)]
use core::array;

use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Scalar, Vector};
use crate::op::context::Context;
use crate::quantize::Rescale;

/// Where the factors of a convolution's output channels come from.
///
/// TFLite `PopulateConvolutionQuantizationParams`: `input scale * filter scale[channel] / output scale`, in double
/// precision; a single filter scale is that of every channel.
#[derive(Clone, Copy)]
pub(crate) struct ChannelScales<'m> {
    pub(super) input: f32,
    pub(super) weights: Vector<'m, f32>,
    pub(super) output: f32,
    pub(super) channels: usize,
}

impl<'m> ChannelScales<'m> {
    /// `weights` holds positive finite numbers: one, or one for each channel.
    pub(crate) fn new(
        cx: &Context<'m>,
        input: f32,
        weights: Vector<'m, f32>,
        output: f32,
        channels: usize,
    ) -> Result<Self> {
        let scales = Self {
            input,
            weights,
            output,
            channels,
        };
        // If the greatest one fits, all do.
        cx.ensure(
            cx.checked || scales.greatest().is_some(),
            OperatorProblem::Multiplier,
            0,
        )?;
        Ok(scales)
    }

    /// The greatest factor, which is that of the greatest scale; `None` if it is too great.
    pub(crate) fn greatest(&self) -> Option<Rescale> {
        self.factor(self.weights.iter().fold(0.0, f32::max))
    }

    /// The least factor, which is that of the least scale.
    pub(crate) fn least(&self) -> Option<Rescale> {
        self.factor(self.weights.iter().fold(f32::MAX, f32::min))
    }

    fn factor(&self, weights: f32) -> Option<Rescale> {
        Rescale::product(self.input, weights, self.output)
    }

    /// Bytes of the table of all factors.
    pub(crate) fn table_bytes(&self) -> usize {
        self.channels * 5
    }

    /// Hands on what the table is computed from.
    pub(crate) fn words(&self, then: &mut dyn FnMut(u32)) {
        then(self.input.to_bits());
        then(self.output.to_bits());
        for scale in self.weights.iter() {
            then(scale.to_bits());
        }
    }

    /// Whether a table, on which others may follow, is long enough and has nothing but factors that can be computed with:
    /// none is greater than the greatest, which operators check.
    pub(crate) fn admit(&self, table: &[u8]) -> bool {
        let table = table.get(..self.table_bytes()).unwrap_or_default();
        let Some((multipliers, shifts)) = table.split_at_checked(self.channels * 4) else {
            return false;
        };
        let greatest = self.greatest().map_or(0, |greatest| greatest.shift).max(0);
        let mut multipliers = multipliers.chunks_exact(4);
        multipliers.all(|multiplier| i32::read(multiplier) >= 0)
            && shifts
                .iter()
                .all(|&shift| (-31..=greatest).contains(&i32::from(shift as i8)))
    }

    /// Fills a table of that many bytes: all multipliers, then all shifts.
    pub(crate) fn fill(&self, table: &mut [u8]) {
        let Some((multipliers, shifts)) = table.split_at_mut_checked(self.channels * 4) else {
            return;
        };
        let channels = multipliers.chunks_exact_mut(4).zip(shifts).enumerate();
        let mut previous = None;
        for (channel, (multiplier, shift)) in channels {
            let weights = self
                .weights
                .get(if self.weights.len() == 1 { 0 } else { channel });
            let factor = match previous {
                Some((scale, factor)) if weights == Some(scale) => factor,
                _ => weights
                    .and_then(|scale| self.factor(scale))
                    .unwrap_or(Rescale {
                        multiplier: 0,
                        shift: 0,
                    }),
            };
            previous = weights.map(|scale| (scale, factor));
            multiplier.copy_from_slice(&factor.multiplier.to_le_bytes());
            *shift = factor.shift as i8 as u8;
        }
    }
}

/// The factors of a layer's output channels.
#[derive(Clone, Copy)]
pub(crate) enum Factors<'a> {
    /// One for all.
    Same(Rescale),
    /// A table that [`ChannelScales::fill`] made.
    Table {
        multipliers: &'a [u8],
        shifts: &'a [u8],
    },
}

impl<'a> Factors<'a> {
    #[inline]
    pub(crate) fn new(table: &'a [u8], channels: usize) -> Self {
        let (multipliers, shifts) = table.split_at(channels * 4);
        Self::Table {
            multipliers,
            shifts,
        }
    }

    /// The factors from channel `first` on.
    pub(crate) fn from(&self, first: usize) -> Self {
        match *self {
            Self::Same(factor) => Self::Same(factor),
            Self::Table {
                multipliers,
                shifts,
            } => Self::Table {
                multipliers: &multipliers[first * 4..],
                shifts: &shifts[first..],
            },
        }
    }

    /// Whether this holds for the shifts of the first `count`.
    pub(crate) fn all_shifts(&self, count: usize, holds: impl Fn(i32) -> bool) -> bool {
        match self {
            Self::Same(factor) => holds(factor.shift),
            Self::Table { shifts, .. } => {
                let mut shifts = shifts.iter().take(count);
                shifts.all(|&shift| holds(i32::from(shift as i8)))
            }
        }
    }

    /// The factors of `N` channels from `first` on, which are looked for once instead of `N` times.
    #[cfg(armv7em)]
    #[inline(always)]
    pub(crate) fn of<const N: usize>(&self, first: usize) -> [Rescale; N] {
        match *self {
            Self::Same(factor) => [factor; N],
            Self::Table {
                multipliers,
                shifts,
            } => {
                let multipliers = &multipliers[4 * first..][..4 * N];
                let shifts = &shifts[first..][..N];
                array::from_fn(|i| Rescale {
                    multiplier: i32::read(&multipliers[4 * i..]),
                    shift: i32::from(shifts[i] as i8),
                })
            }
        }
    }

    /// The factor of a channel.
    #[inline(always)]
    pub(crate) fn get(&self, channel: usize) -> Rescale {
        match self {
            Self::Same(factor) => *factor,
            Self::Table {
                multipliers,
                shifts,
            } => Rescale {
                multiplier: i32::read(&multipliers[channel * 4..]),
                shift: i32::from(shifts[channel] as i8),
            },
        }
    }
}
