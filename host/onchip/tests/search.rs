//! Searches as users run them: what is found, what is kept, and what a study survives.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Small enough for a test: four networks, an epoch of a fifth of the digits each.
const TINY: &str = "\
dataset: digits
space: {kind: cnn2d, depth: [1, 2], widths: [4, 8], kernels: 3, dense: 0}
strategy: {kind: nsga2, population: 2}
objectives: [validation_error, latency_ms]
constraints: [flash < 16 KiB, latency_ms < 10]
training: {epochs: 1, subset: 0.2}
budget: {trials: 4}
window: 2
seed: 3
";

/// A folder with a study file, in which the program runs.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new(study: &str) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("study.yaml"), study).unwrap();
        Desk { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onchip"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Searches into the folder `output`.
    fn search(&self, output: &str, more: &[&str]) -> Output {
        self.run(&[&["search", "study.yaml", "--output", output], more].concat())
    }

    fn begin(&self, output: &str) -> Child {
        let arguments = ["search", "study.yaml", "--output", output];
        self.command(&arguments).spawn().unwrap()
    }

    /// Goes on with a study that was killed, or begins it if that was before it had begun.
    #[cfg(unix)]
    fn go_on(&self, output: &str) -> Output {
        let begun = self.path(output).join("study.sqlite.lock").exists();
        self.search(output, if begun { &["--resume"] } else { &[] })
    }

    /// The tables of a study, byte for byte.
    fn tables(&self, output: &str) -> [String; 2] {
        ["search_results.csv", "pareto_frontier.csv"]
            .map(|name| fs::read_to_string(self.path(output).join(name)).unwrap())
    }
}

/// Checks the exit code, that each text is said, and that nothing panicked.
fn check(output: &Output, code: i32, texts: &[&str]) {
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    let said = said.concat();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for text in texts {
        assert!(said.contains(text), "no {text:?} in: {said}");
    }
}

#[test]
fn a_study_leaves_tables_plots_and_a_model_that_can_be_trained_on() {
    let desk = Desk::new(TINY);
    let found = desk.search("out", &[]);
    check(
        &found,
        0,
        &[
            "trial 3 of 4",
            "4 trials: all trials are done",
            "front",
            "gates",
        ],
    );
    let [results, front] = desk.tables("out");
    assert_eq!(results.lines().count(), 5, "{results}");
    assert!((2..=5).contains(&front.lines().count()), "{front}");
    for file in [
        "pareto_plot.png",
        "pareto_plot.svg",
        "hypervolume.png",
        "study.sqlite",
    ] {
        assert!(desk.path("out").join(file).exists(), "{file}");
    }
    let record = fs::read_to_string(desk.path("out/best_model/record.json")).unwrap();
    let record: onchip_harness::Record = serde_json::from_str(&record).unwrap();
    assert!(record.emulated && record.output.matches_host);

    // What is there is not overwritten; what is complete stays as it is.
    check(
        &desk.search("out", &[]),
        2,
        &["out", "--resume", "--output"],
    );
    check(&desk.search("out", &["--resume"]), 0, &["4 trials"]);
    assert_eq!(desk.tables("out"), [results.clone(), front.clone()]);
    check(&desk.run(&["report", "out"]), 0, &["search_results.csv"]);
    assert_eq!(desk.tables("out"), [results, front]);

    let spec = "out/best_model_spec.yaml";
    let trained = desk.run(&["train", spec, "--epochs", "2", "--output", "final"]);
    check(&trained, 0, &["accuracy", "whole run", "emulated", "final"]);
    for file in [
        "model.tflite",
        "record.json",
        "labels.txt",
        "spec.yaml",
        "history.json",
    ] {
        assert!(desk.path("final").join(file).exists(), "{file}");
    }
}

