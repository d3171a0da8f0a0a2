//! The probe: what is done about a request, and the answer.

use std::fmt::Write as _;

use super::packet::Frame;
use super::request::{Reject, Request};
use crate::debug::{Dap, Error, Register, Target, swd};
use crate::memory::Size;

/// Answer to `GA`.
const IDENTITY: &str = "onchip virtual board, Black Magic remote protocol 4";
/// The remote protocol's version.
const VERSION: u64 = 4;
/// Accelerated accesses to ADIv5 debug ports, and none of the others.
const ACCELERATORS: u64 = 1;

/// Error code: the request is not understood.
const UNRECOGNISED: u64 = 1;
/// Error code: the wrong number or length of parameters.
const WRONG_LENGTH: u64 = 2;
/// Error code: the target answered FAULT.
const FAULT: u64 = 3;
/// Error code: the chip does not answer any more, since the emulation has ended.
const EXCEPTION: u64 = 4;

const CSW: u8 = 0x00;
const TAR: u8 = 0x04;
const DRW: u8 = 0x0c;
/// CSW: increment TAR after each access.
const INCREMENT: u32 = 1 << 4;
/// CSW fields that this probe sets itself: size and increment.
const CSW_ACCESS: u32 = 0x37;

/// A Black Magic Probe without its target.
#[derive(Debug)]
pub struct Probe {
    line: swd::Line,
    frequency: u32,
}

impl Default for Probe {
    fn default() -> Self {
        Probe {
            line: swd::Line::default(),
            frequency: 4_000_000,
        }
    }
}

/// An answer on its way to the host.
enum Reply {
    Value(u64),
    /// A number in as many digits as it has bytes, in the target's byte order.
    Word(u32),
    Text(&'static str),
    Bytes(Vec<u8>),
    ParityError,
}

impl Probe {
    /// Does what `frame` asks for. Returns the answer, `&…#`.
    pub fn answer(&mut self, frame: &Frame<'_>, dap: &mut Dap, target: &mut impl Target) -> String {
        let request = match frame {
            Frame::Request(text) => Request::parse(text),
            Frame::Overlong => Err(Reject::Malformed),
        };
        let request = match request {
            Ok(request) => request,
            Err(Reject::Unsupported) => return format!("&N{UNRECOGNISED:x}#"),
            Err(Reject::Malformed) => return format!("&E{WRONG_LENGTH:x}#"),
        };
        match self.perform(&request, dap, target) {
            Ok(reply) => reply.encode(),
            Err(Error::Fault) => {
                dap.clear_error();
                format!("&E{FAULT:x}#")
            }
            // Of a probe that is unplugged nobody hears the answer.
            Err(Error::Stopped(_) | Error::Unplugged) => format!("&E{EXCEPTION:x}#"),
        }
    }

