//! The model partition: the flash that is rewritten for a candidate.
//!
//! ```text
//! 0               Header, 40 bytes
//! 48              model, a TFLite flatbuffer
//! next n × 4096   input, the raw bytes of the model's input tensor
//! ```
//!
//! It depends on nothing but model and input, so that measuring an unchanged model again erases
//! nothing; what is fresh for every run is in the [order](crate::order), in RAM. The input starts
//! on a flash sector of its own, so that another input leaves the model where it was.

use core::fmt;

use crate::{VERSION, bytes, crc32};

/// First word of the header; the bytes `OCHD`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"OCHD");
/// Bytes of the header.
pub const HEADER_LEN: usize = 40;
/// Where the model starts: after the header, aligned as kernels want their weights.
pub const MODEL_OFFSET: usize = 48;
/// The input starts at a multiple of this.
pub const INPUT_ALIGNMENT: usize = 4096;
/// What erased flash reads as; fills the gaps.
pub const ERASED: u8 = 0xFF;

/// Where model and input are in the partition, and their checksums. On the wire: magic, version,
/// length of the header, then offset, length and CRC-32 of the model and of the input, then the
/// CRC-32 of the 36 bytes before it; a word each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The flatbuffer.
    pub model: Extent,
    /// The bytes of the input tensor.
    pub input: Extent,
}

/// A stretch of the partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First byte, from the beginning of the partition.
    pub offset: u32,
    /// Bytes.
    pub len: u32,
    /// CRC-32 of these bytes.
    pub crc32: u32,
}

/// The two parts that a header describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The flatbuffer.
    Model,
    /// The bytes of the input tensor.
    Input,
}

impl Header {
    /// The header for a model and an input, or [`Error::TooLong`] when they exceed `capacity`
    /// bytes of partition.
    pub fn new(model: &[u8], input: &[u8], capacity: usize) -> Result<Self, Error> {
        let model_end = MODEL_OFFSET.saturating_add(model.len());
        let input_offset = model_end
            .checked_next_multiple_of(INPUT_ALIGNMENT)
            .unwrap_or(usize::MAX);
        let len = input_offset.saturating_add(input.len());
        let limit = u32::try_from(capacity).unwrap_or(u32::MAX);
        if len > limit as usize {
            let len = u32::try_from(len).unwrap_or(u32::MAX);
            return Err(Error::TooLong {
                len,
                capacity: limit,
            });
        }
        let extent = |offset: usize, part: &[u8]| Extent {
            offset: offset as u32,
            len: part.len() as u32,
            crc32: crc32(part),
        };
        Ok(Self {
            model: extent(MODEL_OFFSET, model),
            input: extent(input_offset, input),
        })
    }

    /// Bytes from the beginning of the partition to the end of the input.
    pub fn partition_len(&self) -> usize {
        let end = |part: Extent| part.offset as usize + part.len as usize;
        end(self.model).max(end(self.input))
    }

    /// The header as it lies in flash.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let (model, input) = (self.model, self.input);
        let words: [u8; HEADER_LEN] = bytes::put_words([
            MAGIC,
            VERSION,
            HEADER_LEN as u32,
            model.offset,
            model.len,
            model.crc32,
            input.offset,
            input.len,
            input.crc32,
            0,
        ]);
        let crc = crc32(&words[..HEADER_LEN - 4]);
        bytes::put(words, HEADER_LEN - 4, &crc.to_le_bytes())
    }

    /// Reads the header at the beginning of `partition` and checks that model and input lie within
    /// it. Their checksums are left to [`Header::read`].
    pub fn decode(partition: &[u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated {
            len: clamp(partition.len()),
        };
        let word = |i: usize| bytes::word(partition, 4 * i).ok_or(truncated);
        let magic = word(0)?;
        if magic != MAGIC {
            return Err(Error::Magic { found: magic });
        }
        let version = word(1)?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let header_len = word(2)?;
        if header_len != HEADER_LEN as u32 {
            return Err(Error::HeaderLength { found: header_len });
        }
        let stated = word(9)?;
        let computed = crc32(&partition[..HEADER_LEN - 4]);
        if stated != computed {
            return Err(Error::HeaderCrc { stated, computed });
        }
        let extent = |part: Part, first: usize| {
            let extent = Extent {
                offset: word(first)?,
                len: word(first + 1)?,
                crc32: word(first + 2)?,
            };
            extent.within(partition, part).map(|_| extent)
        };
        Ok(Self {
            model: extent(Part::Model, 3)?,
            input: extent(Part::Input, 6)?,
        })
    }

    /// The bytes of `part`, checked against their checksum.
    pub fn read<'a>(&self, part: Part, partition: &'a [u8]) -> Result<&'a [u8], Error> {
        let extent = match part {
            Part::Model => self.model,
            Part::Input => self.input,
        };
        let bytes = extent.within(partition, part)?;
        let computed = crc32(bytes);
        if computed == extent.crc32 {
            Ok(bytes)
        } else {
            Err(Error::PartCrc {
                part,
                stated: extent.crc32,
                computed,
            })
        }
    }
}

