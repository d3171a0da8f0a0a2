//! Features of time series: magnitudes of the Fourier transform of windows, in bins.

use std::f64::consts::TAU;
use std::fmt;

use onchip_tflite::topology::Dims;
use realfft::RealFftPlanner;
use schemars::{JsonSchema, Schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fft::Spectrum;

/// What a network is told of a time series, instead of its samples. May be written as one name in
/// the manner of TI's tools, such as `FFT1024Input_256Feature_1Frame_Full_Bandwidth`.
///
/// A series is taken in `frames` windows of `input` samples, one after the other; samples beyond
/// the last window are left out. With the transform `fft`, each window has its mean removed (if
/// `remove_mean`), is multiplied with the periodic Hann window 0.5 - 0.5 cos(2πn/N) (if `hann`) and
/// transformed; of the magnitudes 2/N |X_k|, k = 1, 2, … N/2 · `bandwidth`, as many neighbours are
/// averaged as make `features` of them; each is x → 20 log10(max(x, 1e-6)) (if `log`). With
/// `raw`, neighbouring samples are averaged instead. Features of all frames are one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(transform = allow_name)]
pub struct Features {
    /// What is done to each window.
    #[serde(default)]
    pub transform: Transform,
    /// Samples of a window, an even number.
    #[schemars(range(min = 2))]
    pub input: usize,
    /// Features of a window.
    #[schemars(range(min = 1))]
    pub features: usize,
    /// Windows.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub frames: usize,
    /// How much of the spectrum is used, from its lower end.
    #[serde(default)]
    pub bandwidth: Bandwidth,
    /// Whether the mean of each window is removed.
    #[serde(default = "yes")]
    pub remove_mean: bool,
    /// Whether windows are multiplied with the Hann window.
    #[serde(default = "yes")]
    pub hann: bool,
    /// Whether features are in decibels.
    #[serde(default = "yes")]
    pub log: bool,
}

/// What is done to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// Magnitudes of its Fourier transform.
    #[default]
    Fft,
    /// Nothing: its samples.
    Raw,
}

/// How much of a spectrum is used, from its lower end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bandwidth {
    /// All of it.
    #[default]
    Full,
    /// The lower half.
    Half,
    /// The lowest quarter.
    Quarter,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

/// The name's parts, as errors list them.
const GRAMMAR: &str = "\
    a name is like `FFT1024Input_256Feature_1Frame_Full_Bandwidth` or \
    `Generic_512Input_FFTBIN_32Feature_8Frame_removeDC`: parts joined by `_`, of which there may be \
    `Generic`, `ArcFault` or `MotorFault`; `FFT<n>Input`, `<n>Input` or `Input<n>`; `FFT`, `FFTBIN` \
    or `RAW`; `<n>Feature`; `<n>Frame`; `<n>InputChannel`; `removeDC`; `2D1`; `Full_Bandwidth`, \
    `Half_Bandwidth` or `Quarter_Bandwidth`. Input and Feature are needed";

/// A name of features that is not understood, or features that cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FeaturesError(String);

