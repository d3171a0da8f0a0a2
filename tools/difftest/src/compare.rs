//! What differs between two outcomes.

use std::fmt::Write;

use crate::case::{Case, EXECUTION, End, Fault, Outcome, RAM};

/// Both sides of one case.
pub struct Pair<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its instructions: address, number of the encoding, bits.
    pub instructions: &'a [(u32, usize, u32)],
    /// The core under test.
    pub ours: &'a Outcome,
    /// Unicorn.
    pub theirs: &'a Outcome,
    /// The data page before the case.
    pub image: &'a [u8],
    /// Our data page.
    pub our_ram: &'a [u8],
    /// Unicorn's.
    pub their_ram: &'a [u8],
    /// The code pages are the same.
    pub same_code: bool,
    /// Special registers are compared.
    pub special: bool,
}

/// In which respects two outcomes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// How the case ends.
    pub end: bool,
    /// A bit for each of R0 to R15.
    pub r: u16,
    /// NZCVQ and GE.
    pub flags: bool,
    /// EPSR.
    pub it: bool,
    /// A bit for each of S0 to S31.
    pub s: u32,
    /// FPSCR.
    pub fpscr: bool,
    /// Special registers.
    pub special: bool,
    /// The data page, or the code page.
    pub memory: bool,
}

/// SP in [`Diff::r`].
pub const SP: u16 = 1 << 13;
/// The PC in [`Diff::r`].
pub const PC: u16 = 1 << 15;

impl Diff {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    /// The respects, in words.
    pub fn kind(&self) -> String {
        let mut kind = Vec::new();
        let mut add = |differs, name| {
            if differs {
                kind.push(name);
            }
        };
        add(self.end, "end");
        add(self.r & !PC != 0, "registers");
        add(self.r & PC != 0, "pc");
        add(self.flags, "flags");
        add(self.it, "it");
        add(self.s != 0, "singles");
        add(self.fpscr, "fpscr");
        add(self.special, "special registers");
        add(self.memory, "memory");
        kind.join(", ")
    }
}

impl Pair<'_> {
    /// In which respects they differ.
    pub fn diff(&self) -> Diff {
        let (a, b) = (self.ours, self.theirs);
        let bits = |a: &[u32], b: &[u32]| {
            let pairs = a.iter().zip(b).enumerate();
            pairs.fold(0u32, |bits, (i, (a, b))| bits | u32::from(a != b) << i)
        };
        Diff {
            end: !same_end(&a.end, &b.end),
            r: bits(&a.r, &b.r) as u16,
            flags: (a.xpsr ^ b.xpsr) & !EXECUTION != 0,
            it: (a.xpsr ^ b.xpsr) & EXECUTION != 0,
            s: bits(&a.s, &b.s),
            fpscr: a.fpscr != b.fpscr,
            special: self.special && self.specials().any(|(_, ours, theirs)| ours != theirs),
            memory: !self.same_code || self.memory().next().is_some(),
        }
    }

    /// The special registers: name, ours, theirs.
    fn specials(&self) -> impl Iterator<Item = (&'static str, u32, u32)> {
        const NAMES: [(&str, u32); 6] = [
            ("primask", u32::MAX),
            ("faultmask", u32::MAX),
            ("basepri", u32::MAX),
            // nPRIV and SPSEL; there is no floating-point context to speak of.
            ("control", 3),
            ("msp", u32::MAX),
            ("psp", u32::MAX),
        ];
        // Once unprivileged, Unicorn does not tell the others.
        let unprivileged = self.theirs.special[3] & 1 != 0;
        let values = self.ours.special.iter().zip(&self.theirs.special);
        NAMES
            .iter()
            .zip(values)
            .filter(move |((name, _), _)| !unprivileged || *name == "control")
            .map(|(&(name, mask), (ours, theirs))| (name, ours & mask, theirs & mask))
    }

    /// The offsets into the data page at which it differs.
    fn memory(&self) -> impl Iterator<Item = usize> {
        let same = self.our_ram == self.their_ram;
        let end = if same { 0 } else { self.our_ram.len() };
        let frame = self.ours.frame.clone();
        (0..end).filter(move |i| !frame.contains(i) && self.our_ram[*i] != self.their_ram[*i])
    }

    /// The differences, in lines.
    pub fn describe(&self) -> String {
        let (a, b) = (self.ours, self.theirs);
        let mut text = String::new();
        if !same_end(&a.end, &b.end) {
            let _ = writeln!(text, "    end: {:?}, Unicorn {:?}", a.end, b.end);
        }
        let mut differ = |name: &str, ours: u32, theirs: u32| {
            if ours != theirs {
                let _ = writeln!(text, "    {name}: {ours:#010x}, Unicorn {theirs:#010x}");
            }
        };
        for i in 0..16 {
            differ(&format!("r{i}"), a.r[i], b.r[i]);
        }
        differ("flags", a.xpsr & !EXECUTION, b.xpsr & !EXECUTION);
        differ("it", a.xpsr & EXECUTION, b.xpsr & EXECUTION);
        for i in 0..32 {
            differ(&format!("s{i}"), a.s[i], b.s[i]);
        }
        differ("fpscr", a.fpscr, b.fpscr);
        if self.special {
            for (name, ours, theirs) in self.specials() {
                differ(name, ours, theirs);
            }
        }
        if !self.same_code {
            text.push_str("    the code page differs\n");
        }
        for i in self.memory().take(16) {
            let (ours, theirs) = (self.our_ram[i], self.their_ram[i]);
            let at = RAM + i as u32;
            let _ = writeln!(text, "    [{at:#010x}]: {ours:#04x}, Unicorn {theirs:#04x}");
        }
        text
    }
}

fn same_end(ours: &End, theirs: &End) -> bool {
    match (ours, theirs) {
        // Armv6-M does not tell faults apart.
        (End::Fault(Fault::Hard), End::Fault(fault)) => *fault != Fault::Supervisor,
        _ => ours == theirs,
    }
}
