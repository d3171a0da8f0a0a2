//! RESIZE_BILINEAR, int8 and float32: images of another size, whose pixels lie between four of the input.

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::op::Kernel;
use crate::op::context::Context;
use crate::op::element::Element;
use crate::op::movement::element;
use crate::op::resize::Resize;
use crate::tensor::DataType;

pub(crate) struct Bilinear {
    pub(super) geometry: Resize,
    pub(super) float: bool,
}

/// Fraction bits of integer positions.
const BITS: u32 = 10;

/// Computes the output pixel of a row and a column from an image.
type Pixel<'a> = dyn FnMut(&[i8], (usize, usize), &mut [i8]) + 'a;

/// The two neighbours of an output position, and how far from the lower one it is.
#[derive(Clone, Copy)]
struct Between<T> {
    lower: usize,
    upper: usize,
    distance: T,
}

impl<'m> Kernel<'m> for Bilinear {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let geometry = Resize::read(cx, 15, 2)?;
        let (input, output) = (cx.input(0)?, cx.output()?);
        element(cx, input, output)?;
        let float = input.dtype == DataType::Float32;
        cx.ensure(
            float || input.dtype == DataType::Int8,
            OperatorProblem::DataType,
            input.dtype.code() as usize,
        )?;
        let contradicts = geometry.align_corners && geometry.half_pixel_centers;
        // The integer step along the input is rounded, and TFLite reads beyond the input where that adds up.
        let inside = float
            || (0..2).all(|i| {
                let last = geometry.output[i] - 1;
                geometry.integer(i, last).lower < geometry.input[i]
            });
        cx.ensure(inside && !contradicts, OperatorProblem::Resize, 0)?;
        Ok(Self { geometry, float })
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [input, _],
            output,
            ..
        } = views;
        let geometry = &self.geometry;
        if self.float {
            geometry.images(4, input, output, &mut |image, (out_y, out_x), out| {
                let (y, x) = (geometry.float(0, out_y), geometry.float(1, out_x));
                for channel in 0..geometry.channels {
                    let corners =
                        corners::<f32>(geometry, image, (y.places(), x.places()), channel);
                    blend_floats(corners, y.distance, x.distance).store(out, channel);
                }
            });
        } else {
            geometry.images(1, input, output, &mut |image, (out_y, out_x), out| {
                let (y, x) = (geometry.integer(0, out_y), geometry.integer(1, out_x));
                for channel in 0..geometry.channels {
                    let corners = corners::<i8>(geometry, image, (y.places(), x.places()), channel);
                    blend_integers(corners, y.distance, x.distance).store(out, channel);
                }
            });
        }
    }
}

impl<T> Between<T> {
    fn places(&self) -> [usize; 2] {
        [self.lower, self.upper]
    }
}

/// The elements at two rows and two columns of an image.
#[inline(always)]
fn corners<T: Element>(
    geometry: &Resize,
    image: &[i8],
    (y, x): ([usize; 2], [usize; 2]),
    channel: usize,
) -> [[T; 2]; 2] {
    let width = geometry.input[1];
    y.map(|y| x.map(|x| T::load(image, (y * width + x) * geometry.channels + channel)))
}

impl Resize {
    /// Calls `pixel` with the image, the output's row and column, and the output for every output pixel.
    #[inline(never)]
    fn images(&self, element: usize, input: &[i8], output: &mut [i8], pixel: &mut Pixel<'_>) {
        let ([height, width], [out_height, out_width]) = (self.input, self.output);
        let bytes = self.channels * element;
        let images = input.chunks_exact(height * width * bytes);
        let outs = output.chunks_exact_mut(out_height * out_width * bytes);
        for (image, out) in images.zip(outs) {
            for (i, out) in out.chunks_exact_mut(bytes).enumerate() {
                pixel(image, (i / out_width, i % out_width), out);
            }
        }
    }

    /// TFLite `ComputeInterpolationValuesInteger`, in 1024ths.
    fn integer(&self, dimension: usize, output: usize) -> Between<i32> {
        let (from, to) = (self.input[dimension] as i32, self.output[dimension] as i32);
        let (from, to) = if self.align_corners && to > 1 {
            (from - 1, to - 1)
        } else {
            (from, to)
        };
        let scale = ((from << BITS) + to / 2) / to;
        let mut position = output as i32 * scale;
        if self.half_pixel_centers {
            position += scale / 2 - (1 << (BITS - 1));
        }
        // Only the half pixel before the first center is negative.
        let lower = position.max(0) >> BITS;
        let upper = (position + (1 << BITS) - 1) >> BITS;
        Between {
            lower: lower as usize,
            upper: (upper as usize).min(self.input[dimension] - 1),
            distance: position - (lower << BITS),
        }
    }

    /// TFLite `ComputeInterpolationValues`.
    fn float(&self, dimension: usize, output: usize) -> Between<f32> {
        let (from, to) = (self.input[dimension], self.output[dimension]);
        let scale = if self.align_corners && to > 1 {
            (from - 1) as f32 / (to - 1) as f32
        } else {
            from as f32 / to as f32
        };
        let position = if self.half_pixel_centers {
            (output as f32 + 0.5) * scale - 0.5
        } else {
            output as f32 * scale
        };
        // Only the half pixel before the first center is negative, and both its neighbours are the first pixel.
        let whole = position as usize;
        let upper = whole + usize::from(position > whole as f32);
        let lower = whole.min(from - 1);
        Between {
            lower,
            upper: upper.min(from - 1),
            distance: position - lower as f32,
        }
    }
}

/// TFLite `ResizeBilinearInteger`: rounds half away from zero. Weights are less than 1.5 either way, so that sums fit.
fn blend_integers(corners: [[i8; 2]; 2], y: i32, x: i32) -> i8 {
    const ONE: i32 = 1 << BITS;
    let [[a, b], [c, d]] = corners.map(|line| line.map(i32::from));
    let sum = a * (ONE - y) * (ONE - x) + c * y * (ONE - x) + b * (ONE - y) * x + d * y * x;
    let half = if sum > 0 {
        ONE * ONE / 2
    } else {
        -ONE * ONE / 2
    };
    ((sum + half) / (ONE * ONE)) as i8
}

/// TFLite `ResizeBilinear`, products and sums in its order.
fn blend_floats(corners: [[f32; 2]; 2], y: f32, x: f32) -> f32 {
    let [[a, b], [c, d]] = corners;
    let sum = a * (1.0 - y) * (1.0 - x) + c * y * (1.0 - x) + b * (1.0 - y) * x + d * y * x;
    // TFLite's rounding offset, which turns -0 into 0.
    sum + 0.0
}
