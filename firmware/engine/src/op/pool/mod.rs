//! AVERAGE_POOL_2D and MAX_POOL_2D.

mod int8;
#[cfg(test)]
mod tests;
mod wide;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::linked::LINKED;
use crate::op::context::{Clamp, Context};
use crate::op::window::Window;
use crate::op::{Hot, Kernel, float};
use crate::opcode::Opcode;
use crate::tensor::{DataType, TensorInfo};

const WIDE: bool = LINKED.kernel("GeneralPool");
pub(super) const IS_LINKED: bool = WIDE || LINKED.kernel("Pool");

/// Whether the elements are wider than a byte.
pub(crate) fn is_wide(cx: &Context<'_>) -> bool {
    let dtype = cx.input(0).map(|input| input.dtype);
    matches!(dtype, Ok(DataType::Int16 | DataType::Float32))
}

pub(crate) struct Pool {
    geometry: Geometry,
    dtype: DataType,
    /// The least and greatest output: of integers and of floats.
    clamp: Clamp,
    range: [f32; 2],
}

impl<'m> Kernel<'m> for Pool {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let geometry = Geometry::read(cx)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let dtype = input.dtype;
        cx.ensure(
            dtype == output.dtype,
            OperatorProblem::ElementType,
            output.dtype.code() as usize,
        )?;
        let is_known =
            dtype == DataType::Int8 || WIDE && matches!(dtype, DataType::Int16 | DataType::Float32);
        cx.ensure(is_known, OperatorProblem::DataType, dtype.code() as usize)?;
        let activation = cx.option(5, 5, 0)?;
        let (mut clamp, mut range) = (Clamp { min: 0, max: 0 }, [0.0; 2]);
        if WIDE && dtype == DataType::Float32 {
            range = float::range(cx, activation)?;
        } else {
            let (from, to) = (cx.affine(0, input)?, cx.affine(1, output)?);
            // TFLite accepts scales that differ by float noise, and ignores the difference.
            let same = from.zero_point == to.zero_point && (from.scale - to.scale).abs() <= 1e-6;
            cx.ensure(same, OperatorProblem::SameQuantization, 0)?;
            clamp = cx.clamp_to(dtype, activation, to)?;
        }
        Ok(Self {
            geometry,
            dtype,
            clamp,
            range,
        })
    }

    fn hot<'k>(&'k self, views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        Some((Hot::Pool(self), views))
    }
}

impl Pool {
    /// Runs it.
    #[inline]
    pub(in crate::op) fn compute(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let element = self.dtype.bits() / 8;
        self.geometry
            .windows(element, input, output, &mut |corner, taps, out| {
                if WIDE && element > 1 {
                    self.wide_window(corner, taps, out);
                } else {
                    self.window(corner, taps, out);
                }
            });
    }
}

/// What becomes of a window's elements.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Reduction {
    Average,
    Max,
}

/// Reduces the window of a height and a width that starts where the input does to an output pixel.
type Reduce<'a> = dyn FnMut(&[i8], (usize, usize), &mut [i8]) + 'a;

/// How the windows lie, whatever the elements are.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    reduction: Reduction,
    batches: usize,
    channels: usize,
    y: Window,
    x: Window,
}

impl Geometry {
    #[inline(never)]
    fn read(cx: &Context<'_>) -> Result<Self> {
        cx.arity(1, 1)?;
        let options = cx.options(5)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let rank =
            |tensor: &TensorInfo<'_>| cx.error(OperatorProblem::Rank, tensor.shape.dims().len());
        let [batches, height, width, channels] = input.shape.exactly().ok_or(rank(input))?;
        let [out_batches, out_height, out_width, out_channels] =
            output.shape.exactly().ok_or(rank(output))?;
        cx.ensure(
            (batches, channels) == (out_batches, out_channels),
            OperatorProblem::Shape,
            1,
        )?;
        let scheme = options.get(0, 0)?;
        let along = |filter, stride| {
            Ok((
                options.positive(cx, filter, 0)?,
                options.positive(cx, stride, 0)?,
                1,
            ))
        };
        Ok(Self {
            reduction: match cx.opcode {
                Opcode::MAX_POOL_2D => Reduction::Max,
                _ => Reduction::Average,
            },
            batches,
            channels,
            y: Window::new(cx, scheme, height, out_height, along(4, 2)?)?,
            x: Window::new(cx, scheme, width, out_width, along(3, 1)?)?,
        })
    }

    /// Calls `reduce` with the input from each window's first element on, the window's height and width, and the
    /// output pixel. Elements take so many bytes.
    #[inline(never)]
    fn windows(&self, element: usize, input: &[i8], output: &mut [i8], reduce: &mut Reduce<'_>) {
        let (y, x, pixel) = (self.y, self.x, self.channels * element);
        let rows = output.chunks_exact_mut(x.output * pixel);
        for (row, out_row) in rows.enumerate().take(self.batches * y.output) {
            let image = &input[row / y.output * (y.input * x.input * pixel)..];
            let (taps_y, top) = y.taps(row % y.output);
            for (out_x, out) in out_row.chunks_exact_mut(pixel).enumerate() {
                let (taps_x, left) = x.taps(out_x);
                let corner = &image[(top * x.input + left) * pixel..];
                reduce(corner, (taps_y.len(), taps_x.len()), out);
            }
        }
    }
}
