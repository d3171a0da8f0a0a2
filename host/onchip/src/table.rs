//! A record as a table for people.

use std::fmt::{self, Write as _};

use onchip_harness::Record;

/// Writes a record as a table.
pub(crate) fn render(record: &Record) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, record);
    text
}

fn write(to: &mut String, record: &Record) -> fmt::Result {
    let mhz = f64::from(record.clock_hz) / 1e6;
    let kind = if record.emulated {
        "emulated"
    } else {
        "hardware"
    };
    writeln!(
        to,
        "{} on {} ({}, {mhz} MHz, {kind})\n",
        record.model.path, record.board, record.core
    )?;

    let width = record
        .operators
        .iter()
        .map(|operator| operator.op.len())
        .max()
        .unwrap_or(0)
        .max(8);
    writeln!(
        to,
        "  {:>3}  {:<width$}  {:>13}  {:>13}  {:>8}  {:>6}",
        "#", "operator", "MACs", "cycles", "cyc/MAC", "share"
    )?;
    let total = record.cycles.median;
    for operator in &record.operators {
        writeln!(
            to,
            "  {:>3}  {:<width$}  {:>13}  {:>13}  {:>8}  {:>6}",
            operator.index,
            operator.op,
            grouped(operator.macs),
            grouped(operator.cycles),
            per_mac(operator.cycles, operator.macs),
            percent(operator.cycles, total),
        )?;
    }
    writeln!(
        to,
        "       {:<width$}  {:>13}  {:>13}  {:>8}  {:>6}\n",
        "whole run",
        grouped(record.macs()),
        grouped(total),
        per_mac(total, record.macs()),
        format!("{:.1}%", 100.0 * record.operators_share()),
    )?;

    writeln!(
        to,
        "  latency  {:.3} ms: {} cycles, median of {} ({} to {}{})",
        record.latency_us / 1e3,
        grouped(total),
        grouped(record.cycles.count.into()),
        grouped(record.cycles.min),
        grouped(record.cycles.max),
        match record.cycles.distinct {
            0 | 1 => String::new(),
            distinct => format!(", {} different", grouped(distinct.into())),
        },
    )?;
    let ram = record.ram;
    writeln!(
        to,
        "  RAM      {} bytes: arena {}, stack {}, static {}",
        grouped(ram.peak.into()),
        grouped(ram.arena.into()),
        grouped(ram.stack.into()),
        grouped(ram.statics.into()),
    )?;
    let flash = record.flash;
    writeln!(
        to,
        "  flash    {} bytes: image {}, model {}; now written {}, sectors erased {}",
        grouped(flash.image + flash.model),
        grouped(flash.image),
        grouped(flash.model),
        grouped(flash.written),
        flash.erased_sectors,
    )?;
    if let Some(prepared) = &record.prepared {
        writeln!(
            to,
            "  prepared {}: {} to {} bytes, {} to {} MACs",
            match prepared.steps.len() {
                0 => "nothing to gain".to_owned(),
                1 => "1 step".to_owned(),
                steps => format!("{steps} steps"),
            },
            grouped(record.model.bytes),
            grouped(prepared.bytes),
            grouped(record.model.macs),
            grouped(prepared.macs),
        )?;
    }
    writeln!(
        to,
        "  output   {}, equal to the host engine's, input {}",
        shortened(&record.output.hex, 40),
        shortened(&record.input, 24),
    )?;
    writeln!(
        to,
        "  proof    nonce {}, model CRC {}, clocks within {:.1} ppm",
        record.proof.nonce, record.proof.model_crc32, record.proof.clock_check_ppm,
    )?;
    writeln!(
        to,
        "  from     {kind} {}, image {} (sources {}, {})",
        record.probe,
        shortened(&record.image.sha256, 12),
        shortened(&record.image.sources, 12),
        record.image.rustc,
    )?;
    let host = record.host_ms;
    writeln!(
        to,
        "  host     attach {:.0} ms, flash {:.0} ms, run {:.0} ms, read {:.0} ms",
        host.attach, host.flash, host.run, host.read,
    )
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Cycles per multiply-accumulate, if there are any.
pub(crate) fn per_mac(cycles: u64, macs: u64) -> String {
    match macs {
        0 => "-".to_owned(),
        _ => format!("{:.2}", cycles as f64 / macs as f64),
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}%", 100.0 * part as f64 / whole.max(1) as f64)
}

fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn texts_are_shortened_at_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöü", 2), "äö…");
    }
}
