//! The streams of an emulated program.

use std::io::{self, Read as _, Write as _};

use onchip_emulate::Output;
use onchip_vboard::semihosting::Console;

use crate::out;

/// All that went in and out in a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tape {
    input: Vec<u8>,
    output: Vec<u8>,
    error: Vec<u8>,
}

/// Our own streams.
pub(crate) struct Live {
    /// What is kept for runs that must be the same.
    tape: Tape,
    keeps: bool,
}

impl Live {
    pub(crate) fn new(keeps: bool) -> Self {
        Live {
            tape: Tape::default(),
            keeps,
        }
    }

    pub(crate) fn into_tape(self) -> Tape {
        self.tape
    }
}

impl Console for Live {
    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.keeps {
            self.tape.output.extend(bytes);
        }
        let mut stdout = out::stdout();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    fn error(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.keeps {
            self.tape.error.extend(bytes);
        }
        // A closed stderr has no reader to miss it.
        let _ = io::stderr().lock().write_all(bytes);
        Ok(())
    }

    fn input(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = io::stdin().lock().read(bytes)?;
        if self.keeps {
            self.tape.input.extend(&bytes[..count]);
        }
        Ok(count)
    }
}

impl Output for Live {
    fn serial(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.error(bytes)
    }
}

/// What a program of an earlier run read, for another run.
pub(crate) struct Replay<'tape> {
    input: &'tape [u8],
    tape: Tape,
}

impl<'tape> Replay<'tape> {
    pub(crate) fn new(tape: &'tape Tape) -> Self {
        Replay {
            input: &tape.input,
            tape: Tape::default(),
        }
    }

    pub(crate) fn into_tape(self) -> Tape {
        self.tape
    }
}

impl Console for Replay<'_> {
    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tape.output.extend(bytes);
        Ok(())
    }

    fn error(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tape.error.extend(bytes);
        Ok(())
    }

    fn input(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.input.len().min(bytes.len());
        let (now, later) = self.input.split_at(count);
        bytes[..count].copy_from_slice(now);
        self.tape.input.extend(now);
        self.input = later;
        Ok(count)
    }
}

impl Output for Replay<'_> {
    fn serial(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.error(bytes)
    }
}
