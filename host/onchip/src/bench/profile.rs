//! Profiles: the table for people, and the files of the report.

use std::fmt::{self, Write as _};
use std::path::Path;

use onchip_report::profile::{self, Executed, Operator, Profile};

use super::measured::Measured;
use crate::table::grouped;

/// Shares below this, in percent, are not worth a word.
const SHARE_MIN: f64 = 1.0;

/// Writes trace and chart of all measurements; with none there is nothing to write.
pub(super) fn write(path: &Path, chart: Option<&Path>, all: &[Measured]) -> anyhow::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let profiles: Vec<Profile> = all.iter().map(of).collect();
    let beside = path.with_extension("png");
    profile::write(&profiles, path, chart.unwrap_or(&beside))?;
    Ok(())
}

/// A measurement's profile as a table.
pub(super) fn render(measured: &Measured) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = table(&mut text, &of(measured));
    text
}

fn of(measured: &Measured) -> Profile {
    let record = &measured.record;
    let kind = if record.emulated {
        "emulated"
    } else {
        "hardware"
    };
    let mhz = f64::from(record.clock_hz) / 1e6;
    let path = Path::new(&record.model.path);
    let name = path.file_name().unwrap_or(path.as_os_str());
    let explained = measured.explanation.as_ref();
    let inspection = measured.inspection.as_ref();
    let operators = record
        .operators
        .iter()
        .enumerate()
        .map(|(index, operator)| {
            let shapes = inspection.and_then(|inspection| inspection.operators.get(index));
            let [weight_bytes, input_bytes, output_bytes] = shapes.map_or([0; 3], |shapes| {
                [&shapes.constants, &shapes.inputs, &shapes.outputs]
                    .map(|tensors| tensors.iter().filter_map(|tensor| tensor.bytes).sum())
            });
            let stretch = explained.and_then(|explained| explained.parts.get(index));
            Operator {
                name: operator.op.clone(),
                cycles: operator.cycles,
                macs: operator.macs,
                weight_bytes,
                input_bytes,
                output_bytes,
                executed: stretch.map(|stretch| Executed {
                    instructions: stretch.instructions,
                    causes: stretch
                        .causes
                        .iter()
                        .map(|spent| (spent.on, spent.cycles))
                        .collect(),
                }),
            }
        });
    Profile {
        model: name.to_string_lossy().into_owned(),
        measured_on: format!("{}, {}, {mhz} MHz, {kind}", record.board, record.core),
        clock_hz: record.clock_hz,
        cycles: record.cycles.median,
        operators: operators.collect(),
    }
}

fn table(to: &mut String, profile: &Profile) -> fmt::Result {
    writeln!(to, "{} on {}\n", profile.model, profile.measured_on)?;
    let names = profile.operators.iter().map(|one| one.name.len());
    let width = names.max().unwrap_or(0).max(8);
    let is_explained = profile.operators.iter().any(|one| one.executed.is_some());
    write!(
        to,
        "  {:>3}  {:<width$}  {:>9}  {:>9}  {:>9}",
        "#", "operator", "weights B", "inputs B", "outputs B"
    )?;
    match is_explained {
        true => writeln!(
            to,
            "  {:>12}  {:>5}  cycles are spent on",
            "instructions", "CPI"
        )?,
        false => writeln!(to)?,
    }
    for (operator, index) in profile.operators.iter().zip(0..) {
        write!(
            to,
            "  {index:>3}  {:<width$}  {:>9}  {:>9}  {:>9}",
            operator.name,
            grouped(operator.weight_bytes),
            grouped(operator.input_bytes),
            grouped(operator.output_bytes),
        )?;
        if let Some(executed) = &operator.executed {
            write!(
                to,
                "  {:>12}  {:>5.2}  {}",
                grouped(executed.instructions),
                operator.cycles as f64 / executed.instructions.max(1) as f64,
                shares(&executed.causes, operator.cycles),
            )?;
        }
        writeln!(to)?;
    }
    if is_explained {
        let whole = shares(
            &profile::causes(std::slice::from_ref(profile)),
            profile.operators.iter().map(|one| one.cycles).sum(),
        );
        writeln!(to, "\n  all operators: {whole}")?;
    }
    Ok(())
}

/// What cycles were spent on, the most first: `loads and stores 52 %; branches 31 %`.
fn shares(causes: &[(&'static str, i64)], cycles: u64) -> String {
    let mut sorted = causes.to_vec();
    sorted.sort_by_key(|&(_, cycles)| std::cmp::Reverse(cycles));
    let share = |part: i64| 100.0 * part as f64 / cycles.max(1) as f64;
    let words = sorted
        .into_iter()
        .map(|(cause, part)| (cause, share(part)))
        .filter(|(_, share)| share.abs() >= SHARE_MIN)
        .map(|(cause, share)| format!("{cause} {share:.0} %"));
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shares_are_left_out() {
        let causes = [
            ("branches", 9),
            ("loads and stores", 660),
            ("fetch", 331),
            ("sleep", -20),
        ];
        assert_eq!(
            shares(&causes, 1000),
            "loads and stores 66 %; fetch 33 %; sleep -2 %"
        );
        assert_eq!(shares(&[], 0), "");
    }
}
