//! Why an image did not run a model, as four words.

use core::fmt;

use crate::partition::Part;
use crate::{Message, order, partition};

/// Set in the first word of a refusal that this crate words; without it, the words are the
/// engine's.
const OURS: u32 = 1 << 31;

/// Why an image did not run a model; travels in [`Message::Refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no order that it could follow.
    Order(order::Error),
    /// There is no model that it could read.
    Partition(partition::Error),
    /// The partition's input is not what the model takes.
    InputLength {
        /// Bytes that the model takes.
        wanted: u32,
        /// Bytes in the partition.
        found: u32,
    },
    /// The model has more operators than the image can time one by one.
    Operators {
        /// Operators of the model.
        found: u32,
        /// Most that it can time.
        capacity: u32,
    },
    /// The engine cannot run the model: its error, encoded by the engine. The first word is below
    /// 2³¹.
    Engine([u32; 4]),
}

impl Refusal {
    /// The refusal as four words.
    pub fn encode(self) -> [u32; 4] {
        use order::Error as O;
        use partition::Error as P;
        let [code, a, b, c] = match self {
            Self::Engine(words) => return words,
            Self::Order(O::Truncated { len }) => [0x10, len, 0, 0],
            Self::Order(O::Magic { found }) => [0x11, found, 0, 0],
            Self::Order(O::Version { found }) => [0x12, found, 0, 0],
            Self::Order(O::Crc { stated, computed }) => [0x13, stated, computed, 0],
            Self::Order(O::Drill { found }) => [0x14, found, 0, 0],
            Self::Partition(P::Truncated { len }) => [0x20, len, 0, 0],
            Self::Partition(P::Magic { found }) => [0x21, found, 0, 0],
            Self::Partition(P::Version { found }) => [0x22, found, 0, 0],
            Self::Partition(P::HeaderLength { found }) => [0x23, found, 0, 0],
            Self::Partition(P::HeaderCrc { stated, computed }) => [0x24, stated, computed, 0],
            Self::Partition(P::Extent { part, offset, len }) => [0x25, part as u32, offset, len],
            Self::Partition(P::PartCrc {
                part,
                stated,
                computed,
            }) => [0x26, part as u32, stated, computed],
            Self::Partition(P::TooLong { len, capacity }) => [0x27, len, capacity, 0],
            Self::InputLength { wanted, found } => [0x30, wanted, found, 0],
            Self::Operators { found, capacity } => [0x31, found, capacity, 0],
        };
        [OURS | code, a, b, c]
    }

    /// The refusal in four words; `None` when this version knows none such.
    pub fn decode([code, a, b, c]: [u32; 4]) -> Option<Self> {
        use order::Error as O;
        use partition::Error as P;
        let part = match a {
            0 => Part::Model,
            _ => Part::Input,
        };
        if code & OURS == 0 {
            return Some(Self::Engine([code, a, b, c]));
        }
        Some(match code & !OURS {
            0x10 => Self::Order(O::Truncated { len: a }),
            0x11 => Self::Order(O::Magic { found: a }),
            0x12 => Self::Order(O::Version { found: a }),
            0x13 => Self::Order(O::Crc {
                stated: a,
                computed: b,
            }),
            0x14 => Self::Order(O::Drill { found: a }),
            0x20 => Self::Partition(P::Truncated { len: a }),
            0x21 => Self::Partition(P::Magic { found: a }),
            0x22 => Self::Partition(P::Version { found: a }),
            0x23 => Self::Partition(P::HeaderLength { found: a }),
            0x24 => Self::Partition(P::HeaderCrc {
                stated: a,
                computed: b,
            }),
            0x25 => Self::Partition(P::Extent {
                part,
                offset: b,
                len: c,
            }),
            0x26 => Self::Partition(P::PartCrc {
                part,
                stated: b,
                computed: c,
            }),
            0x27 => Self::Partition(P::TooLong {
                len: a,
                capacity: b,
            }),
            0x30 => Self::InputLength {
                wanted: a,
                found: b,
            },
            0x31 => Self::Operators {
                found: a,
                capacity: b,
            },
            _ => return None,
        })
    }

    /// The message that carries it.
    pub fn message(self) -> Message {
        let [code, a, b, c] = self.encode();
        Message::Refused { code, a, b, c }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(error) => error.fmt(f),
            Self::Partition(error) => error.fmt(f),
            Self::InputLength { wanted, found } => write!(
                f,
                "the model takes {wanted} bytes of input, the partition holds {found}: give an \
                 input of the model's shape"
            ),
            Self::Operators { found, capacity } => write!(
                f,
                "the model has {found} operators, the image times at most {capacity}: merge \
                 operators or split the model"
            ),
            Self::Engine([code, a, b, c]) => {
                write!(
                    f,
                    "the engine cannot run the model (error {code}: {a}, {b}, {c})"
                )
            }
        }
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn every_code_round_trips() {
        let mut known = 0;
        for code in 0..0x100 {
            let words = [OURS | code, 1, 2, 3];
            if let Some(refusal) = Refusal::decode(words) {
                known += 1;
                assert_eq!(Refusal::decode(refusal.encode()), Some(refusal));
                assert_eq!(refusal.encode()[0], OURS | code);
                assert!(!refusal.to_string().is_empty());
            }
        }
        assert_eq!(known, 5 + 8 + 2);
    }

    proptest! {
        #[test]
        fn engine_errors_pass_unchanged(code in 0..OURS, a: u32, b: u32, c: u32) {
            let words = [code, a, b, c];
            prop_assert_eq!(Refusal::decode(words), Some(Refusal::Engine(words)));
            prop_assert_eq!(Refusal::Engine(words).encode(), words);
            prop_assert_eq!(Refusal::Engine(words).message(), Message::Refused { code, a, b, c });
        }
    }
}
