//! Files of each format, good and bad.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use proptest::prelude::*;
use serde_json::json;

use support::{example, load, refuse};

/// A file in IDX's format.
fn idx(kind: u8, extents: &[u32], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, kind, extents.len() as u8];
    file.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
    file.extend(data);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Ten images of 2 × 2 for training and four for test, of two classes.
fn idx_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let pixels: Vec<u8> = (0..40).collect();
    write("train-images-idx3-ubyte", &idx(8, &[10, 2, 2], &pixels));
    write(
        "train-labels-idx1-ubyte",
        &idx(8, &[10], &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
    );
    let images = gzip(&idx(8, &[4, 2, 2], &pixels[..16]));
    write("t10k-images-idx3-ubyte.gz", &images);
    write("t10k-labels-idx1-ubyte", &idx(8, &[4], &[0, 1, 1, 0]));
    folder
}

#[test]
fn idx_files() {
    let (folder, config) = (idx_folder(), json!({"idx": {"folder": "."}}));
    let data = load(folder.path(), &config).unwrap();
    assert_eq!((data.shape, data.classes.len()), ([2, 2, 1], 2));
    assert_eq!(data.test.indices[..], [10, 11, 12, 13]);
    let (values, label) = example(&data, 1);
    assert_eq!(label, 1);
    assert_eq!(
        values,
        [4.0, 5.0, 6.0, 7.0].map(|value| value * (1.0 / 255.0))
    );
}

#[test]
fn bad_idx_files() {
    let config = json!({"idx": {"folder": "."}});
    let labels = "train-labels-idx1-ubyte";
    for (name, bytes, problem) in [
        (
            "train-images-idx3-ubyte",
            vec![1, 2, 3, 4, 5],
            "is no IDX file",
        ),
        (
            "train-images-idx3-ubyte",
            idx(8, &[10, 2, 2], &[0; 39]),
            "truncated or damaged",
        ),
        (
            "train-images-idx3-ubyte",
            idx(8, &[u32::MAX; 4], &[]),
            "truncated or damaged",
        ),
        (
            "train-images-idx3-ubyte",
            vec![0, 0, 8, 3, 0],
            "truncated within its header",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            vec![0x1f, 0x8b, 8, 0, 0],
            "gzip stream is damaged",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            idx(8, &[4, 1, 4], &[0; 16]),
            "images are [1, 4, 1]",
        ),
        (labels, idx(8, &[9], &[0; 9]), "there are 10 images"),
        (
            labels,
            idx(8, &[10], &[0, 0, 0, 0, 0, 2, 2, 2, 2, 2]),
            "class `1` has no example in the training",
        ),
    ] {
        let folder = idx_folder();
        fs::write(folder.path().join(name), bytes).unwrap();
        refuse(folder.path(), &config, problem);
    }
    let folder = idx_folder();
    let named = json!({"idx": {"folder": ".", "classes": ["only"]}});
    refuse(folder.path(), &named, "only one class");
    let named = json!({"idx": {"folder": ".", "classes": ["a", "b", "c"]}});
    refuse(folder.path(), &named, "class `c` has no example");
    fs::remove_file(folder.path().join(labels)).unwrap();
    refuse(
        folder.path(),
        &config,
        "train-labels-idx1-ubyte.gz: not found",
    );
    refuse(
        folder.path(),
        &json!({"fashion_mnist": {"folder": "fashion-mnist"}}),
        "apt install dataset-fashion-mnist",
    );
}

fn npz(path: &Path, x: &[f32], shape: &[u64], y: &[i64]) {
    let mut file = NpzWriter::create(path).unwrap();
    let mut array = file
        .array("x", Default::default())
        .unwrap()
        .default_dtype()
        .shape(shape)
        .begin_nd()
        .unwrap();
    array.extend(x).unwrap();
    array.finish().unwrap();
    let mut array = file
        .array("y", Default::default())
        .unwrap()
        .default_dtype()
        .shape(&[y.len() as u64])
        .begin_nd()
        .unwrap();
    array.extend(y).unwrap();
    array.finish().unwrap();
}

