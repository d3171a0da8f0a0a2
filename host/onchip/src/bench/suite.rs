//! Suites: models that are known by their file names, and a table of all of them.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use onchip_harness::Board;

use super::figures::{FIGURES, Figure};
use super::measured::Measured;
use crate::cli::Suite;
use crate::table::{grouped, per_mac};

/// A model of a suite.
struct Member {
    /// What it is called in tables.
    name: &'static str,
    /// Names of its file: as published, and as it goes round. The first one found is taken.
    files: &'static [&'static str],
}

/// The reference models of github.com/mlcommons/tiny, int8.
const MLPERF_TINY: &[Member] = &[
    Member {
        name: "kws",
        files: &["kws_ref_model.tflite"],
    },
    Member {
        name: "ic",
        files: &["pretrainedResnet_quant.tflite", "ic_ref_model.tflite"],
    },
    Member {
        name: "vww",
        files: &["vww_96_int8.tflite"],
    },
    Member {
        name: "ad",
        files: &["ad01_int8.tflite"],
    },
];

/// A suite, as far as it was found.
pub(super) struct Found {
    title: &'static str,
    /// Each member, and where it is.
    members: Vec<(&'static Member, Option<PathBuf>)>,
    /// Models beside that are none of them.
    others: Vec<PathBuf>,
}

/// Looks for a suite's models in folders.
pub(super) fn find(suite: Suite, folders: &[PathBuf]) -> anyhow::Result<Found> {
    let (title, members) = match suite {
        Suite::MlperfTiny => ("MLPerf Tiny", MLPERF_TINY),
    };
    let mut models = Vec::new();
    for folder in folders {
        models.extend(models_in(folder)?);
    }
    let path_of = |member: &Member| {
        let mut names = member.files.iter();
        names.find_map(|name| models.iter().find(|path| path.ends_with(name)).cloned())
    };
    let members: Vec<_> = members.iter().map(|one| (one, path_of(one))).collect();
    models.retain(|model| members.iter().all(|(_, path)| path.as_ref() != Some(model)));
    let found = Found {
        title,
        members,
        others: models,
    };
    ensure!(
        !found.paths().is_empty(),
        "there is no model of {title} in {}; known are {}",
        shown(folders),
        found
            .members
            .iter()
            .flat_map(|(member, _)| member.files)
            .copied()
            .collect::<Vec<_>>()
            .join(", ")
    );
    Ok(found)
}

/// The .tflite files in a folder, by name.
fn models_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || {
        format!(
            "folder {} cannot be read; --suite wants the folder that holds its models",
            folder.display()
        )
    };
    let mut models = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|end| end == "tflite") {
            models.push(path);
        }
    }
    models.sort();
    Ok(models)
}

fn shown(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| path.display().to_string());
    paths.collect::<Vec<_>>().join(", ")
}

impl Found {
    /// Where the models are.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let paths = self.members.iter().filter_map(|(_, path)| path.clone());
        paths.collect()
    }

    /// All measurements beside published figures.
    pub(super) fn table(&self, boards: &[Board], all: &[Measured]) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, boards, all);
        text
    }

    fn write(&self, to: &mut String, boards: &[Board], all: &[Measured]) -> fmt::Result {
        let kind = match all {
            [] => "nothing measured",
            [one, ..] if one.record.emulated => "emulated",
            _ => "hardware",
        };
        writeln!(to, "{}, {kind}\n", self.title)?;
        let names = boards.iter().map(|board| board.name.len());
        let width = names.max().unwrap_or(0).max(5);
        row(
            to,
            width,
            ["model", "board"],
            [
                "cycles",
                "ms",
                "cyc/MAC",
                "instructions",
                "arena B",
                "peak RAM B",
                "flash B",
            ]
            .map(str::to_owned),
        )?;
        let mut compared = Vec::new();
        for (member, path) in &self.members {
            let Some(path) = path else {
                let names = member.files.join(" or ");
                writeln!(to, "  {:<5}  not found: {names}", member.name)?;
                continue;
            };
            for board in boards {
                let is_it = |one: &&Measured| {
                    one.record.board == board.name && Path::new(&one.record.model.path) == path
                };
                let Some(one) = all.iter().find(is_it) else {
                    writeln!(
                        to,
                        "  {:<5}  {:<width$}  not measured",
                        member.name, board.name
                    )?;
                    continue;
                };
                row(to, width, [member.name, &board.name], cells(one))?;
                let figures = FIGURES.iter();
                let figures =
                    figures.filter(|it| it.model == member.name && it.board == board.name);
                compared.extend(figures.map(|figure| (figure, figure.measured(one))));
            }
        }
        if !compared.is_empty() {
            writeln!(
                to,
                "\n  {:<5}  {:<width$}  {:<12}  {:<6}  {:>12}  {:>12}  {:>8}",
                "model", "board", "figure", "", "at most", "measured", ""
            )?;
        }
        for (figure, measured) in compared {
            compare(to, width, figure, measured)?;
        }
        if !self.others.is_empty() {
            writeln!(
                to,
                "\n  not of the suite, left alone: {}",
                shown(&self.others)
            )?;
        }
        Ok(())
    }
}

