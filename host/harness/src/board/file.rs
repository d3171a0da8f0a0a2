//! The board file as it is written, and the checks that turn it into a [`Board`].

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Board, BoardError, Core, Identity, Memory, MemoryKind, Partition, ProbeSettings, Timeouts,
};

/// Smallest partition that is of use: it holds the models of the usual benchmarks.
const PARTITION_MIN: u32 = 0x4_0000;

/// A hung probe or chip must be noticed within this time.
const SILENCE_MAX_MS: u64 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoardFile {
    name: Spanned<String>,
    title: String,
    chip: String,
    core: Core,
    clock_hz: Spanned<u32>,
    image: Spanned<String>,
    identity: Identity,
    memory: Vec<MemoryFile>,
    partition: PartitionFile,
    probe: ProbeSettings,
    timeout_ms: TimeoutFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryFile {
    name: String,
    kind: MemoryKind,
    address: Spanned<u32>,
    length: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartitionFile {
    address: Spanned<u32>,
    length: Spanned<u32>,
    sector: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutFile {
    attach: Spanned<u64>,
    flash: Spanned<u64>,
    start: Spanned<u64>,
    run: Spanned<u64>,
    silence: Spanned<u64>,
}

/// Parses and checks; see [`Board::parse`].
pub(super) fn parse(text: &str, file: &str) -> Result<Board, BoardError> {
    let read: BoardFile = toml::from_str(text).map_err(|source| BoardError::Syntax {
        file: file.to_owned(),
        source: Box::new(source),
    })?;
    let check = Checker { text, file };

    if read.name.get_ref().is_empty()
        || !read
            .name
            .get_ref()
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err(check.error(
            &read.name,
            "name",
            format!("`{}` is no board name", read.name.get_ref()),
            "use lower-case letters, digits and dashes",
        ));
    }
    if *read.clock_hz.get_ref() == 0 {
        return Err(check.error(
            &read.clock_hz,
            "clock_hz",
            "a clock of 0 Hz never ticks",
            "write the core clock that the image sets, in hertz",
        ));
    }
    if read.image.get_ref().contains(['/', '\\']) {
        return Err(check.error(
            &read.image,
            "image",
            "only a file name is allowed",
            "put the image beside the board file, or give `--image ELF`",
        ));
    }

    let memories = read
        .memory
        .into_iter()
        .map(|memory| {
            Ok(Memory {
                range: check.range(&memory.address, &memory.length, "memory.length")?,
                name: memory.name,
                kind: memory.kind,
            })
        })
        .collect::<Result<Vec<_>, BoardError>>()?;
    let partition = check.partition(&read.partition, &memories)?;

    Ok(Board {
        name: read.name.into_inner(),
        title: read.title,
        chip: read.chip,
        core: read.core,
        clock_hz: read.clock_hz.into_inner(),
        image: read.image.into_inner(),
        folder: None,
        identity: read.identity,
        memories,
        partition,
        probe: read.probe,
        timeouts: Timeouts {
            attach: check.millis(&read.timeout_ms.attach, "timeout_ms.attach", u64::MAX)?,
            flash: check.millis(&read.timeout_ms.flash, "timeout_ms.flash", u64::MAX)?,
            start: check.millis(&read.timeout_ms.start, "timeout_ms.start", u64::MAX)?,
            run: check.millis(&read.timeout_ms.run, "timeout_ms.run", u64::MAX)?,
            silence: check.millis(
                &read.timeout_ms.silence,
                "timeout_ms.silence",
                SILENCE_MAX_MS,
            )?,
        },
    })
}

/// Knows the text, so that a complaint can say where.
struct Checker<'t> {
    text: &'t str,
    file: &'t str,
}

impl Checker<'_> {
    fn error<T>(
        &self,
        at: &Spanned<T>,
        key: &'static str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> BoardError {
        let before = &self.text.as_bytes()[..at.span().start.min(self.text.len())];
        BoardError::Value {
            file: self.file.to_owned(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            key,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    fn range(
        &self,
        address: &Spanned<u32>,
        length: &Spanned<u32>,
        key: &'static str,
    ) -> Result<Range<u32>, BoardError> {
        let start = *address.get_ref();
        match start.checked_add(*length.get_ref()) {
            Some(end) if end > start => Ok(start..end),
            _ => Err(self.error(
                length,
                key,
                format!(
                    "{:#x} bytes from {start:#010x} are no range of addresses",
                    length.get_ref()
                ),
                "write the region's size in bytes, ending below 4 GiB",
            )),
        }
    }

    fn partition(
        &self,
        read: &PartitionFile,
        memories: &[Memory],
    ) -> Result<Partition, BoardError> {
        let range = self.range(&read.address, &read.length, "partition.length")?;
        let sector = *read.sector.get_ref();
        if sector == 0 {
            return Err(self.error(
                &read.sector,
                "partition.sector",
                "a sector has at least one byte",
                "write the chip's erase size in bytes",
            ));
        }
        for (value, key) in [
            (&read.address, "partition.address"),
            (&read.length, "partition.length"),
        ] {
            if value.get_ref() % sector != 0 {
                return Err(self.error(
                    value,
                    key,
                    format!(
                        "{:#x} is no multiple of the sector size {sector:#x}",
                        value.get_ref()
                    ),
                    "align the partition to whole sectors",
                ));
            }
        }
        if range.end - range.start < PARTITION_MIN {
            return Err(self.error(
                &read.length,
                "partition.length",
                format!("{} bytes are too few for models", range.end - range.start),
                format!("give the partition at least {PARTITION_MIN:#x} bytes"),
            ));
        }
        let inside = memories.iter().any(|memory| {
            memory.kind == MemoryKind::Flash
                && memory.range.start <= range.start
                && range.end <= memory.range.end
        });
        if !inside {
            return Err(self.error(
                &read.address,
                "partition.address",
                format!(
                    "{:#010x}..{:#010x} is not inside a flash memory of this file",
                    range.start, range.end
                ),
                "move the partition, or add the [[memory]] of kind \"flash\" that holds it",
            ));
        }
        Ok(Partition { range, sector })
    }

    fn millis(
        &self,
        value: &Spanned<u64>,
        key: &'static str,
        max: u64,
    ) -> Result<Duration, BoardError> {
        match *value.get_ref() {
            0 => Err(self.error(
                value,
                key,
                "no phase takes 0 ms",
                "write a time in milliseconds",
            )),
            millis if millis > max => Err(self.error(
                value,
                key,
                format!("{millis} ms is longer than a hang may last"),
                format!("write at most {max}"),
            )),
            millis => Ok(Duration::from_millis(millis)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../../../boards/nucleo-l4r5zi.toml");

    /// Replaces `from` by `to` in a good file and returns the complaint.
    fn check(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        Board::parse(&GOOD.replacen(from, to, 1), "b.toml")
            .expect_err("the file is wrong")
            .to_string()
    }

    #[test]
    fn the_first_board_is_good() {
        let board = Board::parse(GOOD, "nucleo-l4r5zi.toml").unwrap();
        assert_eq!(board.name, "nucleo-l4r5zi");
        assert_eq!(board.partition.length(), 1 << 20);
        assert!(
            board
                .region(MemoryKind::Ram, &(0x2000_0000..0x2000_0004))
                .is_some()
        );
    }

    #[test]
    fn complaints_name_file_line_key_and_remedy() {
        for (from, to, wants) in [
            (
                "address = 0x0810_0000",
                "address = 0x0810_0800",
                ["partition.address", "sector size 0x1000", "align"],
            ),
            (
                "length = 0x10_0000",
                "length = 0x1000",
                ["partition.length", "4096 bytes", "at least 0x40000"],
            ),
            (
                "address = 0x0810_0000",
                "address = 0x0820_0000",
                ["partition.address", "not inside a flash", "move"],
            ),
            (
                "length = 0xA_0000",
                "length = 0xFFFF_FFFF",
                ["memory.length", "no range", "below 4 GiB"],
            ),
            (
                "clock_hz = 120_000_000",
                "clock_hz = 0",
                ["line 8", "clock_hz", "in hertz"],
            ),
            (
                "name = \"nucleo-l4r5zi\"",
                "name = \"My Board\"",
                ["line 4", "`name`", "lower-case"],
            ),
            (
                "image = \"nucleo",
                "image = \"../nucleo",
                ["line 9", "image", "--image"],
            ),
            (
                "silence = 8_000",
                "silence = 60_000",
                ["timeout_ms.silence", "hang", "at most 10000"],
            ),
            (
                "sector = 0x1000",
                "sector = 0",
                ["partition.sector", "at least one byte", "erase size"],
            ),
            ("speed_khz", "speed", ["line", "`speed`", "remedy"]),
            ("chip = ", "chips = ", ["line 6", "`chips`", "remedy"]),
            (
                "core = \"cortex-m4f\"",
                "core = \"z80\"",
                ["line 7", "z80", "cortex-m4f"],
            ),
            ("title = \"ST", "title = ST", ["line 5", "b.toml", "remedy"]),
        ] {
            let text = check(from, to);
            for want in wants {
                assert!(text.contains(want), "{want:?} not in {text:?}");
            }
            assert!(text.contains("b.toml"), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_board_lists_the_known_ones() {
        let text = Board::find("nucleo").unwrap_err().to_string();
        assert!(text.contains("nucleo-l4r5zi"), "{text}");
    }

    #[test]
    fn embedded_boards_are_good_and_named_like_their_files() {
        let names: Vec<_> = super::super::embedded::board_names().collect();
        for (board, name) in super::super::embedded_boards().into_iter().zip(names) {
            assert_eq!(board.unwrap().name, name);
        }
    }
}
