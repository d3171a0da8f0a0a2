//! The host's side of semihosting, as "Semihosting for AArch32 and AArch64" (Arm's abi-aa)
//! defines it for 32-bit M-profile programs.
//!
//! A program of which nothing is known must not touch the host: the only files are the
//! console (`:tt`) and the list of features (`:semihosting-features`). All others, and
//! commands for the host, are refused as a host without rights would refuse them.
//!
//! Time is the chip's, so that a program sees the same in each run: ticks are core cycles,
//! and SYS_TIME counts the seconds since power-on, as if that was at the start of 1970.

mod files;

use std::io;

use crate::machine::Machine;
use files::{Files, Handle};

/// Where a program's bytes go and come from.
pub trait Console {
    /// Takes what the program writes to standard output and to the debug channel.
    fn output(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Takes what it writes to standard error.
    fn error(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Fills `bytes` from standard input; returns how many there were, 0 at its end.
    fn input(&mut self, bytes: &mut [u8]) -> io::Result<usize>;
}

/// What SYS_HEAPINFO tells: where the program may have its heap and its stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapInfo {
    /// Lowest address of the heap.
    pub heap_base: u32,
    /// Behind its highest.
    pub heap_limit: u32,
    /// Where the stack starts, growing down.
    pub stack_base: u32,
    /// Lowest address of the stack.
    pub stack_limit: u32,
}

/// What a program is told about where it runs.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Its command line, the name first.
    pub command_line: Vec<u8>,
    /// Its memory.
    pub heap: HeapInfo,
    /// What one second is, in core cycles.
    pub hertz: u32,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// The call has been answered; the program goes on.
    Answered,
    /// The program has ended with this status.
    Exit(u32),
    /// There is no such operation. It has not been answered.
    Unknown(u32),
}

/// Reason codes of SYS_EXIT: the program has ended by itself.
const APPLICATION_EXIT: u32 = 0x20026;
/// The status of a program that ends for any other reason.
const FAILED: u32 = 1;

/// Error numbers, as newlib and Linux have them.
mod errno {
    pub(super) const EPERM: u32 = 1;
    pub(super) const EBADF: u32 = 9;
    pub(super) const EACCES: u32 = 13;
    pub(super) const EFAULT: u32 = 14;
    pub(super) const EINVAL: u32 = 22;
    pub(super) const ESPIPE: u32 = 29;
}

/// What fails: the number for SYS_ERRNO.
#[derive(Clone, Copy, Debug)]
struct Errno(u32);

/// The host of one program.
#[derive(Debug, Default)]
pub struct Semihosting {
    setting: Setting,
    files: Files,
    errno: u32,
}

/// What all failing calls but a few return.
const FAILURE: u32 = u32::MAX;

