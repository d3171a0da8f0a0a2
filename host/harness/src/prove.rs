//! The proofs that a report must pass to become a record.

use onchip_protocol::crc32;
use onchip_protocol::order::Order;

use crate::candidate::Candidate;
use crate::transcript::{Report, Run};

/// The two clocks may differ by this many parts per million.
const CLOCK_PPM_MAX: f64 = 100.0;

/// So many cycles may lie between reading the two counters, twice: over a short run they are more
/// than [`CLOCK_PPM_MAX`] and yet no difference of clocks.
const CLOCK_CYCLES_MAX: f64 = 32.0;

/// The operators' share of a run, at least.
const OPERATORS_SHARE_MIN: f64 = 0.97;

/// What the proofs found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof {
    /// The largest difference of the two clocks over a run, in parts per million.
    pub(crate) clock_ppm: f64,
}

/// Checks a report against what was ordered and what the host computed itself.
pub(crate) fn prove(
    report: &Report,
    candidate: &Candidate,
    order: &Order,
    clock_hz: u32,
) -> Result<Proof, ProofError> {
    for found in [report.boot.nonce, report.done.nonce] {
        if found != order.nonce {
            return Err(ProofError::Nonce {
                found,
                wanted: order.nonce,
            });
        }
    }
    for (what, found, wanted) in [
        ("model", report.plan.model_crc32, candidate.model_crc32),
        ("input", report.plan.input_crc32, candidate.input_crc32),
        ("output", report.done.output_crc32, crc32(&report.output)),
    ] {
        if found != wanted {
            return Err(ProofError::Crc {
                what,
                found,
                wanted,
            });
        }
    }
    if report.boot.clock_hz != clock_hz {
        return Err(ProofError::ClockRate {
            found: report.boot.clock_hz,
            wanted: clock_hz,
        });
    }
    if report.done.runs != order.runs {
        return Err(ProofError::Runs {
            found: report.done.runs,
            wanted: order.runs,
        });
    }
    let pairs = report.output.iter().zip(&candidate.expected);
    if let Some(at) = pairs.clone().position(|(chip, host)| chip != host) {
        return Err(ProofError::Output {
            at,
            differing: pairs.filter(|(chip, host)| chip != host).count(),
            length: candidate.expected.len(),
            chip: report.output[at],
            host: candidate.expected[at],
        });
    }

    if report.memory.arena > report.plan.arena {
        return Err(ProofError::Arena {
            used: report.memory.arena,
            planned: report.plan.arena,
        });
    }

    let mut clock_ppm = 0.0_f64;
    for (index, run) in report.runs.iter().enumerate() {
        let sum: u64 = run
            .operators
            .iter()
            .fold(0, |sum, cycles| sum.saturating_add(*cycles));
        if sum > run.cycles || (sum as f64) < OPERATORS_SHARE_MIN * run.cycles as f64 {
            return Err(ProofError::Operators {
                run: index,
                sum,
                total: run.cycles,
            });
        }
        let ppm = clock_difference(run, clock_hz);
        let cycles = ppm / 1e6 * run.cycles as f64;
        // The NaN of a clock that never ticked is not within anything.
        let close =
            (0.0..CLOCK_PPM_MAX).contains(&ppm) || (0.0..CLOCK_CYCLES_MAX).contains(&cycles);
        if !close {
            return Err(ProofError::Clocks {
                run: index,
                ppm,
                cycles: run.cycles,
                ticks: run.ticks,
            });
        }
        clock_ppm = clock_ppm.max(ppm);
    }
    Ok(Proof { clock_ppm })
}

/// How much the cycle counter and the second clock differ over a run, in parts per million.
fn clock_difference(run: &Run, clock_hz: u32) -> f64 {
    let by_cycles = run.cycles as f64 / f64::from(clock_hz);
    let by_ticks = run.ticks as f64 / f64::from(run.tick_hz);
    ((by_cycles - by_ticks) / by_ticks).abs() * 1e6
}