impl Extent {
    fn within(self, partition: &[u8], part: Part) -> Result<&[u8], Error> {
        let start = self.offset as usize;
        start
            .checked_add(self.len as usize)
            .and_then(|end| partition.get(start..end))
            .filter(|_| start >= HEADER_LEN && self.is_aligned(part))
            .ok_or(Error::Extent {
                part,
                offset: self.offset,
                len: self.len,
            })
    }

    fn is_aligned(self, part: Part) -> bool {
        let alignment = match part {
            Part::Model => 16,
            Part::Input => INPUT_ALIGNMENT as u32,
        };
        self.offset.is_multiple_of(alignment)
    }
}

/// Writes header, model and input to the beginning of `partition`, and [`ERASED`] between them;
/// leaves what lies behind. Returns the header; its [`partition_len`](Header::partition_len) says
/// how much was written.
pub fn write(model: &[u8], input: &[u8], partition: &mut [u8]) -> Result<Header, Error> {
    let header = Header::new(model, input, partition.len())?;
    partition[..header.partition_len()].fill(ERASED);
    let mut put =
        |offset: usize, part: &[u8]| partition[offset..][..part.len()].copy_from_slice(part);
    put(0, &header.encode());
    put(header.model.offset as usize, model);
    put(header.input.offset as usize, input);
    Ok(header)
}

