//! The record of a measurement.

use std::collections::BTreeSet;

use onchip_prepare::Step;
use onchip_protocol::order::Order;
use onchip_tflite::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::board::Board;
use crate::candidate::Candidate;
use crate::flash::Written;
use crate::image::Image;
use crate::series::Series;

/// Names the layout of [`Record`]; a changed meaning is a new number. Fields that came later are left out where they
/// do not apply: [`Record::prepared`], without which the model itself ran.
pub const SCHEMA: &str = "onchip.record/1";

/// A proved measurement, with all that determines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: String,
    /// The board's name.
    pub board: String,
    /// The probe's selector.
    pub probe: String,
    /// Whether the board is an emulated one. Such records and those of hardware do not mix.
    pub emulated: bool,
    /// The processor core.
    pub core: String,
    /// The core clock in hertz.
    pub clock_hz: u32,
    /// What was measured, as it was given.
    pub model: ModelRecord,
    /// What ran in its place, if it was prepared. Operators, flash and the proof's CRC are of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<PreparedRecord>,
    /// What measured it.
    pub image: ImageRecord,
    /// Core clock cycles per inference.
    pub cycles: Cycles,
    /// Microseconds per inference: the median cycles at the core clock.
    pub latency_us: f64,
    /// The operators of the median run, in order of execution.
    pub operators: Vec<OperatorRecord>,
    /// RAM use in bytes.
    pub ram: Ram,
    /// Flash use.
    pub flash: Flash,
    /// `lcg`, `zeros`, or `sha256:` and the digest of the input's bytes.
    pub input: String,
    /// What came out.
    pub output: Output,
    /// Why to believe it.
    pub proof: ProofRecord,
    /// What the measurement took on the host, in milliseconds. The only numbers here that differ
    /// between two runs on a virtual board.
    pub host_ms: HostMs,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Where it was read from.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Multiply-accumulate operations per inference.
    pub macs: u64,
    /// Weights and biases.
    pub params: u64,
}

/// A model that computes what its source does, and costs less; the source itself where nothing could be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedRecord {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Multiply-accumulate operations per inference.
    pub macs: u64,
    /// Weights and biases.
    pub params: u64,
    /// What was done to the source, in this order.
    pub steps: Vec<Step>,
}

/// What measured it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// SHA-256 of the ELF file.
    pub sha256: String,
    /// Digest of the sources it was built from.
    pub sources: String,
    /// The compiler that built it.
    pub rustc: String,
}

/// Core clock cycles per inference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCycles")]
pub struct Cycles {
    /// Each timed run, of many the first 1,000.
    pub runs: Vec<u64>,
    /// The number of timed runs.
    pub count: u32,
    /// How many different values there are among them.
    pub distinct: u32,
    /// The middle one; of an even number the lower of the two.
    pub median: u64,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

/// [`Cycles`] as they may have been stored: the first records held all runs, and so did not count them.
#[derive(Deserialize)]
struct StoredCycles {
    runs: Vec<u64>,
    count: Option<u32>,
    distinct: Option<u32>,
    median: u64,
    min: u64,
    max: u64,
}

impl From<StoredCycles> for Cycles {
    fn from(stored: StoredCycles) -> Cycles {
        let StoredCycles {
            runs,
            median,
            min,
            max,
            ..
        } = stored;
        let different = runs.iter().collect::<BTreeSet<_>>().len();
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Cycles {
            count: stored.count.unwrap_or(number(runs.len())),
            distinct: stored.distinct.unwrap_or(number(different)),
            runs,
            median,
            min,
            max,
        }
    }
}

/// An operator's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRecord {
    /// Place in the model, from 0.
    pub index: u32,
    /// Its name in the TFLite format.
    pub op: String,
    /// Its multiply-accumulate operations.
    pub macs: u64,
    /// Its core clock cycles.
    pub cycles: u64,
}

/// RAM use in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ram {
    /// Of the arena, found by painting.
    pub arena: u32,
    /// Of the stack, found by painting.
    pub stack: u32,
    /// Of the image's variables.
    #[serde(rename = "static")]
    pub statics: u32,
    /// All three together.
    pub peak: u32,
}

/// Flash use in bytes, and wear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Taken by the image.
    pub image: u64,
    /// Taken by the model, with header and input.
    pub model: u64,
    /// Bytes written for this measurement.
    pub written: u64,
    /// Sectors erased for this measurement.
    pub erased_sectors: u64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The output tensor's bytes.
    pub hex: String,
    /// Their digest.
    pub sha256: String,
    /// Whether the host engine computed the same bytes.
    pub matches_host: bool,
}

