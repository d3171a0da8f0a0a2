//! A folder per class, a file per example: read into memory if there is room, else when asked for.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onchip_tflite::topology::Dims;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::examples::{Examples, Part, Stream, Values};
use super::file;
use super::source::{DataError, Result};

/// Where files of examples are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder with one folder for each class. Those whose names begin with `.` or `_` are
    /// passed over.
    pub path: PathBuf,
    /// Such a folder with examples for test. If not set, the test split is cut from the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// A text file that lists the examples for test, a line each, such as `yes/0a7c2a8d_nohash_0.wav`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_list: Option<PathBuf>,
    /// A text file that lists the examples for validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_list: Option<PathBuf>,
    /// The classes to use. If not set, all folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Files whose names agree up to this text stay in one split, such as one speaker's
    /// recordings with `_nohash_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_until: Option<String>,
    /// Up to this many MiB of examples are read at the start and kept in memory. More are read
    /// and computed each time they are needed; a broken file is then found only in training,
    /// normalization learns from 2,048 examples, and the data's digest is made of names, sizes, and
    /// beginning, middle and end of the files.
    #[serde(default = "gibibyte")]
    pub memory_mib: u64,
}

fn gibibyte() -> u64 {
    1024
}

/// Makes an example of a file.
pub(crate) trait Decoder: Send + Sync + 'static {
    /// Height, width, channels of what it makes.
    fn shape(&self) -> Dims;

    /// Writes the example in a file.
    fn decode(&self, path: &Path, values: &mut [f32]) -> Result<()>;

    /// The largest value if all are integers from 0 on.
    fn full(&self) -> Option<u8>;

    /// All that determines what it makes of a file.
    fn settings(&self) -> String;
}

impl FolderConfig {
    /// The examples of all files with one of the extensions.
    pub(crate) fn read(
        &self,
        base: &Path,
        extensions: &[&str],
        decoder: impl Decoder,
    ) -> Result<Examples> {
        let root = base.join(&self.path);
        let classes = self.class_names(&root)?;
        let (mut files, mut labels, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let tests = self.test.as_ref().map(|test| (base.join(test), Part::Test));
        for (folder, part) in [(root.clone(), Part::Train)].into_iter().chain(tests) {
            for (label, class) in (0_u32..).zip(&classes) {
                let found = list(&folder.join(class), extensions)?;
                if found.is_empty() && part == Part::Train {
                    let extensions = extensions.join(", ");
                    let problem =
                        format!("class `{class}` is empty: no file with extension {extensions}");
                    return Err(DataError::new(&folder.join(class), problem));
                }
                labels.resize(labels.len() + found.len(), label);
                parts.resize(parts.len() + found.len(), part);
                files.extend(found);
            }
        }
        for (list, part) in [
            (&self.validation_list, Part::Validation),
            (&self.test_list, Part::Test),
        ] {
            if let Some(list) = list {
                assign(&root, &base.join(list), part, &files, &mut parts)?;
            }
        }
        if parts.iter().all(|&part| part == Part::Train) {
            parts.clear();
        }
        let groups = self.groups(&files);
        let shape = decoder.shape();
        let values = self.values(files, &root, decoder)?;
        Ok(Examples {
            name: root
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path: root,
            shape,
            classes,
            labels,
            values,
            parts,
            groups,
        })
    }

    fn class_names(&self, root: &Path) -> Result<Vec<String>> {
        if let Some(classes) = &self.classes {
            let mut rest = classes.iter();
            while let Some(class) = rest.next() {
                if rest.as_slice().contains(class) {
                    let problem = format!("classes: `{class}` is named twice");
                    return Err(DataError::new(root, problem));
                }
            }
            return Ok(classes.clone());
        }
        let folders = entries(root)?.into_iter().filter(|path| path.is_dir());
        let names =
            folders.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let classes: Vec<_> = names.filter(|name| !name.starts_with(['.', '_'])).collect();
        if classes.is_empty() {
            return Err(DataError::new(
                root,
                "holds no folders: there must be one for each class",
            ));
        }
        Ok(classes)
    }

    fn groups(&self, files: &[PathBuf]) -> Vec<u32> {
        let Some(until) = &self.group_until else {
            return Vec::new();
        };
        let key = |path: &PathBuf| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            name.find(until.as_str())
                .map_or(name.clone(), |at| name[..at].to_owned())
        };
        let keys: Vec<_> = files.iter().map(key).collect();
        let mut distinct = keys.clone();
        distinct.sort();
        distinct.dedup();
        let place = |key| distinct.binary_search(key).unwrap_or_default() as u32;
        keys.iter().map(place).collect()
    }

