//! AVERAGE_POOL_2D and MAX_POOL_2D, int8.

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
        let fields_suit = reduction == Reduction::Average && area <= MOST_IN_FIELDS;
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut fields = Fields::default();
            let mut sums = [match reduction {
                Reduction::Average => 0,
                Reduction::Max => i32::from(i8::MIN),
            }; BLOCK];
            for row in 0..height {
                let start = row * line * channels + block * BLOCK;
                let pixels = &corner[start..];
                let pixels = &pixels[..pixels.len().min(width * channels)];
                if fields_suit && out.len() == BLOCK {
                    for pair in pixels.chunks(2 * channels) {
                        fields.add(pair);
                        fields.add(pair.get(channels..).unwrap_or_default());
                    }
                    continue;
                }
                for pixel in pixels.chunks(channels) {
                    for (sum, &value) in sums.iter_mut().zip(pixel).take(out.len()) {
                        *sum = match reduction {
                            Reduction::Average => *sum + i32::from(value),
                            Reduction::Max => (*sum).max(i32::from(value)),
                        };
                    }
                }
            }
            if fields_suit && out.len() == BLOCK {
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
    #[inline]
    fn add(&mut self, elements: &[i8]) {
        if let Some(elements) = elements.first_chunk() {
            let word = u32::from_le_bytes(elements.map(|x| x as u8)) ^ 0x8080_8080;
            self.even += word & 0x00ff_00ff;
            self.odd += word >> 8 & 0x00ff_00ff;
        }
    }

    #[inline]
    fn sums(&self) -> [i32; BLOCK] {
        let Self { even, odd } = self;
        [even & 0xffff, odd & 0xffff, even >> 16, odd >> 16].map(|sum| sum as i32)
    }
}
