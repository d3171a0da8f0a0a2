//! The study files that ship with onchip.

use std::fs;
use std::path::{Path, PathBuf};

use onchip_study::file::Loaded;

use crate::golden::root;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_study = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let mut files: Vec<PathBuf> = entries.filter(is_study).collect();
    files.sort();
    files
}

#[test]
fn examples_are_studies_and_name_their_schema() {
    let (own, ti) = (
        files(&root().join("examples")),
        files(&root().join("examples/ti")),
    );
    assert!(!own.is_empty() && ti.len() >= 3);
    for path in own.iter().chain(&ti) {
        let text = fs::read_to_string(path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let schema = first.strip_prefix("# yaml-language-server: $schema=");
        let schema = schema.unwrap_or_else(|| panic!("{}: names no schema", path.display()));
        assert!(
            path.parent().unwrap().join(schema).is_file(),
            "{}",
            path.display()
        );
        // The data of some has to be got first: that alone may be missing.
        if let Err(error) = Loaded::read(path) {
            let missing = error
                .problems
                .iter()
                .all(|problem| problem.message.starts_with("no data set"));
            assert!(missing, "{error}");
        }
    }
}

#[test]
fn a_written_study_reads_the_same() {
    for path in files(&root().join("examples")) {
        let file = Loaded::read(&path).unwrap().file;
        let text = serde_saphyr::to_string(&file).unwrap();
        let again = Loaded::parse(text, &path);
        assert_eq!(again.unwrap_or_else(|error| panic!("{error}")).file, file);
    }
}
