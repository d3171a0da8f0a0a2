//! The instruction set, written from the architecture manuals: every encoding of Armv7-M
//! (DDI 0403E, chapter A7.7; references are to it unless they say otherwise) and of Armv6-M
//! (DDI 0419C), which part of the architecture it belongs to, and when it is UNPREDICTABLE.
//!
//! This table is independent of the decoder under test: cases are generated from it, coverage
//! is counted by it, and the decoder's verdict on an encoding is compared with it.

mod float;
mod narrow;
mod pattern;
mod rule;
mod wide;

pub use pattern::{Encoding, Kind, Need};
pub use rule::{Rule, View};

/// What the architecture says of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is defined.
    Defined,
    /// It is UNDEFINED: it raises a UsageFault (Armv6-M: a HardFault).
    Undefined,
    /// It is UNPREDICTABLE, and this says why.
    Unpredictable(&'static str),
    /// It is for a coprocessor that is not there.
    NoCoprocessor,
}

/// All the encodings of one core.
pub struct Isa {
    /// In the order in which they are tried: the more special come first.
    pub encodings: Vec<Encoding>,
    /// For each first halfword's upper 10 bits, the encodings that may match.
    index: Vec<Vec<u16>>,
    /// The flags that APSR has: NZCV, Q, GE.
    pub flags: u32,
    /// Faults are told apart, and words need not be aligned: Armv7-M.
    pub has_faults: bool,
    /// There is a floating-point unit.
    pub fpu: bool,
}

impl Isa {
    /// The encodings of a core that has what `has` accepts.
    pub fn new(has: impl Fn(Need) -> bool) -> Self {
        let mut encodings = narrow::encodings();
        encodings.extend(wide::encodings());
        encodings.extend(float::encodings());
        encodings.retain(|e| has(e.need));
        let mut index = vec![Vec::new(); 1 << 10];
        for (top, list) in index.iter_mut().enumerate() {
            for (i, encoding) in encodings.iter().enumerate() {
                if encoding.may_start(top as u16) {
                    list.push(i as u16);
                }
            }
        }
        Self {
            encodings,
            index,
            flags: match (has(Need::V7), has(Need::Dsp)) {
                (false, _) => 0xf000_0000,
                (true, false) => 0xf800_0000,
                (true, true) => 0xf80f_0000,
            },
            has_faults: has(Need::V7),
            fpu: has(Need::Fp),
        }
    }

    /// The encoding of the instruction `bits` (the first halfword of a wide one on top).
    pub fn find(&self, bits: u32, wide: bool) -> Option<usize> {
        let first = if wide { bits >> 16 } else { bits };
        self.index[(first >> 6) as usize]
            .iter()
            .map(|&i| usize::from(i))
            .find(|&i| self.encodings[i].matches(bits, wide))
    }

    /// What the architecture says of `bits`.
    pub fn verdict(&self, bits: u32, wide: bool, it: Option<bool>) -> Verdict {
        match self.find(bits, wide) {
            Some(i) => match self.encodings[i].unpredictable(bits, it) {
                Some(why) => Verdict::Unpredictable(why),
                None if self.encodings[i].undefined => Verdict::Undefined,
                None => Verdict::Defined,
            },
            None if wide && self.coprocessor(bits) => Verdict::NoCoprocessor,
            None => Verdict::Undefined,
        }
    }

    /// Whether `bits` are in the coprocessor space (A5.3.18) and of a coprocessor that this
    /// core lacks.
    fn coprocessor(&self, bits: u32) -> bool {
        let space = bits >> 26 & 0b11_1011 == 0b11_1011 && bits >> 24 & 3 != 3;
        let ours = matches!(bits >> 8 & 15, 10 | 11);
        // Armv6-M has no such space.
        self.has_faults && space && !(self.fpu && ours)
    }
}

/// Whether `first` is the first halfword of a wide instruction (A5.1).
pub fn is_wide(first: u16) -> bool {
    first >> 11 >= 0b11101
}
