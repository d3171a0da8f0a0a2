//! What a request asks for.

use crate::memory::Size;

/// Most bytes that one memory request may read.
pub const MAX_READ: u32 = 4096;

/// A request of the remote protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `GA`: who are you?
    Start,
    /// `HC`: which protocol version?
    Version,
    /// `HA`: which accelerations?
    Accelerators,
    /// `GV`: target voltage?
    Voltage,
    /// `Gf`: wire speed?
    Frequency,
    /// `GF`: set the wire speed in Hz.
    SetFrequency(u32),
    /// `GZ`: pull the reset pin (or let it go).
    Reset(bool),
    /// `GE`, `GP`: drive the clock pin, power the target; nothing to do on a virtual board.
    Pin,
    /// `SS`: start using SWD.
    SwdInit,
    /// `So`, `SO`: send bits (and their parity).
    SwdOut {
        /// Number of bits.
        count: u32,
        /// The bits, least significant first.
        bits: u32,
        /// Whether the parity bit follows.
        parity: bool,
    },
    /// `Si`, `SI`: receive bits (and check their parity).
    SwdIn {
        /// Number of bits.
        count: u32,
        /// Whether the parity bit follows.
        parity: bool,
    },
    /// `Ad`: read a debug-port register.
    ReadDp(u8),
    /// `AR`: write (or read) a debug-port register.
    RawDp {
        /// Whether to read.
        read: bool,
        /// The register.
        register: u8,
        /// What to write.
        value: u32,
    },
    /// `Aa`: read an access-port register.
    ReadAp {
        /// The access port.
        ap: u8,
        /// The register.
        register: u8,
    },
    /// `AA`: write an access-port register.
    WriteAp {
        /// The access port.
        ap: u8,
        /// The register.
        register: u8,
        /// What to write.
        value: u32,
    },
    /// `Am`: read memory.
    ReadMemory {
        /// The access port.
        ap: u8,
        /// Protection bits for CSW.
        csw: u32,
        /// First address.
        address: u32,
        /// Number of bytes.
        length: u32,
    },
    /// `AM`: write memory.
    WriteMemory {
        /// The access port.
        ap: u8,
        /// Protection bits for CSW.
        csw: u32,
        /// Width of the accesses.
        width: Size,
        /// First address.
        address: u32,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// Why a request is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// Not something this probe can do.
    Unsupported,
    /// Its parameters make no sense.
    Malformed,
}

impl Request {
    /// Parses the characters between `!` and `#`.
    ///
    /// # Errors
    /// See [`Reject`].
    pub fn parse(text: &[u8]) -> Result<Request, Reject> {
        let (command, rest) = text.split_at_checked(2).ok_or(Reject::Unsupported)?;
        let mut fields = Fields(rest);
        let request = match command {
            b"GA" => Request::Start,
            b"HC" => Request::Version,
            b"HA" => Request::Accelerators,
            b"GV" => Request::Voltage,
            b"Gf" => Request::Frequency,
            b"GF" => Request::SetFrequency(fields.hex(8)?),
            b"GZ" => Request::Reset(fields.flag()?),
            b"GE" | b"GP" => fields.flag().map(|_| Request::Pin)?,
            b"SS" => Request::SwdInit,
            b"So" | b"SO" => Request::SwdOut {
                count: fields.bit_count()?,
                bits: fields.tail()?,
                parity: command[1] == b'O',
            },
            b"Si" | b"SI" => Request::SwdIn {
                count: fields.bit_count()?,
                parity: command[1] == b'I',
            },
            b"Ad" => {
                // Device and access port (0xff) say nothing about the debug port.
                fields.hex(4)?;
                Request::ReadDp(fields.register()?)
            }
            b"AR" => {
                fields.hex(2)?;
                let read = fields.hex(2)? != 0;
                Request::RawDp {
                    read,
                    register: fields.register()?,
                    value: fields.hex(8)?,
                }
            }
            b"Aa" => {
                let ap = fields.access_port()?;
                Request::ReadAp {
                    ap,
                    register: fields.register()?,
                }
            }
            b"AA" => {
                let ap = fields.access_port()?;
                // The value comes in the target's byte order.
                Request::WriteAp {
                    ap,
                    register: fields.register()?,
                    value: fields.hex(8)?.swap_bytes(),
                }
            }
            b"Am" => {
                let ap = fields.access_port()?;
                let (csw, address, length) = (fields.hex(8)?, fields.address()?, fields.hex(8)?);
                if length > MAX_READ {
                    return Err(Reject::Malformed);
                }
                Request::ReadMemory {
                    ap,
                    csw,
                    address,
                    length,
                }
            }
            b"AM" => {
                let ap = fields.access_port()?;
                let csw = fields.hex(8)?;
                let width = match fields.hex(2)? {
                    0 => Size::Byte,
                    1 => Size::Half,
                    // The bus is 32 bits wide.
                    2 | 3 => Size::Word,
                    _ => return Err(Reject::Malformed),
                };
                let (address, length) = (fields.address()?, fields.hex(8)?);
                let data = fields.bytes()?;
                let aligned = (address | length) % width.bytes() == 0;
                if data.len() != length as usize || !aligned {
                    return Err(Reject::Malformed);
                }
                Request::WriteMemory {
                    ap,
                    csw,
                    width,
                    address,
                    data,
                }
            }
            _ => return Err(Reject::Unsupported),
        };
        if fields.0.is_empty() {
            Ok(request)
        } else {
            Err(Reject::Malformed)
        }
    }
}