#[test]
fn npz_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.npz");
    let x: Vec<f32> = (0_u8..60).map(f32::from).collect();
    let y: Vec<i64> = (0..10).map(|index| index % 2).collect();
    npz(&path, &x, &[10, 2, 3], &y);
    let config =
        |axes: &str| json!({"npz": {"file": "data.npz", "axes": axes, "normalize": "none"}});
    let data = load(folder.path(), &config("channels_length")).unwrap();
    assert_eq!(data.shape, [3, 1, 2]);
    assert_eq!(example(&data, 1), (vec![6.0, 9.0, 7.0, 10.0, 8.0, 11.0], 1));
    assert_eq!(
        load(folder.path(), &config("length_channels"))
            .unwrap()
            .shape,
        [2, 1, 3]
    );
    assert_eq!(
        load(folder.path(), &config("height_width")).unwrap().shape,
        [2, 3, 1]
    );

    refuse(
        folder.path(),
        &config("length"),
        "which `axes` does not fit",
    );
    let named = json!({"npz": {"file": "data.npz", "x": "images"}});
    refuse(folder.path(), &named, "array `images` is not in the file");
    npz(&path, &x, &[10, 6], &y[..9]);
    refuse(
        folder.path(),
        &config("length"),
        "but there are 10 examples",
    );
    let mut holes = x.clone();
    holes[13] = f32::NAN;
    npz(&path, &holes, &[10, 6], &y);
    refuse(
        folder.path(),
        &config("length"),
        "no finite number in example 2, value 1",
    );
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    refuse(folder.path(), &config("length"), "damaged or truncated");
}

const TS: &str = "\
# a comment
@problemName Toy
@timeStamps false
@univariate false
@dimensions 2
@classLabel true up down
@data
1,2,3:4,5,6:up
3,2,1:6,5,4:down
1,2,4:4,5,6:up
3,2,0:6,?,4:down
1,3,3:4,5,6:up
";

const TSV: &str = "1\t0\t1\t2\n2\t2\t1\t0\n1\t0\t1\t3\n2\t3\t1\t0\n1\t0\t2\t3\n2\t3\t2\t0\n";

#[test]
fn series_of_the_archives() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| fs::write(folder.path().join("Toy_TRAIN.ts"), text).unwrap();
    let config = |missing: &str| json!({"ucr": {"train": "Toy_TRAIN.ts", "missing": missing, "normalize": "none"}});
    let complete = format!("{TS}4,2,1:6,5,4:down\n");
    write(&complete);
    let data = load(folder.path(), &config("interpolate")).unwrap();
    assert_eq!((data.name.as_str(), data.shape), ("Toy", [3, 1, 2]));
    assert_eq!(data.classes, ["down", "up"]);
    assert_eq!(example(&data, 0), (vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0], 1));
    assert_eq!(example(&data, 3), (vec![3.0, 6.0, 2.0, 5.0, 0.0, 4.0], 0));
    refuse(
        folder.path(),
        &config("refuse"),
        "line 11: channel 1, value 1 is missing",
    );
    refuse(
        folder.path(),
        &config("drop"),
        "class `down` has only 2 examples",
    );
    let strict = config("interpolate");
    for (from, to, problem) in [
        (
            "@data",
            "@dato",
            "line 7: `@dato` is no line of a .ts header",
        ),
        (
            "1,2,4:4,5,6:up",
            "1,2,4:up",
            "line 10: has 1 channels, but the header says 2",
        ),
        (
            "1,2,4:4,5,6:up",
            "1,2,4:4,5,6:left",
            "line 10: class `left` is none of the header's",
        ),
        (
            "1,2,4:4,5,6:up",
            "1,x,4:4,5,6:up",
            "line 10: `x` is not a number",
        ),
        (
            "1,2,4:4,5,6:up",
            "1,2:4,5:up",
            "series are from 2 to 3 long: set `length`",
        ),
        (
            "@timeStamps false",
            "@timeStamps true",
            "time stamps are not read",
        ),
        (
            "@classLabel true",
            "@classLabel false",
            "only data with classes",
        ),
    ] {
        write(&complete.replace(from, to));
        refuse(folder.path(), &strict, problem);
    }
    write(&TS[..40]);
    refuse(folder.path(), &strict, "no line `@data`");

    write(TSV);
    assert_eq!(load(folder.path(), &strict).unwrap().classes, ["1", "2"]);
    write(&TSV.replace('\t', "  "));
    assert_eq!(load(folder.path(), &strict).unwrap().shape, [3, 1, 1]);
    let features =
        json!({"ucr": {"train": "Toy_TRAIN.ts", "features": "FFT4Input_2Feature_1Frame"}});
    refuse(
        folder.path(),
        &features,
        "series are 3 long, but the features take 4",
    );
}

