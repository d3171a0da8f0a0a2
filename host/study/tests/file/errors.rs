//! Study files that cannot be run, and what is said about them.

use std::fs;

use onchip_study::file::Loaded;
use onchip_study::plan::Plan;

use crate::golden;

/// Beside each `NAME.yaml` lies what it is answered with.
#[test]
fn bad_files_are_told_place_and_remedy() {
    let folder = "host/study/tests/file/errors";
    let entries = fs::read_dir(golden::root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut stems: Vec<String> = (names)
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .collect();
    stems.sort();
    assert!(stems.len() > 10);
    for stem in stems {
        let file = format!("{folder}/{stem}.yaml");
        let text = fs::read_to_string(golden::root().join(&file)).unwrap();
        let loaded = Loaded::parse(text, format!("{stem}.yaml").as_ref());
        // What the file alone does not tell, the data does.
        let said = match loaded.map(|loaded| Plan::new(loaded).map(drop)) {
            Err(error) | Ok(Err(error)) => error.to_string(),
            Ok(Ok(())) => panic!("{file} is a study"),
        };
        golden::check(&format!("{folder}/{stem}.txt"), &format!("{said}\n"));
    }
}
