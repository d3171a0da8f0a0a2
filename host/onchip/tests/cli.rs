//! The program as its users run it: exit codes, what is said, what is kept.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "cli/profile.rs"]
mod profile;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use onchip_harness::Record;
use tempfile::TempDir;

const KWS: &str = "kws_ref_model.tflite";

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn model(name: &str) -> PathBuf {
    repository().join("examples/models").join(name)
}

/// The program, with a folder that keeps its virtual boards, records and other files.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// The board's file with `from` replaced by `to`.
    fn board(&self, from: &str, to: &str) -> PathBuf {
        let text = fs::read_to_string(repository().join("boards/nucleo-l4r5zi.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        self.file("board.toml", text.replace(from, to))
    }

    /// `onchip bench` on a virtual board, with the fresh image if a test run has one.
    fn bench(&self, model: &Path, more: &[&str]) -> Output {
        self.bench_on("nucleo-l4r5zi", model, more)
    }

    /// The same for an image of `board`; `more` names the board if it is not the default.
    fn bench_on(&self, board: &str, model: &Path, more: &[&str]) -> Output {
        let mut command = self.command(&["bench"]);
        command.arg(model).args(more);
        if !more.contains(&"--probe") {
            command.args(["--probe", "virtual"]);
        }
        if let Some(folder) = image_folder().filter(|_| !more.contains(&"--image")) {
            command
                .arg("--image")
                .arg(folder.join(format!("{board}.elf")));
        }
        command.output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onchip"));
        command
            .args(arguments)
            .env("XDG_CACHE_HOME", self.folder.path())
            .env_remove("RUST_LOG");
        command
    }

    /// Measures, and reads the record.
    fn record(&self, model: &Path, more: &[&str]) -> Record {
        let json = self.path("record.json");
        let json_text = json.to_str().unwrap();
        let output = self.bench(model, &[more, &["--json", json_text]].concat());
        let record = check(&output, 0, &["whole run", "proof", "emulated"]);
        assert!(
            record.is_empty(),
            "quiet where stderr is no terminal: {record}"
        );
        serde_json::from_slice(&fs::read(json).unwrap()).unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a test is told which image to test"
)]
fn image_folder() -> Option<PathBuf> {
    std::env::var_os("ONCHIP_TEST_IMAGE_DIR").map(PathBuf::from)
}

/// Checks the exit code, that each text is said, and that nothing panicked. Returns stderr.
fn check(output: &Output, code: i32, texts: &[&str]) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = format!("{}{stderr}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for text in texts {
        assert!(said.contains(text), "no {text:?} in: {said}");
    }
    stderr
}

#[test]
fn every_board_measures_the_same_outputs() {
    for file in fs::read_dir(repository().join("boards")).unwrap() {
        let path = file.unwrap().path();
        let Some("toml") = path.extension().and_then(|end| end.to_str()) else {
            continue;
        };
        let board = path.file_stem().unwrap().to_str().unwrap();
        let bench = Bench::new();
        let output = bench.bench_on(board, &model(KWS), &["--board", board, "--runs", "1"]);
        let told = format!("on {board} (cortex-m");
        let proved = "output   8080808080808080809a8066, equal to the host engine's";
        check(&output, 0, &[&told, proved, "clocks within 0.", "emulated"]);
    }
}

#[test]
fn two_processes_measure_the_same_and_the_second_erases_nothing() {
    let bench = Bench::new();
    let first = bench.record(&model(KWS), &[]);
    let second = bench.record(&model(KWS), &[]);
    assert_eq!(first.cycles, second.cycles);
    assert_eq!(first.operators, second.operators);
    assert_eq!(first.output.hex, "8080808080808080809a8066");
    assert_eq!(first.cycles.runs.len(), 3);
    assert_ne!(first.proof.nonce, second.proof.nonce);
    assert!(first.flash.erased_sectors > 0);
    assert_eq!(second.flash.erased_sectors, 0);
    assert_eq!(second.flash.written, 0);

    let seeded = bench.record(&model(KWS), &["--seed", "258", "--runs", "1"]);
    assert_eq!(seeded.proof.nonce, "0000000000000102");
    assert_eq!(seeded.cycles.runs, first.cycles.runs[..1]);
}

#[test]
fn a_reader_who_leaves_ends_a_command_quietly() {
    let bench = Bench::new();
    let kws = model(KWS);
    let (kws, folder) = (kws.to_str().unwrap(), bench.path("models"));
    for arguments in [
        &["inspect", kws][..],
        &["inspect", kws, "--json", "-"],
        &["boards"],
        &["bench", kws, "--probe", "virtual"],
        &["random-models", "--out", folder.to_str().unwrap()],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = bench.command(arguments).stdout(writer).output().unwrap();
        let stderr = check(&output, 141, &[]);
        assert_eq!(stderr, "", "{arguments:?}");
    }
    // A file that cannot be written is another matter.
    let nowhere = bench.path("nowhere/record.json");
    let arguments = ["inspect", kws, "--json", nowhere.to_str().unwrap()];
    check(
        &bench.command(&arguments).output().unwrap(),
        2,
        &["nowhere"],
    );
}

