//! How a command ends: the exit code, and what is said on stderr.

use std::io::Write as _;
use std::process::ExitCode;

use onchip_harness::{BenchFailure, CandidateFailure, Failure, ImageError, ProbeError};
use onchip_search::study::StudyError;
use onchip_study::boards::BoardsError;

use crate::out;

/// How a command ended without being cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything asked for was done.
    Done,
    /// A model cannot run on the board, or no network of a search keeps all constraints.
    Model,
    /// Wrong arguments.
    Usage,
    /// The bench failed.
    Bench,
    /// Somebody asked to stop.
    Interrupted,
    /// Nobody reads what is printed.
    Unread,
    /// An emulated program has ended, and this is the code for it.
    Program(u8),
}

impl Outcome {
    /// The exit code that the manual promises.
    pub(crate) fn exit(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Done => 0,
            Outcome::Usage => 2,
            Outcome::Model => 3,
            Outcome::Bench => 4,
            // 128 + SIGINT, as shells count.
            Outcome::Interrupted => 130,
            // 128 + SIGPIPE: a script must not take what was cut short for done.
            Outcome::Unread => 141,
            Outcome::Program(code) => code,
        })
    }

    /// Whose fault an error is, by the libraries' types. What is none of theirs comes of the
    /// arguments: a file that is not there, a folder that cannot be written.
    pub(crate) fn of(error: &anyhow::Error) -> Outcome {
        match error.downcast_ref::<Failure>() {
            Some(Failure::Candidate(_)) => return Outcome::Model,
            Some(Failure::Bench(_)) => return Outcome::Bench,
            None => {}
        }
        let model = error.downcast_ref::<CandidateFailure>().is_some()
            || error.downcast_ref::<onchip_tflite::Error>().is_some()
            || matches!(
                error.downcast_ref::<onchip_prepare::Error>(),
                Some(onchip_prepare::Error::Engine(_))
            );
        if model {
            return Outcome::Model;
        }
        let bench = error.downcast_ref::<BenchFailure>().is_some()
            || error.downcast_ref::<ImageError>().is_some()
            || error.downcast_ref::<onchip_prepare::Error>().is_some()
            || error.downcast_ref::<ProbeError>().is_some()
            || error.downcast_ref::<onchip_vboard::BoardError>().is_some()
            || error
                .downcast_ref::<onchip_emulate::ExplainError>()
                .is_some()
            || matches!(
                error.downcast_ref::<BoardsError>(),
                Some(BoardsError::Bench(_) | BoardsError::Image(_))
            )
            || matches!(
                error.downcast_ref::<StudyError>(),
                Some(StudyError::Bench { .. })
            );
        if bench {
            Outcome::Bench
        } else {
            Outcome::Usage
        }
    }
}

impl From<anyhow::Error> for Outcome {
    /// Says the error on stderr, unless it is that nobody wants to read on.
    fn from(error: anyhow::Error) -> Outcome {
        if out::is_closed(&error) {
            return Outcome::Unread;
        }
        say(&error.to_string(), &error);
        Outcome::of(&error)
    }
}

/// Says on stderr what is wrong with `subject`.
pub(crate) fn complain(subject: &str, error: &anyhow::Error) {
    say(&format!("{subject}: {error}"), error);
}

/// Says an error and its causes. A closed stderr has no reader to miss it.
fn say(text: &str, error: &anyhow::Error) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: {text}");
    let mut said = text.to_owned();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Wrappers often repeat what they wrap.
        if !said.contains(&text) {
            let _ = writeln!(stderr, "  because: {text}");
        }
        said = text;
    }
}