fn cifar_batch(count: u8) -> Vec<u8> {
    let record = |label: u8| {
        (0..3073).map(move |at| {
            if at == 0 {
                label % 10
            } else {
                ((at - 1) / 1024) as u8 + 10 * label
            }
        })
    };
    (0..count).flat_map(record).collect()
}

#[test]
fn cifar_batches() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data_batch_1.bin"), cifar_batch(20)).unwrap();
    fs::write(folder.path().join("test_batch.bin"), cifar_batch(10)).unwrap();
    let config = json!({"cifar10": {"folder": ".", "normalize": "none"}});
    let data = load(folder.path(), &config).unwrap();
    assert_eq!((data.shape, data.test.len()), ([32, 32, 3], 10));
    assert_eq!(
        example(&data, 1).0[..6],
        [10.0, 11.0, 12.0, 10.0, 11.0, 12.0]
    );
    fs::write(folder.path().join("test_batch.bin"), &cifar_batch(10)[1..]).unwrap();
    refuse(folder.path(), &config, "not a multiple of 3073");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happens to a file, reading it ends with data or an error.
    #[test]
    fn damaged_files_never_panic(cut in 0..400_usize, flips in prop::collection::vec((0..400_usize, 0..8), 0..6)) {
        let folder = tempfile::tempdir().unwrap();
        let x: Vec<f32> = (0_u8..20).map(f32::from).collect();
        let (whole, part) = (folder.path().join("whole.npz"), folder.path().join("data.npz"));
        npz(&whole, &x, &[10, 2], &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let damage = |mut bytes: Vec<u8>| {
            for &(at, bit) in &flips {
                let at = at % bytes.len();
                bytes[at] ^= 1_u8 << bit;
            }
            bytes.truncate(bytes.len().saturating_sub(cut % 100 * usize::from(cut > 300)));
            bytes
        };
        fs::write(&part, damage(fs::read(&whole).unwrap())).unwrap();
        let _ = load(folder.path(), &json!({"npz": {"file": "data.npz"}}));

        for text in [TS, TSV] {
            fs::write(folder.path().join("data"), damage(text.as_bytes().to_vec())).unwrap();
            let _ = load(folder.path(), &json!({"ucr": {"train": "data"}}));
        }

        let images = idx(8, &[10, 2, 2], &[7; 40]);
        fs::write(folder.path().join("train-images-idx3-ubyte"), damage(images)).unwrap();
        let labels = idx(8, &[10], &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        fs::write(folder.path().join("train-labels-idx1-ubyte"), labels).unwrap();
        let _ = load(folder.path(), &json!({"idx": {"folder": "."}}));
        let zipped = gzip(&idx(8, &[4, 2, 2], &[7; 16]));
        fs::write(folder.path().join("t10k-images-idx3-ubyte.gz"), damage(zipped)).unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), idx(8, &[4], &[0, 1, 0, 1])).unwrap();
        let _ = load(folder.path(), &json!({"idx": {"folder": "."}}));

        fs::write(folder.path().join("data_batch_1.bin"), damage(cifar_batch(1))).unwrap();
        fs::write(folder.path().join("test_batch.bin"), damage(cifar_batch(1))).unwrap();
        let _ = load(folder.path(), &json!({"cifar10": {"folder": "."}}));
    }

    /// Splits share no example and leave none out, whatever the fractions and the seed.
    #[test]
    fn splits_are_disjoint(validation in 0.05..0.8_f64, test in 0.05..0.8_f64, seed in 0..1000_u64) {
        let split = json!({"validation": validation, "test": test, "seed": seed});
        let data = load(Path::new("."), &json!({"digits": {"split": split}})).unwrap();
        let splits = [&data.train, &data.validation, &data.test];
        let mut all: Vec<u32> = splits.iter().flat_map(|split| split.indices.iter().copied()).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..1797).collect::<Vec<_>>());
        prop_assert!((data.test.len() as f64 - test * 1797.0).abs() < 6.0);
    }
}
