//! The information block: what an image says about itself, without running.
//!
//! It is a constant in the image's read-only data, under the symbol `ONCHIP_INFO`, so that the
//! host reads it from the ELF file before it flashes anything:
//!
//! ```
//! use onchip_protocol::info::{self, Info, Text};
//!
//! #[unsafe(no_mangle)]
//! static ONCHIP_INFO: [u8; info::LEN] = Info {
//!     board: Text::new("nucleo-l4r5zi").expect("a board's name has at most 32 bytes"),
//!     sources: Text::new(match option_env!("SOURCES_SHA256") {
//!         Some(digest) => digest,
//!         None => "",
//!     })
//!     .expect("a digest has 64 digits"),
//!     rustc: Text::new("rustc 1.95.0").expect("a compiler's version has at most 64 bytes"),
//!     clock_hz: 120_000_000,
//!     arena: 512 * 1024,
//!     partition_address: 0x0810_0000,
//!     partition_len: 0x10_0000,
//! }
//! .encode();
//! # assert_eq!(Info::decode(&ONCHIP_INFO).expect("round trip").arena, 512 * 1024);
//! ```

use core::fmt;

use crate::{VERSION, bytes};

/// First word of the block; the bytes `OCNF`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"OCNF");
/// Bytes of the block.
pub const LEN: usize = NUMBERS + 32 + 64 + 64;
/// Bytes of the numbers in front of the texts.
const NUMBERS: usize = 24;

/// What an image says about itself. On the wire: magic, version, clock, arena, partition address,
/// partition length (a word each), board (32 bytes), sources (64), rustc (64); texts are padded
/// with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Name of the board it is for, that of its file in `boards/`.
    pub board: Text<32>,
    /// SHA-256 of the sources it was built from, in hexadecimal digits.
    pub sources: Text<64>,
    /// What `rustc --version` said.
    pub rustc: Text<64>,
    /// Clock at which it runs inferences, in Hz.
    pub clock_hz: u32,
    /// Bytes it can give to a network's arena.
    pub arena: u32,
    /// Address of the model partition.
    pub partition_address: u32,
    /// Bytes of the model partition.
    pub partition_len: u32,
}

