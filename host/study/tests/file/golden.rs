//! Files that hold what is expected, made anew with `ONCHIP_BLESS=1 cargo test -p onchip-study`.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Fails unless the file, named from the root, holds that text.
#[expect(clippy::disallowed_methods, reason = "only a person blesses")]
pub(crate) fn check(file: &str, found: &str) {
    let path = root().join(file);
    if std::env::var_os("ONCHIP_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == found,
        "{file} is not what is found now; if that is better, run \
         `ONCHIP_BLESS=1 cargo test -p onchip-study`\n--- expected\n{expected}\n--- found\n{found}"
    );
}
