//! Puts an image's messages together.
//!
//! An image sends `Boot`, `Plan`, per run its `Operator`s and `Run`, `Memory`, `Output`s, `Done`.
//! Anything else is garbled. Every number that sizes something is checked before it is used.

use onchip_protocol::{Message, Refusal};

use crate::failure::{BenchFailure, CandidateFailure, Failure, Registers};

/// What must come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) runs: u32,
    pub(crate) operators: usize,
    pub(crate) output: usize,
}

/// All that an image reported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) boot: Boot,
    pub(crate) plan: Plan,
    pub(crate) runs: Vec<Run>,
    pub(crate) memory: Memory,
    pub(crate) output: Vec<u8>,
    pub(crate) done: Done,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Boot {
    pub(crate) nonce: u64,
    pub(crate) clock_hz: u32,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    pub(crate) model_crc32: u32,
    pub(crate) input_crc32: u32,
    pub(crate) arena: u32,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    pub(crate) cycles: u64,
    pub(crate) ticks: u64,
    pub(crate) tick_hz: u32,
    pub(crate) operators: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) arena: u32,
    pub(crate) stack: u32,
    pub(crate) statics: u32,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub(crate) nonce: u64,
    pub(crate) runs: u32,
    pub(crate) output_crc32: u32,
}

/// A report in the making.
pub(crate) struct Transcript {
    expected: Expected,
    report: Report,
    /// Operators of the run that is being reported.
    operators: Vec<u64>,
    next: Next,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Boot,
    Plan,
    Runs,
    Output,
}

impl Transcript {
    pub(crate) fn new(expected: Expected) -> Self {
        Transcript {
            expected,
            report: Report::default(),
            operators: Vec::new(),
            next: Next::Boot,
        }
    }

    /// Adds a message; returns the report when it was the last one.
    pub(crate) fn push(&mut self, message: Message) -> Result<Option<Report>, Failure> {
        let report = &mut self.report;
        match (self.next, message) {
            (
                _,
                Message::Fault {
                    pc,
                    lr,
                    cfsr,
                    hfsr,
                    mmfar,
                    bfar,
                },
            ) => {
                let registers = Registers {
                    pc,
                    lr,
                    cfsr,
                    hfsr,
                    mmfar,
                    bfar,
                    function: None,
                };
                return Err(CandidateFailure::Fault(Box::new(registers)).into());
            }
            (_, Message::Refused { code, a, b, c }) => return Err(refused([code, a, b, c])),
            (
                Next::Boot,
                Message::Boot {
                    nonce,
                    clock_hz,
                    protocol: _,
                },
            ) => {
                report.boot = Boot { nonce, clock_hz };
                self.next = Next::Plan;
            }
            (
                Next::Plan,
                Message::Plan {
                    model_crc32,
                    input_crc32,
                    arena,
                    operators,
                    output,
                    input: _,
                },
            ) => {
                equal("operators in the plan", operators, self.expected.operators)?;
                equal("bytes of output in the plan", output, self.expected.output)?;
                report.plan = Plan {
                    model_crc32,
                    input_crc32,
                    arena,
                };
                self.next = Next::Runs;
            }
            (
                Next::Runs,
                Message::Operator {
                    run,
                    index,
                    cycles,
                    opcode: _,
                },
            ) => {
                equal("run of an operator", run, report.runs.len())?;
                equal("index of an operator", index, self.operators.len())?;
                self.operators.push(cycles);
            }
            (
                Next::Runs,
                Message::Run {
                    index,
                    cycles,
                    ticks,
                    tick_hz,
                },
            ) => {
                equal("index of a run", index, report.runs.len())?;
                let operators = std::mem::take(&mut self.operators);
                equal(
                    "operators of a run",
                    operators.len() as u32,
                    self.expected.operators,
                )?;
                report.runs.push(Run {
                    cycles,
                    ticks,
                    tick_hz,
                    operators,
                });
            }
            (
                Next::Runs,
                Message::Memory {
                    arena,
                    stack,
                    statics,
                },
            ) => {
                equal(
                    "runs",
                    report.runs.len() as u32,
                    self.expected.runs as usize,
                )?;
                report.memory = Memory {
                    arena,
                    stack,
                    statics,
                };
                self.next = Next::Output;
            }
            (Next::Output, Message::Output { offset, bytes }) => {
                equal("offset of the output", offset, report.output.len())?;
                report.output.extend_from_slice(bytes.as_slice());
                if report.output.len() > self.expected.output {
                    return Err(garbled("more output than the model has".to_owned()));
                }
            }
            (
                Next::Output,
                Message::Done {
                    nonce,
                    runs,
                    output_crc32,
                },
            ) => {
                equal(
                    "bytes of output",
                    report.output.len() as u32,
                    self.expected.output,
                )?;
                report.done = Done {
                    nonce,
                    runs,
                    output_crc32,
                };
                return Ok(Some(std::mem::take(report)));
            }
            (next, message) => {
                return Err(garbled(format!(
                    "`{message}` came while waiting for {next:?}"
                )));
            }
        }
        Ok(None)
    }

