//! RESIZE_NEAREST_NEIGHBOR: images of another size, whose pixels are the nearest ones of the input.

use crate::arena::Views;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::movement::element;
use crate::op::resize::Resize;
use crate::quantize::round;

pub(crate) struct Nearest {
    geometry: Resize,
    /// Bytes of a pixel.
    pixel: usize,
    y: Scale,
    x: Scale,
}

/// Where an output pixel's neighbour lies along one dimension.
///
/// TFLite `GetNearestNeighbor`, in single precision.
struct Scale {
    factor: f32,
    offset: f32,
    round: bool,
    last: usize,
}

impl<'m> Kernel<'m> for Nearest {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let geometry = Resize::read(cx, 74, 0)?;
        let element = element(cx, cx.input(0)?, cx.output()?)?;
        Ok(Self::new(geometry, element))
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let ([height, width], [out_height, out_width]) =
            (self.geometry.input, self.geometry.output);
        let (line, out_line) = (width * self.pixel, out_width * self.pixel);
        let images = input.chunks_exact(height * line);
        for (image, out) in images.zip(output.chunks_exact_mut(out_height * out_line)) {
            let mut latest = None;
            for out_y in 0..out_height {
                let y = self.y.neighbour(out_y);
                let (done, rest) = out.split_at_mut(out_y * out_line);
                let out = &mut rest[..out_line];
                // Lines that have the same neighbours are the same.
                if latest == Some(y) {
                    out.copy_from_slice(&done[done.len() - out_line..]);
                    continue;
                }
                latest = Some(y);
                let pixels = &image[y * line..][..line];
                for (out_x, out) in out.chunks_exact_mut(self.pixel).enumerate() {
                    let x = self.x.neighbour(out_x);
                    out.copy_from_slice(&pixels[x * self.pixel..][..self.pixel]);
                }
            }
        }
    }
}

impl Nearest {
    /// For elements of so many bytes.
    pub(super) fn new(geometry: Resize, element: usize) -> Self {
        let scale = |input: usize, output: usize| {
            let factor = if geometry.align_corners && output > 1 {
                (input - 1) as f32 / (output - 1) as f32
            } else {
                input as f32 / output as f32
            };
            Scale {
                factor,
                offset: if geometry.half_pixel_centers {
                    0.5
                } else {
                    0.0
                },
                round: geometry.align_corners,
                last: input - 1,
            }
        };
        Self {
            pixel: geometry.channels * element,
            y: scale(geometry.input[0], geometry.output[0]),
            x: scale(geometry.input[1], geometry.output[1]),
            geometry,
        }
    }
}

impl Scale {
    fn neighbour(&self, output: usize) -> usize {
        let exact = (output as f32 + self.offset) * self.factor;
        // Neither is negative: to cut the fraction off is to round down, and to round is as C has it.
        let index = if self.round {
            round(exact) as usize
        } else {
            exact as usize
        };
        index.min(self.last)
    }
}
