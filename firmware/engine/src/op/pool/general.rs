//! AVERAGE_POOL_2D and MAX_POOL_2D, int16 and float32.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::{Clamp, Context};
use crate::op::element::Element;
use crate::op::pool::{Geometry, Reduction};
use crate::tensor::DataType;

/// Whether the elements are of these types.
pub(crate) fn applies(cx: &Context<'_>) -> bool {
    let dtype = cx.input(0).map(|input| input.dtype);
    matches!(dtype, Ok(DataType::Int16 | DataType::Float32))
}

pub(crate) struct General {
    pub(super) geometry: Geometry,
    pub(super) range: Range,
}

/// The least and greatest output.
#[derive(Clone, Copy, Debug)]
pub(super) enum Range {
    Int16(Clamp),
    Float(f32, f32),
}

impl<'m> Kernel<'m> for General {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let geometry = Geometry::read(cx)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        cx.ensure(
            input.dtype == output.dtype,
            OperatorProblem::ElementType,
            output.dtype.code() as usize,
        )?;
        let activation = super::activation(cx)?;
        let range = if input.dtype == DataType::Int16 {
            let to = cx.affine(1, &output)?;
            super::same_quantization(cx, cx.affine(0, &input)?, to)?;
            Range::Int16(cx.clamp_to(DataType::Int16, activation, to)?)
        } else {
            // TFLite `CalculateActivationRange`.
            let (min, max) = match activation {
                0 => (f32::MIN, f32::MAX),
                1 => (0.0, f32::MAX),
                2 => (-1.0, 1.0),
                3 => (0.0, 6.0),
                other => {
                    let value = usize::from(other.unsigned_abs());
                    return cx.fail(OperatorProblem::Activation, value);
                }
            };
            Range::Float(min, max)
        };
        Ok(Self { geometry, range })
    }

    fn run(&self, views: Views<'_>) {
        let average = self.geometry.reduction == Reduction::Average;
        match self.range {
            // As in int8: averages are rounded half away from zero.
            Range::Int16(clamp) => self.pixels(
                views,
                if average { 0 } else { i32::from(i16::MIN) },
                |all, x: i16| {
                    let x = i32::from(x);
                    if average { all + x } else { all.max(x) }
                },
                |all, count| {
                    let count = count as i32;
                    let out = match (average, all > 0) {
                        (false, _) => all,
                        (true, true) => (all + count / 2) / count,
                        (true, false) => (all - count / 2) / count,
                    };
                    out.max(clamp.min).min(clamp.max) as i16
                },
            ),
            Range::Float(min, max) => self.pixels(
                views,
                if average { 0.0 } else { f32::MIN },
                |all, x: f32| match average {
                    true => all + x,
                    false if all < x => x,
                    false => all,
                },
                |all, count| {
                    let out = if average { all / count as f32 } else { all };
                    // C++ `std::min(std::max(out, min), max)`.
                    let out = if out < min { min } else { out };
                    if max < out { max } else { out }
                },
            ),
        }
    }
}

impl General {
    /// `finish(step(.. step(start, first element) .., last element), elements)` for every output element.
    #[inline(always)]
    fn pixels<T: Element, A: Copy>(
        &self,
        views: Views<'_>,
        start: A,
        step: impl Fn(A, T) -> A,
        finish: impl Fn(A, usize) -> T,
    ) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let (line, channels) = (self.geometry.x.input, self.geometry.channels);
        self.geometry
            .windows(T::SIZE, input, output, |corner, (height, width), out| {
                for channel in 0..channels {
                    let mut all = start;
                    for y in 0..height {
                        for x in 0..width {
                            let element = (y * line + x) * channels + channel;
                            all = step(all, T::load(corner, element));
                        }
                    }
                    finish(all, (height * width).max(1)).store(out, channel);
                }
            });
    }
}
