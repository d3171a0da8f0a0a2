//! Studies that are killed, by themselves at a chosen commit or from outside, go on to the result
//! of one that was left alone.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::toy::{Setup, setup, table};

/// Runs the study in a process of its own, which reads from its input where the store is, and at
/// which side of which commit to die. Without such an input there is nothing to do.
#[test]
#[ignore = "a child process of the test below"]
fn child() {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let Some((fuse, path)) = input.split_once(' ') else {
        return;
    };
    let fuse = fuse.parse().unwrap();
    let study = Setup {
        fuse: Some(fuse),
        delays: u64::from(fuse),
        ..setup()
    };
    study.run(Path::new(path)).unwrap();
}

/// Whether the study came to its end before.
fn ended(path: &Path, fuse: u32) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "study::tests::kill::child"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    write!(child.stdin.take().unwrap(), "{fuse} {}", path.display()).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn a_study_killed_anywhere_comes_to_the_same_result() {
    let folder = TempDir::new().unwrap();
    let undisturbed = folder.path().join("undisturbed.sqlite");
    let result = setup().run(&undisturbed).unwrap();
    let expected = table(&undisturbed);

    // Killed once, at every third side of a commit: before it and after it by turns.
    let mut kills = 0;
    for fuse in (0..).step_by(3) {
        let path = folder.path().join(format!("{fuse}.sqlite"));
        if ended(&path, fuse) {
            assert_eq!(table(&path), expected);
            break;
        }
        kills += 1;
        assert_eq!(setup().run(&path).unwrap(), result, "killed at {fuse}");
        assert_eq!(table(&path), expected, "killed at {fuse}");
    }
    assert!(kills >= 20, "only {kills}");

    // Killed again and again. Every run gets a little further.
    let path = folder.path().join("often.sqlite");
    let runs = (0..).take_while(|run| !ended(&path, 5 + run % 4)).count();
    assert!(runs >= 5, "only {runs}");
    assert_eq!(table(&path), expected);
}
