//! Writing and reading messages by their templates.

use core::fmt;

/// Most bytes that one [`Message::Output`](super::Message::Output) carries: with them a message
/// still fits into a small RTT buffer.
const CAPACITY: usize = 32;

/// A byte string of at most 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    len: u8,
    bytes: [u8; CAPACITY],
}

impl Bytes {
    /// Most bytes that one holds.
    pub const CAPACITY: usize = CAPACITY;

    /// `None` when there are more than [`Bytes::CAPACITY`].
    pub fn new(from: &[u8]) -> Option<Self> {
        let mut bytes = [0; CAPACITY];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        Some(Self {
            len: from.len() as u8,
            bytes,
        })
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", self.as_slice())
    }
}

/// What a field may be.
pub(crate) trait Value {
    /// What defmt takes for it.
    #[cfg(feature = "defmt")]
    type Raw<'a>
    where
        Self: 'a;
    #[cfg(feature = "defmt")]
    fn raw(&self) -> Self::Raw<'_>;

    /// Writes it as `slot`, the template's text between braces, asks.
    fn write(&self, slot: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The part of [`Value`] that makes one.
pub(crate) trait Parse: Sized {
    /// Reads it off the beginning of `text`, and returns what is behind.
    fn parse<'a>(slot: &str, text: &'a str) -> Option<(Self, &'a str)>;
}

/// Whether a slot is hexadecimal.
fn is_hex(slot: &str) -> bool {
    slot.ends_with('x')
}

macro_rules! number {
    ($ty:ident, $hex:literal) => {
        impl Value for $ty {
            #[cfg(feature = "defmt")]
            type Raw<'a> = $ty;
            #[cfg(feature = "defmt")]
            fn raw(&self) -> $ty {
                *self
            }

            fn write(&self, slot: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if is_hex(slot) {
                    write!(f, $hex, self)
                } else {
                    write!(f, "{self}")
                }
            }
        }

        impl Parse for $ty {
            fn parse<'a>(slot: &str, text: &'a str) -> Option<(Self, &'a str)> {
                let (text, radix) = if is_hex(slot) {
                    (text.strip_prefix("0x")?, 16)
                } else {
                    (text, 10)
                };
                let end = text
                    .find(|c: char| !c.is_digit(radix))
                    .unwrap_or(text.len());
                let (digits, rest) = text.split_at(end);
                Some(($ty::from_str_radix(digits, radix).ok()?, rest))
            }
        }
    };
}

number!(u32, "{:#010x}");
number!(u64, "{:#018x}");

impl Value for Bytes {
    #[cfg(feature = "defmt")]
    type Raw<'a> = &'a [u8];
    #[cfg(feature = "defmt")]
    fn raw(&self) -> &[u8] {
        self.as_slice()
    }

    fn write(&self, _: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Parse for Bytes {
    fn parse<'a>(_: &str, text: &'a str) -> Option<(Self, &'a str)> {
        let (list, rest) = text.strip_prefix('[')?.split_once(']')?;
        let mut read = Self {
            len: 0,
            bytes: [0; CAPACITY],
        };
        if !list.is_empty() {
            for digits in list.split(", ") {
                let is_pair = digits.len() == 2 && digits.bytes().all(|c| c.is_ascii_hexdigit());
                let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_pair)?;
                *read.bytes.get_mut(usize::from(read.len))? = byte;
                read.len += 1;
            }
        }
        Some((read, rest))
    }
}

/// Cuts a template before and after its first slot: text, slot without braces, rest.
fn cut(template: &'static str) -> (&'static str, &'static str, &'static str) {
    let parts = template.split_once('{').and_then(|(text, tail)| {
        let (slot, rest) = tail.split_once('}')?;
        Some((text, slot, rest))
    });
    parts.unwrap_or((template, "", ""))
}

pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    template: &'static str,
    values: &[&dyn WriteValue],
) -> fmt::Result {
    let mut template = template;
    for value in values {
        let (text, slot, rest) = cut(template);
        f.write_str(text)?;
        value.write_value(slot, f)?;
        template = rest;
    }
    f.write_str(template)
}

/// [`Value::write`] for values of any type.
pub(crate) trait WriteValue {
    fn write_value(&self, slot: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<T: Value> WriteValue for T {
    fn write_value(&self, slot: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(slot, f)
    }
}

/// Whether `line` is of the kind that `template` describes: their first two words are equal.
pub(crate) fn same_kind(line: &str, template: &str) -> Result<bool, ParseError> {
    let mut found = line.split(' ');
    let mut wanted = template.split(' ');
    if found.next() != wanted.next() {
        return Err(ParseError::Foreign);
    }
    Ok(found.next() == wanted.next())
}

/// Reads a line by a template, slot after slot.
pub(crate) struct Scan<'a> {
    template: &'static str,
    rest: &'a str,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(template: &'static str, line: &'a str) -> Self {
        Self {
            template,
            rest: line,
        }
    }

    pub(crate) fn value<T: Parse>(&mut self) -> Result<T, ParseError> {
        let (text, slot, template) = cut(self.template);
        let error = ParseError::Field { expected: text };
        let tail = self.rest.strip_prefix(text).ok_or(error)?;
        let (value, rest) = T::parse(slot, tail).ok_or(error)?;
        (self.template, self.rest) = (template, rest);
        Ok(value)
    }

    pub(crate) fn end(self) -> Result<(), ParseError> {
        if self.rest == self.template {
            Ok(())
        } else {
            Err(ParseError::Trailing)
        }
    }
}

/// Why a line is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It does not start with `onchip`: someone else's log line.
    Foreign,
    /// It does, but its kind is unknown.
    Kind,
    /// A field is missing, out of order, or not a value of its type.
    Field {
        /// What should stand in front of a value.
        expected: &'static str,
    },
    /// Something follows the last field.
    Trailing,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("the log line does not start with `onchip`"),
            Self::Kind => f.write_str("the log line names an unknown kind of message"),
            Self::Field { expected } => {
                write!(f, "the log line lacks `{}` and a value", expected.trim())
            }
            Self::Trailing => f.write_str("the log line goes on after its last field"),
        }
    }
}

impl core::error::Error for ParseError {}
