//! Energies in bands of the mel scale, and their cepstral coefficients.

use std::f64::consts::{PI, TAU};

use onchip_tflite::topology::Dims;
use realfft::RealFftPlanner;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fft::Spectrum;

/// Energies in bands of the mel scale.
///
/// A recording is cut into frames; each is multiplied with the periodic Hann window, filled with
/// zeros up to a power of two and transformed; the magnitudes |X_k| are weighted with triangles and
/// added, E_m = Σ_k w_mk |X_k|; the feature is log(E_m + 1e-6). Frames that do not end within the
/// recording are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mel {
    /// Length of a frame.
    pub frame_ms: f64,
    /// From the start of a frame to the start of the next.
    pub stride_ms: f64,
    /// Number of bands.
    #[schemars(range(min = 1, max = 512))]
    pub bins: usize,
    /// Lower end of the lowest band.
    pub low_hz: f64,
    /// Upper end of the highest band; at most half the rate.
    pub high_hz: f64,
    /// The scale, and how its triangles are weighted.
    pub scale: MelScale,
    /// Whether magnitudes are squared before they are added.
    pub power: bool,
}

/// A mel scale with its triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// mel = 1127 ln(1 + f/700); triangles over mel, of height 1; the constant part is left out
    /// (HTK, TensorFlow).
    #[default]
    Htk,
    /// Linear up to 1 kHz, 15 mel, then logarithmic, 27 mel for each factor of 6.4; triangles over
    /// frequency, of area 1 (Slaney's Auditory Toolbox, librosa).
    Slaney,
}

impl Default for Mel {
    fn default() -> Self {
        Self {
            frame_ms: 30.0,
            stride_ms: 20.0,
            bins: 40,
            low_hz: 20.0,
            high_hz: 4000.0,
            scale: MelScale::Htk,
            power: false,
        }
    }
}

impl MelScale {
    fn mel(self, hertz: f64) -> f64 {
        match self {
            Self::Htk => 1127.0 * (hertz / 700.0).ln_1p(),
            Self::Slaney if hertz < 1000.0 => hertz * 3.0 / 200.0,
            Self::Slaney => 15.0 + 27.0 * (hertz / 1000.0).ln() / 6.4_f64.ln(),
        }
    }

    fn hertz(self, mel: f64) -> f64 {
        match self {
            Self::Htk => 700.0 * (mel / 1127.0).exp_m1(),
            Self::Slaney if mel < 15.0 => mel * 200.0 / 3.0,
            Self::Slaney => 1000.0 * (6.4_f64.ln() * (mel - 15.0) / 27.0).exp(),
        }
    }

    /// The weight of each frequency of a spectrum in each band: `bins` rows.
    fn triangles(self, mel: &Mel, rate: f64, size: usize) -> Vec<Vec<f64>> {
        let (low, high) = (self.mel(mel.low_hz), self.mel(mel.high_hz));
        let edge = |index: usize| low + (high - low) * index as f64 / (mel.bins + 1) as f64;
        let place = |at: f64| match self {
            Self::Htk => at,
            Self::Slaney => self.hertz(at),
        };
        let row = |bin: usize| {
            let [from, peak, to] = [bin, bin + 1, bin + 2].map(|index| place(edge(index)));
            let height = match self {
                Self::Htk => 1.0,
                Self::Slaney => 2.0 / (to - from),
            };
            let weight = |k: usize| {
                let hertz = k as f64 * rate / size as f64;
                let at = match self {
                    Self::Htk if k == 0 => return 0.0,
                    Self::Htk => self.mel(hertz),
                    Self::Slaney => hertz,
                };
                let (up, down) = ((at - from) / (peak - from), (to - at) / (to - peak));
                height * up.min(down).max(0.0)
            };
            (0..=size / 2).map(weight).collect()
        };
        (0..mel.bins).map(row).collect()
    }
}

/// Features of recordings of one length, with what is computed once for all.
pub(crate) struct Extractor {
    frame: usize,
    stride: usize,
    frames: usize,
    power: bool,
    window: Vec<f64>,
    spectrum: Spectrum,
    /// For each band, its first frequency and the weights from there on.
    bands: Vec<(usize, Vec<f64>)>,
    /// For each coefficient, the weight of each band; none for the bands themselves.
    cosines: Option<Vec<Vec<f64>>>,
}

