//! AVERAGE_POOL_2D and MAX_POOL_2D.

mod general;
mod int8;
#[cfg(test)]
mod tests;

pub(super) use general::{General, applies};
pub(super) use int8::Pool;

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::context::{Affine, Context};
use crate::op::window::Window;
use crate::opcode::Opcode;
use crate::tensor::TensorInfo;

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

/// The fused activation.
fn activation(cx: &Context<'_>) -> Result<i8> {
    cx.options(5)?.get(5, 0)
}

/// TFLite accepts scales that differ by float noise, and ignores the difference.
fn same_quantization(cx: &Context<'_>, from: Affine, to: Affine) -> Result<()> {
    let same = from.zero_point == to.zero_point && (from.scale - to.scale).abs() <= 1e-6;
    cx.ensure(same, OperatorProblem::SameQuantization, 0)
}
