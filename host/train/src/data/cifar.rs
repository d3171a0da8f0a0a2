//! CIFAR-10 in its binary version: records of a label and 3 × 32 × 32 bytes, plane by plane.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part, Values};
use super::file;
use super::normalize::Normalize;
use super::source::{DataError, Result};
use super::split::SplitConfig;

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// CIFAR-10 in its binary version (`cifar-10-binary.tar.gz`, unpacked).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cifar10Config {
    /// The folder with `data_batch_1.bin` to `data_batch_5.bin` (as many as are there) and
    /// `test_batch.bin`.
    pub folder: PathBuf,
    /// How values are normalized.
    #[serde(default = "unit")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

fn unit() -> Normalize {
    Normalize::Unit
}

impl Cifar10Config {
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let folder = base.join(&self.folder);
        let (mut bytes, mut labels, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for batch in 1..=5 {
            let path = folder.join(format!("data_batch_{batch}.bin"));
            // A part of the data may do, but not none.
            if batch == 1 || path.exists() {
                records(&path, &mut bytes, &mut labels)?;
            }
        }
        parts.resize(labels.len(), Part::Train);
        records(&folder.join("test_batch.bin"), &mut bytes, &mut labels)?;
        parts.resize(labels.len(), Part::Test);
        Ok(Examples {
            name: "cifar10".to_owned(),
            path: folder,
            shape: [SIDE, SIDE, 3],
            classes: CLASSES.map(str::to_owned).to_vec(),
            labels,
            values: Values::Bytes { bytes, full: 255 },
            parts,
            groups: Vec::new(),
        })
    }
}

/// Adds the records of a file.
fn records(path: &Path, bytes: &mut Vec<u8>, labels: &mut Vec<u32>) -> Result<()> {
    let file = file::read(path)?;
    if file.is_empty() || !file.len().is_multiple_of(RECORD) {
        let problem = format!(
            "has {} bytes, not a multiple of {RECORD}: it is truncated, or not the binary version",
            file.len()
        );
        return Err(DataError::new(path, problem));
    }
    for (index, record) in file.chunks_exact(RECORD).enumerate() {
        let label = record[0];
        if usize::from(label) >= CLASSES.len() {
            let problem = format!("image {index} has label {label}: there are 10 classes");
            return Err(DataError::new(path, problem));
        }
        labels.push(u32::from(label));
        let planes = &record[1..];
        bytes.extend((0..3 * PLANE).map(|at| planes[at % 3 * PLANE + at / 3]));
    }
    Ok(())
}
