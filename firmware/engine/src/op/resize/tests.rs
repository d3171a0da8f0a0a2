//! Random images against the reference formulas, word for word.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::{Resize, bilinear, nearest};
use crate::op::tests::run;

fn geometry() -> impl Strategy<Value = Resize> {
    let size = || prop::array::uniform2(1..12_usize);
    (size(), size(), 1..4_usize, 0..3_u8).prop_map(|(input, output, channels, mode)| Resize {
        input,
        output,
        channels,
        align_corners: mode == 1,
        half_pixel_centers: mode == 2,
    })
}

impl Resize {
    fn input_elements(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    fn output_elements(&self) -> usize {
        self.output[0] * self.output[1] * self.channels
    }

    /// An output element's row, column and channel.
    fn position(&self, i: usize) -> [usize; 3] {
        let pixel = i / self.channels;
        [
            pixel / self.output[1],
            pixel % self.output[1],
            i % self.channels,
        ]
    }

    fn at(&self, y: usize, x: usize, channel: usize) -> usize {
        (y * self.input[1] + x) * self.channels + channel
    }

    /// TFLite `GetNearestNeighbor`.
    fn reference_neighbour(&self, dimension: usize, output: usize) -> usize {
        let (input_size, output_size) = (self.input[dimension], self.output[dimension]);
        let scale = if self.align_corners && output_size > 1 {
            (input_size as f32 - 1.0) / (output_size as f32 - 1.0)
        } else {
            input_size as f32 / output_size as f32
        };
        let offset = if self.half_pixel_centers { 0.5 } else { 0.0 };
        let position = (output as f32 + offset) * scale;
        let index = if self.align_corners {
            position.round()
        } else {
            position.floor()
        };
        (index as usize).min(input_size - 1)
    }

    /// TFLite `ComputeInterpolationValuesInteger`: position, lower and upper bound.
    fn reference_integer(&self, dimension: usize, output: usize) -> (i64, i64, i64) {
        let (input_size, output_size) =
            (self.input[dimension] as i64, self.output[dimension] as i64);
        let mut scale = (1024 * input_size + output_size / 2) / output_size;
        if self.align_corners && output_size > 1 {
            scale = (1024 * (input_size - 1) + (output_size - 1) / 2) / (output_size - 1);
        }
        let position = if self.half_pixel_centers {
            output as i64 * scale + scale / 2 - 512
        } else {
            output as i64 * scale
        };
        (
            position,
            (position / 1024).max(0),
            ((position + 1023) / 1024).min(input_size - 1),
        )
    }

    /// TFLite `ComputeInterpolationValues`.
    fn reference_float(&self, dimension: usize, output: usize) -> (f32, i32, i32) {
        let (input_size, output_size) =
            (self.input[dimension] as i32, self.output[dimension] as i32);
        let mut scale = input_size as f32 / output_size as f32;
        if self.align_corners && output_size > 1 {
            scale = (input_size - 1) as f32 / (output_size - 1) as f32;
        }
        let position = if self.half_pixel_centers {
            (output as f32 + 0.5) * scale - 0.5
        } else {
            output as f32 * scale
        };
        let lower = (position.floor() as i32).max(0);
        (
            position,
            lower,
            (position.ceil() as i32).min(input_size - 1),
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn nearest_neighbours(geometry in geometry(), element in prop::sample::select(vec![1_usize, 2, 4])) {
        let input: Vec<i8> = (0..geometry.input_elements() * element).map(|i| (i * 7 + i / 251) as i8).collect();
        let output = run(&nearest::Nearest::new(geometry, element), &input, geometry.output_elements() * element);
        for i in 0..geometry.output_elements() {
            let [y, x, channel] = geometry.position(i);
            let (y, x) = (geometry.reference_neighbour(0, y), geometry.reference_neighbour(1, x));
            let from = geometry.at(y, x, channel) * element;
            prop_assert_eq!(&output[i * element..][..element], &input[from..][..element]);
        }
    }

    #[test]
    fn bilinear_integers(geometry in geometry(), seed in any::<u32>()) {
        let mut x = seed;
        let input: Vec<i8> = (0..geometry.input_elements())
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 24) as i8
            })
            .collect();
        let kernel = bilinear::Bilinear { geometry, float: false };
        let output = run(&kernel, &input, geometry.output_elements());
        for (i, &out) in output.iter().enumerate() {
            let [y, x, channel] = geometry.position(i);
            let ((y, y0, y1), (x, x0, x1)) = (geometry.reference_integer(0, y), geometry.reference_integer(1, x));
            let at = |y: i64, x: i64| i64::from(input[geometry.at(y as usize, x as usize, channel)]);
            let (dy, dx) = (y - 1024 * y0, x - 1024 * x0);
            let sum = at(y0, x0) * (1024 - dy) * (1024 - dx)
                + at(y1, x0) * dy * (1024 - dx)
                + at(y0, x1) * (1024 - dy) * dx
                + at(y1, x1) * dy * dx;
            let round = if sum > 0 { 1 << 19 } else { -(1 << 19) };
            prop_assert_eq!(i64::from(out), (sum + round) / (1 << 20));
        }
    }

    #[test]
    fn bilinear_floats(geometry in geometry(), scale in -3.0..3.0_f32) {
        let input: Vec<f32> = (0..geometry.input_elements()).map(|i| (i as f32 * 1.7).sin() * scale).collect();
        let raw: Vec<i8> = input.iter().flat_map(|x| x.to_le_bytes()).map(|byte| byte as i8).collect();
        let kernel = bilinear::Bilinear { geometry, float: true };
        let output = run(&kernel, &raw, geometry.output_elements() * 4);
        for i in 0..geometry.output_elements() {
            let [y, x, channel] = geometry.position(i);
            let ((y, y0, y1), (x, x0, x1)) = (geometry.reference_float(0, y), geometry.reference_float(1, x));
            let at = |y: i32, x: i32| input[geometry.at(y as usize, x as usize, channel)];
            let (dy, dx) = (y - y0 as f32, x - x0 as f32);
            let expected = at(y0, x0) * (1.0 - dy) * (1.0 - dx)
                + at(y1, x0) * dy * (1.0 - dx)
                + at(y0, x1) * (1.0 - dy) * dx
                + at(y1, x1) * dy * dx
                + 0.0;
            let out = f32::from_le_bytes([0, 1, 2, 3].map(|byte| output[4 * i + byte] as u8));
            prop_assert_eq!(out.to_bits(), expected.to_bits());
        }
    }
}