    fn perform(
        &mut self,
        request: &Request,
        dap: &mut Dap,
        target: &mut impl Target,
    ) -> Result<Reply, Error> {
        Ok(match *request {
            Request::Start => Reply::Text(IDENTITY),
            Request::Version => Reply::Value(VERSION),
            Request::Accelerators => Reply::Value(ACCELERATORS),
            Request::Voltage => Reply::Text("3.3V"),
            Request::Frequency => Reply::Value(self.frequency.into()),
            Request::SetFrequency(hertz) => {
                self.frequency = hertz;
                Reply::Value(0)
            }
            Request::Reset(pulled) => {
                target.set_nreset(!pulled);
                Reply::Value(0)
            }
            Request::Pin => Reply::Value(0),
            Request::SwdInit => {
                self.line = swd::Line::default();
                Reply::Value(0)
            }
            Request::SwdOut {
                count,
                bits,
                parity,
            } => {
                self.line.send(bits, count, dap, target);
                if parity {
                    self.line.send(bits.count_ones() & 1, 1, dap, target);
                }
                Reply::Value(0)
            }
            Request::SwdIn { count, parity } => {
                let bits = self.line.receive(count, dap, target);
                if parity && self.line.receive(1, dap, target) != bits.count_ones() & 1 {
                    Reply::ParityError
                } else {
                    Reply::Value(bits.into())
                }
            }
            Request::ReadDp(register) => Reply::Word(dap.read(Register::Dp(register), target)?),
            Request::RawDp {
                read: true,
                register,
                ..
            } => Reply::Word(dap.read(Register::Dp(register), target)?),
            Request::RawDp {
                read: false,
                register,
                value,
            } => {
                dap.write(Register::Dp(register), value, target)?;
                Reply::Value(0)
            }
            Request::ReadAp { ap, register } => {
                let register = dap.select_ap(ap, register, target)?;
                Reply::Word(dap.read(register, target)?)
            }
            Request::WriteAp {
                ap,
                register,
                value,
            } => {
                let register = dap.select_ap(ap, register, target)?;
                dap.write(register, value, target)?;
                Reply::Value(0)
            }
            Request::ReadMemory {
                ap,
                csw,
                address,
                length,
            } => {
                let width = widest(address | length);
                Reply::Bytes(read_memory(dap, target, ap, csw, width, address, length)?)
            }
            Request::WriteMemory {
                ap,
                csw,
                width,
                address,
                ref data,
            } => {
                write_memory(dap, target, ap, csw, width, address, data)?;
                Reply::Value(0)
            }
        })
    }
}

impl Reply {
    fn encode(self) -> String {
        let mut text = String::from(if matches!(self, Reply::ParityError) {
            "&P"
        } else {
            "&K"
        });
        match self {
            Reply::Value(value) => hex(&mut text, format_args!("{value:x}")),
            Reply::Word(value) => hex(&mut text, format_args!("{:08x}", value.swap_bytes())),
            Reply::Text(characters) => text.push_str(characters),
            Reply::Bytes(bytes) => bytes
                .iter()
                .for_each(|byte| hex(&mut text, format_args!("{byte:02x}"))),
            Reply::ParityError => text.push('0'),
        }
        text.push('#');
        text
    }
}

fn hex(text: &mut String, number: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(number);
}

/// The widest access that `bits` (an address, a length or both) is a multiple of.
fn widest(bits: u32) -> Size {
    match bits % 4 {
        0 => Size::Word,
        2 => Size::Half,
        _ => Size::Byte,
    }
}

/// Puts size, increment and address into place for a run of accesses; the firmware's share of an accelerated access.
fn aim(
    dap: &mut Dap,
    target: &mut impl Target,
    ap: u8,
    csw: u32,
    width: Size,
    address: u32,
) -> Result<Register, Error> {
    let size = match width {
        Size::Byte => 0,
        Size::Half => 1,
        Size::Word => 2,
    };
    let register = dap.select_ap(ap, CSW, target)?;
    dap.write(register, (csw & !CSW_ACCESS) | INCREMENT | size, target)?;
    dap.write(Register::Ap(TAR), address, target)?;
    Ok(Register::Ap(DRW))
}

/// Bytes from `address` to the end of the stretch over which TAR increments without wrapping.
fn to_boundary(address: u32) -> u32 {
    0x400 - address % 0x400
}

fn read_memory(
    dap: &mut Dap,
    target: &mut impl Target,
    ap: u8,
    csw: u32,
    width: Size,
    mut address: u32,
    length: u32,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(length as usize);
    let mut left = length;
    while left > 0 {
        let run = left.min(to_boundary(address));
        let data_register = aim(dap, target, ap, csw, width, address)?;
        let mut words = vec![0; (run / width.bytes()) as usize];
        dap.read_block(data_register, &mut words, target)?;
        for word in words {
            let lane = (address % 4) as usize;
            bytes.extend_from_slice(&word.to_le_bytes()[lane..lane + width.bytes() as usize]);
            address = address.wrapping_add(width.bytes());
        }
        left -= run;
    }
    Ok(bytes)
}

fn write_memory(
    dap: &mut Dap,
    target: &mut impl Target,
    ap: u8,
    csw: u32,
    width: Size,
    mut address: u32,
    mut data: &[u8],
) -> Result<(), Error> {
    while !data.is_empty() {
        let (run, rest) = data.split_at(data.len().min(to_boundary(address) as usize));
        let data_register = aim(dap, target, ap, csw, width, address)?;
        let mut words = Vec::with_capacity(run.len());
        for unit in run.chunks_exact(width.bytes() as usize) {
            let lane = (address % 4) as usize;
            let mut word = [0; 4];
            word[lane..lane + unit.len()].copy_from_slice(unit);
            words.push(u32::from_le_bytes(word));
            address = address.wrapping_add(width.bytes());
        }
        dap.write_block(data_register, &words, target)?;
        data = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::packet::Framer;
    use super::*;
    use crate::debug::testing::Ram;

    struct Bench {
        framer: Framer,
        probe: Probe,
        dap: Dap,
        ram: Ram,
    }

    impl Bench {
        fn new() -> Self {
            Bench {
                framer: Framer::default(),
                probe: Probe::default(),
                dap: Dap::default(),
                ram: Ram::new(0x1000),
            }
        }

        /// Answers to all requests of a stream.
        fn send(&mut self, stream: &[u8]) -> String {
            let mut answers = String::new();
            for &byte in stream {
                if let Some(frame) = self.framer.push(byte) {
                    answers += &self.probe.answer(&frame, &mut self.dap, &mut self.ram);
                }
            }
            answers
        }

        fn check(&mut self, stream: &str, expected: &str) {
            assert_eq!(self.send(stream.as_bytes()), expected, "{stream}");
        }
    }

    #[test]
    fn conversation() {
        let mut bench = Bench::new();
        bench.check(
            "+#!GA#",
            "&Konchip virtual board, Black Magic remote protocol 4#",
        );
        bench.check("!HC#!HA#", "&K4#&K1#");
        bench.check("!GF001e8480#!Gf#", "&K0#&K1e8480#");
        bench.check("!GZ1#", "&K0#");
        assert!(!bench.ram.nreset);
        bench.check("!GZ0#", "&K0#");
        assert!(bench.ram.nreset);
        bench.check("!JS#", "&N1#");
        bench.check("!Si00#", "&E2#");
    }

    #[test]
    fn registers() {
        let mut bench = Bench::new();
        bench.check("!Ad00ff0000#", "&K7714a02b#");
        bench.check("!AR0000000450000000#!Ad00ff0004#", "&K0#&K000000f0#");
        bench.check("!Aa0d0001fc#", "&K11007724#");
        bench.check("!AA0d00010410000000#!Aa0d000104#", "&K0#&K10000000#");
    }

    #[test]
    fn memory_over_increment_boundaries_and_odd_alignments() {
        let mut bench = Bench::new();
        bench.check("!AR0000000450000000#", "&K0#");
        for (address, length, align) in
            [(0x3f8, 16, 2), (0x3fe, 6, 1), (0x3ff, 3, 0), (0x401, 5, 0)]
        {
            let data: Vec<u8> = (1..=length).collect();
            let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            let place = format!("{address:016x}{length:08x}");
            bench.check(
                &format!("!AM000023000052{align:02x}{place}{digits}#"),
                "&K0#",
            );
            assert_eq!(
                &bench.ram.bytes[address..address + usize::from(length)],
                data
            );
            bench.check(&format!("!Am000023000052{place}#"), &format!("&K{digits}#"));
        }
        bench.check("!Am0000230000520000000000000ffc00000008#", "&E3#");
        bench.check("!Am0000230000520000000000000ffc00000004#", "&K00000000#");
    }

    #[test]
    fn bits() {
        let mut bench = Bench::new();
        bench.check(
            "!SS#!So20ffffffff#!So20ffffffff#!So10e79e#!So08a5#",
            "&K0#&K0#&K0#&K0#&K0#",
        );
        // ACK, 32 bits of DPIDR, parity.
        let low = crate::debug::Identity::default().dp << 3 | 1;
        bench.check("!Si20#", &format!("&K{low:x}#"));
        bench.check("!Si04#", "&K1#");
    }

    #[test]
    fn chip_does_not_answer_after_a_failure() {
        let mut bench = Bench::new();
        bench.check("!AR0000000450000000#", "&K0#");
        bench.ram.failure = Some("gone".into());
        bench.check("!Am0000230000520000000000000ffc00000004#", "&E4#");
        bench.check("!Ad00ff0000#", "&K7714a02b#");
    }

    proptest! {
        #[test]
        fn garbage_is_answered_and_forgotten(stream in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bench = Bench::new();
            bench.send(&stream);
            bench.check("!HC#", "&K4#");
        }

        #[test]
        fn every_request_gets_one_answer(
            requests in proptest::collection::vec("[GHSA][AaMmRdSsIiOoFfZEPCV][0-9a-f]{0,60}", 0..20),
        ) {
            let mut bench = Bench::new();
            let stream: String = requests.iter().map(|request| format!("!{request}#")).collect();
            let answers = bench.send(stream.as_bytes());
            prop_assert_eq!(answers.matches('&').count(), requests.len());
            prop_assert_eq!(answers.matches('#').count(), requests.len());
        }
    }
}
