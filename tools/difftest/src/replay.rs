//! Cases as text: `at=10000400 code=be00 r1=5 apsr=80000000 image=3`. What is not named has its
//! default: registers are zero, SP points into the data page.

use std::fmt;

use thiserror::Error;

use crate::case::{CODE, Case, IMAGES, PAGE, State};

/// Why a text is no case.
#[derive(Debug, Error)]
#[error(
    "{word:?} is not part of a case; write e.g. at=10000400 code=1840 r1=5 s0=3f800000 apsr=80000000 fpscr=0 image=1"
)]
pub struct ReplayError {
    /// The word that is wrong.
    word: String,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at={:x} code=", self.at)?;
        for halfword in &self.code {
            write!(f, "{halfword:04x}")?;
        }
        let default = State::default();
        for (i, (&r, &d)) in self.state.r.iter().zip(&default.r).enumerate() {
            if r != d {
                write!(f, " r{i}={r:x}")?;
            }
        }
        for (i, &s) in self.state.s.iter().enumerate() {
            if s != 0 {
                write!(f, " s{i}={s:x}")?;
            }
        }
        for (name, value) in [("apsr", self.state.apsr), ("fpscr", self.state.fpscr)] {
            if value != 0 {
                write!(f, " {name}={value:x}")?;
            }
        }
        if self.image != 0 {
            write!(f, " image={}", self.image)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Case {
    type Err = ReplayError;

    fn from_str(text: &str) -> Result<Self, ReplayError> {
        let mut case = Case {
            at: CODE + 0x400,
            code: Vec::new(),
            state: State::default(),
            image: 0,
        };
        for word in text.split_whitespace() {
            set(&mut case, word).ok_or_else(|| ReplayError {
                word: word.to_owned(),
            })?;
        }
        Ok(case)
    }
}

fn set(case: &mut Case, word: &str) -> Option<()> {
    let (name, text) = word.split_once('=')?;
    let value = || u32::from_str_radix(text, 16).ok();
    match name {
        "at" => {
            case.at = value().filter(|at| {
                let offset = at.wrapping_sub(CODE);
                at % 2 == 0 && offset >= 0x20 && offset < PAGE as u32 - 0x40
            })?;
        }
        "code" => {
            let digits = text.as_bytes().chunks(4);
            let halfword = |d: &[u8]| u16::from_str_radix(std::str::from_utf8(d).ok()?, 16).ok();
            case.code = digits.map(halfword).collect::<Option<_>>()?;
            if case.code.is_empty() || case.code.len() > 16 {
                return None;
            }
        }
        "apsr" => case.state.apsr = value()?,
        "fpscr" => case.state.fpscr = value()?,
        "image" => case.image = text.parse().ok().filter(|i| *i < IMAGES)?,
        _ => {
            let (file, number) = name.split_at_checked(1)?;
            let number: usize = number.parse().ok()?;
            let file = match file {
                "r" => case.state.r.as_mut_slice(),
                "s" => case.state.s.as_mut_slice(),
                _ => return None,
            };
            *file.get_mut(number)? = value()?;
        }
    }
    Some(())
}