#[test]
fn boards_threads_and_a_budget_that_is_raised_change_no_result() {
    let desk = Desk::new(TINY);
    let many = [
        "--boards",
        "3",
        "--workers",
        "3",
        "--quiet",
        "--trials",
        "5",
    ];
    check(&desk.search("many", &many), 0, &[]);
    let few = ["--boards", "1", "--workers", "1", "--trials", "3"];
    check(&desk.search("few", &few), 0, &[]);
    check(
        &desk.search("few", &["--resume", "--trials", "5"]),
        0,
        &["goes on after trial 2"],
    );
    assert_eq!(desk.tables("few"), desk.tables("many"));
}

#[cfg(unix)]
#[test]
fn a_study_that_is_killed_or_interrupted_goes_on_to_the_same_result() {
    let desk = Desk::new(TINY);
    check(&desk.search("undisturbed", &[]), 0, &[]);

    for (name, milliseconds) in [("a", 150), ("b", 400), ("c", 700)] {
        let mut search = desk.begin(name);
        std::thread::sleep(Duration::from_millis(milliseconds));
        search.kill().unwrap();
        search.wait().unwrap();
        check(&desk.go_on(name), 0, &[]);
        assert_eq!(
            desk.tables(name),
            desk.tables("undisturbed"),
            "killed after {milliseconds} ms"
        );
    }

    let search = desk.begin("interrupted");
    std::thread::sleep(Duration::from_millis(400));
    let asked = Command::new("kill")
        .args(["-INT", &search.id().to_string()])
        .status();
    assert!(asked.unwrap().success());
    let ended = search.wait_with_output().unwrap();
    // It may have been too early to be heeded, or too late.
    assert!(!matches!(ended.status.code(), Some(1..=4)), "{ended:?}");
    check(&desk.go_on("interrupted"), 0, &[]);
    assert_eq!(desk.tables("interrupted"), desk.tables("undisturbed"));
}

#[test]
fn a_study_in_which_nothing_is_allowed_says_what_was_broken() {
    let desk = Desk::new(&TINY.replace("latency_ms < 10", "latency_ms < 0.001"));
    let texts = [
        "no network keeps all constraints",
        "4 measured untrained",
        "4 broke latency_ms",
    ];
    check(&desk.search("out", &[]), 3, &texts);
    let [results, front] = desk.tables("out");
    assert_eq!((results.lines().count(), front.lines().count()), (5, 1));
    assert!(!desk.path("out/best_model/model.tflite").exists());
}

#[test]
fn without_boards_there_is_no_record() {
    let study = TINY.replace("latency_ms]", "parameters]\nboards: []");
    let desk = Desk::new(&study.replace(", latency_ms < 10", ""));
    check(&desk.search("out", &["--trials", "1"]), 0, &["1 trial:"]);
    check(
        &desk.run(&["train", "out/best_model_spec.yaml", "--epochs", "1"]),
        0,
        &["accuracy"],
    );
    for folder in ["out/best_model", "out/trained"] {
        assert!(desk.path(folder).join("model.tflite").exists(), "{folder}");
        assert!(!desk.path(folder).join("record.json").exists(), "{folder}");
    }
}

#[test]
fn a_study_file_with_faults_ends_with_2_and_names_them() {
    for (from, to, texts) in [
        (
            "objectives:",
            "objectivs:",
            &["study.yaml:4", "objectivs", "objectives"][..],
        ),
        (
            "[validation_error, latency_ms]",
            "[validation_eror]",
            &["validation_eror"],
        ),
        (
            "dataset: digits",
            "dataset: {fashion_mnist: {folder: nowhere}}",
            &["nowhere"],
        ),
        ("kernels: 3", "kernels: []", &["kernels"]),
        (
            "budget: {trials: 4}",
            "budget: {trials: 4}\nboards: [{board: missing}]",
            &["missing"],
        ),
        ("seed: 3", "seed: [", &["study.yaml"]),
    ] {
        let desk = Desk::new(&TINY.replace(from, to));
        for more in [&["--check"][..], &[]] {
            check(&desk.search("out", more), 2, texts);
        }
        assert!(!desk.path("out").exists(), "{to}");
    }
    check(
        &Desk::new("").run(&["search", "missing.yaml"]),
        2,
        &["missing.yaml"],
    );
}

