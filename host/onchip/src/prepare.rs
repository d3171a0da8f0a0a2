//! `onchip prepare`.

use std::io::Write as _;

use anyhow::Context as _;
use onchip_prepare::{Options, Prepared};

use crate::cli::PrepareArgs;
use crate::out;
use crate::outcome::Outcome;
use crate::table::grouped;

pub(crate) fn prepare(arguments: &PrepareArgs) -> anyhow::Result<Outcome> {
    let name = arguments.model.display();
    let source =
        std::fs::read(&arguments.model).with_context(|| format!("model {name} cannot be read"))?;
    let options = Options { tflm_plan: true };
    let prepared =
        onchip_prepare::prepare(&source, options).with_context(|| format!("model {name}"))?;
    write!(out::stdout(), "{}", table(&prepared))?;
    if let Some(path) = &arguments.out {
        std::fs::write(path, &prepared.bytes)
            .with_context(|| format!("model {} cannot be written", path.display()))?;
    }
    Ok(Outcome::Done)
}

/// Costs before and after, and what was done.
fn table(prepared: &Prepared) -> String {
    let Prepared { before, after, .. } = prepared;
    let mut lines = vec![format!("{:<10}  {:>13}  {:>13}", "", "before", "after")];
    for (what, before, after) in [
        ("MACs", before.macs, after.macs),
        ("operators", before.operators as u64, after.operators as u64),
        ("file bytes", before.bytes as u64, after.bytes as u64),
        ("arena", before.arena as u64, after.arena as u64),
    ] {
        let (before, after) = (grouped(before), grouped(after));
        lines.push(format!("{what:<10}  {before:>13}  {after:>13}"));
    }
    lines.push(String::new());
    let steps = prepared.steps.iter();
    lines.extend(steps.map(|step| format!("{:<10}  {}", step.pass.name(), step.what)));
    if let Some(obstacle) = &prepared.obstacle {
        lines.push(format!("left as it is: {obstacle}"));
    } else if prepared.steps.is_empty() {
        lines.push("nothing to gain: the file is the source itself".to_owned());
    }
    lines.push(format!("source      SHA-256 {}", prepared.source));
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}