impl Extractor {
    /// Features of `samples` samples at `rate`: bands, or that many coefficients of them.
    pub(crate) fn new(
        mel: &Mel,
        coefficients: Option<usize>,
        rate: u32,
        samples: usize,
    ) -> Result<Self, String> {
        let rate = f64::from(rate);
        let length = |ms: f64| (ms * rate / 1000.0).round() as usize;
        let (frame, stride) = (length(mel.frame_ms), length(mel.stride_ms));
        if frame < 2 || stride == 0 || frame > samples {
            return Err(format!(
                "mel: frame_ms {} and stride_ms {} do not fit recordings of {samples} samples",
                mel.frame_ms, mel.stride_ms
            ));
        }
        if !(mel.low_hz >= 0.0 && mel.low_hz < mel.high_hz && mel.high_hz <= rate / 2.0) {
            return Err(format!(
                "mel: bands from low_hz {} to high_hz {} must lie within 0 and {} Hz, half the rate",
                mel.low_hz,
                mel.high_hz,
                rate / 2.0
            ));
        }
        if !(1..=512).contains(&mel.bins) {
            return Err(format!("mel: bins: {} is not from 1 to 512", mel.bins));
        }
        let size = frame.next_power_of_two();
        let trim = |row: Vec<f64>| {
            let is_weight = |weight: &f64| *weight > 0.0;
            let first = row.iter().position(is_weight).unwrap_or(0);
            let end = row
                .iter()
                .rposition(is_weight)
                .map_or(first, |last| last + 1);
            (first, row[first..end].to_vec())
        };
        let bands = mel
            .scale
            .triangles(mel, rate, size)
            .into_iter()
            .map(trim)
            .collect();
        let cosines = match coefficients {
            Some(count) if count == 0 || count > mel.bins => {
                return Err(format!(
                    "mfcc: coefficients: {count} is not from 1 to {} bins",
                    mel.bins
                ));
            }
            Some(count) => Some((0..count).map(|k| cosine(k, mel.bins)).collect()),
            None => None,
        };
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / frame as f64).cos();
        Ok(Self {
            frame,
            stride,
            frames: (samples - frame) / stride + 1,
            power: mel.power,
            window: (0..frame).map(hann).collect(),
            spectrum: Spectrum::new(&mut RealFftPlanner::new(), size),
            bands,
            cosines,
        })
    }

    /// Frames × bands or coefficients.
    pub(crate) fn shape(&self) -> Dims {
        let width = self.cosines.as_ref().map_or(self.bands.len(), Vec::len);
        [self.frames, width, 1]
    }

    /// Writes the features of a recording.
    pub(crate) fn extract(&self, signal: &[f32], features: &mut [f32]) {
        let mut work = self.spectrum.work();
        for (index, row) in features.chunks_exact_mut(self.shape()[1]).enumerate() {
            let frame = &signal[index * self.stride..][..self.frame];
            let pairs = frame.iter().zip(&self.window);
            let mut samples = pairs.map(|(&sample, weight)| f64::from(sample) * weight);
            let magnitudes = self.spectrum.magnitudes(&mut samples, &mut work);
            let energy = |value: f64| if self.power { value * value } else { value };
            let energies: Vec<f64> = magnitudes.map(energy).collect();
            let band = |(first, weights): &(usize, Vec<f64>)| {
                let pairs = weights.iter().zip(&energies[*first..]);
                (pairs.map(|(weight, energy)| weight * energy).sum::<f64>() + 1e-6).ln()
            };
            let bands: Vec<f64> = self.bands.iter().map(band).collect();
            let dot = |row: &Vec<f64>| row.iter().zip(&bands).map(|(a, b)| a * b).sum();
            let values: Vec<f64> = match &self.cosines {
                Some(cosines) => cosines.iter().map(dot).collect(),
                None => bands,
            };
            for (feature, value) in row.iter_mut().zip(values) {
                *feature = value as f32;
            }
        }
    }
}

/// The weight of each of `count` bands in coefficient `k`.
fn cosine(k: usize, count: usize) -> Vec<f64> {
    let count = count as f64;
    let angle = |m: f64| PI * k as f64 * (2.0 * m + 1.0) / (2.0 * count);
    (0..count as usize)
        .map(|m| (2.0 / count).sqrt() * angle(m as f64).cos())
        .collect()
}
