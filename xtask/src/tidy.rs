//! What every file of the repository keeps to, as tests: nothing that `cargo test` would not tell.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a source file, apart from its test module: one idea per file.
const MAX_LINES: usize = 500;

/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[
    ("host/tflite/src/schema.rs", "generated"),
    (
        "host/vboard/src/core/insn/mod.rs",
        "a table: one entry per operation of the core",
    ),
    (
        "host/vboard/src/timing/m4/kernels.rs",
        "tables: cycles of micro-kernels",
    ),
    (
        "tools/difftest/src/isa/wide.rs",
        "a table: one entry per wide encoding",
    ),
];

/// Text that belongs in no file: places on somebody's machine, and what is left to do. This file,
/// which lists it, is not searched.
const FORBIDDEN: &[&str] = &[
    "/work/", "/home/", "/root/", "/Users/", "/tmp/", "TODO", "FIXME", "XXX", "HACK", "phase 2",
    "issue #", "issue 1", "issue 2", "issue 3", "issue 4", "issue 5", "issue 6", "issue 7",
];

/// Folders that hold nothing of ours (in a linked worktree, `.git` is a file).
const SKIPPED: &[&str] = &[".git", "target"];

fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// All files, by their paths from the root.
fn files() -> Vec<PathBuf> {
    let root = root();
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default();
            // Studies of whoever works here; git ignores them, too.
            let is_study = folder == root.join("results")
                && !["fidelity", "published"].iter().any(|&ours| name == ours);
            let is_skipped = is_study || SKIPPED.iter().any(|&skipped| name == skipped);
            if is_skipped {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(&root).unwrap().to_path_buf());
            }
        }
    }
    files.sort();
    files
}

/// Fails with all complaints at once, so that one run shows all there is to do.
fn check(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn files_hold_no_forbidden_text() {
    let mut complaints = Vec::new();
    for file in files() {
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        if file.ends_with("xtask/src/tidy.rs") || file.ends_with("Cargo.lock") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for text in FORBIDDEN.iter().filter(|&&text| line.contains(text)) {
                complaints.push(format!("{}:{}: `{text}`", file.display(), number + 1));
            }
        }
    }
    check(&complaints);
}

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    let is_source = |file: &&PathBuf| file.extension().is_some_and(|e| e == "rs" || e == "py");
    for file in files().iter().filter(is_source) {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let is_test_module = |line: &&str| *line != "#[cfg(test)]";
        let lines = text.lines().take_while(is_test_module).count();
        let is_listed = LONG.iter().any(|(long, _)| file.ends_with(long));
        if (lines > MAX_LINES) != is_listed {
            let file = file.display();
            complaints.push(format!(
                "{file}: {lines} lines of {MAX_LINES}, listed: {is_listed}"
            ));
        }
    }
    check(&complaints);
}

#[test]
fn long_files_exist() {
    for (file, reason) in LONG {
        assert!(
            root().join(file).is_file(),
            "{file} ({reason}) is gone: take it off the list"
        );
    }
}

#[test]
fn crates_share_lints_and_licence() {
    let mut complaints = Vec::new();
    for file in files().iter().filter(|file| file.ends_with("Cargo.toml")) {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let inherits = |table: &toml::Table, key: &str| {
            let value = table.get(key).and_then(|value| value.get("workspace"));
            value.and_then(toml::Value::as_bool) == Some(true)
        };
        // The image is a workspace of its own: it states what the others inherit.
        let is_workspace = manifest.contains_key("workspace");
        let Some(package) = manifest.get("package").and_then(toml::Value::as_table) else {
            continue;
        };
        let states_licence = package.get("license").and_then(toml::Value::as_str);
        let has_licence =
            inherits(package, "license") || states_licence == Some("MIT OR Apache-2.0");
        let has_lints = inherits(&manifest, "lints");
        let states_lints = manifest
            .get("lints")
            .is_some_and(|lints| lints.get("rust").is_some());
        if !has_licence {
            complaints.push(format!("{}: another licence, or none", file.display()));
        }
        let states_own = is_workspace && states_lints;
        if !(has_lints || states_own) {
            complaints.push(format!("{}: without the workspace's lints", file.display()));
        }
    }
    check(&complaints);
}

#[test]
fn crates_say_what_they_are() {
    let mut complaints = Vec::new();
    for file in files() {
        if file.ends_with("src/lib.rs") || file.ends_with("src/main.rs") {
            let text = fs::read_to_string(root().join(&file)).unwrap();
            if !text.starts_with("//! ") && !text.starts_with("#![doc = ") {
                complaints.push(format!(
                    "{}: does not start by saying what it is",
                    file.display()
                ));
            }
        }
    }
    check(&complaints);
}

#[test]
fn generated_code_is_fresh() {
    let options = crate::schema::Options { check: true };
    crate::schema::schema(&root(), &options).unwrap();
}
