//! What is reported of passages and runs.

use serde_json::{Value, json};

use crate::elf::{CODE, exit};
use crate::{Desk, calls, check};

/// The sum of the cycles in a list of causes.
fn spent(causes: &Value) -> i64 {
    let causes = causes.as_array().unwrap();
    causes
        .iter()
        .map(|one| one["cycles"].as_i64().unwrap())
        .sum()
}

#[test]
fn json_tells_of_every_passage() {
    let desk = Desk::new();
    let (output, json) = desk.report(&calls(), &["--begin", "f", "--end", "f_end"]);
    let f = CODE + 8 + 2 * exit(7).len() as u32;
    assert_eq!(json["board"], "nucleo-l4r5zi");
    assert_eq!(json["emulated"], true);
    assert_eq!(json["begin"], json!({"name": "f", "address": f}));
    assert_eq!(json["end"], json!({"name": "f_end", "address": f + 8}));
    let report = &json["report"];
    assert_eq!(report["chip"], "STM32L4R5ZITx");
    assert_eq!(report["end"], json!({"kind": "exit", "status": 7}));
    // Two branches, two calls of five, and the end without its last instruction.
    let instructions = 2 + 2 * 5 + 14 - 1;
    assert_eq!(report["instructions"], instructions);
    assert_eq!(report["stack_pointer"], 32);
    assert_eq!(report["unfinished"], 0);
    let passages = report["passages"].as_array().unwrap();
    assert_eq!(passages.len(), 2);
    for passage in passages {
        assert_eq!(passage["instructions"], 4);
        assert_eq!(passage["depth"], 0);
        assert_eq!(passage["stack_pointer"], 32);
        assert_eq!(passage["stack_painted"], 24);
        assert!(passage["cycles"].as_i64().unwrap() >= 4);
        assert_eq!(
            spent(&passage["causes"]),
            passage["cycles"].as_i64().unwrap()
        );
    }
    let cycles = |value: &Value| value["cycles"].as_i64().unwrap();
    assert!(cycles(report) > passages.iter().map(cycles).sum());
    let begun = |at: usize| passages[at]["begun"].as_i64().unwrap();
    assert!(begun(1) >= begun(0) + cycles(&passages[0]));
    check(&output, 7, &["passage 1 ", "passage 2 ", "whole run "]);
}

#[test]
fn marks_are_symbols_with_offsets_or_addresses() {
    let desk = Desk::new();
    let passages = |begin: &str, end: &str| {
        let (_, json) = desk.report(&calls(), &["--begin", begin, "--end", end]);
        json["report"]["passages"].clone()
    };
    let f = CODE + 8 + 2 * exit(7).len() as u32;
    let named = passages("f", "f_end");
    assert_eq!(passages(&format!("{f:#x}"), &(f + 8).to_string()), named);
    // The Thumb bit, as in a pointer to a function.
    assert_eq!(passages(&format!("{:#x}", f | 1), "f+0x8"), named);
    assert_eq!(passages("f_end", "f")[0]["instructions"], 2);
}

#[test]
fn the_stack_is_painted_down_to_its_floor() {
    let marks = ["--begin", "f", "--end", "f_end", "--stack-floor"];
    let desk = Desk::new();
    let painted = |floor: &str| {
        let (_, json) = desk.report(&calls(), &[&marks[..], &[floor]].concat());
        let passages = &json["report"]["passages"];
        assert_eq!(passages[0]["stack_pointer"], 32);
        passages[0]["stack_painted"].clone()
    };
    assert_eq!(painted("0x20000800"), 24);
    // R0 is written below it, what is pushed above it.
    assert_eq!(painted("0x20000ff0"), 8);
    assert_eq!(painted("0x20001000"), Value::Null);
}

#[test]
fn repeated_runs_are_compared_and_shown_once() {
    let desk = Desk::new();
    let (_, once) = desk.report(&crate::says("hello\n", 7), &[]);
    let (output, thrice) = desk.report(&crate::says("hello\n", 7), &["--repeat", "3"]);
    check(&output, 7, &["3 runs from power-on, 1 distinct"]);
    assert_eq!(output.stdout, b"hello\n");
    assert_eq!((&once["runs"], &once["distinct"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&thrice["runs"], &thrice["distinct"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(once["report"], thrice["report"]);
}

/// The cycles in the table that tells what they were spent on.
fn explained(stderr: &str, title: &str) -> i64 {
    let (_, table) = stderr.split_once(title).unwrap();
    let lines = table.lines().skip(1).take_while(|line| line.ends_with('%'));
    let cycles = |line: &str| {
        let number = line.split_whitespace().rev().nth(1).unwrap();
        number.replace(',', "").parse::<i64>().unwrap()
    };
    lines.map(cycles).sum()
}

#[test]
fn explain_tells_of_every_cycle() {
    let desk = Desk::new();
    let (output, json) = desk.report(&calls(), &["--explain"]);
    let stderr = check(&output, 7, &["issu"]);
    let whole = explained(&stderr, "the cycles of the whole run were spent on");
    assert_eq!(json!(whole), json["report"]["cycles"]);
    assert_eq!(spent(&json["report"]["causes"]), whole);

    let marks = ["--explain", "--begin", "f", "--end", "f_end"];
    let (output, json) = desk.report(&calls(), &marks);
    let stderr = check(&output, 7, &[]);
    let passages = json["report"]["passages"].as_array().unwrap();
    let cycles: i64 = passages
        .iter()
        .map(|one| one["cycles"].as_i64().unwrap())
        .sum();
    assert_eq!(
        explained(&stderr, "the cycles of the passages were spent on"),
        cycles
    );
    assert!(cycles > 0);
}

#[test]
fn many_passages_are_summed_up() {
    // movs r2, #20; bl g; subs r2, #1; bne .-6; exit; g: bx lr
    let end = exit(7);
    let distance = 4 + 2 * end.len() as u16;
    let head = [0x2214, 0xf000, 0xf800 | (distance / 2), 0x3a01, 0xd1fb];
    let code = [&head[..], &end, &[0x4770]].concat();
    let g = CODE + 6 + u32::from(distance);
    let elf = crate::program(&code).symbol("g", g);
    let marks = ["--begin", "g", "--end", &format!("{:#x}", CODE + 6)];
    let (output, json) = Desk::new().report(&elf, &marks);
    check(&output, 7, &["20 passages", "least", "mean", "most"]);
    assert_eq!(json["report"]["passages"].as_array().unwrap().len(), 20);
}
