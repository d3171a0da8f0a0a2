//! Embeds `boards/*.toml` and `firmware/images/*.elf`, so that the installed
//! binary knows its boards wherever it runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    embed(&mut code, "BOARDS", &root.join("boards"), "toml");
    embed(&mut code, "IMAGES", &root.join("firmware/images"), "elf");

    #[expect(
        clippy::disallowed_methods,
        reason = "cargo passes a build script its output folder in the environment"
    )]
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("embedded.rs"), code).expect("OUT_DIR can be written");
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