impl Features {
    /// The features with a name in the manner of TI's tools. The number of channels in a name is
    /// left to the data; `2D1`, channels apart, is how it is done here always.
    ///
    /// # Errors
    /// The name is not understood; the error lists what is.
    pub fn named(name: &str) -> Result<Self, FeaturesError> {
        let error = |part: &str| {
            FeaturesError(format!("`{part}` in `{name}` is not understood: {GRAMMAR}"))
        };
        let (mut input, mut features, mut frames) = (None, None, 1);
        let (mut transform, mut bandwidth) = (Transform::Fft, Bandwidth::Full);
        let mut parts = name.split('_').peekable();
        while let Some(part) = parts.next() {
            let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
            let before = |suffix| number(part.strip_suffix(suffix));
            if let Some(count) = before("InputChannel") {
                if count == 0 {
                    return Err(error(part));
                }
            } else if let Some(samples) = before("Input")
                .or_else(|| number(part.strip_prefix("Input")))
                .or_else(|| {
                    number(
                        part.strip_prefix("FFT")
                            .and_then(|rest| rest.strip_suffix("Input")),
                    )
                })
            {
                input = Some(samples);
            } else if let Some(count) = before("Feature") {
                features = Some(count);
            } else if let Some(count) = before("Frame") {
                frames = count;
            } else {
                match part {
                    "Generic" | "ArcFault" | "MotorFault" | "removeDC" | "2D1" => {}
                    "FFT" | "FFTBIN" => transform = Transform::Fft,
                    "RAW" => transform = Transform::Raw,
                    "Full" | "Half" | "Quarter" if parts.next_if_eq(&"Bandwidth").is_some() => {
                        bandwidth = match part {
                            "Half" => Bandwidth::Half,
                            "Quarter" => Bandwidth::Quarter,
                            _ => Bandwidth::Full,
                        }
                    }
                    _ => return Err(error(part)),
                }
            }
        }
        let (Some(input), Some(features)) = (input, features) else {
            return Err(FeaturesError(format!(
                "`{name}` is not understood: {GRAMMAR}"
            )));
        };
        let is_fft = transform == Transform::Fft;
        let named = Self {
            transform,
            input,
            features,
            frames,
            bandwidth,
            remove_mean: is_fft || name.contains("_removeDC"),
            hann: is_fft,
            log: is_fft,
        };
        named.check()?;
        Ok(named)
    }

    /// Samples that a series must have.
    pub fn samples(&self) -> usize {
        self.input.saturating_mul(self.frames)
    }

    /// Refuses what cannot be computed.
    pub(crate) fn check(&self) -> Result<(), FeaturesError> {
        let error = |problem: String| Err(FeaturesError(format!("features: {problem}")));
        if self.input < 2 || !self.input.is_multiple_of(2) || self.input > 1 << 20 {
            return error(format!(
                "input: {} is not an even number up to 2^20",
                self.input
            ));
        }
        if self.frames == 0 || self.frames > 1 << 16 {
            return error(format!("frames: {} is not from 1 to 2^16", self.frames));
        }
        let bins = self.bins();
        if self.features == 0 || !bins.is_multiple_of(self.features) {
            let features = self.features;
            return error(format!(
                "{features} features cannot be made of {bins} values: it must divide that number"
            ));
        }
        Ok(())
    }

    /// Values of a window before they are averaged.
    fn bins(&self) -> usize {
        let part = match self.bandwidth {
            Bandwidth::Full => 1,
            Bandwidth::Half => 2,
            Bandwidth::Quarter => 4,
        };
        match self.transform {
            Transform::Fft => self.input / 2 / part,
            Transform::Raw => self.input,
        }
    }

    /// The shape of what [`Extractor::extract`] makes.
    pub(crate) fn shape(&self, channels: usize) -> Dims {
        [self.frames * self.features, 1, channels]
    }
}

/// Features with what is computed once for all series.
pub(crate) struct Extractor {
    of: Features,
    window: Vec<f64>,
    spectrum: Spectrum,
}

impl Extractor {
    /// `features` must have been checked.
    pub(crate) fn new(features: &Features) -> Self {
        let size = features.input;
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / size as f64).cos();
        let window = (0..size).map(|n| if features.hann { hann(n) } else { 1.0 });
        Self {
            of: features.clone(),
            window: window.collect(),
            spectrum: Spectrum::new(&mut RealFftPlanner::new(), size),
        }
    }

    /// Features of a series of time steps, each with its channels.
    pub(crate) fn extract(&self, series: &[f32], channels: usize) -> Vec<f32> {
        let Features {
            input,
            features,
            frames,
            ..
        } = self.of;
        let width = self.of.bins() / features;
        let mut made = vec![0.0; frames * features * channels];
        let mut work = self.spectrum.work();
        for (frame, channel) in (0..frames).flat_map(|f| (0..channels).map(move |c| (f, c))) {
            let sample = |n: usize| f64::from(series[(frame * input + n) * channels + channel]);
            let sum: f64 = (0..input).map(sample).sum();
            let mean = if self.of.remove_mean {
                sum / input as f64
            } else {
                0.0
            };
            let window = self.window.iter().enumerate();
            let mut samples = window.map(|(n, weight)| (sample(n) - mean) * weight);
            let values: Vec<f64> = match self.of.transform {
                Transform::Raw => samples.collect(),
                Transform::Fft => {
                    let magnitudes = self.spectrum.magnitudes(&mut samples, &mut work);
                    magnitudes
                        .skip(1)
                        .map(|value| value * 2.0 / input as f64)
                        .collect()
                }
            };
            for (feature, bin) in values.chunks_exact(width).take(features).enumerate() {
                let mean = bin.iter().sum::<f64>() / width as f64;
                let value = if self.of.log {
                    20.0 * mean.max(1e-6).log10()
                } else {
                    mean
                };
                made[(frame * features + feature) * channels + channel] = value as f32;
            }
        }
        made
    }
}

