//! IDX, the format of MNIST: a header with type and extents, then the values, big-endian.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part, Values};
use super::file;
use super::normalize::Normalize;
use super::source::{DataError, Result};
use super::split::SplitConfig;

/// Images and labels in IDX files, plain or `.gz`: MNIST and its kin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdxConfig {
    /// The folder with the files. They are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each with or without `.gz`; a `.`
    /// may stand before `idx`. Without the last two, the test split is cut from the others.
    pub folder: PathBuf,
    /// Names of the classes, in the order of the labels. If not set, they are the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// How values are normalized.
    #[serde(default = "unit")]
    pub normalize: Normalize,
    /// Which examples are for training, validation and test.
    #[serde(default)]
    pub split: SplitConfig,
}

/// Images go to 0..1.
fn unit() -> Normalize {
    Normalize::Unit
}

impl IdxConfig {
    /// Reads the files.
    pub(crate) fn read(&self, base: &Path) -> Result<Examples> {
        let folder = base.join(&self.folder);
        let required = |stem: &str| {
            find(&folder, stem).ok_or_else(|| {
                let missing = folder.join(format!("{stem}.gz"));
                file::open_error(&missing, &std::io::ErrorKind::NotFound.into())
            })
        };
        let pair = |images: &Path, labels: &Path| {
            let images = (images, file::read(images)?);
            let labels = (labels, file::read(labels)?);
            labelled(images, labels)
        };
        let mut train = pair(
            &required("train-images-idx3-ubyte")?,
            &required("train-labels-idx1-ubyte")?,
        )?;
        let mut parts = Vec::new();
        if find(&folder, "t10k-images-idx3-ubyte").is_some() {
            let images = required("t10k-images-idx3-ubyte")?;
            let test = pair(&images, &required("t10k-labels-idx1-ubyte")?)?;
            parts = vec![Part::Train; train.labels.len()];
            parts.resize(train.labels.len() + test.labels.len(), Part::Test);
            train.append(test, &images)?;
        }
        let classes = classes(self.classes.as_ref(), &train.labels);
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Examples {
            name: name.to_string_lossy().into_owned(),
            path: folder.clone(),
            shape: train.shape,
            classes,
            labels: train.labels,
            values: train.values,
            parts,
            groups: Vec::new(),
        })
    }
}

/// The given names, or the numbers from 0 to the largest label.
pub(crate) fn classes(given: Option<&Vec<String>>, labels: &[u32]) -> Vec<String> {
    let numbers = || (0..=labels.iter().copied().max().unwrap_or(0)).map(|label| label.to_string());
    given.map_or_else(|| numbers().collect(), Clone::clone)
}

/// The file of that name in the folder, in one of the spellings that are in use.
fn find(folder: &Path, stem: &str) -> Option<PathBuf> {
    let dotted = stem.replace("-idx", ".idx");
    let names = [
        format!("{stem}.gz"),
        stem.to_owned(),
        format!("{dotted}.gz"),
        dotted,
    ];
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Images with their labels.
pub(crate) struct Labelled {
    pub(crate) shape: [usize; 3],
    pub(crate) labels: Vec<u32>,
    pub(crate) values: Values,
}

impl Labelled {
    fn append(&mut self, other: Self, path: &Path) -> Result<()> {
        if self.shape != other.shape {
            let (found, wanted) = (other.shape, self.shape);
            let problem = format!("images are {found:?}, but those for training are {wanted:?}");
            return Err(DataError::new(path, problem));
        }
        self.labels.extend(other.labels);
        match (&mut self.values, other.values) {
            (Values::Bytes { bytes, .. }, Values::Bytes { bytes: more, .. }) => bytes.extend(more),
            (Values::Floats(floats), Values::Floats(more)) => floats.extend(more),
            _ => {
                let problem = "holds another type of numbers than the images for training";
                return Err(DataError::new(path, problem));
            }
        }
        Ok(())
    }
}

/// Puts images and labels together. Each comes with the path that errors name.
pub(crate) fn labelled(images: (&Path, Vec<u8>), labels: (&Path, Vec<u8>)) -> Result<Labelled> {
    let (path, bytes) = images;
    let image = Array::parse(path, &bytes)?;
    let (&count, extents) = image.extents.split_first().unwrap_or((&0, &[]));
    let shape = match *extents {
        [length] => [length, 1, 1],
        [height, width] => [height, width, 1],
        [height, width, channels] => [height, width, channels],
        _ => {
            let problem = format!("has extents {:?}: not a list of images", image.extents);
            return Err(DataError::new(path, problem));
        }
    };
    let values = image.values(path)?;

    let (path, bytes) = labels;
    let label = Array::parse(path, &bytes)?;
    if label.extents != [count] {
        let found = &label.extents;
        let problem = format!(
            "has extents {found:?}, but there are {count} images: the files do not belong together"
        );
        return Err(DataError::new(path, problem));
    }
    if label.kind != Kind::U8 {
        return Err(DataError::new(path, "labels must be unsigned bytes"));
    }
    let labels = label.data.iter().map(|&label| u32::from(label)).collect();
    Ok(Labelled {
        shape,
        labels,
        values,
    })
}

/// An array of numbers.
struct Array<'a> {
    kind: Kind,
    extents: Vec<usize>,
    data: &'a [u8],
}

