//! Embeds `boards/*.toml` and `firmware/images/*.elf`, so that the installed
//! binary knows its boards wherever it runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = folder("CARGO_MANIFEST_DIR").join("../..");
    let mut code = String::new();
    embed(&mut code, "BOARDS", &root.join("boards"), "toml");
    embed(&mut code, "IMAGES", &root.join("firmware/images"), "elf");
    fs::write(folder("OUT_DIR").join("embedded.rs"), code).expect("OUT_DIR can be written");
}

/// A folder that cargo tells a build script when it runs.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn folder(variable: &str) -> PathBuf {
    env::var_os(variable).expect("cargo sets it").into()
}

/// Writes a table `NAME` of (file name, bytes), sorted by file name.
fn embed(code: &mut String, name: &str, folder: &Path, extension: &str) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|found| found == extension))
                .collect()
        })
        .unwrap_or_default();
    files.sort();

    let _ = writeln!(code, "static {name}: &[(&str, &[u8])] = &[");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let stem = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("file names are UTF-8");
        let path = file.canonicalize().expect("the file was just listed");
        let _ = writeln!(code, "    ({stem:?}, include_bytes!({path:?})),");
    }
    code.push_str("];\n");
}
