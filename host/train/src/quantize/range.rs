//! Ranges of real values, and the int8 steps that cover them.

use onchip_tflite::ir::Affine;

/// Number of steps between the ends of int8.
const STEPS: f64 = 255.0;

/// No scale is below this: products of two are still normal numbers.
pub(super) const LEAST_SCALE: f32 = 1.0 / (1_u64 << 40) as f32;

/// No number may be above this: products of two are still finite.
pub(super) const GREATEST: f32 = (1_u64 << 40) as f32;

/// The least and the greatest of some values, and 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Range {
    low: f32,
    high: f32,
}

impl Range {
    /// The range from `low` to `high`, extended to 0.
    pub(super) fn new(low: f32, high: f32) -> Self {
        Self {
            low: low.min(0.0),
            high: high.max(0.0),
        }
    }

    /// The range of these numbers and 0; if one is not a number, a range that is not sound.
    pub(super) fn of(numbers: &[f32]) -> Self {
        if let Some(&odd) = numbers.iter().find(|number| number.is_nan()) {
            return Self {
                low: odd,
                high: odd,
            };
        }
        let low = numbers.iter().copied().fold(0.0, f32::min);
        let high = numbers.iter().copied().fold(0.0, f32::max);
        Self { low, high }
    }

    pub(super) fn low(self) -> f32 {
        self.low
    }

    pub(super) fn high(self) -> f32 {
        self.high
    }

    /// Both ranges and what lies between them; not sound if one is not.
    pub(super) fn union(self, other: Self) -> Self {
        if let Some(&odd) = [self, other].iter().find(|range| !range.is_sound()) {
            return odd;
        }
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// Whether its ends are numbers that can be computed with.
    pub(super) fn is_sound(self) -> bool {
        self.low >= -GREATEST && self.high <= GREATEST
    }

    /// The finest steps that cover it, no finer than `least`, of which 0 is one.
    ///
    /// Without a zero point on a step, padding and rectified values would not be exact; the range
    /// moves by up to half a step for it.
    pub(super) fn affine(self, least: f32) -> Affine {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        let scale = (((high - low) / STEPS) as f32).max(least).max(LEAST_SCALE);
        let zero_point = (-128.0 - low / f64::from(scale)).round();
        Affine {
            scale,
            zero_point: zero_point.clamp(-128.0, 127.0) as i8,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(range: Range, scale: f32, zero_point: i8) {
        assert_eq!(range.affine(0.0), Affine { scale, zero_point }, "{range:?}");
    }

    #[test]
    fn zero_is_a_step() {
        check(Range::new(0.0, 1.0), 1.0 / 255.0, -128);
        check(Range::new(0.25, 1.0), 1.0 / 255.0, -128);
        check(Range::new(-1.0, 0.0), 1.0 / 255.0, 127);
        check(Range::new(-1.0, 1.0), 2.0 / 255.0, -1);
        check(Range::new(-1.0, 3.0), 4.0 / 255.0, -64);
        check(Range::default(), LEAST_SCALE, -128);
    }

    #[test]
    fn what_is_not_a_number_is_not_lost() {
        let sound = Range::of(&[1.0, 2.0]);
        for odd in [f32::NAN, f32::INFINITY, -1e30] {
            let odd = Range::of(&[1.0, odd, 2.0]);
            assert!(
                !odd.is_sound() && !odd.union(sound).is_sound() && !sound.union(odd).is_sound()
            );
        }
        assert!(sound.union(sound).is_sound());
    }

    proptest! {
        #[test]
        fn a_range_is_covered_up_to_half_a_step(low in -100_f32..100.0, span in 0_f32..100.0) {
            let range = Range::new(low, low + span);
            let Affine { scale, zero_point } = range.affine(0.0);
            let real = |integer: i32| scale * (integer - i32::from(zero_point)) as f32;
            prop_assert!(real(-128) <= range.low() + scale * 0.501);
            prop_assert!(real(127) >= range.high() - scale * 0.501);
        }
    }
}
