//! The two wires of serial wire debug, bit by bit (IHI 0031, chapter B4).
//!
//! Some probes leave the protocol to the host and only clock bits out and in. Such a host's line is modelled from the
//! target's side: bits sent are remembered; when the host turns the line round, the last eight are the request header. Turnaround cycles
//! are the probe's affair and not part of the bit stream here.
//!
//! A line has no way to tell why the emulation ended; whatever fails is acknowledged with FAULT.
//!
//! Line resets, the JTAG-to-SWD selection sequence and idle cycles need no model: they are bits that no header ends in.

use super::{Dap, Register, Target};

const ACK_OK: u64 = 0b001;
const ACK_FAULT: u64 = 0b100;

/// The line's state between two chunks of bits.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The last bits sent by the host, the latest in bit 7.
    header: u8,
    /// Whether the host has sent a bit since it last read one.
    turned: bool,
    /// Bits that the target still has to send.
    answer: u64,
    /// A write whose data phase is due, and the bits of it that have come.
    write: Option<(Register, u64, u32)>,
}

impl Line {
    /// The host sends the low `count` (up to 32) bits of `bits`, least significant first.
    pub fn send(&mut self, bits: u32, count: u32, dap: &mut Dap, target: &mut impl Target) {
        self.turned = true;
        for index in 0..count {
            let bit = bits >> index & 1;
            self.header = self.header >> 1 | (bit as u8) << 7;
            let Some((register, data, received)) = &mut self.write else {
                continue;
            };
            *data |= u64::from(bit) << *received;
            *received += 1;
            if *received < 33 {
                continue;
            }
            let (register, value, parity) = (*register, *data as u32, *data >> 32 & 1 != 0);
            self.write = None;
            // The data bits are no header.
            self.header = 0;
            // A write with a parity error is ignored; the host learns of it from WDATAERR, which no probe-rs driver produces.
            if parity == odd(value) {
                // A failure shows in the next acknowledgement.
                let _ = dap.write(register, value, target);
            }
        }
    }

    /// The host reads `count` (up to 32) bits, least significant first.
    pub fn receive(&mut self, count: u32, dap: &mut Dap, target: &mut impl Target) -> u32 {
        if self.turned {
            self.turned = false;
            self.write = None;
            self.answer = self.request(dap, target);
        }
        let bits = self.answer & ((1 << count) - 1);
        self.answer >>= count;
        bits as u32
    }

    /// Acts on the request header and returns the target's bits. A line that nobody drives is pulled up.
    fn request(&mut self, dap: &mut Dap, target: &mut impl Target) -> u64 {
        let header = std::mem::take(&mut self.header);
        let Some((register, read)) = parse(header) else {
            return u64::MAX;
        };
        let result = match (read, register) {
            (true, Register::Ap(address)) => dap.read_posted(address, target),
            (true, Register::Dp(_)) => dap.read(register, target),
            (false, _) => dap.check(register, true, target).map(|()| 0),
        };
        match result {
            Ok(value) if read => ACK_OK | u64::from(value) << 3 | u64::from(odd(value)) << 35,
            Ok(_) => {
                self.write = Some((register, 0, 0));
                ACK_OK
            }
            Err(_) => ACK_FAULT,
        }
    }
}

/// Register and direction (`true` = read) of a request header, if it is one.
fn parse(header: u8) -> Option<(Register, bool)> {
    let (start, stop, park) = (header & 1, header >> 6 & 1, header >> 7);
    let parity = header >> 5 & 1 != 0;
    if (start, stop, park) != (1, 0, 1) || parity != odd(u32::from(header >> 1 & 0xf)) {
        return None;
    }
    let address = header >> 1 & 0xc;
    let register = if header & 2 != 0 {
        Register::Ap(address)
    } else {
        Register::Dp(address)
    };
    Some((register, header & 4 != 0))
}

