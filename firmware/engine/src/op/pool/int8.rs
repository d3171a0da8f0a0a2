//! AVERAGE_POOL_2D and MAX_POOL_2D, int8.

use crate::kernel;
use crate::op::pool::{Geometry, Pool, Reduction};

/// Channels that are done at a time.
const BLOCK: usize = 4;

/// What makes an element positive.
const OFFSET: i32 = 128;

/// Elements whose sum, each at most 255, fits 16 bits.
const MOST_IN_FIELDS: usize = 257;

impl Pool {
    /// Reduces the window at the start of `corner` to one pixel. Channel by channel in blocks, so that the
    /// sums stay in registers.
    #[inline]
    pub(super) fn window(&self, corner: &[i8], (height, width): (usize, usize), out: &mut [i8]) {
        let area = height * width;
        let count = area.max(1) as i32;
        let Geometry {
            reduction,
            channels,
            ..
        } = self.geometry;
        let line = self.geometry.x.input;
        // Lines without gaps are one.
        let (height, width) = if width == line {
            (1, area)
        } else {
            (height, width)
        };
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            // A last block of fewer channels is done channel by channel; sums of what lies behind it are left unused.
            let fields_suit =
                reduction == Reduction::Average && area <= MOST_IN_FIELDS && out.len() == BLOCK;
            let greatest_suit = reduction == Reduction::Max && out.len() == BLOCK;
            let (mut fields, mut greatest) = (Fields::default(), Greatest([i8::MIN; BLOCK]));
            let mut sums = [match reduction {
                Reduction::Average => 0,
                Reduction::Max => i32::from(i8::MIN),
            }; BLOCK];
            for row in 0..height {
                let pixels = &corner[row * line * channels + block * BLOCK..];
                if fields_suit {
                    kernel::apart(|| fields.add(pixels, channels, width));
                    continue;
                }
                if greatest_suit {
                    kernel::apart(|| greatest.add(pixels, channels, width));
                    continue;
                }
                for pixel in pixels.chunks(channels).take(width) {
                    for (sum, &value) in sums.iter_mut().zip(pixel) {
                        *sum = match reduction {
                            Reduction::Average => *sum + i32::from(value),
                            Reduction::Max => (*sum).max(i32::from(value)),
                        };
                    }
                }
            }
            if greatest_suit {
                sums = greatest.0.map(i32::from);
            }
            if fields_suit {
                sums = fields.sums().map(|sum| sum - OFFSET * count);
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

/// Sums of four elements each, [`OFFSET`] added to make them positive: two to a word, so that one addition does for two.
#[derive(Default)]
struct Fields {
    /// Of elements 0 and 2, and of 1 and 3.
    even: u32,
    odd: u32,
}

impl Fields {
    /// Adds the first four elements of pixels that are `step` elements apart.
    #[inline]
    fn add(&mut self, pixels: &[i8], step: usize, count: usize) {
        let Self { mut even, mut odd } = *self;
        let mut rest = pixels;
        for _ in 0..count {
            let Some(elements) = rest.first_chunk() else {
                break;
            };
            let word = u32::from_le_bytes(elements.map(|x| x as u8)) ^ 0x8080_8080;
            even += word & 0x00ff_00ff;
            odd += word >> 8 & 0x00ff_00ff;
            rest = rest.get(step..).unwrap_or_default();
        }
        *self = Self { even, odd };
    }

    #[inline]
    fn sums(&self) -> [i32; BLOCK] {
        let Self { even, odd } = self;
        [even & 0xffff, odd & 0xffff, even >> 16, odd >> 16].map(|sum| sum as i32)
    }
}

/// The greatest of four elements each.
struct Greatest([i8; BLOCK]);

impl Greatest {
    /// Takes in the first four elements of pixels that are `step` elements apart.
    #[inline]
    fn add(&mut self, pixels: &[i8], step: usize, count: usize) {
        let mut greatest = self.0;
        let mut rest = pixels;
        for _ in 0..count {
            let Some(elements) = rest.first_chunk() else {
                break;
            };
            greatest = kernel::greatest_of_four(greatest, *elements);
            rest = rest.get(step..).unwrap_or_default();
        }
        self.0 = greatest;
    }
}
