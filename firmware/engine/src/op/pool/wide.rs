//! AVERAGE_POOL_2D and MAX_POOL_2D, int16 and float32.

use crate::op::element::Element;
use crate::op::pool::{Pool, Reduction};
use crate::tensor::DataType;

impl Pool {
    /// Reduces the window at the start of `corner` to one pixel, channel by channel.
    #[inline(never)]
    pub(super) fn wide_window(
        &self,
        corner: &[i8],
        (height, width): (usize, usize),
        out: &mut [i8],
    ) {
        let channels = self.geometry.channels;
        let gap = (self.geometry.x.input - width) * channels;
        let average = self.geometry.reduction == Reduction::Average;
        let count = (height * width).max(1) as i32;
        let start = if average {
            (0, 0.0)
        } else {
            (i32::from(i16::MIN), f32::MIN)
        };
        for channel in 0..channels {
            let (mut all, mut float) = start;
            let mut i = channel;
            for _ in 0..height {
                for _ in 0..width {
                    if self.dtype == DataType::Int16 {
                        let element = i32::from(i16::load(corner, i));
                        all = if average {
                            all + element
                        } else {
                            all.max(element)
                        };
                    } else {
                        let element = f32::load(corner, i);
                        if average {
                            float += element;
                        } else if float < element {
                            float = element;
                        }
                    }
                    i += channels;
                }
                i += gap;
            }
            if average {
                // As in int8: averages are rounded half away from zero.
                let half = count / 2;
                all = (if all > 0 { all + half } else { all - half }) / count;
                float /= count as f32;
            }
            if self.dtype == DataType::Int16 {
                let all = all.max(self.clamp.min).min(self.clamp.max);
                (all as i16).store(out, channel);
            } else {
                // C++ `std::min(std::max(all, min), max)`.
                let [min, max] = self.range;
                let all = if float < min { min } else { float };
                (if max < all { max } else { all }).store(out, channel);
            }
        }
    }
}
