//! The report for people.

use std::fmt::{self, Write as _};

use std::collections::BTreeMap;

use onchip_emulate::{Passage, Report, Spent};
use onchip_harness::Board;

use crate::table::grouped;

/// More passages than this are summed up.
const SHOWN: usize = 10;

/// Tells where the cycles of all outermost passages went; without passages, those of the run.
pub(crate) fn explain(report: &Report) -> String {
    let outermost = report.passages.iter().filter(|passage| passage.depth == 0);
    let mut order = Vec::new();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let mut add = |causes: &[Spent]| {
        for spent in causes {
            if !order.contains(&spent.on) {
                order.push(spent.on);
            }
            *sums.entry(spent.on).or_default() += spent.cycles;
        }
    };
    let title = if report.passages.is_empty() {
        add(&report.causes);
        "the cycles of the whole run"
    } else {
        outermost.for_each(|passage| add(&passage.causes));
        "the cycles of the passages"
    };
    let total: i64 = sums.values().sum();
    let mut text = format!("\n  {title} were spent on\n");
    for cause in order {
        let cycles = sums[cause];
        let sign = if cycles < 0 { "-" } else { "" };
        let share = 100.0 * cycles as f64 / total.max(1) as f64;
        let cycles = format!("{sign}{}", grouped(cycles.unsigned_abs()));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {cause:<26}{cycles:>16}{share:>8.1}%");
    }
    text
}

/// Writes a report as a table.
pub(crate) fn render(program: &str, board: &Board, report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, program, board, report);
    text
}

fn write(to: &mut String, program: &str, board: &Board, report: &Report) -> fmt::Result {
    writeln!(
        to,
        "\n{program} on {} ({}, {}, emulated)\n{}\n",
        board.name, report.chip, board.core, report.end
    )?;
    row(
        to,
        "",
        ["instructions", "cycles", "CPI", "stack", "painted"].map(str::to_owned),
    )?;
    let passages = &report.passages;
    if passages.len() <= SHOWN {
        for (passage, number) in passages.iter().zip(1..) {
            let name = format!("{:depth$}passage {number}", "", depth = 2 * passage.depth);
            row(to, &name, cells(passage))?;
        }
    } else {
        summary(to, passages)?;
    }
    row(
        to,
        "whole run",
        [
            grouped(report.instructions),
            grouped(report.cycles),
            ratio(report.cycles, report.instructions),
            grouped(report.stack_pointer.into()),
            "-".to_owned(),
        ],
    )?;
    if report.unfinished > 0 {
        writeln!(to, "\n  {} passages have not ended", report.unfinished)?;
    }
    if report.stray_ends > 0 {
        writeln!(
            to,
            "\n  the end mark was reached {} times without a begin",
            report.stray_ends
        )?;
    }
    if !report.excused.is_empty() {
        writeln!(
            to,
            "\n  not modelled, read as zero, written without effect:"
        )?;
    }
    for register in &report.excused {
        writeln!(
            to,
            "  {:#010x} {} {:>9} times, first at {:#010x}{}: {}",
            register.address,
            if register.write { "written" } else { "read   " },
            grouped(register.count),
            register.first_pc,
            register
                .function
                .as_ref()
                .map_or(String::new(), |name| format!(" in {name}")),
            register.what,
        )?;
    }
    Ok(())
}

fn row(to: &mut String, name: &str, cells: [String; 5]) -> fmt::Result {
    let [instructions, cycles, ratio, stack, painted] = cells;
    writeln!(
        to,
        "  {name:<16}  {instructions:>15}  {cycles:>15}  {ratio:>6}  {stack:>9}  {painted:>9}"
    )
}

fn cells(passage: &Passage) -> [String; 5] {
    let painted = passage.stack_painted.map(u64::from);
    [
        grouped(passage.instructions),
        grouped(passage.cycles),
        ratio(passage.cycles, passage.instructions),
        grouped(passage.stack_pointer.into()),
        painted.map_or("-".to_owned(), grouped),
    ]
}

/// Least, mean and most of many passages.
fn summary(to: &mut String, passages: &[Passage]) -> fmt::Result {
    let count = passages.len() as u64;
    writeln!(to, "  {} passages", grouped(count))?;
    let columns: [Vec<u64>; 4] = [
        passages.iter().map(|one| one.instructions).collect(),
        passages.iter().map(|one| one.cycles).collect(),
        passages
            .iter()
            .map(|one| one.stack_pointer.into())
            .collect(),
        passages
            .iter()
            .filter_map(|one| one.stack_painted)
            .map(u64::from)
            .collect(),
    ];
    let least = |column: &[u64]| column.iter().min().copied();
    let most = |column: &[u64]| column.iter().max().copied();
    let mean = |column: &[u64]| {
        let sum: u128 = column.iter().copied().map(u128::from).sum();
        let count = column.len() as u128;
        (count > 0).then(|| ((sum + count / 2) / count) as u64)
    };
    type Figure<'a> = (&'a str, &'a dyn Fn(&[u64]) -> Option<u64>);
    let figures: [Figure<'_>; 3] = [("  least", &least), ("  mean", &mean), ("  most", &most)];
    for (name, figure) in figures {
        let [instructions, cycles, stack, painted] = columns.each_ref().map(|c| figure(c));
        let cell = |figure: Option<u64>| figure.map_or("-".to_owned(), grouped);
        let ratio = match (name, instructions, cycles) {
            ("  mean", Some(instructions), Some(cycles)) => ratio(cycles, instructions),
            _ => String::new(),
        };
        row(
            to,
            name,
            [
                cell(instructions),
                cell(cycles),
                ratio,
                cell(stack),
                cell(painted),
            ],
        )?;
    }
    Ok(())
}

fn ratio(cycles: u64, instructions: u64) -> String {
    match instructions {
        0 => "-".to_owned(),
        _ => format!("{:.3}", cycles as f64 / instructions as f64),
    }
}
