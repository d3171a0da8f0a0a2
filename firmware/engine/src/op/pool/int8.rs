//! AVERAGE_POOL_2D and MAX_POOL_2D, int8.

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::op::context::{Clamp, Context};
use crate::op::pool::{Geometry, Reduction};
use crate::op::{Hot, Kernel};

pub(crate) struct Pool {
    geometry: Geometry,
    clamp: Clamp,
}

impl<'m> Kernel<'m> for Pool {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let geometry = Geometry::read(cx)?;
        let to = cx.int8(1, cx.output()?)?;
        super::same_quantization(cx, cx.int8(0, cx.input(0)?)?, to)?;
        Ok(Self {
            geometry,
            clamp: cx.clamp(super::activation(cx)?, to)?,
        })
    }

    fn hot(&self) -> Option<Hot<'_, 'm>> {
        Some(Hot::Pool(self))
    }

    #[inline]
    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        self.geometry
            .windows(1, input, output, &mut |corner, taps, out| {
                self.window(corner, taps, out);
            });
    }
}

impl Pool {
    /// Reduces the window at the start of `corner` to one pixel. Channel by channel in blocks, so that the
    /// sums stay in registers.
    #[inline]
    fn window(&self, corner: &[i8], (height, width): (usize, usize), out: &mut [i8]) {
        const BLOCK: usize = 4;
        let count = (height * width).max(1) as i32;
        let Geometry {
            reduction,
            channels,
            ..
        } = self.geometry;
        let stride = self.geometry.x.input * channels;
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [match reduction {
                Reduction::Average => 0,
                Reduction::Max => i32::from(i8::MIN),
            }; BLOCK];
            for row in 0..height {
                let start = row * stride + block * BLOCK;
                let row = &corner[start..];
                for pixel in row.chunks(channels).take(width) {
                    for (sum, &value) in sums.iter_mut().zip(pixel).take(out.len()) {
                        *sum = match reduction {
                            Reduction::Average => *sum + i32::from(value),
                            Reduction::Max => (*sum).max(i32::from(value)),
                        };
                    }
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = self.clamp.apply(match reduction {
                    // TFLite rounds averages half away from zero.
                    Reduction::Average if sum > 0 => (sum + count / 2) / count,
                    Reduction::Average => (sum - count / 2) / count,
                    Reduction::Max => sum,
                });
            }
        }
    }
}
