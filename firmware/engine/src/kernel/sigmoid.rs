//! The logistic function and the hyperbolic tangent of 16-bit numbers, by TFLite's table.

/// The logistic function of `i / 24` in 0.16.
///
/// TFLite `sigmoid_table_uint16`, some of whose entries are not the nearest to the function: it cannot be computed.
#[rustfmt::skip]
const TABLE: [u16; 256] = [
    32_768, 33_451, 34_133, 34_813, 35_493, 36_169, 36_843, 37_513, 38_180, 38_841, 39_498, 40_149, 40_794, 41_432,
    42_064, 42_688, 43_304, 43_912, 44_511, 45_102, 45_683, 46_255, 46_817, 47_369, 47_911, 48_443, 48_964, 49_475,
    49_975, 50_464, 50_942, 51_409, 51_865, 52_311, 52_745, 53_169, 53_581, 53_983, 54_374, 54_755, 55_125, 55_485,
    55_834, 56_174, 56_503, 56_823, 57_133, 57_433, 57_724, 58_007, 58_280, 58_544, 58_800, 59_048, 59_288, 59_519,
    59_743, 59_959, 60_168, 60_370, 60_565, 60_753, 60_935, 61_110, 61_279, 61_441, 61_599, 61_750, 61_896, 62_036,
    62_172, 62_302, 62_428, 62_549, 62_666, 62_778, 62_886, 62_990, 63_090, 63_186, 63_279, 63_368, 63_454, 63_536,
    63_615, 63_691, 63_765, 63_835, 63_903, 63_968, 64_030, 64_090, 64_148, 64_204, 64_257, 64_308, 64_357, 64_405,
    64_450, 64_494, 64_536, 64_576, 64_614, 64_652, 64_687, 64_721, 64_754, 64_786, 64_816, 64_845, 64_873, 64_900,
    64_926, 64_950, 64_974, 64_997, 65_019, 65_039, 65_060, 65_079, 65_097, 65_115, 65_132, 65_149, 65_164, 65_179,
    65_194, 65_208, 65_221, 65_234, 65_246, 65_258, 65_269, 65_280, 65_291, 65_301, 65_310, 65_319, 65_328, 65_337,
    65_345, 65_352, 65_360, 65_367, 65_374, 65_381, 65_387, 65_393, 65_399, 65_404, 65_410, 65_415, 65_420, 65_425,
    65_429, 65_433, 65_438, 65_442, 65_445, 65_449, 65_453, 65_456, 65_459, 65_462, 65_465, 65_468, 65_471, 65_474,
    65_476, 65_479, 65_481, 65_483, 65_485, 65_488, 65_489, 65_491, 65_493, 65_495, 65_497, 65_498, 65_500, 65_501,
    65_503, 65_504, 65_505, 65_507, 65_508, 65_509, 65_510, 65_511, 65_512, 65_513, 65_514, 65_515, 65_516, 65_517,
    65_517, 65_518, 65_519, 65_520, 65_520, 65_521, 65_522, 65_522, 65_523, 65_523, 65_524, 65_524, 65_525, 65_525,
    65_526, 65_526, 65_526, 65_527, 65_527, 65_528, 65_528, 65_528, 65_529, 65_529, 65_529, 65_529, 65_530, 65_530,
    65_530, 65_530, 65_531, 65_531, 65_531, 65_531, 65_531, 65_532, 65_532, 65_532, 65_532, 65_532, 65_532, 65_533,
    65_533, 65_533, 65_533, 65_533, 65_533, 65_533, 65_533, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534, 65_534,
    65_534, 65_534, 65_534, 65_535,
];

/// Turns a 16-bit number into the table's steps: 512 of them are one entry for the logistic function, and 256 for the
/// hyperbolic tangent, since `tanh(x) = 2 logistic(2 x) - 1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) multiplier: i32,
    /// Up to 31.
    pub(crate) shift: u32,
}

impl Steps {
    pub(crate) const ONE: Self = Self {
        multiplier: 1,
        shift: 0,
    };

    /// For numbers whose scale is `2^power`, from -27 to 2.
    ///
    /// Those of scale 2^-12 are three steps each: TFLite scales by 3/4, which extends the table's range from 8 to 10.7.
    pub(crate) fn new(power: i32) -> Self {
        let left = power + 12;
        if left < 0 {
            Self {
                multiplier: 3,
                shift: left.unsigned_abs(),
            }
        } else {
            Self {
                multiplier: 3 << left,
                shift: 0,
            }
        }
    }

    #[inline(always)]
    pub(crate) fn of(self, x: i16) -> i32 {
        let half = ((1_u32 << self.shift) >> 1) as i32;
        (i32::from(x) * self.multiplier + half) >> self.shift
    }
}

/// The table's value at `at / 2^bits`, times `2^bits`, interpolated; `None` beyond its end.
#[inline(always)]
fn interpolate(at: u32, bits: u32) -> Option<i32> {
    let entry = (at >> bits) as usize;
    let (&low, &high) = (TABLE.get(entry)?, TABLE.get(entry + 1)?);
    let rest = at & ((1 << bits) - 1);
    Some(((u32::from(low) << bits) + rest * u32::from(high - low)) as i32)
}

/// The logistic function in 0.15.
///
/// TFLite `reference_integer_ops::Logistic` for 16 bits.
pub(crate) fn logistic(steps: i32) -> i16 {
    let value = interpolate(steps.unsigned_abs(), 9).unwrap_or(0x7fff << 10);
    let rounded = if steps >= 0 {
        value + (1 << 9)
    } else {
        (1 << 25) - value + (1 << 9) - 1
    };
    (rounded >> 10) as i16
}

/// The hyperbolic tangent in 0.15.
///
/// TFLite `reference_integer_ops::Tanh` for 16 bits.
pub(crate) fn tanh(steps: i32) -> i16 {
    let value = interpolate(steps.unsigned_abs(), 8).unwrap_or(0xffff << 8);
    let rounded = if steps >= 0 {
        value - (1 << 23) + (1 << 7)
    } else {
        (1 << 23) - value + (1 << 7) - 1
    };
    (rounded >> 8) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f` of the numbers in Q3.12 against the true function, in steps of 2^-15.
    fn check(f: fn(i32) -> i16, exact: fn(f64) -> f64) {
        for x in i16::MIN..=i16::MAX {
            let value = f64::from(f(Steps::new(-12).of(x)));
            let wanted = exact(f64::from(x) / 4096.0) * 32768.0;
            assert!((value - wanted).abs() < 6.0, "{x}: {value}, not {wanted}");
        }
    }

    #[test]
    fn the_logistic_function_is_close() {
        check(logistic, |x| 1.0 / (1.0 + libm::exp(-x)));
    }

    #[test]
    fn the_hyperbolic_tangent_is_close() {
        check(tanh, libm::tanh);
    }
}