/// Lets the schema accept a name.
fn allow_name(schema: &mut Schema) {
    let options = std::mem::take(schema);
    *schema = schemars::json_schema!({ "anyOf": [{ "type": "string" }, options] });
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FeaturesVisitor)
    }
}

struct FeaturesVisitor;

impl<'de> Visitor<'de> for FeaturesVisitor {
    type Value = Features;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "features: a name in TI's manner, or options")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Features, E> {
        Features::named(name).map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Features, M::Error> {
        Features::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Features {
        Features::named(name).unwrap()
    }

    #[test]
    fn names_are_understood() {
        let full = named("FFT1024Input_256Feature_1Frame_Full_Bandwidth");
        assert_eq!((full.input, full.features, full.frames), (1024, 256, 1));
        assert_eq!(
            named("ArcFault_1024Input_256Feature_1Frame_Full_Bandwidth"),
            full
        );
        let half = named("FFT1024Input_256Feature_1Frame_Half_Bandwidth");
        assert_eq!(half.bandwidth, Bandwidth::Half);
        let motor = named("MotorFault_256Input_FFTBIN_16Feature_8Frame_3InputChannel_removeDC_2D1");
        assert_eq!((motor.samples(), motor.shape(3)), (2048, [128, 1, 3]));
        assert_eq!(
            named("Input256_FFTBIN_16Feature_8Frame_3InputChannel_removeDC_2D1"),
            motor
        );
        let raw = named("Generic_512Input_RAW_512Feature_1Frame");
        assert_eq!((raw.transform, raw.log), (Transform::Raw, false));
    }

    #[test]
    fn other_names_are_refused() {
        for (name, problem) in [
            ("CLS_2k_NPU", "`CLS`"),
            ("FFT1024Input_1Frame", "Input and Feature are needed"),
            (
                "FFT1024Input_100Feature_1Frame",
                "100 features cannot be made of 512",
            ),
            ("FFT1024Input_256Feature_1Frame_Full", "`Full`"),
            ("FFT1023Input_1Feature", "not an even number"),
            ("FFT1024Input_256Feature_0Frame", "frames: 0"),
            ("", "not understood"),
        ] {
            let error = Features::named(name).unwrap_err().to_string();
            assert!(error.contains(problem), "{name}: {error}");
        }
    }

    /// Values of numpy: `x = sin(0.3 n) + 0.5 cos(1.1 n) + 2; w = 0.5 - 0.5 cos(2 pi n / 16);
    /// m = abs(rfft((x - mean(x)) * w))[1:9] * 2 / 16; 20 log10(m.reshape(4, 2).mean(1))`.
    #[test]
    fn features_equal_numpys() {
        let series: Vec<f32> = (0..16)
            .map(|n| {
                let n = f64::from(n);
                ((0.3 * n).sin() + 0.5 * (1.1 * n).cos() + 2.0) as f32
            })
            .collect();
        let features = named("FFT16Input_4Feature_1Frame_Full_Bandwidth");
        let made = Extractor::new(&features).extract(&series, 1);
        let expected = [-9.9746, -15.5777, -48.1200, -65.6340];
        for (made, expected) in made.iter().zip(expected) {
            assert!((made - expected).abs() < 2e-3, "{made} {expected}");
        }
    }
}
