//! The digest that ties an image to the sources it was built from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Crates whose files make an image, from the repository's root.
const CRATES: [&str; 4] = [
    "firmware/app",
    "firmware/engine",
    "firmware/invoke",
    "firmware/protocol",
];

/// Files that the compiler, the linker or cargo read.
const EXTENSIONS: [&str; 4] = ["rs", "toml", "lock", "x"];

/// What no image is made of: build output and tests.
const LEFT_OUT: [&str; 5] = ["target", "tests", "tests.rs", "benches", "examples"];

/// SHA-256, in hexadecimal digits, over the firmware's sources in the order of their
/// paths: of each its path, its length and its bytes, with line ends as Unix has them, so
/// that it does not depend on how the repository was checked out.
pub(crate) fn digest(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for name in CRATES {
        collect(&root.join(name), &mut files)?;
    }
    let mut named = files
        .iter()
        .map(|path| Ok((name(root, path)?, path)))
        .collect::<Result<Vec<_>>>()?;
    named.sort();
    let mut sha = Sha256::new();
    for (name, path) in named {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let text = text.replace("\r\n", "\n");
        sha.update(format!("{name}\n{}\n{text}", text.len()));
    }
    Ok(hex(&sha.finalize()))
}

/// `bytes` in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let name = path.file_name().unwrap_or_default();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let extension = path.extension().unwrap_or_default();
        if path.is_dir() {
            collect(&path, files)?;
        } else if EXTENSIONS.iter().any(|known| extension == *known) {
            files.push(path);
        }
    }
    Ok(())
}

/// A path from the repository's root, with `/` on every system.
fn name(root: &Path, path: &Path) -> Result<String> {
    let parts = path.strip_prefix(root)?.iter();
    let parts = parts.map(|part| part.to_str().context("a path is not UTF-8"));
    Ok(parts.collect::<Result<Vec<_>>>()?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `files` to a fresh repository and returns its digest.
    fn check(files: &[(&str, &str)]) -> String {
        let root = tempfile::tempdir().unwrap();
        for name in CRATES {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        digest(root.path()).unwrap()
    }

    #[test]
    fn depends_on_names_and_content_alone() {
        let main = ("firmware/app/src/main.rs", "a\nb\n");
        let lib = ("firmware/engine/src/lib.rs", "c\n");
        let digest = check(&[main, lib]);
        assert_eq!(digest.len(), 64);
        assert_eq!(digest, check(&[lib, main]));
        assert_eq!(
            digest,
            check(&[("firmware/app/src/main.rs", "a\r\nb\r\n"), lib])
        );
        assert_ne!(digest, check(&[main]));
        assert_ne!(digest, check(&[("firmware/app/src/main.rs", "a\nb"), lib]));
        assert_ne!(
            digest,
            check(&[("firmware/app/src/more.rs", "a\nb\n"), lib])
        );
    }

    #[test]
    fn leaves_out_what_makes_no_image() {
        let main = ("firmware/app/src/main.rs", "");
        let digest = check(&[main]);
        for name in [
            "firmware/app/target/x.rs",
            "firmware/engine/tests/x.rs",
            "firmware/protocol/src/message/tests.rs",
            "firmware/app/README.md",
            "host/onchip/src/main.rs",
        ] {
            assert_eq!(digest, check(&[main, (name, "text")]), "{name}");
        }
        for name in [
            "firmware/app/Cargo.lock",
            "firmware/app/.cargo/config.toml",
            "firmware/app/memory/board.x",
        ] {
            assert_ne!(digest, check(&[main, (name, "text")]), "{name}");
        }
    }
}
