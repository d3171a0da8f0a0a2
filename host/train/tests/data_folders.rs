//! Folders of tables, images and recordings, good and bad.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use std::fs;

use hound::{SampleFormat, WavSpec, WavWriter};
use image::{Rgb, RgbImage};
use onchip_train::data::DataConfig;
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{example, load, refuse};

#[test]
fn csv_windows_of_a_file_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["idle", "run"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for file in 0..4 {
            let rows = (0..12).map(|row| format!("{row},{},{}\n", file * 100 + row, row * 2));
            let text = format!("time,ax,ay\n{}", rows.collect::<String>());
            fs::write(folder.path().join(class).join(format!("{file}.csv")), text).unwrap();
        }
    }
    let config = json!({"csv": {"folder": ".", "columns": ["ay", "ax"], "window": 4, "stride": 2, "normalize": "none"}});
    let data = load(folder.path(), &config).unwrap();
    assert_eq!(data.shape, [4, 1, 2]);
    assert_eq!(
        [data.train.len(), data.validation.len(), data.test.len()],
        [20, 10, 10]
    );
    let file = |index: u32| index / 5;
    for split in [&data.train, &data.validation] {
        let is_apart = |&index: &u32| {
            !data
                .test
                .indices
                .iter()
                .any(|&other| file(other) == file(index))
        };
        assert!(split.indices.iter().all(is_apart));
    }
    assert_eq!(
        example(&data, 6),
        (vec![4.0, 102.0, 6.0, 103.0, 8.0, 104.0, 10.0, 105.0], 0)
    );

    let holed = "time,ax,ay\n0,1,2\n1,,3\n2,3,4\n3,4,5\n";
    fs::write(folder.path().join("run/0.csv"), holed).unwrap();
    refuse(
        folder.path(),
        &config,
        "line 3, column `ax`: missing or not a finite number",
    );
    fs::write(folder.path().join("run/0.csv"), "time,ax\n0,1\n").unwrap();
    refuse(folder.path(), &config, "has no column `ay`, but time, ax");
    fs::write(folder.path().join("run/0.csv"), "time,ax,ay\n0,1\n").unwrap();
    refuse(folder.path(), &config, "is no table");
    fs::write(folder.path().join("run/0.csv"), "time,ax,ay\n0,one,2\n").unwrap();
    refuse(
        folder.path(),
        &config,
        "line 2, column `ax`: `one` is not a number",
    );
}

#[test]
fn csv_with_a_column_of_labels() {
    let folder = tempfile::tempdir().unwrap();
    let rows =
        (0..80).map(|row| format!("{row},{}\n", if row / 10 % 2 == 0 { "off" } else { "on" }));
    fs::write(
        folder.path().join("log.csv"),
        format!("x,state\n{}", rows.collect::<String>()),
    )
    .unwrap();
    let mut config = json!({"csv": {"folder": ".", "label": "state", "window": 5, "block": 10}});
    let data = load(folder.path(), &config).unwrap();
    assert_eq!(data.classes, ["off", "on"]);
    assert_eq!(data.train.source.len(), 16);
    let holed = "x,state\n0,on\n1, \n2,off\n";
    fs::write(folder.path().join("holed.csv"), holed).unwrap();
    refuse(
        folder.path(),
        &config,
        "holed.csv: line 3, column `state`: names no class",
    );
    fs::remove_file(folder.path().join("holed.csv")).unwrap();
    config["csv"]["block"] = Value::Null;
    refuse(
        folder.path(),
        &config,
        "in at least three files of their own",
    );
}

