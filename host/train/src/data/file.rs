//! Files, plain or compressed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::source::{DataError, Result};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file's contents, decompressed if they are gzip's.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| open_error(path, &error))?;
    decompress(path, bytes)
}

/// The contents, decompressed if they are gzip's. `path` is named in errors.
pub(crate) fn decompress(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain);
    read.map_err(|error| {
        DataError::new(
            path,
            format!("the gzip stream is damaged or truncated ({error}): fetch the file again"),
        )
    })?;
    Ok(plain)
}

/// A text file's contents, decompressed if they are gzip's.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let problem =
            format!("byte {at} is not UTF-8: this is not a text file, or in another encoding");
        DataError::new(path, problem)
    })
}

/// Why a file cannot be opened or read, and what to do.
pub(crate) fn open_error(path: &Path, error: &io::Error) -> DataError {
    let is_missing = error.kind() == io::ErrorKind::NotFound;
    let mut problem = if is_missing {
        "not found: check the path (a relative one starts at the study file's folder)".to_owned()
    } else {
        format!("cannot be read: {error}")
    };
    if is_missing && path.to_string_lossy().contains("fashion-mnist") {
        problem.push_str(
            "; on Debian and Ubuntu, `apt install dataset-fashion-mnist` puts Fashion-MNIST into \
             /usr/share/datasets/fashion-mnist",
        );
    }
    DataError::new(path, problem)
}
