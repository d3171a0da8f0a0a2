//! Another sampling rate.

use std::f64::consts::PI;

/// Zero crossings of the kernel on each side.
const CROSSINGS: f64 = 16.0;

/// The signal at another rate: band-limited interpolation with a sinc under a Hann window, cut off
/// at the lower of the two Nyquist frequencies (J. O. Smith, *Digital Audio Resampling*).
pub(crate) fn resample(signal: &[f32], from: u32, to: u32) -> Vec<f32> {
    let step = f64::from(from) / f64::from(to);
    let cutoff = (1.0 / step).min(1.0);
    let reach = CROSSINGS / cutoff;
    let count = (signal.len() as f64 / step).round() as usize;
    let at = |index: usize| {
        let centre = index as f64 * step;
        let first = (centre - reach).ceil().max(0.0) as usize;
        let end = ((centre + reach).floor() as usize + 1).min(signal.len());
        let weighted = (first..end).map(|n| {
            let x = n as f64 - centre;
            let window = 0.5 + 0.5 * (PI * x / reach).cos();
            f64::from(signal[n]) * cutoff * sinc(cutoff * x) * window
        });
        weighted.sum::<f64>() as f32
    };
    (0..count).map(at).collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency: f64, rate: u32) -> Vec<f32> {
        let angle = |n: u32| 2.0 * PI * frequency * f64::from(n) / f64::from(rate);
        (0..rate / 10).map(|n| angle(n).sin() as f32).collect()
    }

    fn check(frequency: f64, from: u32, to: u32, amplitude: f32) {
        let made = resample(&tone(frequency, from), from, to);
        let expected = tone(frequency, to);
        assert_eq!(made.len(), expected.len());
        // The ends lack neighbours.
        let inner = 100..made.len() - 100;
        for (made, expected) in made[inner.clone()].iter().zip(&expected[inner]) {
            assert!(
                (made - expected * amplitude).abs() < 0.01,
                "{made} {expected}"
            );
        }
    }

    #[test]
    fn tones_survive() {
        check(440.0, 44_100, 16_000, 1.0);
        check(1000.0, 8_000, 16_000, 1.0);
        check(3000.0, 16_000, 8_000, 1.0);
        check(700.0, 16_000, 22_050, 1.0);
    }

    #[test]
    fn tones_beyond_the_band_vanish() {
        check(6000.0, 16_000, 8_000, 0.0);
    }
}
