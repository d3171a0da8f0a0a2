//! One encoding: its bits and its fields.

use super::rule::{Rule, View};

/// Which part of the architecture an encoding belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Armv6-M, and everything above.
    V6,
    /// Armv6-M and nothing above.
    V6Only,
    /// Armv7-M.
    V7,
    /// Armv7-M without the DSP extension.
    V7Only,
    /// The DSP extension.
    Dsp,
    /// FPv4-SP.
    Fp,
    /// FPv5 in single precision.
    Fp5,
}

/// What a state has to hold so that an instruction does something worth looking at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing in particular.
    Plain,
    /// Register `n` points to memory, `m` is a small offset.
    Memory,
    /// Like `Memory`; of words that have to be aligned.
    Words,
    /// An exclusive access: as `Words`, and the monitor matters.
    Exclusive,
    /// Register `m` points to code.
    Branch,
    /// Floating-point operands.
    Float,
    /// It touches special registers.
    System,
    /// It waits for events, or for a handler.
    Event,
}

/// One encoding.
pub struct Encoding {
    /// The instruction and the encoding's number in the manual: "ADD (register) T1".
    pub name: String,
    /// It has 32 bits.
    pub wide: bool,
    /// What it belongs to.
    pub need: Need,
    /// What it needs.
    pub kind: Kind,
    /// It is permanently UNDEFINED.
    pub undefined: bool,
    rules: Vec<Rule>,
    /// It is this encoding only if this does not hold.
    unless: Option<fn(&View<'_>) -> bool>,
    mask: u32,
    value: u32,
    should_mask: u32,
    should: u32,
    /// For each letter, the positions of its bits, the most significant first.
    fields: Vec<(u8, Vec<u8>)>,
}

impl Encoding {
    /// An encoding from its diagram: `0` and `1` are fixed, `o` and `x` are the manual's (0) and
    /// (1), other letters are fields, spaces count for nothing.
    pub(super) fn new(name: &str, pattern: &str, need: Need, kind: Kind, rules: &[Rule]) -> Self {
        let letters: Vec<u8> = pattern.bytes().filter(|b| *b != b' ').collect();
        debug_assert!(
            matches!(letters.len(), 16 | 32),
            "{name}: {}",
            letters.len()
        );
        let mut encoding = Self {
            name: name.to_owned(),
            wide: letters.len() == 32,
            need,
            kind,
            undefined: false,
            rules: rules.to_vec(),
            unless: None,
            mask: 0,
            value: 0,
            should_mask: 0,
            should: 0,
            fields: Vec::new(),
        };
        for (i, &letter) in letters.iter().enumerate() {
            let position = (letters.len() - 1 - i) as u8;
            let bit = 1 << position;
            match letter {
                b'0' => encoding.mask |= bit,
                b'1' => {
                    encoding.mask |= bit;
                    encoding.value |= bit;
                }
                b'o' => encoding.should_mask |= bit,
                b'x' => {
                    encoding.should_mask |= bit;
                    encoding.should |= bit;
                }
                _ => match encoding.fields.iter_mut().find(|f| f.0 == letter) {
                    Some(field) => field.1.push(position),
                    None => encoding.fields.push((letter, vec![position])),
                },
            }
        }
        encoding
    }

