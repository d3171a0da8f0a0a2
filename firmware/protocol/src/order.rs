//! The order: what one run is to do.
//!
//! The host writes it into RAM, at the image's symbol `ONCHIP_ORDER`, after reset and before the
//! first instruction; the image places that symbol in a section that its startup code does not
//! clear. It is not part of the [partition](crate::partition), because the nonce is fresh for
//! every run: in flash, each run of an unchanged model would cost an erase.

use core::fmt;

use crate::{VERSION, bytes, crc32};

/// First word of an order; the bytes `OCRD`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"OCRD");
/// Bytes of an order.
pub const LEN: usize = 32;

/// What one run is to do. On the wire: magic, version, nonce (low word, high word), runs,
/// warm-ups, drill, CRC-32 of the 28 bytes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Comes back in [`Boot`](crate::Message::Boot) and [`Done`](crate::Message::Done), which
    /// proves that what is read was sent by this run.
    pub nonce: u64,
    /// Inferences to time.
    pub runs: u32,
    /// Inferences to make before, untimed.
    pub warmups: u32,
    /// How to misbehave, if at all.
    pub drill: Drill,
}

/// Misbehaviour on order, by which a bench shows that it notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub enum Drill {
    /// Behave.
    #[default]
    None = 0,
    /// Cause a hard fault instead of the first inference.
    HardFault = 1,
    /// Boot, then never answer.
    Silence = 2,
}

impl Drill {
    fn from_word(word: u32) -> Result<Self, Error> {
        match word {
            0 => Ok(Self::None),
            1 => Ok(Self::HardFault),
            2 => Ok(Self::Silence),
            found => Err(Error::Drill { found }),
        }
    }
}

impl Order {
    /// The order as the image expects it in RAM.
    pub fn encode(&self) -> [u8; LEN] {
        let words: [u8; LEN] = bytes::put_words([
            MAGIC,
            VERSION,
            self.nonce as u32,
            (self.nonce >> 32) as u32,
            self.runs,
            self.warmups,
            self.drill as u32,
            0,
        ]);
        let crc = crc32(&words[..LEN - 4]);
        bytes::put(words, LEN - 4, &crc.to_le_bytes())
    }

    /// Reads an order from the beginning of `from`.
    pub fn decode(from: &[u8]) -> Result<Self, Error> {
        let got = Error::Truncated {
            len: from.len() as u32,
        };
        let word = |i: usize| bytes::word(from, 4 * i).ok_or(got);
        let (magic, version, crc) = (word(0)?, word(1)?, word(7)?);
        if magic != MAGIC {
            return Err(Error::Magic { found: magic });
        }
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let computed = crc32(&from[..LEN - 4]);
        if crc != computed {
            return Err(Error::Crc {
                stated: crc,
                computed,
            });
        }
        Ok(Self {
            nonce: u64::from(word(2)?) | u64::from(word(3)?) << 32,
            runs: word(4)?,
            warmups: word(5)?,
            drill: Drill::from_word(word(6)?)?,
        })
    }
}

/// Why bytes are no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Fewer bytes than an order has.
    Truncated {
        /// Bytes given.
        len: u32,
    },
    /// Another first word: nothing was ordered.
    Magic {
        /// The word found.
        found: u32,
    },
    /// Written by a host of another version.
    Version {
        /// Its version.
        found: u32,
    },
    /// The checksum does not fit the content.
    Crc {
        /// The one in the order.
        stated: u32,
        /// The content's.
        computed: u32,
    },
    /// A drill unknown to this version.
    Drill {
        /// Its number.
        found: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { len } => {
                write!(f, "the order has {len} bytes instead of {LEN}")
            }
            Self::Magic { found } => write!(
                f,
                "RAM holds no order ({found:#010x} in place of its magic {MAGIC:#010x}): start the \
                 image with `onchip bench`"
            ),
            Self::Version { found } if found > VERSION => write!(
                f,
                "the order is of protocol {found}, the image speaks {VERSION}: rebuild the image \
                 with `cargo xtask images`"
            ),
            Self::Version { found } => write!(
                f,
                "the order is of protocol {found}, the image speaks {VERSION}: update the host's \
                 `onchip`"
            ),
            Self::Crc { stated, computed } => write!(
                f,
                "the order's CRC-32 is {computed:#010x}, it states {stated:#010x}: it was damaged \
                 on its way into RAM"
            ),
            Self::Drill { found } => {
                write!(f, "the order asks for drill {found}, which is unknown")
            }
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;

    const ORDER: Order = Order {
        nonce: 0x0123_4567_89AB_CDEF,
        runs: 3,
        warmups: 1,
        drill: Drill::HardFault,
    };

    #[test]
    fn layout_is_fixed() {
        let golden = [
            0x4F, 0x43, 0x52, 0x44, 1, 0, 0, 0, 0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01, 3,
            0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
        ];
        let encoded = ORDER.encode();
        assert_eq!(encoded[..28], golden);
        assert_eq!(encoded[28..], crc32(&golden).to_le_bytes());
    }

    #[test]
    fn each_defect_is_its_own_error() {
        let check = |at: usize, byte: u8, fix_crc: bool| {
            let mut encoded = ORDER.encode();
            encoded[at] = byte;
            if fix_crc {
                let crc = crc32(&encoded[..28]);
                encoded[28..].copy_from_slice(&crc.to_le_bytes());
            }
            Order::decode(&encoded).unwrap_err()
        };
        assert_eq!(
            check(0, 0, true),
            Error::Magic {
                found: MAGIC & !0xFF
            }
        );
        assert_eq!(check(4, 9, true), Error::Version { found: 9 });
        assert!(matches!(check(16, 9, false), Error::Crc { .. }));
        assert_eq!(check(24, 9, true), Error::Drill { found: 9 });
        assert_eq!(
            Order::decode(&ORDER.encode()[..31]),
            Err(Error::Truncated { len: 31 })
        );
    }

    #[test]
    fn wrong_version_names_the_side_to_update() {
        let text = |found| std::format!("{}", Error::Version { found });
        assert!(text(VERSION + 1).contains("rebuild the image"));
        assert!(text(VERSION - 1).contains("update the host"));
    }

    proptest! {
        #[test]
        fn round_trips(nonce: u64, runs: u32, warmups: u32, drill in 0u32..3) {
            let order = Order { nonce, runs, warmups, drill: Drill::from_word(drill).unwrap() };
            prop_assert_eq!(Order::decode(&order.encode()), Ok(order));
        }

        #[test]
        fn garbage_is_an_error(bytes: std::vec::Vec<u8>) {
            prop_assert!(Order::decode(&bytes).is_err());
        }
    }
}
