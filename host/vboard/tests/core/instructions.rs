//! Instructions do what an independent emulator says they do (see `generate.py`).

use crate::replay;

#[test]
fn instructions_agree_with_unicorn() {
    let mut failures = Vec::new();
    let mut cases = 0;
    for line in include_str!("cases.txt").lines() {
        cases += 1;
        if let Err(failure) = replay::check(line) {
            failures.push(failure);
        }
    }
    assert!(cases > 1000, "the fixture holds {cases} cases only");
    assert!(
        failures.is_empty(),
        "{} of {cases}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
