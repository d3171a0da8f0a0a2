//! Profiles and suites.

use std::fs;
use std::path::Path;

use onchip_harness::Record;
use serde_json::Value;

use super::{Bench, KWS, check, model};

const HELLO: &str = "hello_world_int8.tflite";

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Measures a dense network of 1, 16, 16 and 1 values; its trace accounts for every cycle.
fn check_profile(board: &str) {
    let bench = Bench::new();
    let [trace, chart, json] = ["p.json", "p.png", "record.json"].map(|name| bench.path(name));
    let more = [
        "--board",
        board,
        "--no-prepare",
        "--runs",
        "1",
        "--profile",
        trace.to_str().unwrap(),
        "--json",
        json.to_str().unwrap(),
    ];
    let output = bench.bench_on(board, &model(HELLO), &more);
    check(&output, 0, &["whole run", "all operators: issue "]);
    assert_eq!(fs::read(chart).unwrap()[1..4], *b"PNG", "{board}");

    let record: Record = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let trace = read(&trace);
    let events = trace["traceEvents"].as_array().unwrap().iter();
    let events: Vec<_> = events.filter(|event| event["ph"] == "X").collect();
    assert_eq!(events.len(), 3, "{board}");
    let microseconds = |cycles: u64| cycles as f64 * 1e6 / f64::from(record.clock_hz);
    let mut begun = 0;
    // Weights and biases of four bytes each.
    let bytes = [(16 + 64, 1, 16), (256 + 64, 16, 16), (16 + 4, 16, 1)];
    for ((event, operator), bytes) in events.iter().zip(&record.operators).zip(bytes) {
        let at = format!("{board}, operator {}", operator.index);
        let details = &event["args"];
        let number = |key: &str| details[key].as_u64().unwrap();
        assert_eq!(event["name"], operator.op, "{at}");
        assert_eq!(event["ts"], microseconds(begun), "{at}");
        assert_eq!(event["dur"], microseconds(operator.cycles), "{at}");
        let moved = ["weight_bytes", "input_bytes", "output_bytes"].map(number);
        assert_eq!(moved, <[u64; 3]>::from(bytes), "{at}");
        assert_eq!(number("cycles"), operator.cycles, "{at}");
        assert_eq!(number("macs"), operator.macs, "{at}");

        let spent = details["cycles_spent_on"].as_object().unwrap();
        let sum: i64 = spent.values().map(|cycles| cycles.as_i64().unwrap()).sum();
        assert_eq!(sum, operator.cycles as i64, "{at}: {spent:?}");
        // No core of these issues more than two instructions a cycle.
        let instructions = number("instructions");
        assert!(instructions > operator.macs, "{at}: {instructions}");
        assert!(instructions <= 2 * operator.cycles, "{at}: {instructions}");
        begun += operator.cycles;
    }
    let inference = &trace["otherData"]["inferences"][0];
    assert_eq!(inference["cycles"], record.cycles.median, "{board}");
    assert_eq!(
        inference["cycles_between_operators"],
        record.cycles.median - begun,
        "{board}"
    );
}

#[test]
fn a_profile_accounts_for_every_cycle_on_every_board() {
    for board in [
        "nucleo-f446re",
        "nucleo-f746zg",
        "nucleo-g0b1re",
        "nucleo-l4r5zi",
    ] {
        check_profile(board);
    }
}

#[test]
fn a_chart_goes_where_it_is_wanted() {
    let bench = Bench::new();
    let [trace, chart] = ["p.json", "elsewhere.png"].map(|name| bench.path(name));
    let files = [trace.to_str().unwrap(), "--chart", chart.to_str().unwrap()];
    let more = [&["--runs", "1", "--profile"][..], &files].concat();
    check(&bench.bench(&model(HELLO), &more), 0, &[]);
    assert!(chart.exists() && !trace.with_extension("png").exists());
}

#[test]
fn a_suite_is_one_table_beside_published_figures() {
    let bench = Bench::new();
    let folder = bench.path("models");
    fs::create_dir(&folder).unwrap();
    for name in [KWS, HELLO] {
        fs::copy(model(name), folder.join(name)).unwrap();
    }
    let json = bench.path("records.json");
    let mut command = bench.command(&["bench", "--suite", "mlperf-tiny"]);
    command.arg(&folder).args(["--probe", "virtual"]);
    command.args(["--board", "nucleo-l4r5zi,nucleo-f446re"]);
    command.args(["--runs", "1", "--json"]).arg(&json);
    let output = command.output().unwrap();
    check(
        &output,
        0,
        &[
            "MLPerf Tiny, emulated",
            "kws    nucleo-f446re",
            "ic     not found: pretrainedResnet_quant.tflite or ic_ref_model.tflite",
            "X-CUBE-AI 9.0",
            "left alone: ",
            HELLO,
        ],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("whole run"), "{text}");
    let instructions = |row: &&str| row.starts_with("  kws    nucleo-l4r5zi  instructions");
    let row = text.lines().find(instructions).unwrap();
    let words: Vec<_> = row.split_whitespace().collect();
    let measured: u64 = words[5].replace(',', "").parse().unwrap();
    assert!((2_656_768..10_000_000).contains(&measured), "{row}");

    let records: Vec<Record> = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let boards: Vec<_> = records.iter().map(|record| record.board.as_str()).collect();
    assert_eq!(boards, ["nucleo-l4r5zi", "nucleo-f446re"]);
}

#[test]
fn suites_boards_and_charts_that_make_no_sense_end_with_2() {
    let bench = Bench::new();
    let empty = bench.path("empty");
    fs::create_dir(&empty).unwrap();
    let (kws, empty) = (model(KWS), empty.to_str().unwrap());
    let kws = kws.to_str().unwrap();
    for (arguments, text) in [
        (
            &[kws, "--board", "nucleo-l4r5zi,nucleo-f446re"][..],
            "--probe virtual",
        ),
        (
            &[
                kws,
                "--probe",
                "virtual",
                "--board",
                "nucleo-l4r5zi",
                "--board",
                "nucleo-f446re",
                "--image",
                "some.elf",
            ],
            "one --board",
        ),
        (&[kws, "--chart", "p.png"], "--profile"),
        (&["--suite", "mlperf-tiny", empty], "kws_ref_model.tflite"),
        (&["--suite", "mlperf-tiny", kws], "cannot be read"),
        (&["--suite", "mlperf", empty], "mlperf-tiny"),
    ] {
        let output = bench.command(&[&["bench"], arguments].concat()).output();
        check(&output.unwrap(), 2, &[text]);
    }
}