/// What is left of a request's parameters.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take(&mut self, digits: usize) -> Result<u64, Reject> {
        let (field, rest) = self.0.split_at_checked(digits).ok_or(Reject::Malformed)?;
        self.0 = rest;
        field.iter().try_fold(
            0,
            |value, &digit| Ok(value << 4 | u64::from(nibble(digit)?)),
        )
    }

    /// A number of `digits` (at most 8) hexadecimal digits.
    fn hex(&mut self, digits: usize) -> Result<u32, Reject> {
        Ok(self.take(digits)? as u32)
    }

    /// A number of one to eight hexadecimal digits that ends the request.
    fn tail(&mut self) -> Result<u32, Reject> {
        match self.0.len() {
            digits @ 1..=8 => self.hex(digits),
            _ => Err(Reject::Malformed),
        }
    }

    fn flag(&mut self) -> Result<bool, Reject> {
        match self.hex(1)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Reject::Malformed),
        }
    }

    fn bit_count(&mut self) -> Result<u32, Reject> {
        match self.hex(2)? {
            count @ 1..=32 => Ok(count),
            _ => Err(Reject::Malformed),
        }
    }

    /// Device index and access port. probe-rs sends garbage for the index, and there is one device only.
    fn access_port(&mut self) -> Result<u8, Reject> {
        self.hex(2)?;
        Ok(self.hex(2)? as u8)
    }

    /// A register; bit 8 of its address tells access-port registers and is known from the command.
    fn register(&mut self) -> Result<u8, Reject> {
        Ok(self.hex(4)? as u8)
    }

    fn address(&mut self) -> Result<u32, Reject> {
        u32::try_from(self.take(16)?).map_err(|_| Reject::Malformed)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Reject> {
        let (pairs, odd) = self.0.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(Reject::Malformed);
        }
        self.0 = &[];
        pairs
            .iter()
            .map(|[high, low]| Ok(nibble(*high)? << 4 | nibble(*low)?))
            .collect()
    }
}

fn nibble(digit: u8) -> Result<u8, Reject> {
    char::from(digit)
        .to_digit(16)
        .map(|value| value as u8)
        .ok_or(Reject::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &Result<Request, Reject>) {
        assert_eq!(&Request::parse(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn requests() {
        check("GA", &Ok(Request::Start));
        check("HA", &Ok(Request::Accelerators));
        check("GF003d0900", &Ok(Request::SetFrequency(4_000_000)));
        check("GZ1", &Ok(Request::Reset(true)));
        check("SS", &Ok(Request::SwdInit));
        check(
            "So10e79e",
            &Ok(Request::SwdOut {
                count: 16,
                bits: 0xe79e,
                parity: false,
            }),
        );
        check(
            "Si20",
            &Ok(Request::SwdIn {
                count: 32,
                parity: false,
            }),
        );
        check("Ad00ff0004", &Ok(Request::ReadDp(4)));
        check(
            "AR0000000850000f00",
            &Ok(Request::RawDp {
                read: false,
                register: 8,
                value: 0x5000_0f00,
            }),
        );
        check(
            "Aa0d0001fc",
            &Ok(Request::ReadAp {
                ap: 0,
                register: 0xfc,
            }),
        );
        check(
            "AA0d00010478563412",
            &Ok(Request::WriteAp {
                ap: 0,
                register: 4,
                value: 0x1234_5678,
            }),
        );
        check(
            "Am0000230000520000000020000000000001f8",
            &Ok(Request::ReadMemory {
                ap: 0,
                csw: 0x2300_0052,
                address: 0x2000_0000,
                length: 0x1f8,
            }),
        );
        check(
            "AM000023000052020000000020000000000000040a0b0c0d",
            &Ok(Request::WriteMemory {
                ap: 0,
                csw: 0x2300_0052,
                width: Size::Word,
                address: 0x2000_0000,
                data: vec![10, 11, 12, 13],
            }),
        );
    }

    #[test]
    fn rejections() {
        check("", &Err(Reject::Unsupported));
        check("JS", &Err(Reject::Unsupported));
        check("GZ2", &Err(Reject::Malformed));
        check("GAx", &Err(Reject::Malformed));
        check("Si21", &Err(Reject::Malformed));
        check("Si00", &Err(Reject::Malformed));
        check(
            "Am000023000052000000012000000000000004",
            &Err(Reject::Malformed),
        );
        check(
            "Am00002300005200000000200000000fffffff",
            &Err(Reject::Malformed),
        );
        check(
            "AM000023000052020000000020000002000000040a0b0c0d",
            &Err(Reject::Malformed),
        );
        check(
            "AM000023000052020000000020000000000000040a0b0c",
            &Err(Reject::Malformed),
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Request::parse(&text);
        }

        #[test]
        fn nor_is_any_that_begins_well(
            command in "[GHSA][AaMmRdSsIiOoFfZzEPCV]",
            rest in "[0-9a-fxX!#]{0,60}",
        ) {
            let _ = Request::parse(format!("{command}{rest}").as_bytes());
        }
    }
}