    fn values(&self, files: Vec<PathBuf>, root: &Path, decoder: impl Decoder) -> Result<Values> {
        let size = decoder.shape().iter().product::<usize>();
        let bytes = if decoder.full().is_some() {
            size
        } else {
            4 * size
        };
        let budget = u128::from(self.memory_mib) << 20;
        if (bytes as u128) * (files.len() as u128) <= budget {
            return in_memory(&files, &decoder);
        }
        let root = root.to_path_buf();
        Ok(Values::Streamed(Arc::new(Files {
            files,
            root,
            decoder: Box::new(decoder),
        })))
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let open_error = |error| file::open_error(folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(open_error)? {
        paths.push(entry.map_err(open_error)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The files with one of the extensions in a folder and those within, by name.
pub(crate) fn list(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        if path.is_dir() {
            files.extend(list(&path, extensions)?);
        } else if extensions.contains(&extension.as_str()) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Puts the files of a list into a part.
fn assign(
    root: &Path,
    list: &Path,
    part: Part,
    files: &[PathBuf],
    parts: &mut [Part],
) -> Result<()> {
    let text = file::read_text(list)?;
    let mut names: Vec<_> = text.lines().map(|line| root.join(line.trim())).collect();
    names.sort();
    let mut is_used = false;
    for (file, of) in files.iter().zip(parts) {
        if names.binary_search(file).is_ok() {
            *of = part;
            is_used = true;
        }
    }
    if !is_used {
        let problem = "names none of the examples: lines must be paths from the data's folder";
        return Err(DataError::new(list, problem));
    }
    Ok(())
}

/// Decodes all files, on all cores. Of several broken files, the first is told.
fn in_memory(files: &[PathBuf], decoder: &impl Decoder) -> Result<Values> {
    let size = decoder.shape().iter().product::<usize>();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let decode = |files: &[PathBuf]| {
        let (mut bytes, mut floats) = (Vec::new(), Vec::new());
        let mut example = vec![0.0; size];
        for file in files {
            decoder.decode(file, &mut example)?;
            if decoder.full().is_some() {
                bytes.extend(example.iter().map(|&value| value as u8));
            } else {
                floats.extend_from_slice(&example);
            }
        }
        Ok((bytes, floats))
    };
    let parts: Vec<Result<_>> = std::thread::scope(|scope| {
        let workers: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(move || decode(files)))
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect()
    });
    let (mut bytes, mut floats) = (Vec::new(), Vec::new());
    for part in parts {
        let (more_bytes, more_floats) = part?;
        bytes.extend(more_bytes);
        floats.extend(more_floats);
    }
    Ok(match decoder.full() {
        Some(full) => Values::Bytes { bytes, full },
        None => Values::Floats(floats),
    })
}

/// Files that are decoded when they are asked for.
struct Files {
    files: Vec<PathBuf>,
    root: PathBuf,
    decoder: Box<dyn Decoder>,
}

/// Bytes of each sample of a file that goes into the digest.
const SAMPLE: usize = 4096;

impl Stream for Files {
    fn read(&self, index: usize, values: &mut [f32]) -> Result<()> {
        self.decoder.decode(&self.files[index], values)
    }

    fn full(&self) -> Option<u8> {
        self.decoder.full()
    }

    fn digest(&self, digest: &mut Sha256) -> Result<()> {
        digest.update(self.decoder.settings());
        for path in &self.files {
            let name = path.strip_prefix(&self.root).unwrap_or(path);
            digest.update(name.to_string_lossy().as_bytes());
            sample(path, digest).map_err(|error| file::open_error(path, &error))?;
        }
        Ok(())
    }
}

/// Adds size, beginning, middle and end of a file to the digest.
fn sample(path: &Path, digest: &mut Sha256) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    digest.update(size.to_le_bytes());
    let mut buffer = Vec::with_capacity(SAMPLE);
    for start in [0, size / 2, size.saturating_sub(SAMPLE as u64)] {
        buffer.clear();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(&mut file)
            .take(SAMPLE as u64)
            .read_to_end(&mut buffer)?;
        digest.update(&buffer);
    }
    Ok(())
}