fn clamp(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What is wrong with a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Fewer bytes than a header has.
    Truncated {
        /// Bytes given.
        len: u32,
    },
    /// Another first word: nothing was flashed.
    Magic {
        /// The word found.
        found: u32,
    },
    /// Written by a host of another version.
    Version {
        /// Its version.
        found: u32,
    },
    /// A header of another length.
    HeaderLength {
        /// The length it states.
        found: u32,
    },
    /// The header's checksum does not fit it.
    HeaderCrc {
        /// The one in the header.
        stated: u32,
        /// That of its content.
        computed: u32,
    },
    /// A part outside the partition, over the header, or not aligned.
    Extent {
        /// Which one.
        part: Part,
        /// Its first byte.
        offset: u32,
        /// Its bytes.
        len: u32,
    },
    /// A part's checksum does not fit it.
    PartCrc {
        /// Which one.
        part: Part,
        /// The one in the header.
        stated: u32,
        /// That of its bytes.
        computed: u32,
    },
    /// Model and input do not fit into the partition.
    TooLong {
        /// Bytes that they take.
        len: u32,
        /// Bytes of the partition.
        capacity: u32,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::Input => "input",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { len } => write!(
                f,
                "the model partition has {len} bytes, its header alone has {HEADER_LEN}"
            ),
            Self::Magic { found } => write!(
                f,
                "the model partition holds no model ({found:#010x} in place of the magic \
                 {MAGIC:#010x}): flash one with `onchip bench`"
            ),
            Self::Version { found } if found > VERSION => write!(
                f,
                "the model partition is of protocol {found}, the image speaks {VERSION}: rebuild \
                 the image with `cargo xtask images`"
            ),
            Self::Version { found } => write!(
                f,
                "the model partition is of protocol {found}, the image speaks {VERSION}: update \
                 the host's `onchip` and flash again"
            ),
            Self::HeaderLength { found } => write!(
                f,
                "the model partition's header states {found} bytes instead of {HEADER_LEN}"
            ),
            Self::HeaderCrc { stated, computed } => write!(
                f,
                "the model partition's header has the CRC-32 {computed:#010x}, it states \
                 {stated:#010x}: flash again"
            ),
            Self::Extent { part, offset, len } => write!(
                f,
                "the {part}, {len} bytes at offset {offset}, is out of place in the model partition"
            ),
            Self::PartCrc {
                part,
                stated,
                computed,
            } => write!(
                f,
                "the {part} in flash has the CRC-32 {computed:#010x}, its header states \
                 {stated:#010x}: flash again"
            ),
            Self::TooLong { len, capacity } => write!(
                f,
                "model and input take {len} bytes, the model partition has {capacity}: use a \
                 smaller model or a board with more flash"
            ),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn partition(model: &[u8], input: &[u8]) -> (Header, Vec<u8>) {
        let mut partition = vec![0; 0x4000];
        let header = write(model, input, &mut partition).unwrap();
        partition.truncate(header.partition_len());
        (header, partition)
    }

    #[test]
    fn layout_is_fixed() {
        let (header, bytes) = partition(b"model", b"in");
        assert_eq!(
            header.model,
            Extent {
                offset: 48,
                len: 5,
                crc32: crc32(b"model")
            }
        );
        assert_eq!(
            header.input,
            Extent {
                offset: 4096,
                len: 2,
                crc32: crc32(b"in")
            }
        );
        let mut golden = b"OCHD\x01\0\0\0\x28\0\0\0\x30\0\0\0\x05\0\0\0".to_vec();
        golden.extend(crc32(b"model").to_le_bytes());
        golden.extend(b"\0\x10\0\0\x02\0\0\0");
        golden.extend(crc32(b"in").to_le_bytes());
        golden.extend(crc32(&golden).to_le_bytes());
        golden.extend([0xFF; 8]);
        golden.extend(b"model");
        golden.resize(4096, 0xFF);
        golden.extend(b"in");
        assert_eq!(bytes, golden);
    }

    /// Changes a byte of the header, and mends its checksum where asked to.
    fn damage(at: usize, byte: u8, mend: bool) -> Error {
        let (_, mut bytes) = partition(b"model", b"in");
        bytes[at] = byte;
        if mend {
            let crc = crc32(&bytes[..36]);
            bytes[36..40].copy_from_slice(&crc.to_le_bytes());
        }
        Header::decode(&bytes).unwrap_err()
    }

    #[test]
    fn each_defect_is_its_own_error() {
        assert_eq!(
            damage(0, 0, true),
            Error::Magic {
                found: MAGIC & !0xFF
            }
        );
        assert_eq!(damage(4, 2, true), Error::Version { found: 2 });
        assert_eq!(damage(8, 44, true), Error::HeaderLength { found: 44 });
        assert!(matches!(damage(20, 1, false), Error::HeaderCrc { .. }));
        let model = Part::Model;
        assert_eq!(
            damage(12, 16, true),
            Error::Extent {
                part: model,
                offset: 16,
                len: 5
            }
        );
        assert_eq!(
            damage(12, 50, true),
            Error::Extent {
                part: model,
                offset: 50,
                len: 5
            }
        );
        assert!(matches!(
            damage(19, 0xFF, true),
            Error::Extent {
                part: Part::Model,
                ..
            }
        ));
        assert!(matches!(
            damage(28, 3, true),
            Error::Extent {
                part: Part::Input,
                len: 3,
                ..
            }
        ));
    }

    #[test]
    fn damaged_parts_are_found() {
        let (header, mut bytes) = partition(b"model", b"in");
        assert_eq!(header.read(Part::Model, &bytes), Ok(&b"model"[..]));
        assert_eq!(header.read(Part::Input, &bytes), Ok(&b"in"[..]));
        bytes[48] ^= 1;
        bytes[4096] ^= 1;
        for part in [Part::Model, Part::Input] {
            let error = header.read(part, &bytes).unwrap_err();
            assert!(matches!(error, Error::PartCrc { part: found, .. } if found == part));
        }
    }

    #[test]
    fn capacity_is_kept() {
        let room = &mut [0; 4098];
        assert!(write(b"model", b"in", room).is_ok());
        assert_eq!(
            write(b"model", b"inp", room),
            Err(Error::TooLong {
                len: 4099,
                capacity: 4098
            })
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
        fn round_trips(
            model in prop::collection::vec(any::<u8>(), 0..6000),
            input in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let (header, bytes) = partition(&model, &input);
            prop_assert_eq!(Header::decode(&bytes), Ok(header));
            prop_assert_eq!(header.read(Part::Model, &bytes), Ok(&model[..]));
            prop_assert_eq!(header.read(Part::Input, &bytes), Ok(&input[..]));
        }

        #[test]
        fn an_input_never_moves_the_model(a: Vec<u8>, b: Vec<u8>) {
            let (first, second) = (partition(b"model", &a).1, partition(b"model", &b).1);
            prop_assert_eq!(&first[MODEL_OFFSET..4096], &second[MODEL_OFFSET..4096]);
        }

        #[test]
        fn garbage_never_panics(words in prop::collection::vec(any::<u32>(), 0..12)) {
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            prop_assert!(Header::decode(&bytes).is_err());
            if bytes.len() >= HEADER_LEN {
                bytes[..12].copy_from_slice(&partition(b"", b"").1[..12]);
                let crc = crc32(&bytes[..36]);
                bytes[36..40].copy_from_slice(&crc.to_le_bytes());
                let _ = Header::decode(&bytes);
            }
        }
    }
}