/// Why a measurement is not proved.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// The report is of another run.
    #[error(
        "the report carries nonce {found:016x}, ordered was {wanted:016x}: it is of another run"
    )]
    Nonce {
        /// In the report.
        found: u64,
        /// In the order.
        wanted: u64,
    },
    /// The chip worked on other bytes, or other bytes arrived.
    #[error(
        "the {what} has CRC {found:08x} on the chip and {wanted:08x} on the host: check flash and supply"
    )]
    Crc {
        /// Of what.
        what: &'static str,
        /// On the chip.
        found: u32,
        /// On the host.
        wanted: u32,
    },
    /// The chip did not run at the board's clock.
    #[error(
        "the chip ran at {found} Hz instead of {wanted} Hz: rebuild the image or correct the board file"
    )]
    ClockRate {
        /// In the report.
        found: u32,
        /// In the board file.
        wanted: u32,
    },
    /// More or fewer runs than ordered.
    #[error("the chip made {found} runs instead of {wanted}")]
    Runs {
        /// In the report.
        found: u32,
        /// In the order.
        wanted: u32,
    },
    /// Chip and host computed different outputs.
    #[error(
        "{differing} of {length} output bytes differ from the host engine's, first byte {at}: \
         {chip:#04x} on the chip, {host:#04x} on the host"
    )]
    Output {
        /// The first byte that differs.
        at: usize,
        /// How many differ.
        differing: usize,
        /// Bytes of the output.
        length: usize,
        /// That byte on the chip.
        chip: u8,
        /// That byte on the host.
        host: u8,
    },
    /// More of the arena was written to than planned.
    #[error(
        "the chip wrote to {used} bytes of the arena, planned were {planned}: a kernel left its bounds"
    )]
    Arena {
        /// Bytes found used.
        used: u32,
        /// Bytes planned.
        planned: u32,
    },
    /// The operators' cycles do not account for the run's.
    #[error(
        "the operators of run {run} took {sum} cycles together, the run {total}: they must account for 97 to 100 %"
    )]
    Operators {
        /// Which run.
        run: usize,
        /// The operators' cycles.
        sum: u64,
        /// The run's cycles.
        total: u64,
    },
    /// The cycle counter and the second clock disagree.
    #[error(
        "in run {run} the clocks differ by {ppm:.0} ppm ({cycles} cycles, {ticks} ticks); at most 100 are credible"
    )]
    Clocks {
        /// Which run.
        run: usize,
        /// By how much.
        ppm: f64,
        /// On the cycle counter.
        cycles: u64,
        /// On the second clock.
        ticks: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Boot, Done, Plan};

    const ORDER: Order = Order {
        nonce: 7,
        runs: 1,
        warmups: 0,
        drill: onchip_protocol::order::Drill::None,
    };

    fn candidate() -> Candidate {
        Candidate::fixture(vec![1, 2, 3])
    }

    fn report() -> Report {
        let candidate = candidate();
        Report {
            boot: Boot {
                nonce: 7,
                clock_hz: 1_000_000,
            },
            plan: Plan {
                model_crc32: candidate.model_crc32,
                input_crc32: candidate.input_crc32,
                arena: 0,
            },
            runs: vec![Run {
                cycles: 1_000_000,
                ticks: 1_000_000,
                tick_hz: 1_000_000,
                operators: vec![980_000],
            }],
            output: vec![1, 2, 3],
            done: Done {
                nonce: 7,
                runs: 1,
                output_crc32: crc32(&[1, 2, 3]),
            },
            ..Report::default()
        }
    }

    fn check(spoil: impl FnOnce(&mut Report)) -> Result<f64, ProofError> {
        let mut report = report();
        spoil(&mut report);
        prove(&report, &candidate(), &ORDER, 1_000_000).map(|proof| proof.clock_ppm)
    }

    #[test]
    fn a_sound_report_is_proved() {
        assert_eq!(check(|_| ()), Ok(0.0));
        assert!((check(|r| r.runs[0].ticks = 999_950).unwrap() - 50.0).abs() < 0.01);
    }

    #[test]
    fn each_forgery_is_its_own_error() {
        type Spoil = fn(&mut Report);
        type Is = fn(&ProofError) -> bool;
        let cases: [(Spoil, Is); 12] = [
            (
                |r| r.memory.arena = 1,
                |e| matches!(e, ProofError::Arena { .. }),
            ),
            (
                |r| r.boot.nonce = 8,
                |e| matches!(e, ProofError::Nonce { found: 8, .. }),
            ),
            (
                |r| r.done.nonce = 8,
                |e| matches!(e, ProofError::Nonce { found: 8, .. }),
            ),
            (
                |r| r.plan.model_crc32 ^= 1,
                |e| matches!(e, ProofError::Crc { what: "model", .. }),
            ),
            (
                |r| r.plan.input_crc32 ^= 1,
                |e| matches!(e, ProofError::Crc { what: "input", .. }),
            ),
            (
                |r| r.output[1] ^= 1,
                |e| matches!(e, ProofError::Crc { what: "output", .. }),
            ),
            (
                |r| {
                    r.output[1] ^= 1;
                    r.done.output_crc32 = crc32(&r.output);
                },
                |e| {
                    matches!(
                        e,
                        ProofError::Output {
                            at: 1,
                            differing: 1,
                            ..
                        }
                    )
                },
            ),
            (
                |r| r.boot.clock_hz /= 2,
                |e| matches!(e, ProofError::ClockRate { .. }),
            ),
            (
                |r| r.done.runs = 2,
                |e| matches!(e, ProofError::Runs { .. }),
            ),
            (
                |r| r.runs[0].operators[0] = 1_000_001,
                |e| matches!(e, ProofError::Operators { .. }),
            ),
            (
                |r| r.runs[0].operators[0] = 969_999,
                |e| matches!(e, ProofError::Operators { .. }),
            ),
            (
                |r| r.runs[0].ticks = 0,
                |e| matches!(e, ProofError::Clocks { .. }),
            ),
        ];
        for (i, (spoil, is)) in cases.into_iter().enumerate() {
            let error = check(spoil).expect_err("it is forged");
            assert!(is(&error), "case {i}: {error}");
        }
        assert!(check(|r| r.runs[0].ticks = 999_800).is_err());
        let short = |ticks| Run {
            cycles: 1000,
            ticks,
            tick_hz: 1_000_000,
            operators: vec![1000],
        };
        assert!(
            check(|r| r.runs[0] = short(990)).is_ok(),
            "read ten cycles apart"
        );
        assert!(check(|r| r.runs[0] = short(900)).is_err());
        assert!(check(|r| (r.runs[0].ticks, r.runs[0].tick_hz) = (0, 0)).is_err());
    }
}