/// Why to believe it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofRecord {
    /// The nonce, which came back; hexadecimal digits. Of several passes the first one's.
    pub nonce: String,
    /// CRC-32 of the model as the chip computed it; hexadecimal digits.
    pub model_crc32: String,
    /// Largest difference of cycle counter and second clock over a run, in parts per million.
    pub clock_check_ppm: f64,
}

/// What the measurement took on the host, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HostMs {
    /// Opening probe and chip; the session's, whichever of its measurements this is.
    pub attach: f64,
    /// Comparing and writing flash.
    pub flash: f64,
    /// From reset until the first result, of all passes together.
    pub run: f64,
    /// From the first result to the last, of all passes together.
    pub read: f64,
}

/// All that a record is made of.
pub(crate) struct Parts<'a> {
    pub(crate) board: &'a Board,
    pub(crate) image: &'a Image,
    pub(crate) candidate: &'a Candidate,
    pub(crate) order: &'a Order,
    pub(crate) probe: &'a str,
    pub(crate) emulated: bool,
    pub(crate) written: Written,
    pub(crate) series: &'a Series,
    pub(crate) host_ms: HostMs,
}

impl Record {
    /// The record of proved runs.
    pub(crate) fn new(parts: &Parts<'_>) -> Record {
        let Parts {
            board,
            image,
            candidate,
            series,
            ..
        } = *parts;
        let (median, operators) = series.median();
        let memory = series.memory;

        Record {
            schema: SCHEMA.to_owned(),
            board: board.name.clone(),
            probe: parts.probe.to_owned(),
            emulated: parts.emulated,
            core: board.core.to_string(),
            clock_hz: board.clock_hz,
            model: ModelRecord {
                path: candidate.path.clone(),
                sha256: candidate.sha256.clone(),
                bytes: candidate.bytes,
                macs: candidate.macs,
                params: candidate.params,
            },
            prepared: candidate.prepared.clone(),
            image: ImageRecord {
                sha256: image.sha256.clone(),
                sources: image.info.sources.to_string(),
                rustc: image.info.rustc.to_string(),
            },
            cycles: Cycles {
                runs: series.listed.clone(),
                count: series.count,
                distinct: series.distinct(),
                median,
                min: series.min(),
                max: series.max(),
            },
            latency_us: median as f64 * 1e6 / f64::from(board.clock_hz),
            operators: candidate
                .operators
                .iter()
                .zip(operators)
                .zip(0..)
                .map(|((operator, cycles), index)| OperatorRecord {
                    index,
                    op: operator.name.clone(),
                    macs: operator.macs,
                    cycles: *cycles,
                })
                .collect(),
            ram: Ram {
                arena: memory.arena,
                stack: memory.stack,
                statics: memory.statics,
                peak: memory
                    .arena
                    .saturating_add(memory.stack)
                    .saturating_add(memory.statics),
            },
            flash: Flash {
                image: image.flash_bytes(),
                model: candidate.partition.len() as u64,
                written: parts.written.bytes,
                erased_sectors: parts.written.sectors,
            },
            input: candidate.input.clone(),
            output: Output {
                hex: hex(&series.output),
                sha256: hex(&Sha256::digest(&series.output)),
                matches_host: series.output == candidate.expected,
            },
            proof: ProofRecord {
                nonce: format!("{:016x}", parts.order.nonce),
                model_crc32: format!("{:08x}", series.model_crc32),
                clock_check_ppm: series.clock_ppm,
            },
            host_ms: parts.host_ms,
        }
    }

    /// Multiply-accumulate operations of what ran.
    pub fn macs(&self) -> u64 {
        self.prepared
            .as_ref()
            .map_or(self.model.macs, |prepared| prepared.macs)
    }