fn row(to: &mut String, width: usize, names: [&str; 2], cells: [String; 7]) -> fmt::Result {
    let [model, board] = names;
    let [cycles, ms, ratio, instructions, arena, ram, flash] = cells;
    writeln!(
        to,
        "  {model:<5}  {board:<width$}  {cycles:>12}  {ms:>9}  {ratio:>7}  {instructions:>12}  \
         {arena:>9}  {ram:>10}  {flash:>9}"
    )
}

fn cells(measured: &Measured) -> [String; 7] {
    let record = &measured.record;
    let cycles = record.cycles.median;
    [
        grouped(cycles),
        format!("{:.3}", record.latency_us / 1e3),
        per_mac(cycles, record.model.macs),
        measured.instructions().map_or("-".to_owned(), grouped),
        grouped(record.ram.arena.into()),
        grouped(record.ram.peak.into()),
        grouped(record.flash.image + record.flash.model),
    ]
}

/// A figure, what was measured, and whether that is as good.
fn compare(to: &mut String, width: usize, figure: &Figure, measured: Option<u64>) -> fmt::Result {
    let (measured, verdict) = match measured {
        None => ("-".to_owned(), "unknown".to_owned()),
        Some(found) if found <= figure.value => (grouped(found), "reached".to_owned()),
        Some(found) => {
            let beyond = 100.0 * (found as f64 / figure.value as f64 - 1.0);
            (grouped(found), format!("+{beyond:.1} %"))
        }
    };
    writeln!(
        to,
        "  {:<5}  {:<width$}  {:<12}  {:<6}  {:>12}  {measured:>12}  {verdict:>8}  {}",
        figure.model,
        figure.board,
        figure.quantity.name(),
        figure.aim.name(),
        grouped(figure.value),
        figure.source,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], expected: Result<(&[Option<&str>], &[&str]), &str>) {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = find(Suite::MlperfTiny, &[folder.path().to_owned()]);
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        match (found, expected) {
            (Ok(found), Ok((members, others))) => {
                let paths = found
                    .members
                    .iter()
                    .map(|(_, path)| path.as_ref().map(name));
                let paths: Vec<_> = paths.collect();
                let paths: Vec<_> = paths.iter().map(Option::as_deref).collect();
                assert_eq!(paths, members, "{files:?}");
                assert_eq!(found.others.iter().map(name).collect::<Vec<_>>(), others);
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (found, _) => panic!("{files:?}: {:?}", found.map(|found| found.paths())),
        }
    }

    #[test]
    fn models_are_known_by_their_names() {
        const KWS: Option<&str> = Some("kws_ref_model.tflite");
        const AD: Option<&str> = Some("ad01_int8.tflite");
        check(
            &["kws_ref_model.tflite", "README.md", "a.tflite"],
            Ok((&[KWS, None, None, None], &["a.tflite"])),
        );
        check(
            &[
                "ad01_int8.tflite",
                "ic_ref_model.tflite",
                "pretrainedResnet_quant.tflite",
            ],
            Ok((
                &[None, Some("pretrainedResnet_quant.tflite"), None, AD],
                &["ic_ref_model.tflite"],
            )),
        );
        check(&["a.tflite"], Err("kws_ref_model.tflite, "));
    }

    #[test]
    fn figures_are_of_members_and_say_whether_they_are_reached() {
        let is_member = |figure: &&Figure| MLPERF_TINY.iter().any(|it| it.name == figure.model);
        assert!(FIGURES.iter().all(|figure| is_member(&figure)));
        for (measured, text) in [
            (Some(7_500_000), " 7,500,000   reached  "),
            (Some(7_600_000), " 7,600,000    +1.3 %  "),
            (None, " -   unknown  "),
        ] {
            let mut row = String::new();
            compare(&mut row, 13, &FIGURES[0], measured).unwrap();
            assert!(row.contains(text), "{row}");
        }
    }
}
