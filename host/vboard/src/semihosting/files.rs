//! The few files that a program can open.

use super::{Errno, errno};

/// What `:semihosting-features` holds: its magic, then feature byte 0 with
/// SH_EXT_EXIT_EXTENDED and SH_EXT_STDOUT_STDERR.
const FEATURES: [u8; 5] = [0x53, 0x48, 0x46, 0x42, 0b11];

/// A handle as the program has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle(pub(super) u32);

#[derive(Clone, Copy, Debug)]
enum File {
    Input,
    Output(Output),
    /// The features, read up to here.
    Features(usize),
}

/// A stream that can be written to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    Standard,
    Error,
}

/// What reading a file gives.
pub(super) enum Input {
    /// So many bytes, which have been put into the buffer.
    Filled(usize),
    /// What the console has.
    Console,
}

/// The files that are open. Handle `n` is number `n - 1`.
#[derive(Debug, Default)]
pub(super) struct Files(Vec<Option<File>>);

impl Files {
    /// Opens `name` in a mode from 0 (`r`) to 11 (`a+b`).
    pub(super) fn open(&mut self, name: &[u8], mode: u32) -> Result<Handle, Errno> {
        let file = match (name, mode) {
            (b":tt", 0..4) => File::Input,
            (b":tt", 4..8) => File::Output(Output::Standard),
            (b":tt", 8..12) => File::Output(Output::Error),
            (b":semihosting-features", 0 | 1) => File::Features(0),
            (b":tt" | b":semihosting-features", _) => return Err(Errno(errno::EINVAL)),
            _ => return Err(Errno(errno::EACCES)),
        };
        let free = self.0.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.0.push(None);
            self.0.len() - 1
        });
        self.0[index] = Some(file);
        Ok(Handle(index as u32 + 1))
    }

    fn get(&mut self, Handle(handle): Handle) -> Result<&mut File, Errno> {
        let index = handle.checked_sub(1).map(|index| index as usize);
        index
            .and_then(|index| self.0.get_mut(index)?.as_mut())
            .ok_or(Errno(errno::EBADF))
    }

    pub(super) fn close(&mut self, handle: Handle) -> Result<u32, Errno> {
        self.get(handle)?;
        self.0[handle.0 as usize - 1] = None;
        Ok(0)
    }

    /// 1 for the console, 0 for a file.
    pub(super) fn is_console(&mut self, handle: Handle) -> Result<u32, Errno> {
        Ok(u32::from(!matches!(self.get(handle)?, File::Features(_))))
    }

    pub(super) fn length(&mut self, handle: Handle) -> Result<u32, Errno> {
        match self.get(handle)? {
            File::Features(_) => Ok(FEATURES.len() as u32),
            File::Input | File::Output(_) => Err(Errno(errno::ESPIPE)),
        }
    }

    pub(super) fn seek(&mut self, handle: Handle, position: u32) -> Result<u32, Errno> {
        match self.get(handle)? {
            File::Features(at) if position as usize <= FEATURES.len() => {
                *at = position as usize;
                Ok(0)
            }
            File::Features(_) => Err(Errno(errno::EINVAL)),
            File::Input | File::Output(_) => Err(Errno(errno::ESPIPE)),
        }
    }

    /// Where writes to `handle` go.
    pub(super) fn output(&mut self, handle: Handle) -> Result<Output, Errno> {
        match self.get(handle)? {
            File::Output(output) => Ok(*output),
            File::Input | File::Features(_) => Err(Errno(errno::EBADF)),
        }
    }

    /// Reads into `bytes` what does not come from the console.
    pub(super) fn input(&mut self, handle: Handle, bytes: &mut [u8]) -> Result<Input, Errno> {
        match self.get(handle)? {
            File::Input => Ok(Input::Console),
            File::Features(at) => {
                let rest = &FEATURES[*at..];
                let count = rest.len().min(bytes.len());
                bytes[..count].copy_from_slice(&rest[..count]);
                *at += count;
                Ok(Input::Filled(count))
            }
            File::Output(_) => Err(Errno(errno::EBADF)),
        }
    }
}
