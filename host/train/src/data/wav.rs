//! Recordings in folders: one folder per class.

use std::path::Path;

use hound::{SampleFormat, WavReader};
use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::Examples;
use super::file;
use super::folders::{Decoder, FolderConfig};
use super::mel::{Extractor, Mel};
use super::normalize::Normalize;
use super::resample::resample;
use super::source::{DataError, Result};
use super::split::SplitConfig;

/// Recordings in folders, one folder per class: `.wav` of 8, 16, 24 or 32 bits or floats. Channels
/// are averaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WavConfig {
    /// Where they are.
    pub folder: FolderConfig,
    /// Samples per second. Files with another rate are resampled.
    #[serde(default = "rate")]
    #[schemars(range(min = 1000, max = 192_000))]
    pub rate: u32,
    /// Length of a recording: longer ones are cut, shorter ones followed by silence.
    #[serde(default = "second")]
    #[schemars(range(min = 0.001, max = 600.0))]
    pub seconds: f64,
    /// What a network is told of a recording.
    #[serde(default)]
    pub features: AudioFeatures,
    /// How values are normalized.
    #[serde(default = "super::ucr::mean_std")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

fn rate() -> u32 {
    16_000
}

fn second() -> f64 {
    1.0
}

/// What a network is told of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudioFeatures {
    /// Its samples, from -1 to 1.
    Raw,
    /// For each frame, the logarithm of the energy in each band of the mel scale.
    LogMel(Mel),
    /// For each frame, the first coefficients of the cosine transform of those. With one second
    /// at 16 kHz and all else left out, 49 × 10 of them, as in MLPerf Tiny's keyword spotting.
    Mfcc(Mfcc),
}

/// Mel-frequency cepstral coefficients: c_k = √(2/M) Σ_m log E_m cos(πk(2m + 1) / 2M), the DCT-II
/// in TensorFlow's scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mfcc {
    /// How many coefficients are kept.
    #[schemars(range(min = 1))]
    pub coefficients: usize,
    /// The bands that they are made of.
    pub mel: Mel,
}

impl Default for Mfcc {
    fn default() -> Self {
        Self {
            coefficients: 10,
            mel: Mel::default(),
        }
    }
}

impl Default for AudioFeatures {
    fn default() -> Self {
        Self::Mfcc(Mfcc::default())
    }
}

impl WavConfig {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let root = base.join(&self.folder.path);
        let error = |problem: String| DataError::new(&root, problem);
        if !(1000..=192_000).contains(&self.rate) || !(0.001..=600.0).contains(&self.seconds) {
            let problem = "rate must be from 1000 to 192000, seconds from 0.001 to 600";
            return Err(error(problem.to_owned()));
        }
        let samples = (self.seconds * f64::from(self.rate)).round() as usize;
        let (mel, coefficients) = match &self.features {
            AudioFeatures::Raw => (None, None),
            AudioFeatures::LogMel(mel) => (Some(mel), None),
            AudioFeatures::Mfcc(mfcc) => (Some(&mfcc.mel), Some(mfcc.coefficients)),
        };
        let extractor = mel.map(|mel| Extractor::new(mel, coefficients, self.rate, samples));
        let recordings = Recordings {
            rate: self.rate,
            samples,
            extractor: extractor.transpose().map_err(error)?,
            settings: format!("wav {} {samples} {:?}", self.rate, self.features),
        };
        self.folder.read(base, &["wav"], recordings)
    }
}

struct Recordings {
    rate: u32,
    samples: usize,
    extractor: Option<Extractor>,
    settings: String,
}

impl Decoder for Recordings {
    fn shape(&self) -> Dims {
        self.extractor
            .as_ref()
            .map_or([self.samples, 1, 1], Extractor::shape)
    }

    fn decode(&self, path: &Path, values: &mut [f32]) -> Result<()> {
        let (rate, mut signal) = read(path)?;
        if rate != self.rate {
            signal = resample(&signal, rate, self.rate);
        }
        signal.resize(self.samples, 0.0);
        match &self.extractor {
            Some(extractor) => extractor.extract(&signal, values),
            None => values.copy_from_slice(&signal),
        }
        Ok(())
    }

    fn full(&self) -> Option<u8> {
        None
    }

    fn settings(&self) -> String {
        self.settings.clone()
    }
}

/// The rate of a recording and its samples, from -1 to 1, channels averaged.
fn read(path: &Path) -> Result<(u32, Vec<f32>)> {
    let broken = |error: hound::Error| match error {
        hound::Error::IoError(error) if error.kind() == std::io::ErrorKind::NotFound => {
            file::open_error(path, &error)
        }
        error => {
            let problem = format!(
                "is no .wav file, or damaged or truncated ({error}): record it again or remove it"
            );
            DataError::new(path, problem)
        }
    };
    let mut reader = WavReader::open(path).map_err(broken)?;
    let spec = reader.spec();
    if !(1000..=768_000).contains(&spec.sample_rate) {
        let problem = format!("has a rate of {} Hz: not a recording", spec.sample_rate);
        return Err(DataError::new(path, problem));
    }
    let samples: Result<Vec<f32>, _> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let full = 2_f64.powi(i32::from(spec.bits_per_sample) - 1);
            let scale = |sample: i32| (f64::from(sample) / full) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(scale))
                .collect()
        }
    };
    let samples = samples.map_err(broken)?;
    let channels = usize::from(spec.channels.max(1));
    if samples.len() < channels {
        return Err(DataError::new(path, "holds no samples: remove it"));
    }
    if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
        let problem = format!("sample {at} is not a finite number: repair or remove the file");
        return Err(DataError::new(path, problem));
    }
    let mono = samples.chunks_exact(channels);
    let mono = mono.map(|step| step.iter().sum::<f32>() / channels as f32);
    Ok((spec.sample_rate, mono.collect()))
}