#[test]
fn images_in_folders() {
    let folder = tempfile::tempdir().unwrap();
    for (class, red) in [("cat", 200), ("dog", 40)] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for file in 0..4 {
            let image = RgbImage::from_pixel(8 + file, 6, Rgb([red, 10, 20]));
            image
                .save(folder.path().join(class).join(format!("{file}.png")))
                .unwrap();
        }
    }
    let config = json!({"images": {"folder": {"path": "."}, "size": [3, 4], "normalize": "none"}});
    let data = load(folder.path(), &config).unwrap();
    assert_eq!(
        (data.shape, &data.classes[..]),
        ([3, 4, 3], &["cat".to_owned(), "dog".to_owned()][..])
    );
    assert_eq!(example(&data, 5).0[..3], [40.0, 10.0, 20.0]);
    assert_eq!(example(&data, 5).1, 1);
    let twice = json!({"images": {"folder": {"path": ".", "classes": ["cat", "dog", "cat"]}, "size": [3, 4]}});
    refuse(folder.path(), &twice, "classes: `cat` is named twice");
    fs::write(folder.path().join("cat/3.png"), b"\x89PNG broken").unwrap();
    refuse(
        folder.path(),
        &config,
        "cat/3.png: is no image that can be read",
    );
    fs::create_dir(folder.path().join("eel")).unwrap();
    refuse(folder.path(), &config, "class `eel` is empty");
    let missing = json!({"images": {"folder": {"path": "nowhere"}, "size": [3, 4]}});
    refuse(folder.path(), &missing, "nowhere: not found");
}

#[test]
fn broken_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    for class in ["a", "b"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for file in 0..3 {
            let path = folder.path().join(class).join(format!("{file}.wav"));
            let mut writer = WavWriter::create(path, spec).unwrap();
            (0..4000_i16).for_each(|sample| writer.write_sample(sample).unwrap());
            writer.finalize().unwrap();
        }
    }
    let config = json!({"wav": {"folder": {"path": "."}}});
    // Half a second at 8 kHz becomes a second at 16 kHz.
    assert_eq!(load(folder.path(), &config).unwrap().shape, [49, 10, 1]);
    let path = folder.path().join("a/1.wav");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    refuse(
        folder.path(),
        &config,
        "a/1.wav: is no .wav file, or damaged or truncated",
    );
    fs::write(&path, b"RIFF").unwrap();
    refuse(folder.path(), &config, "a/1.wav: is no .wav file");
    let high = json!({"wav": {"folder": {"path": "."}, "rate": 4000}});
    refuse(folder.path(), &high, "half the rate");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever happens to a table, a recording or an image, reading it ends with data or an error.
    #[test]
    fn damaged_files_never_panic(
        length in 0..700_usize,
        flips in prop::collection::vec((0..60_usize, 0..8), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let spec = WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        for class in ["a", "b"] {
            let class = folder.path().join(class);
            fs::create_dir(&class).unwrap();
            RgbImage::from_pixel(8, 8, Rgb([1, 2, 3])).save(class.join("0.png")).unwrap();
            let mut writer = WavWriter::create(class.join("0.wav"), spec).unwrap();
            (0..300_i16).for_each(|sample| writer.write_sample(sample).unwrap());
            writer.finalize().unwrap();
            let rows = (0..20).map(|row| format!("{row},{},up\n", 0.5 * f64::from(row)));
            let table = format!("x,y,state\n{}", rows.collect::<String>());
            fs::write(class.join("0.csv"), table).unwrap();
            for name in ["0.wav", "0.png", "0.csv"] {
                let mut bytes = fs::read(class.join(name)).unwrap();
                for &(at, bit) in &flips {
                    bytes[at] ^= 1_u8 << bit;
                }
                bytes.truncate(length);
                fs::write(class.join(name), bytes).unwrap();
            }
        }
        let wav = json!({"wav": {"folder": {"path": "."}, "seconds": 0.1, "features": "raw"}});
        let images = json!({"images": {"folder": {"path": "."}, "size": [4, 4]}});
        let tables = json!({"csv": {"folder": ".", "columns": ["x", "y"], "window": 4}});
        let labelled = json!({"csv": {"folder": ".", "label": "state", "window": 4, "block": 5}});
        for config in [wav, images, tables, labelled] {
            let config: DataConfig = serde_json::from_value(config).unwrap();
            let _ = config.load(folder.path());
        }
    }
}
