//! Both cores side by side: runs cases and judges them.

use std::rc::Rc;

use onchip_vboard::memory::MapError;
use thiserror::Error;

use crate::{
    case::{CODE, Case, End, Outcome, PAGE, images},
    compare::Pair,
    differences::Difference,
    isa::{Isa, Kind, is_wide},
    profile::Profile,
    subject::Subject,
    unicorn::{Api, Unicorn, UnicornError},
};

/// Why there is no bench.
#[derive(Debug, Error)]
pub enum BenchError {
    /// Unicorn cannot be used.
    #[error(transparent)]
    Unicorn(#[from] UnicornError),
    /// Our machine cannot be built.
    #[error(transparent)]
    Subject(#[from] MapError),
}

/// What a case has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both do the same.
    Same,
    /// They differ as entry `.0` of the list of known differences says.
    Known(usize),
    /// It does not end, or runs into something that is not its own code: nothing is learnt.
    Stray,
    /// They differ.
    Different {
        /// In which respects, without values.
        kind: String,
        /// How.
        how: String,
    },
}

/// Both cores.
pub struct Bench {
    profile: Profile,
    isa: Rc<Isa>,
    subject: Subject,
    unicorn: Unicorn,
    api: Rc<Api>,
    images: Vec<Vec<u8>>,
    /// What both data pages hold.
    image: Option<u8>,
    /// What both code pages hold, and the code among it.
    page: [u8; PAGE],
    pristine: [u8; PAGE],
    code: (u32, Vec<u16>),
    /// Its instructions: address, number of the encoding, bits.
    instructions: Vec<(u32, usize, u32)>,
}

impl Bench {
    /// A bench for the core of `profile`.
    pub fn new(api: &Rc<Api>, profile: &Profile, isa: &Rc<Isa>) -> Result<Self, BenchError> {
        Ok(Self {
            profile: *profile,
            isa: Rc::clone(isa),
            subject: Subject::new(profile)?,
            unicorn: Unicorn::new(api, profile)?,
            api: Rc::clone(api),
            images: images(),
            image: None,
            page: profile.empty_code(),
            pristine: profile.empty_code(),
            code: (CODE, Vec::new()),
            instructions: Vec::new(),
        })
    }

    /// Runs a case on both cores.
    pub fn judge(&mut self, case: &Case) -> Verdict {
        self.load(case);
        let ours = self.subject.run(case);
        if self.strays(case, &ours) {
            self.image = None;
            self.restore_code();
            return Verdict::Stray;
        }
        let (special, exclusive) = (self.has(Kind::System), self.has(Kind::Exclusive));
        let theirs = self.unicorn.run(case, special, exclusive);
        let pair = Pair {
            case,
            instructions: &self.instructions,
            ours: &ours,
            theirs: &theirs,
            image: &self.images[usize::from(case.image)],
            our_ram: self.subject.ram(),
            their_ram: self.unicorn.ram(),
            same_code: self.subject.code() == self.unicorn.code(),
            special,
        };
        let diff = pair.diff();
        let verdict = match diff.any().then(|| Difference::of(&pair, &diff, &self.isa)) {
            None => Verdict::Same,
            Some(Some(known)) => Verdict::Known(known),
            Some(None) => Verdict::Different {
                kind: diff.kind(),
                how: pair.describe(),
            },
        };
        let image = &self.images[usize::from(case.image)];
        if self.subject.ram() != image || self.unicorn.ram() != image {
            self.image = None;
        }
        if self.subject.code() != self.page || self.unicorn.code() != self.page {
            self.restore_code();
        }
        let unsure = matches!(verdict, Verdict::Different { .. })
            || matches!(theirs.end, End::Refused(_))
            || special && theirs.special[3] & 3 != 0;
        if unsure {
            self.renew();
        }
        verdict
    }

    /// A new engine: the hidden state of the old one is not trusted.
    fn renew(&mut self) {
        if let Ok(unicorn) = Unicorn::new(&self.api, &self.profile) {
            self.unicorn = unicorn;
            self.image = None;
            self.unicorn.load_code(CODE, &self.page);
        }
    }

    /// Code that has been overwritten is as it was.
    fn restore_code(&mut self) {
        self.subject.load_code(CODE, &self.page);
        self.unicorn.load_code(CODE, &self.page);
    }

    /// Puts code into its page, and breakpoints where code was.
    fn set_code(&mut self, at: u32, code: &[u16]) {
        let (old, len) = (self.code.0, 2 * self.code.1.len());
        let range = |at: u32, len| (at - CODE) as usize..(at - CODE) as usize + len;
        let (before, now) = (range(old, len), range(at, 2 * code.len()));
        self.page[before.clone()].copy_from_slice(&self.pristine[before.clone()]);
        for (bytes, halfword) in self.page[now.clone()].chunks_mut(2).zip(code) {
            bytes.copy_from_slice(&halfword.to_le_bytes());
        }
        for (at, range) in [(old, before), (at, now)] {
            self.subject.load_code(at, &self.page[range.clone()]);
            self.unicorn.load_code(at, &self.page[range]);
        }
        self.code = (at, code.to_vec());
        self.instructions = decode(&self.isa, at, code);
    }

    fn has(&self, kind: Kind) -> bool {
        self.instructions
            .iter()
            .any(|&(_, i, _)| self.isa.encodings[i].kind == kind)
    }

    fn load(&mut self, case: &Case) {
        if self.code.0 != case.at || self.code.1 != case.code {
            self.set_code(case.at, &case.code);
        }
        if self.image != Some(case.image) {
            let image = &self.images[usize::from(case.image)];
            self.subject.load_ram(image);
            self.unicorn.load_ram(image);
            self.image = Some(case.image);
        }
    }

    /// Whether the case has left its code for something that stopped it elsewhere.
    fn strays(&self, case: &Case, ours: &Outcome) -> bool {
        match &ours.end {
            End::Never => true,
            // UNPREDICTABLE at an address at which none of its instructions is.
            End::Refused(_) => !self.starts(case).any(|at| at == ours.r[15]),
            // A fault in the middle of one of them.
            End::Fault(_) => {
                let end = case.at + 2 * case.code.len() as u32;
                (case.at..end).contains(&ours.r[15])
                    && !self.starts(case).any(|at| at == ours.r[15])
            }
            _ => false,
        }
    }

    /// Where its instructions start.
    fn starts(&self, case: &Case) -> impl Iterator<Item = u32> {
        let mut skip = false;
        let at = case.at;
        case.code
            .iter()
            .zip((at..).step_by(2))
            .filter_map(move |(&halfword, at)| {
                let start = !std::mem::take(&mut skip);
                skip = start && is_wide(halfword);
                start.then_some(at)
            })
    }
}

/// The instructions of `code` at `at`: address, number of the encoding, bits.
pub fn decode(isa: &Isa, at: u32, code: &[u16]) -> Vec<(u32, usize, u32)> {
    let mut found = Vec::new();
    let mut rest = code.iter().zip((at..).step_by(2));
    while let Some((&first, at)) = rest.next() {
        let bits = match is_wide(first) {
            true => u32::from(first) << 16 | rest.next().map_or(0, |(&second, _)| second.into()),
            false => first.into(),
        };
        found.extend(isa.find(bits, is_wide(first)).map(|i| (at, i, bits)));
    }
    found
}
