//! Runs an order and collects the image's report.

use std::time::{Duration, Instant};

use defmt_decoder::DecodeError;
use onchip_protocol::{Message, order::Order};
use probe_rs::CoreStatus;
use probe_rs::rtt::{ChannelMode, Error as RttError, Rtt};

use crate::board::Timeouts;
use crate::failure::{BenchFailure, CandidateFailure, Failure, Phase};
use crate::image::Image;
use crate::link::Link;
use crate::transcript::{Expected, Report, Transcript};
use crate::worker::Pulse;

/// A poll that finds nothing so fast is one that gave the chip no time; sleep before the next.
const FAST_POLL: Duration = Duration::from_micros(20);

/// The sleep after a fast poll. It bounds how late a message is seen.
const NAP: Duration = Duration::from_millis(1);

/// While nothing arrives, how often to look whether the core is still running.
const LOOK: Duration = Duration::from_millis(50);

/// Host time of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunTime {
    /// From reset to the first result.
    pub(crate) run: Duration,
    /// From the first result to the last.
    pub(crate) read: Duration,
}

/// Starts the image and reads until its report is complete.
pub(crate) fn run(
    link: &mut Link,
    image: &Image,
    order: &Order,
    expected: Expected,
    timeouts: &Timeouts,
    pulse: &Pulse,
    seen: &dyn Fn(&Message),
) -> Result<(Report, RunTime), Failure> {
    let begun = Instant::now();
    link.run_to_main(image, order, timeouts.start, pulse)?;
    let result = collect(link, image, expected, timeouts, pulse, seen, begun);
    // The measurement is over, whatever came of it; a lost probe has shown itself already.
    if let Err(error) = link.halt() {
        tracing::debug!("the core could not be halted after the run: {error}");
    }
    result
}

fn collect(
    link: &mut Link,
    image: &Image,
    expected: Expected,
    timeouts: &Timeouts,
    pulse: &Pulse,
    seen: &dyn Fn(&Message),
    begun: Instant,
) -> Result<(Report, RunTime), Failure> {
    let failed = BenchFailure::probe(Phase::Run);
    let mut rtt = attach_rtt(link, image)?;
    link.session
        .core(0)
        .and_then(|mut core| core.run())
        .map_err(&failed)?;

    let mut decoder = image.log.new_stream_decoder();
    let mut transcript = Transcript::new(expected);
    let mut first_result = None;
    let mut heard = Instant::now();
    let mut looked = heard;
    let mut buffer = [0; 4096];
    loop {
        let poll = Instant::now();
        let length = read_rtt(link, &mut rtt, &mut buffer)?;
        pulse.beat();
        let now = Instant::now();
        if length > 0 {
            heard = now;
            decoder.received(&buffer[..length]);
            while let Some(message) = next_message(&mut *decoder)? {
                seen(&message);
                if transcript.planned() {
                    first_result.get_or_insert(now);
                }
                if let Some(report) = transcript
                    .push(message)
                    .map_err(|f| name_function(f, image))?
                {
                    let first_result = first_result.unwrap_or(now);
                    let time = RunTime {
                        run: first_result - begun,
                        read: first_result.elapsed(),
                    };
                    return Ok((report, time));
                }
            }
            continue;
        }

        if now - heard > timeouts.silence {
            return Err(BenchFailure::Silent {
                phase: Phase::Run,
                after: timeouts.silence,
                state: link.state(image),
            }
            .into());
        }
        if now - begun > timeouts.run {
            return Err(BenchFailure::TooSlow {
                phase: Phase::Run,
                limit: timeouts.run,
            }
            .into());
        }
        if now - looked > LOOK {
            looked = now;
            let status = link.session.core(0).and_then(|mut core| core.status());
            if status.map_err(&failed)? == CoreStatus::LockedUp {
                return Err(CandidateFailure::Fault(Box::new(link.registers(image)?)).into());
            }
        }
        if now - poll < FAST_POLL {
            std::thread::sleep(NAP);
        }
    }
}

/// Finds the control block that the image's startup code has just made, and makes the image wait
/// for the host when its buffer is full, so that nothing is lost.
fn attach_rtt(link: &mut Link, image: &Image) -> Result<Rtt, BenchFailure> {
    let failed = |error| rtt_failure(Phase::Start, error);
    let mut core = link
        .session
        .core(0)
        .map_err(BenchFailure::probe(Phase::Start))?;
    let mut rtt = Rtt::attach_at(&mut core, image.symbols.rtt.into()).map_err(failed)?;
    let channel = rtt.up_channel(0).ok_or_else(no_channel)?;
    channel
        .set_mode(&mut core, ChannelMode::BlockIfFull)
        .map_err(failed)?;
    Ok(rtt)
}

fn no_channel() -> BenchFailure {
    BenchFailure::Garbled {
        problem: "its RTT has no channel to the host".to_owned(),
    }
}

fn read_rtt(link: &mut Link, rtt: &mut Rtt, buffer: &mut [u8]) -> Result<usize, BenchFailure> {
    let mut core = link
        .session
        .core(0)
        .map_err(BenchFailure::probe(Phase::Run))?;
    let channel = rtt.up_channel(0).ok_or_else(no_channel)?;
    channel
        .read(&mut core, buffer)
        .map_err(|error| rtt_failure(Phase::Run, error))
}

/// What is wrong in the chip's memory is the image's doing, the rest the probe's.
fn rtt_failure(phase: Phase, error: RttError) -> BenchFailure {
    let problem = match error {
        RttError::ControlBlockNotFound => "it has not made its RTT control block".to_owned(),
        RttError::ControlBlockCorrupted(problem) => problem,
        RttError::ReadPointerChanged => "the chip started anew".to_owned(),
        error => return BenchFailure::probe(phase)(error),
    };
    BenchFailure::Garbled { problem }
}

/// The next message that has arrived in full. Other lines of the log are passed on to the host's.
fn next_message(
    decoder: &mut dyn defmt_decoder::StreamDecoder,
) -> Result<Option<Message>, BenchFailure> {
    loop {
        let text = match decoder.decode() {
            Ok(frame) => frame.display_message().to_string(),
            Err(DecodeError::UnexpectedEof) => return Ok(None),
            Err(DecodeError::Malformed) => {
                return Err(BenchFailure::Garbled {
                    problem: "a malformed defmt frame".to_owned(),
                });
            }
        };
        if !text.starts_with("onchip ") {
            tracing::info!("image: {text}");
            continue;
        }
        return text
            .parse()
            .map(Some)
            .map_err(|error| BenchFailure::Garbled {
                problem: format!("`{text}`: {error}"),
            });
    }
}

/// Adds the function's name to a fault.
fn name_function(mut failure: Failure, image: &Image) -> Failure {
    if let Failure::Candidate(CandidateFailure::Fault(registers)) = &mut failure {
        registers.function = image.function_at(registers.pc);
    }
    failure
}