    /// Whether the image has planned the model: what comes from now on are results.
    pub(crate) fn planned(&self) -> bool {
        matches!(self.next, Next::Runs | Next::Output)
    }
}

fn equal(what: &str, found: u32, wanted: usize) -> Result<(), Failure> {
    if found as usize == wanted {
        Ok(())
    } else {
        Err(garbled(format!("{what}: {found} instead of {wanted}")))
    }
}

fn garbled(problem: String) -> Failure {
    BenchFailure::Garbled { problem }.into()
}

/// A refusal in the engine's words is the candidate's failure, any other the bench's.
fn refused(words: [u32; 4]) -> Failure {
    match Refusal::decode(words) {
        Some(Refusal::Engine(words)) => match onchip_engine::Error::decode(words) {
            Some(error) => CandidateFailure::engine(error).into(),
            None => garbled(format!("unknown engine error {words:x?}")),
        },
        Some(refusal) => BenchFailure::Refused(refusal).into(),
        None => garbled(format!("unknown refusal {words:x?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onchip_protocol::message::Bytes;

    const EXPECTED: Expected = Expected {
        runs: 2,
        operators: 1,
        output: 3,
    };

    fn good() -> Vec<Message> {
        let operator = |run| Message::Operator {
            run,
            index: 0,
            opcode: 9,
            cycles: 90,
        };
        let run = |index| Message::Run {
            index,
            cycles: 100,
            ticks: 100,
            tick_hz: 1000,
        };
        vec![
            Message::Boot {
                protocol: 1,
                nonce: 7,
                clock_hz: 1000,
            },
            Message::Plan {
                model_crc32: 1,
                input_crc32: 2,
                arena: 3,
                operators: 1,
                input: 1,
                output: 3,
            },
            operator(0),
            run(0),
            operator(1),
            run(1),
            Message::Memory {
                arena: 1,
                stack: 2,
                statics: 3,
            },
            Message::Output {
                offset: 0,
                bytes: Bytes::new(&[1, 2]).unwrap(),
            },
            Message::Output {
                offset: 2,
                bytes: Bytes::new(&[3]).unwrap(),
            },
            Message::Done {
                nonce: 7,
                runs: 2,
                output_crc32: 4,
            },
        ]
    }

    fn tell(messages: &[Message]) -> Result<Option<Report>, Failure> {
        let mut transcript = Transcript::new(EXPECTED);
        messages
            .iter()
            .try_fold(None, |_, message| transcript.push(*message))
    }

    #[test]
    fn a_complete_report_comes_together() {
        let report = tell(&good()).unwrap().expect("it is complete");
        assert_eq!(report.output, [1, 2, 3]);
        assert_eq!(report.runs.len(), 2);
        assert_eq!(report.runs[1].operators, [90]);
        assert_eq!(report.memory.stack, 2);
    }

    #[test]
    fn a_missing_repeated_or_swapped_message_is_noticed() {
        let count = good().len();
        for i in 0..count - 1 {
            let mut missing = good();
            missing.remove(i);
            assert!(tell(&missing).is_err(), "without {}", good()[i]);
            let mut twice = good();
            twice.insert(i, good()[i]);
            assert!(tell(&twice).is_err(), "twice {}", good()[i]);
            let mut swapped = good();
            swapped.swap(i, i + 1);
            assert!(tell(&swapped).is_err(), "swapped {}", good()[i]);
        }
        assert!(tell(&good()[..count - 1]).unwrap().is_none());
    }

    #[test]
    fn faults_and_the_engines_refusals_are_the_candidates_others_the_benchs() {
        let fault = Message::Fault {
            pc: 1,
            lr: 2,
            cfsr: 3,
            hfsr: 4,
            mmfar: 5,
            bfar: 6,
        };
        let check = |message| tell(&[good()[0], message]).unwrap_err();
        assert!(matches!(
            check(fault),
            Failure::Candidate(CandidateFailure::Fault(_))
        ));
        let arena = onchip_engine::Error::Arena {
            needed: 2,
            available: 1,
        };
        let engine = Refusal::Engine(arena.encode()).message();
        assert!(matches!(
            check(engine),
            Failure::Candidate(CandidateFailure::Arena(_))
        ));
        let crc = onchip_protocol::order::Error::Crc {
            stated: 1,
            computed: 2,
        };
        let order = Refusal::Order(crc).message();
        assert!(matches!(
            check(order),
            Failure::Bench(BenchFailure::Refused(_))
        ));
        let unknown = Message::Refused {
            code: u32::MAX,
            a: 0,
            b: 0,
            c: 0,
        };
        assert!(matches!(
            check(unknown),
            Failure::Bench(BenchFailure::Garbled { .. })
        ));
    }
}