    /// The operators' share of the median run, from 0 to 1.
    pub fn operators_share(&self) -> f64 {
        let sum: u64 = self.operators.iter().map(|operator| operator.cycles).sum();
        sum as f64 / self.cycles.median.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::Proof;
    use crate::transcript::{Memory, Plan, Report, Run};
    use onchip_prepare::Pass;
    use onchip_protocol::order::Drill;
    use serde_json::json;

    fn run(cycles: u64) -> Run {
        Run {
            cycles,
            ticks: cycles,
            tick_hz: 1,
            operators: vec![cycles - 1],
        }
    }

    fn record(runs: &[u64]) -> Record {
        let board = Board::find("nucleo-l4r5zi").unwrap();
        let report = Report {
            plan: Plan {
                model_crc32: 0xAB,
                ..Plan::default()
            },
            runs: runs.iter().map(|cycles| run(*cycles)).collect(),
            memory: Memory {
                arena: 1,
                stack: 20,
                statics: 300,
            },
            output: vec![1, 0xFF],
            ..Report::default()
        };
        let mut series = Series::default();
        series.add(report, Proof { clock_ppm: 0.5 });
        Record::new(&Parts {
            board: &board,
            image: &Image::of_board(&board).unwrap(),
            candidate: &Candidate::fixture(vec![1, 0xFF]),
            order: &Order {
                nonce: 0xCD,
                runs: 3,
                warmups: 1,
                drill: Drill::None,
            },
            probe: "0f0f:0001:x",
            emulated: true,
            written: Written::default(),
            series: &series,
            host_ms: HostMs::default(),
        })
    }

    #[test]
    fn the_median_is_a_run_that_was_made() {
        let cycles = |runs: &[u64]| record(runs).cycles;
        assert_eq!(cycles(&[30, 10, 20]).median, 20);
        let even = cycles(&[40, 10, 30, 20]);
        assert_eq!((even.median, even.min, even.max), (20, 10, 40));
        assert_eq!(even.runs, [40, 10, 30, 20]);
        assert_eq!((even.count, even.distinct), (4, 4));
        assert_eq!(
            record(&[30, 10, 20]).operators_share(),
            0.0,
            "the fixture has no operators"
        );
    }

    #[test]
    fn the_schema_is_the_documented_one() {
        let json = serde_json::to_value(record(&[120])).unwrap();
        for (path, value) in [
            ("/schema", "\"onchip.record/1\""),
            ("/emulated", "true"),
            ("/core", "\"cortex-m4f\""),
            ("/clock_hz", "120000000"),
            ("/cycles/runs", "[120]"),
            ("/latency_us", "1.0"),
            ("/ram/static", "300"),
            ("/ram/peak", "321"),
            ("/output/hex", "\"01ff\""),
            ("/output/matches_host", "true"),
            ("/proof/nonce", "\"00000000000000cd\""),
            ("/proof/model_crc32", "\"000000ab\""),
            ("/proof/clock_check_ppm", "0.5"),
        ] {
            let found = json.pointer(path).map(ToString::to_string);
            assert_eq!(found.as_deref(), Some(value), "{path}");
        }
        let keys = |path: &str| {
            let object = json
                .pointer(path)
                .and_then(serde_json::Value::as_object)
                .unwrap();
            let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
            keys.sort_unstable();
            keys.join(" ")
        };
        assert_eq!(
            keys(""),
            "board clock_hz core cycles emulated flash host_ms image input latency_us model \
             operators output probe proof ram schema"
        );
        assert_eq!(keys("/model"), "bytes macs params path sha256");
        assert_eq!(keys("/image"), "rustc sha256 sources");
        assert_eq!(keys("/cycles"), "count distinct max median min runs");
        assert_eq!(keys("/ram"), "arena peak stack static");
        assert_eq!(keys("/flash"), "erased_sectors image model written");
        assert_eq!(keys("/output"), "hex matches_host sha256");
        assert_eq!(keys("/proof"), "clock_check_ppm model_crc32 nonce");
        assert_eq!(keys("/host_ms"), "attach flash read run");
    }

    #[test]
    fn a_prepared_model_is_described_beside_its_source() {
        let mut record = record(&[120]);
        assert_eq!(record.macs(), record.model.macs);
        record.prepared = Some(PreparedRecord {
            sha256: "ab".to_owned(),
            bytes: 3,
            macs: 5,
            params: 7,
            steps: vec![Step {
                pass: Pass::Channels,
                what: "fewer".to_owned(),
            }],
        });
        assert_eq!(record.macs(), 5);
        let json = serde_json::to_value(&record).unwrap();
        let steps = json!([{ "pass": "channels", "what": "fewer" }]);
        let wanted = json!({ "sha256": "ab", "bytes": 3, "macs": 5, "params": 7, "steps": steps });
        assert_eq!(json["prepared"], wanted);
        assert_eq!(serde_json::from_value::<Record>(json).unwrap(), record);
    }

    #[test]
    fn a_record_that_did_not_count_its_runs_still_reads() {
        let mut json = serde_json::to_value(record(&[7, 5, 7])).unwrap();
        let cycles = json["cycles"].as_object_mut().unwrap();
        cycles.remove("count").unwrap();
        cycles.remove("distinct").unwrap();
        let read: Record = serde_json::from_value(json).unwrap();
        assert_eq!(read, record(&[7, 5, 7]));
    }
}