#[test]
fn where_no_study_is_none_is_resumed() {
    let desk = Desk::new(TINY);
    let texts = ["nowhere has no study", "leave --resume away", "--output"];
    check(&desk.search("nowhere", &["--resume"]), 2, &texts);
    assert!(!desk.path("nowhere").exists());

    fs::create_dir(desk.path("other")).unwrap();
    fs::write(desk.path("other/notes.txt"), "mine").unwrap();
    check(
        &desk.search("other", &["--resume"]),
        2,
        &["other has no study"],
    );
    let texts = ["other is there already", "has no study", "--output"];
    check(&desk.search("other", &[]), 2, &texts);
}

#[test]
fn models_are_measured_as_they_are_if_asked() {
    let desk = Desk::new(TINY);
    let record = |folder: &str| -> onchip_harness::Record {
        let text = fs::read_to_string(desk.path(folder).join("record.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    check(&desk.search("cheaper", &["--trials", "1"]), 0, &[]);
    let as_they_are = ["--trials", "1", "--no-prepare"];
    check(&desk.search("out", &as_they_are), 0, &[]);
    let [cheaper, as_it_is] = ["cheaper", "out"].map(|out| record(&format!("{out}/best_model")));
    assert_eq!(as_it_is.model.sha256, cheaper.model.sha256);
    assert!(cheaper.prepared.is_some() && as_it_is.prepared.is_none());
    assert!(cheaper.ram.peak < as_it_is.ram.peak);

    // It is a study of its own.
    check(
        &desk.search("out", &["--resume"]),
        2,
        &["prepare", "other settings"],
    );
    check(&desk.search("out", &["--resume", "--no-prepare"]), 0, &[]);

    let spec = "out/best_model_spec.yaml";
    check(
        &desk.run(&["train", spec, "--epochs", "1", "--no-prepare"]),
        0,
        &[],
    );
    assert!(record("out/trained").prepared.is_none());
}

#[test]
fn a_store_of_other_settings_is_not_resumed() {
    let desk = Desk::new(TINY);
    check(&desk.search("out", &["--trials", "1"]), 0, &[]);
    let tables = desk.tables("out");
    fs::write(
        desk.path("study.yaml"),
        TINY.replace("epochs: 1", "epochs: 2"),
    )
    .unwrap();
    check(
        &desk.search("out", &["--resume"]),
        2,
        &["epochs", "other settings"],
    );
    assert_eq!(desk.tables("out"), tables);
}

#[test]
fn a_probe_that_is_not_there_is_the_benchs_failure() {
    let boards = "boards: [{board: nucleo-l4r5zi, probe: '0f0f:0001:nobody'}]\n";
    let desk = Desk::new(&format!("{TINY}{boards}"));
    check(
        &desk.search("out", &[]),
        4,
        &["no board is left", "0f0f:0001:nobody"],
    );
}

#[test]
fn a_check_tells_the_size_and_the_cost() {
    let desk = Desk::new(TINY);
    let texts = ["digits", "networks", "cost", "4 of them", "ok"];
    check(&desk.search("out", &["--check"]), 0, &texts);
    assert!(!desk.path("out").exists());
}

#[test]
fn random_models_run_and_are_the_same_for_a_seed() {
    let desk = Desk::new("");
    let write = |folder: &str| {
        let arguments = [
            "random-models",
            "--count",
            "3",
            "--seed",
            "7",
            "--out",
            folder,
        ];
        check(&desk.run(&arguments), 0, &["random-9.tflite", "MACs"]);
        [7, 8, 9].map(|seed| fs::read(desk.path(folder).join(format!("random-{seed}.tflite"))))
    };
    let [once, again] = [write("once"), write("again")];
    for (once, again) in once.into_iter().zip(again) {
        assert_eq!(once.unwrap(), again.unwrap());
    }
    let model = Path::new("once").join("random-7.tflite");
    let bench = [
        "bench",
        model.to_str().unwrap(),
        "--probe",
        "virtual",
        "--state",
        "none",
    ];
    check(&desk.run(&bench), 0, &["proof"]);
}