/// A text of at most `N` bytes, without zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// `None` when `text` is longer than `N` bytes or contains a zero.
    pub const fn new(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() > N {
            return None;
        }
        let mut i = 0;
        while i < text.len() {
            if text[i] == 0 {
                return None;
            }
            i += 1;
        }
        Some(Self(bytes::put([0; N], 0, text)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(N);
        // Both ways of making a text give UTF-8.
        str::from_utf8(&self.0[..len]).unwrap_or_default()
    }

    fn decode(field: &[u8; N]) -> Option<Self> {
        let len = field.iter().position(|&byte| byte == 0).unwrap_or(N);
        let text = str::from_utf8(&field[..len]).ok()?;
        let padded = field[len..].iter().all(|&byte| byte == 0);
        if padded { Self::new(text) } else { None }
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Info {
    /// The block's bytes; made for a `static`.
    pub const fn encode(&self) -> [u8; LEN] {
        let numbers: [u8; NUMBERS] = bytes::put_words([
            MAGIC,
            VERSION,
            self.clock_hz,
            self.arena,
            self.partition_address,
            self.partition_len,
        ]);
        let block = bytes::put([0; LEN], 0, &numbers);
        let block = bytes::put(block, NUMBERS, &self.board.0);
        let block = bytes::put(block, NUMBERS + 32, &self.sources.0);
        bytes::put(block, NUMBERS + 96, &self.rustc.0)
    }

    /// Reads a block from the beginning of `from`.
    pub fn decode(from: &[u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated { len: from.len() };
        let word = |i: usize| bytes::word(from, 4 * i).ok_or(truncated);
        let magic = word(0)?;
        if magic != MAGIC {
            return Err(Error::Magic { found: magic });
        }
        let version = word(1)?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        Ok(Self {
            clock_hz: word(2)?,
            arena: word(3)?,
            partition_address: word(4)?,
            partition_len: word(5)?,
            board: text(from, NUMBERS, "board")?,
            sources: text(from, NUMBERS + 32, "sources")?,
            rustc: text(from, NUMBERS + 96, "rustc")?,
        })
    }
}

fn text<const N: usize>(from: &[u8], at: usize, key: &'static str) -> Result<Text<N>, Error> {
    let field = from
        .get(at..)
        .and_then(|tail| tail.first_chunk())
        .ok_or(Error::Truncated { len: from.len() })?;
    Text::decode(field).ok_or(Error::Text { key })
}

/// Why bytes are no information block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Fewer bytes than the block has.
    Truncated {
        /// Bytes given.
        len: usize,
    },
    /// Another first word: the symbol is not ours.
    Magic {
        /// The word found.
        found: u32,
    },
    /// An image of another version.
    Version {
        /// Its version.
        found: u32,
    },
    /// A text that is not UTF-8, or not padded with zeros.
    Text {
        /// Which one.
        key: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { len } => {
                write!(
                    f,
                    "the image's ONCHIP_INFO has {len} bytes instead of {LEN}"
                )
            }
            Self::Magic { found } => write!(
                f,
                "the image's ONCHIP_INFO starts with {found:#010x} instead of {MAGIC:#010x}: it is \
                 not an onchip image"
            ),
            Self::Version { found } if found > VERSION => write!(
                f,
                "the image speaks protocol {found}, this host {VERSION}: update the host's `onchip`"
            ),
            Self::Version { found } => write!(
                f,
                "the image speaks protocol {found}, this host {VERSION}: rebuild the image with \
                 `cargo xtask images`"
            ),
            Self::Text { key } => {
                write!(
                    f,
                    "the image's ONCHIP_INFO has a damaged text in place of `{key}`"
                )
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

    static BLOCK: [u8; LEN] = INFO.encode();
    const INFO: Info = Info {
        board: Text::new("nucleo-l4r5zi").unwrap(),
        sources: Text::new("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            .unwrap(),
        rustc: Text::new("rustc 1.95.0 (59807616e 2026-04-14)").unwrap(),
        clock_hz: 120_000_000,
        arena: 0x8_0000,
        partition_address: 0x0810_0000,
        partition_len: 0x10_0000,
    };

    #[test]
    fn layout_is_fixed() {
        let golden = b"OCNF\x01\0\0\0\x00\x0e\x27\x07\0\0\x08\0\0\0\x10\x08\0\0\x10\0\
            nucleo-l4r5zi\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\
            rustc 1.95.0 (59807616e 2026-04-14)\
            \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(&BLOCK, golden);
        assert_eq!(Info::decode(&BLOCK), Ok(INFO));
    }

    #[test]
    fn texts_are_limited() {
        assert_eq!(
            Text::<4>::new("four").map(|text| text.as_str().len()),
            Some(4)
        );
        assert_eq!(Text::<4>::new("fives"), None);
        assert_eq!(Text::<4>::new("a\0b"), None);
    }

    #[test]
    fn each_defect_is_its_own_error() {
        let check = |at: usize, byte: u8| {
            let mut block = BLOCK;
            block[at] = byte;
            Info::decode(&block).unwrap_err()
        };
        assert_eq!(
            check(0, 0),
            Error::Magic {
                found: MAGIC & !0xFF
            }
        );
        assert_eq!(check(4, 7), Error::Version { found: 7 });
        assert_eq!(check(24, 0xFF), Error::Text { key: "board" });
        assert_eq!(check(24 + 31, b'x'), Error::Text { key: "board" });
        assert_eq!(check(24 + 32, 0x80), Error::Text { key: "sources" });
        assert_eq!(check(LEN - 1, 1), Error::Text { key: "rustc" });
        for len in 0..LEN {
            assert_eq!(Info::decode(&BLOCK[..len]), Err(Error::Truncated { len }));
        }
    }

    #[test]
    fn wrong_version_names_the_side_to_update() {
        let text = |found| std::format!("{}", Error::Version { found });
        assert!(text(VERSION + 1).contains("update the host"));
        assert!(text(VERSION - 1).contains("rebuild the image"));
    }

    proptest! {
        #[test]
        fn garbage_after_the_version_never_panics(tail in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [&BLOCK[..8], &tail].concat();
            if let Ok(info) = Info::decode(&bytes) {
                prop_assert_eq!(&info.encode()[..], &bytes[..LEN]);
            }
        }
    }
}
