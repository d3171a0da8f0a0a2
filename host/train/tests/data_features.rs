//! Features of recordings, compared with numpy's (`tools/oracle/features.py`).

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};
use onchip_train::data::{DataConfig, Dataset};
use serde_json::{Value, json};

const RATE: u32 = 16_000;

/// Two tones that fade.
fn signal() -> Vec<f32> {
    let tone = |hertz: f64, n: u32| (TAU * hertz * f64::from(n) / f64::from(RATE)).sin();
    let sample = |n: u32| {
        let fade = 1.0 - f64::from(n) / 2.0 / f64::from(RATE);
        ((0.5 * tone(440.0, n) + 0.25 * tone(2500.0, n)) * fade) as f32
    };
    (0..RATE).map(sample).collect()
}

fn write_float(path: &Path) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    signal()
        .into_iter()
        .for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
}

fn write_int(path: &Path, bits: u16, channels: u16) {
    let spec = WavSpec {
        channels,
        sample_rate: RATE,
        bits_per_sample: bits,
        sample_format: SampleFormat::Int,
    };
    let full = 2_f32.powi(i32::from(bits) - 1);
    let mut writer = WavWriter::create(path, spec).unwrap();
    for sample in signal() {
        for _ in 0..channels {
            writer.write_sample((sample * full).round() as i32).unwrap();
        }
    }
    writer.finalize().unwrap();
}

/// Two classes of the same sounds in all widths.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        let class = folder.path().join(class);
        fs::create_dir(&class).unwrap();
        write_float(&class.join("0.wav"));
        for (name, bits, channels) in [("1", 8, 1), ("2", 16, 2), ("3", 24, 1), ("4", 32, 1)] {
            write_int(&class.join(format!("{name}.wav")), bits, channels);
        }
    }
    folder
}

fn load(folder: &Path, features: &Value, memory_mib: u64) -> Dataset {
    let config = json!({"wav": {
        "folder": {"path": ".", "memory_mib": memory_mib},
        "features": features,
        "normalize": "none",
    }});
    let config: DataConfig = serde_json::from_value(config).unwrap();
    config.load(folder).unwrap()
}

/// Example `index`, in the order of the files.
fn example(data: &Dataset, index: usize) -> Vec<f32> {
    let mut values = vec![0.0; data.shape.iter().product()];
    data.train.source.read(index, &mut values).unwrap();
    values
}

fn check(made: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(made.len(), expected.len());
    for (made, expected) in made.iter().zip(expected) {
        assert!((made - expected).abs() < tolerance, "{made} {expected}");
    }
}

#[test]
fn cepstral_coefficients_equal_numpys() {
    let folder = folder();
    let data = load(folder.path(), &json!({"mfcc": {}}), 64);
    assert_eq!(data.shape, [49, 10, 1]);
    let values = example(&data, 0);
    check(
        &values[..10],
        &[
            -29.5565, 6.7325, 4.2682, -4.3972, -14.1260, 2.9143, -6.0267, 3.8985, 4.2810, -1.1192,
        ],
        2e-3,
    );
    check(
        &values[480..],
        &[
            -35.0953, 6.6075, 3.8544, -4.0224, -14.1751, 2.6117, -5.9209, 3.9440, 4.0013, -0.9856,
        ],
        2e-3,
    );
    // Files of integers have the same sounds, as far as their bits go.
    for (index, tolerance) in [(3, 0.05), (4, 0.01)] {
        check(&example(&data, index), &values, tolerance);
    }
}

#[test]
fn bands_of_slaneys_scale_equal_numpys() {
    let folder = folder();
    let mel = json!({
        "frame_ms": 25.0, "stride_ms": 10.0, "bins": 20, "low_hz": 0.0, "high_hz": 8000.0,
        "scale": "slaney", "power": true,
    });
    let data = load(folder.path(), &json!({"log_mel": mel}), 64);
    assert_eq!(data.shape, [98, 20, 1]);
    check(
        &example(&data, 0)[..20],
        &[
            -9.4208, 0.1938, 3.3494, 1.1945, -8.9480, -12.0541, -13.3530, -13.7090, -13.7881,
            -13.8012, -13.7305, -6.7869, 1.0316, -0.9412, -13.7483, -13.8142, -13.8154, -13.8155,
            -13.8155, -13.8155,
        ],
        2e-3,
    );
}

#[test]
fn all_widths_have_the_same_samples() {
    let folder = folder();
    let data = load(folder.path(), &json!("raw"), 64);
    for (index, tolerance) in [(0, 1e-6), (1, 0.01), (2, 5e-5), (3, 1e-6), (4, 1e-6)] {
        check(&example(&data, index), &signal(), tolerance);
    }
}

#[test]
fn streamed_examples_are_those_in_memory() {
    let folder = folder();
    let features = json!({"mfcc": {}});
    let (kept, streamed) = (
        load(folder.path(), &features, 64),
        load(folder.path(), &features, 0),
    );
    assert_eq!(kept.test.indices, streamed.test.indices);
    for index in 0..10 {
        assert_eq!(example(&kept, index), example(&streamed, index));
    }
    assert_eq!(streamed.digest, load(folder.path(), &features, 0).digest);
    write_float(&folder.path().join("a/1.wav"));
    assert_ne!(streamed.digest, load(folder.path(), &features, 0).digest);
}