#[test]
fn a_model_that_cannot_run_ends_with_3() {
    let bench = Bench::new();
    let kws = fs::read(model(KWS)).unwrap();
    let truncated = bench.file("truncated.tflite", &kws[..kws.len() / 2]);
    let garbage = bench.file("garbage.tflite", "no model at all");
    let mut large = kws;
    large.resize(2 << 20, 0);
    let large = bench.file("large.tflite", large);
    check(
        &bench.bench(&truncated, &[]),
        3,
        &["truncated.tflite", "malformed model"],
    );
    check(
        &bench.bench(&garbage, &[]),
        3,
        &["garbage.tflite", "malformed model"],
    );
    check(
        &bench.bench(&large, &["--no-prepare"]),
        3,
        &["large.tflite", "does not fit into flash"],
    );
    // Written anew, it has nothing that is not needed.
    let all = ["--runs", "1"];
    check(&bench.bench(&large, &all), 0, &["whole run", "prepared"]);
    check(
        &bench.bench(&model(KWS), &["--drill", "fault"]),
        3,
        &["took a fault", "pc=0x"],
    );
}

#[test]
fn of_several_models_the_runnable_ones_are_measured() {
    let bench = Bench::new();
    let garbage = bench.file("garbage.tflite", "no model at all");
    let json = bench.path("records.json");
    let more = [garbage.to_str().unwrap(), "--json", json.to_str().unwrap()];
    check(
        &bench.bench(&model("hello_world_int8.tflite"), &more),
        3,
        &["malformed", "whole run"],
    );
    let records: Vec<Record> = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(records.len(), 1);
}

#[test]
fn wrong_arguments_end_with_2() {
    let bench = Bench::new();
    let kws = model(KWS);
    let wrong = bench.board("speed_khz = ", "speed = ");
    let array = bench.file("x.npy", "no array");
    for (more, text) in [
        (&["--board", "nucleo"][..], "onchip knows nucleo-f446re, "),
        (&["--board", "missing.toml"], "missing.toml cannot be read"),
        (&["--board", wrong.to_str().unwrap()], "`speed`"),
        (&["--probe", "usb"], "virtual"),
        (&["--runs", "0"], "--runs"),
        (&["--input", "missing.npy"], "missing.npy"),
        (&["--input", array.to_str().unwrap()], "numpy.save"),
    ] {
        check(&bench.bench(&kws, more), 2, &[text]);
    }
    check(
        &bench.bench(Path::new("missing.tflite"), &[]),
        2,
        &["missing.tflite cannot be read"],
    );
}

#[test]
fn a_failed_bench_ends_with_4() {
    let bench = Bench::new();
    let kws = model(KWS);
    let identity = bench.board("value = 0x470", "value = 0x461");
    check(
        &bench.bench(&kws, &["--board", identity.to_str().unwrap()]),
        4,
        &["wrong chip", "0x470", "0x461", "--board"],
    );
    let chip = bench.board("STM32L4R5ZITx", "STM32F411RETx");
    check(
        &bench.bench(&kws, &["--board", chip.to_str().unwrap()]),
        4,
        &["cannot be virtual"],
    );
    let image = bench.file("image.elf", "no image at all");
    check(
        &bench.bench(&kws, &["--image", image.to_str().unwrap()]),
        4,
        &["ELF", "cargo xtask images"],
    );
    let program = env!("CARGO_BIN_EXE_onchip");
    check(&bench.bench(&kws, &["--image", program]), 4, &["ELF"]);
    check(
        &bench.bench(&kws, &["--probe", "0f0f:0001:nobody"]),
        4,
        &["0f0f:0001:nobody"],
    );
}

