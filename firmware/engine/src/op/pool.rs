//! AVERAGE_POOL_2D and MAX_POOL_2D, int8.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;

use crate::op::context::{Clamp, Context};
use crate::op::window::Window;
use crate::opcode::Opcode;

/// What becomes of a window's elements.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reduction {
    Average,
    Max,
}

pub(crate) struct Pool {
    reduction: Reduction,
    batches: usize,
    channels: usize,
    y: Window,
    x: Window,
    clamp: Clamp,
}

impl<'m> Kernel<'m> for Pool {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let reduction = match cx.opcode {
            Opcode::MAX_POOL_2D => Reduction::Max,
            _ => Reduction::Average,
        };
        cx.arity(1, 1)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        let options = cx.options(5)?;
        let (from, to) = (cx.int8(0, &input)?, cx.int8(1, &output)?);
        // TFLite accepts scales that differ by float noise, and ignores the difference.
        let same = from.zero_point == to.zero_point && (from.scale - to.scale).abs() <= 1e-6;
        cx.ensure(same, OperatorProblem::SameQuantization, 0)?;

        let rank = |tensor: &crate::TensorInfo<'_>| {
            cx.error(OperatorProblem::Rank, tensor.shape.dims().len())
        };
        let [batches, height, width, channels] = input.shape.exactly().ok_or(rank(&input))?;
        let [out_batches, out_height, out_width, out_channels] =
            output.shape.exactly().ok_or(rank(&output))?;
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
            reduction,
            batches,
            channels,
            y: Window::new(cx, scheme, height, out_height, along(4, 2)?)?,
            x: Window::new(cx, scheme, width, out_width, along(3, 1)?)?,
            clamp: cx.clamp(options.get(5, 0)?, to)?,
        })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let (y, x, channels) = (self.y, self.x, self.channels);
        let rows = output.chunks_exact_mut(x.output * channels);
        for (row, out_row) in rows.enumerate().take(self.batches * y.output) {
            let image = &input[row / y.output * (y.input * x.input * channels)..];
            let (taps_y, top) = y.taps(row % y.output);
            for (out_x, out) in out_row.chunks_exact_mut(channels).enumerate() {
                let (taps_x, left) = x.taps(out_x);
                let corner = &image[(top * x.input + left) * channels..];
                self.window(corner, (taps_y.len(), taps_x.len()), out);
            }
        }
    }
}

impl Pool {
    /// Reduces the window at the start of `corner` to one pixel. Channel by channel in blocks, so that the
    /// sums stay in registers.
    fn window(&self, corner: &[i8], (height, width): (usize, usize), out: &mut [i8]) {
        const BLOCK: usize = 4;
        let count = (height * width).max(1) as i32;
        let stride = self.x.input * self.channels;
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [match self.reduction {
                Reduction::Average => 0,
                Reduction::Max => i32::from(i8::MIN),
            }; BLOCK];
            for row in 0..height {
                let start = row * stride + block * BLOCK;
                let row = &corner[start..];
                for pixel in row.chunks(self.channels).take(width) {
                    for (sum, &value) in sums.iter_mut().zip(pixel).take(out.len()) {
                        *sum = match self.reduction {
                            Reduction::Average => *sum + i32::from(value),
                            Reduction::Max => (*sum).max(i32::from(value)),
                        };
                    }
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = self.clamp.apply(match self.reduction {
                    // TFLite rounds averages half away from zero.
                    Reduction::Average if sum > 0 => (sum + count / 2) / count,
                    Reduction::Average => (sum - count / 2) / count,
                    Reduction::Max => sum,
                });
            }
        }
    }
}