impl Semihosting {
    /// A host that has not been called yet.
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            ..Self::default()
        }
    }

    /// Carries out the call for which [`Machine::run`] has returned
    /// [`Stop::Semihosting`](crate::machine::Stop::Semihosting).
    ///
    /// # Errors
    /// Those of the console.
    pub fn serve(
        &mut self,
        machine: &mut Machine,
        console: &mut dyn Console,
    ) -> io::Result<Called> {
        let (operation, parameter) = (machine.register(0), machine.register(1));
        let seconds = machine.cycles() / u64::from(self.setting.hertz.max(1));
        let result = match operation {
            // SYS_OPEN
            0x01 => self.open(machine, parameter),
            // SYS_CLOSE
            0x02 => handle(machine, parameter).and_then(|handle| self.files.close(handle)),
            // SYS_WRITEC
            0x03 => {
                if let Some(byte) = machine.memory(parameter, 1) {
                    console.output(byte)?;
                }
                Ok(parameter)
            }
            // SYS_WRITE0
            0x04 => {
                console.output(text(machine, parameter))?;
                Ok(parameter)
            }
            // SYS_WRITE
            0x05 => return self.write(machine, parameter, console),
            // SYS_READ
            0x06 => return self.read(machine, parameter, console),
            // SYS_READC
            0x07 => {
                let mut byte = [0];
                Ok(match console.input(&mut byte)? {
                    0 => FAILURE,
                    _ => u32::from(byte[0]),
                })
            }
            // SYS_ISERROR
            0x08 => words(machine, parameter).map(|[status]| u32::from((status as i32) < 0)),
            // SYS_ISTTY
            0x09 => handle(machine, parameter).and_then(|handle| self.files.is_console(handle)),
            // SYS_SEEK
            0x0a => words(machine, parameter)
                .and_then(|[handle, position]| self.files.seek(Handle(handle), position)),
            // SYS_FLEN
            0x0c => handle(machine, parameter).and_then(|handle| self.files.length(handle)),
            // SYS_TMPNAM: there is no file that could have a name.
            0x0d => Err(Errno(errno::EACCES)),
            // SYS_REMOVE, SYS_RENAME: they return the error itself.
            0x0e | 0x0f => {
                self.errno = errno::EACCES;
                Ok(errno::EACCES)
            }
            // SYS_CLOCK
            0x10 => {
                let cycles = u128::from(machine.cycles()) * 100;
                Ok((cycles / u128::from(self.setting.hertz.max(1))) as u32)
            }
            // SYS_TIME
            0x11 => Ok(seconds as u32),
            // SYS_SYSTEM
            0x12 => Err(Errno(errno::EPERM)),
            // SYS_ERRNO
            0x13 => Ok(self.errno),
            // SYS_GET_CMDLINE
            0x15 => self.command_line(machine, parameter),
            // SYS_HEAPINFO: the parameter points to a pointer to the block.
            0x16 => {
                let heap = self.setting.heap;
                let block = [
                    heap.heap_base,
                    heap.heap_limit,
                    heap.stack_base,
                    heap.stack_limit,
                ];
                words(machine, parameter)
                    .and_then(|[place]| put_words(machine, place, &block))
                    .map(|()| parameter)
            }
            // SYS_EXIT: 32-bit programs cannot tell a status here.
            0x18 => {
                return Ok(Called::Exit(
                    u32::from(parameter != APPLICATION_EXIT) * FAILED,
                ));
            }
            // SYS_EXIT_EXTENDED
            0x20 => match words(machine, parameter) {
                Ok([APPLICATION_EXIT, status]) => return Ok(Called::Exit(status)),
                _ => return Ok(Called::Exit(FAILED)),
            },
            // SYS_ELAPSED
            0x30 => {
                let now = machine.cycles();
                put_words(machine, parameter, &[now as u32, (now >> 32) as u32]).map(|()| 0)
            }
            // SYS_TICKFREQ
            0x31 => Ok(self.setting.hertz),
            operation => return Ok(Called::Unknown(operation)),
        };
        let result = result.unwrap_or_else(|errno| self.fail(errno));
        machine.answer(result);
        Ok(Called::Answered)
    }

    fn fail(&mut self, Errno(number): Errno) -> u32 {
        self.errno = number;
        FAILURE
    }

    fn open(&mut self, machine: &Machine, parameter: u32) -> Result<u32, Errno> {
        let [name, mode, length] = words(machine, parameter)?;
        let name = machine.memory(name, length as usize);
        let Handle(handle) = self.files.open(name.ok_or(Errno(errno::EFAULT))?, mode)?;
        Ok(handle)
    }

    /// Returns how many bytes have not been written.
    fn write(
        &mut self,
        machine: &mut Machine,
        parameter: u32,
        console: &mut dyn Console,
    ) -> io::Result<Called> {
        let (mut left, mut failed) = (FAILURE, None);
        match words(machine, parameter) {
            Ok([handle, buffer, length]) => {
                left = length;
                let bytes = machine.memory(buffer, length as usize);
                match (self.files.output(Handle(handle)), bytes) {
                    (Ok(files::Output::Standard), Some(bytes)) => console.output(bytes)?,
                    (Ok(files::Output::Error), Some(bytes)) => console.error(bytes)?,
                    (Err(errno), _) => failed = Some(errno),
                    (_, None) => failed = Some(Errno(errno::EFAULT)),
                }
            }
            Err(errno) => failed = Some(errno),
        }
        match failed {
            Some(errno) => drop(self.fail(errno)),
            None => left = 0,
        }
        machine.answer(left);
        Ok(Called::Answered)
    }

    /// Returns how many bytes of the buffer have not been filled.
    fn read(
        &mut self,
        machine: &mut Machine,
        parameter: u32,
        console: &mut dyn Console,
    ) -> io::Result<Called> {
        let request = words(machine, parameter).and_then(|[handle, buffer, length]| match machine
            .memory(buffer, length as usize)
        {
            Some(bytes) => Ok((Handle(handle), buffer, bytes.to_vec())),
            None => Err(Errno(errno::EFAULT)),
        });
        let result = match request {
            Err(errno) => Err(errno),
            Ok((handle, buffer, mut bytes)) => {
                let length = bytes.len();
                let filled = match self.files.input(handle, &mut bytes) {
                    Ok(files::Input::Filled(count)) => Ok(count),
                    Ok(files::Input::Console) => Ok(console.input(&mut bytes)?),
                    Err(errno) => Err(errno),
                };
                filled.and_then(|count| match machine.set_memory(buffer, &bytes[..count]) {
                    true => Ok((length - count) as u32),
                    false => Err(Errno(errno::EFAULT)),
                })
            }
        };
        let result = result.unwrap_or_else(|errno| self.fail(errno));
        machine.answer(result);
        Ok(Called::Answered)
    }

    fn command_line(&self, machine: &mut Machine, parameter: u32) -> Result<u32, Errno> {
        let [buffer, room] = words(machine, parameter)?;
        let mut line = self.setting.command_line.clone();
        let length = line.len() as u32;
        line.push(0);
        if line.len() > room as usize {
            return Err(Errno(errno::EINVAL));
        }
        if !machine.is_ram(buffer) || !machine.set_memory(buffer, &line) {
            return Err(Errno(errno::EFAULT));
        }
        put_words(machine, parameter, &[buffer, length])?;
        Ok(0)
    }
}

/// The fields of a parameter block.
fn words<const N: usize>(machine: &Machine, address: u32) -> Result<[u32; N], Errno> {
    let bytes = machine.memory(address, 4 * N).ok_or(Errno(errno::EFAULT))?;
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    Ok(words)
}

fn handle(machine: &Machine, address: u32) -> Result<Handle, Errno> {
    words(machine, address).map(|[handle]| Handle(handle))
}

/// Writes words into RAM.
fn put_words(machine: &mut Machine, address: u32, words: &[u32]) -> Result<(), Errno> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    if machine.is_ram(address) && machine.set_memory(address, &bytes) {
        Ok(())
    } else {
        Err(Errno(errno::EFAULT))
    }
}

/// The bytes from `address` to a zero, or to the end of the memory.
fn text(machine: &Machine, address: u32) -> &[u8] {
    let left = machine.memory_left(address) as usize;
    let bytes = machine.memory(address, left).unwrap_or_default();
    let length = bytes.iter().position(|&byte| byte == 0);
    &bytes[..length.unwrap_or(bytes.len())]
}
