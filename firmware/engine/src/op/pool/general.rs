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
            let to = cx.affine(1, output)?;
            super::same_quantization(cx, cx.affine(0, input)?, to)?;
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
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let Geometry { channels, x, .. } = self.geometry;
        let average = self.geometry.reduction == Reduction::Average;
        match self.range {
            Range::Int16(clamp) => {
                self.geometry
                    .windows(2, input, output, &mut |corner, (height, width), out| {
                        for channel in 0..channels {
                            let mut all = if average { 0 } else { i32::from(i16::MIN) };
                            for i in 0..height * width {
                                let pixel = i / width * x.input + i % width;
                                let element = i16::load(corner, pixel * channels + channel).into();
                                all = if average {
                                    all + element
                                } else {
                                    all.max(element)
                                };
                            }
                            // As in int8: averages are rounded half away from zero.
                            let count = (height * width).max(1) as i32;
                            let all = match (average, all > 0) {
                                (false, _) => all,
                                (true, true) => (all + count / 2) / count,
                                (true, false) => (all - count / 2) / count,
                            };
                            (all.max(clamp.min).min(clamp.max) as i16).store(out, channel);
                        }
                    });
            }
            Range::Float(min, max) => {
                self.geometry
                    .windows(4, input, output, &mut |corner, (height, width), out| {
                        for channel in 0..channels {
                            let mut all = if average { 0.0 } else { f32::MIN };
                            for i in 0..height * width {
                                let pixel = i / width * x.input + i % width;
                                let element = f32::load(corner, pixel * channels + channel);
                                if average {
                                    all += element;
                                } else if all < element {
                                    all = element;
                                }
                            }
                            if average {
                                all /= (height * width).max(1) as f32;
                            }
                            // C++ `std::min(std::max(all, min), max)`.
                            let all = if all < min { min } else { all };
                            (if max < all { max } else { all }).store(out, channel);
                        }
                    });
            }
        }
    }
}