#[test]
fn a_chip_that_never_answers_is_given_up_within_ten_seconds() {
    let bench = Bench::new();
    let board = bench.board("silence = 8_000", "silence = 3_000");
    let begun = Instant::now();
    check(
        &bench.bench(
            &model(KWS),
            &["--board", board.to_str().unwrap(), "--drill", "silence"],
        ),
        4,
        &["no answer", "3s"],
    );
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn boards_lists_boards_and_the_virtual_probe() {
    let output = Bench::new().command(&["boards"]).output().unwrap();
    check(
        &output,
        0,
        &[
            "nucleo-l4r5zi",
            "STM32L4R5ZITx",
            "also virtual",
            "virtual  ",
        ],
    );
}

#[test]
fn inspect_describes_a_model_without_a_board() {
    let bench = Bench::new();
    let kws = model(KWS);
    let inspect = |model: &Path, more: &[&str]| {
        bench
            .command(&["inspect"])
            .arg(model)
            .args(more)
            .output()
            .unwrap()
    };
    check(&inspect(&kws, &[]), 0, &["DEPTHWISE_CONV_2D", "SOFTMAX"]);
    let json = inspect(&kws, &["--json"]);
    check(&json, 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["totals"]["macs"], 2_656_768);
    let file = bench.path("kws.json");
    check(&inspect(&kws, &["--json", file.to_str().unwrap()]), 0, &[]);
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(kept, json);
    let garbage = bench.file("garbage.tflite", "no model at all");
    check(&inspect(&garbage, &[]), 3, &["garbage.tflite"]);
    check(
        &inspect(Path::new("missing.tflite"), &[]),
        2,
        &["missing.tflite"],
    );
}

#[test]
fn prepared_models_are_written_and_measured() {
    let bench = Bench::new();
    let kws = model(KWS);
    let prepare = |model: &Path, more: &[&str]| {
        let mut command = bench.command(&["prepare"]);
        command.arg(model).args(more).output().unwrap()
    };
    let file = bench.path("cheaper.tflite");
    let told = [
        "2,656,768",
        "53,936",
        "fuse",
        "OfflineMemoryAllocation",
        "SHA-256",
    ];
    check(&prepare(&kws, &["-o", file.to_str().unwrap()]), 0, &told);
    assert!(fs::metadata(&file).unwrap().len() < fs::metadata(&kws).unwrap().len());
    let garbage = bench.file("garbage.tflite", "no model at all");
    check(&prepare(&garbage, &[]), 3, &["garbage.tflite"]);

    let as_it_is = bench.record(&kws, &["--runs", "1", "--no-prepare"]);
    let cheaper = bench.record(&kws, &["--runs", "1"]);
    assert_eq!(as_it_is.prepared, None);
    assert_eq!(as_it_is.model, cheaper.model);
    assert_eq!(as_it_is.output, cheaper.output);
    let prepared = cheaper.prepared.unwrap();
    assert!(!prepared.steps.is_empty());
    assert!(prepared.bytes < cheaper.model.bytes);
    assert!(cheaper.flash.model < as_it_is.flash.model);
    assert!(cheaper.operators.len() < as_it_is.operators.len());
    assert!(cheaper.cycles.median <= as_it_is.cycles.median);
    assert!(cheaper.ram.arena <= as_it_is.ram.arena);
}

#[test]
fn help_teaches_with_examples() {
    let bench = Bench::new();
    let help = |arguments: &[&str]| bench.command(arguments).output().unwrap();
    check(
        &help(&["help"]),
        0,
        &[
            "First steps",
            "Exit codes",
            "bench",
            "search",
            "serve-board",
        ],
    );
    check(
        &help(&["help", "bench"]),
        0,
        &[
            "Examples:",
            "--probe virtual",
            "--input",
            "--suite",
            "--profile",
            "emulated",
        ],
    );
    check(
        &help(&["help", "serve-board"]),
        0,
        &["Examples:", "1d50:6018"],
    );
    check(&help(&["help", "inspect"]), 0, &["Examples:", "--json"]);
    check(&help(&["help", "prepare"]), 0, &["Examples:", "-o kws"]);
    check(&help(&["help", "boards"]), 0, &["virtual board"]);
    check(
        &help(&["help", "search"]),
        0,
        &["Examples:", "--resume", "A study file:"],
    );
    check(&help(&["help", "train"]), 0, &["Examples:", "--epochs"]);
    check(
        &help(&["help", "random-models"]),
        0,
        &["Examples:", "--seed"],
    );
    check(&help(&[]), 2, &["Usage"]);
}

#[cfg(unix)]
#[test]
fn a_served_board_measures_like_one_in_process_and_keeps_its_flash() {
    let bench = Bench::new();
    let here = bench.record(&model(KWS), &["--state", "none"]);

    let arguments = ["serve-board", "nucleo-l4r5zi", "--listen", "127.0.0.1:0"];
    let mut server = bench
        .command(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let selector = line
        .split_whitespace()
        .find_map(|word| word.strip_suffix(';'))
        .unwrap();
    let there = bench.record(&model(KWS), &["--probe", selector]);
    assert_eq!(there.cycles, here.cycles);
    assert!(there.emulated, "a virtual board says so itself");

    let asked = Command::new("kill")
        .arg(server.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert_eq!(bench.record(&model(KWS), &[]).flash.erased_sectors, 0);
}