/// Type of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl<'a> Array<'a> {
    /// Takes the header apart. The file must be exactly as long as it says.
    fn parse(path: &Path, bytes: &'a [u8]) -> Result<Self> {
        let error = |problem: String| DataError::new(path, problem);
        let [0, 0, kind, rank, rest @ ..] = bytes else {
            return Err(error(
                "is no IDX file: it does not begin with two zero bytes".to_owned(),
            ));
        };
        let kind = match kind {
            0x08 => Kind::U8,
            0x09 => Kind::I8,
            0x0b => Kind::I16,
            0x0c => Kind::I32,
            0x0d => Kind::F32,
            0x0e => Kind::F64,
            _ => {
                return Err(error(format!(
                    "is no IDX file: byte 2 is {kind:#04x}, not a type"
                )));
            }
        };
        let rank = usize::from(*rank);
        let Some((header, data)) = rest.split_at_checked(4 * rank) else {
            return Err(error(
                "is truncated within its header: fetch it again".to_owned(),
            ));
        };
        let extents: Vec<usize> = header
            .chunks_exact(4)
            .map(|extent| {
                extent
                    .iter()
                    .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
            })
            .collect();
        let product = extents
            .iter()
            .try_fold(kind.size(), |size, &extent| size.checked_mul(extent));
        if product != Some(data.len()) {
            let found = data.len();
            let problem = format!(
                "is truncated or damaged: its header promises {extents:?} values of {} bytes, \
                 {found} bytes follow; fetch it again",
                kind.size(),
            );
            return Err(error(problem));
        }
        Ok(Self {
            kind,
            extents,
            data,
        })
    }

    fn values(&self, path: &Path) -> Result<Values> {
        if self.kind == Kind::U8 {
            let bytes = self.data.to_vec();
            return Ok(Values::Bytes { bytes, full: 255 });
        }
        let cells = self.data.chunks_exact(self.kind.size());
        let floats: Vec<f32> = cells.map(|cell| number(self.kind, cell)).collect();
        if let Some(at) = floats.iter().position(|value| !value.is_finite()) {
            let problem = format!("value {at} is not a finite number: repair the data");
            return Err(DataError::new(path, problem));
        }
        Ok(Values::Floats(floats))
    }
}

fn number(kind: Kind, cell: &[u8]) -> f32 {
    match (kind, cell) {
        (Kind::I8, &[byte]) => f32::from(byte.cast_signed()),
        (Kind::I16, &[a, b]) => f32::from(i16::from_be_bytes([a, b])),
        (Kind::I32, &[a, b, c, d]) => i32::from_be_bytes([a, b, c, d]) as f32,
        (Kind::F32, &[a, b, c, d]) => f32::from_be_bytes([a, b, c, d]),
        (Kind::F64, &[a, b, c, d, e, f, g, h]) => {
            f64::from_be_bytes([a, b, c, d, e, f, g, h]) as f32
        }
        (_, cell) => f32::from(cell[0]),
    }
}