    /// The encoding, except where `unless` holds: there it is another one, or undefined.
    pub(super) fn unless(mut self, unless: fn(&View<'_>) -> bool) -> Self {
        self.unless = Some(unless);
        self
    }

    /// The encoding, which the manual names and promises to leave UNDEFINED.
    pub(super) fn undefined(mut self) -> Self {
        self.undefined = true;
        self
    }

    /// Whether `bits` are this encoding.
    pub fn matches(&self, bits: u32, wide: bool) -> bool {
        self.wide == wide
            && bits & self.mask == self.value
            && !self.unless.is_some_and(|unless| {
                unless(&View {
                    encoding: self,
                    bits,
                    it: None,
                })
            })
    }

    /// Whether the first halfword may have `top` as its upper 10 bits.
    pub(super) fn may_start(&self, top: u16) -> bool {
        let shift = if self.wide { 22 } else { 6 };
        let (mask, value) = (self.mask >> shift, self.value >> shift);
        super::is_wide(top << 6) == self.wide && u32::from(top) & mask & 0x3ff == value & 0x3ff
    }

    /// Why `bits` are UNPREDICTABLE, if they are. `it`: whether in an IT block, and if so, whether
    /// at its end.
    pub fn unpredictable(&self, bits: u32, it: Option<bool>) -> Option<&'static str> {
        if bits & self.should_mask != self.should {
            return Some("a bit in parentheses is not as it should be (A5.1.2)");
        }
        let view = View {
            encoding: self,
            bits,
            it,
        };
        self.rules
            .iter()
            .find(|rule| (rule.when)(&view))
            .map(|rule| rule.why)
    }

    /// The bits with all fields random, the fixed ones as they should be.
    pub fn fill(&self, random: u32) -> u32 {
        let fixed = self.mask | self.should_mask;
        random & !fixed & self.bits() | self.value | self.should
    }

    fn bits(&self) -> u32 {
        if self.wide { u32::MAX } else { 0xffff }
    }

    /// The value of field `letter` in `bits`; `None`: there is no such field.
    pub fn field(&self, bits: u32, letter: u8) -> Option<u32> {
        let field = self.fields.iter().find(|f| f.0 == letter)?;
        let value = field.1.iter().fold(0, |v, &p| v << 1 | bits >> p & 1);
        Some(value)
    }

    /// `bits` with field `letter` set to `value`, if there is such a field.
    pub fn with(&self, bits: u32, letter: u8, value: u32) -> u32 {
        let Some(field) = self.fields.iter().find(|f| f.0 == letter) else {
            return bits;
        };
        let places = field.1.iter().rev().enumerate();
        places.fold(bits, |bits, (i, &p)| {
            bits & !(1 << p) | (value >> i & 1) << p
        })
    }

    /// The low bits of an address that must be zero for an aligned access.
    pub fn alignment(&self) -> u32 {
        let starts = |names: &[&str]| names.iter().any(|n| self.name.starts_with(n));
        if starts(&["LDRB", "LDRSB", "STRB", "LDREXB", "STREXB"]) {
            0
        } else if starts(&["LDRH", "LDRSH", "STRH", "LDREXH", "STREXH"]) {
            1
        } else {
            3
        }
    }

    /// The number of the single register that its fields d and D name.
    pub fn single(&self, bits: u32) -> u32 {
        self.field(bits, b'd').unwrap_or(0) << 1 | self.field(bits, b'D').unwrap_or(0)
    }

    /// Whether it is a load into the PC.
    pub fn loads_pc(&self, bits: u32) -> bool {
        let load = self.name.starts_with("LDM") || self.name.starts_with("POP");
        load && self.field(bits, b'P') == Some(1)
            || self.name.starts_with("LDR") && self.field(bits, b't') == Some(15)
    }

    /// Whether SP is among its operands.
    pub fn touches_sp(&self, bits: u32) -> bool {
        let implied = [
            "SP ",
            "PUSH",
            "POP",
            "STR (immediate) T2",
            "LDR (immediate) T2",
        ];
        let general = self.kind != Kind::Float;
        implied.iter().any(|name| self.name.contains(name))
            || general
                && b"dnmtu"
                    .iter()
                    .any(|&letter| self.field(bits, letter) == Some(13))
    }

    /// The letters of its fields.
    pub fn letters(&self) -> impl Iterator<Item = u8> {
        self.fields.iter().map(|f| f.0)
    }

    /// How many bits field `letter` has.
    pub fn width(&self, letter: u8) -> usize {
        self.fields
            .iter()
            .find(|f| f.0 == letter)
            .map_or(0, |f| f.1.len())
    }
}