fn odd(value: u32) -> bool {
    value.count_ones() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::super::testing::Ram;
    use super::*;

    struct Host {
        line: Line,
        dap: Dap,
        ram: Ram,
    }

    impl Host {
        fn new() -> Self {
            Host {
                line: Line::default(),
                dap: Dap::default(),
                ram: Ram::new(0x100),
            }
        }

        fn send(&mut self, bits: u64, count: u32) {
            for (index, chunk) in [32.min(count), count.saturating_sub(32)]
                .into_iter()
                .enumerate()
            {
                let bits = (bits >> (32 * index)) as u32;
                self.line.send(bits, chunk, &mut self.dap, &mut self.ram);
            }
        }

        fn receive(&mut self, count: u32) -> u32 {
            self.line.receive(count, &mut self.dap, &mut self.ram)
        }

        fn header(&mut self, register: Register, read: bool) {
            let (ap, address) = match register {
                Register::Dp(address) => (0, address),
                Register::Ap(address) => (1, address),
            };
            let request = ap | u8::from(read) << 1 | address;
            let parity = u8::from(odd(request.into()));
            self.send(u64::from(1 | request << 1 | parity << 5 | 1 << 7), 8);
        }

        fn read(&mut self, register: Register) -> Result<u32, u32> {
            self.header(register, true);
            let low = self.receive(32);
            let high = self.receive(4);
            let value = low >> 3 | high << 29;
            let ack = low & 7;
            if ack == 1 {
                assert_eq!(high >> 3 == 1, odd(value), "parity");
                return Ok(value);
            }
            Err(ack)
        }

        fn write(&mut self, register: Register, value: u32) -> u32 {
            self.header(register, false);
            let ack = self.receive(3);
            self.send(u64::from(value) | u64::from(odd(value)) << 32, 33 + 2);
            ack
        }
    }

    #[test]
    fn connects_and_reads_memory_through_posted_reads() {
        let mut host = Host::new();
        host.send(u64::MAX, 51);
        host.send(0xe79e, 16);
        host.send(u64::MAX, 51);
        host.send(0, 3);
        assert_eq!(
            host.read(Register::Dp(0)),
            Ok(super::super::Identity::default().dp)
        );
        assert_eq!(host.write(Register::Dp(4), 0x5000_0000), 1);
        assert_eq!(host.read(Register::Dp(4)), Ok(0xf000_0000));
        host.ram.bytes[0x10..0x14].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(host.write(Register::Ap(4), 0x10), 1);
        host.read(Register::Ap(0xc)).unwrap();
        assert_eq!(host.read(Register::Dp(0xc)), Ok(0x0403_0201));
    }

    #[test]
    fn faults_show_in_the_next_acknowledgement() {
        let mut host = Host::new();
        host.write(Register::Dp(4), 0x5000_0000);
        host.write(Register::Ap(4), 0x8000_0000);
        host.read(Register::Ap(0xc)).unwrap();
        assert_eq!(host.read(Register::Dp(0xc)), Err(4));
        assert_eq!(host.write(Register::Ap(4), 0), 4);
        assert_eq!(host.write(Register::Dp(0), 0x1e), 1);
        assert_eq!(host.read(Register::Dp(0xc)), Ok(0));
    }

    #[test]
    fn nobody_answers_what_is_no_header() {
        let mut host = Host::new();
        host.send(0, 8);
        assert_eq!(host.receive(3), 7);
        host.send(0x81, 8);
        assert_eq!(host.receive(3), 1, "DP register 0, write");
        host.send(0xa1, 8);
        assert_eq!(host.receive(3), 7, "wrong parity");
    }

    #[test]
    fn write_with_wrong_parity_is_ignored() {
        let mut host = Host::new();
        host.header(Register::Dp(4), false);
        assert_eq!(host.receive(3), 1);
        host.send(0x5000_0000 | 1 << 32, 35);
        assert_eq!(host.read(Register::Dp(4)), Ok(0));
    }
}
