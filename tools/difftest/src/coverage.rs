//! How often each encoding was reached.

use std::{fmt::Write, ops::AddAssign};

use crate::{differences::KNOWN, isa::Isa};

/// What a run, or a part of one, has counted.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Cases judged.
    pub cases: u64,
    /// Cases of which nothing was learnt.
    pub strays: u64,
    /// For each encoding, instructions executed as the only one.
    pub alone: Vec<u64>,
    /// For each encoding, instructions in IT blocks.
    pub in_it: Vec<u64>,
    /// How often each known difference was met.
    pub known: Vec<u64>,
}

impl Coverage {
    /// Nothing yet.
    pub fn new(isa: &Isa) -> Self {
        let zeros = vec![0; isa.encodings.len()];
        Self {
            cases: 0,
            strays: 0,
            alone: zeros.clone(),
            in_it: zeros,
            known: vec![0; KNOWN.len()],
        }
    }

    /// Whether every encoding was reached.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The encodings that were not reached.
    pub fn missing(&self) -> impl Iterator<Item = usize> {
        (0..self.alone.len()).filter(|&i| self.alone[i] + self.in_it[i] == 0)
    }

    /// A table in Markdown.
    pub fn table(&self, isa: &Isa) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "| encoding | alone | in IT blocks |");
        let _ = writeln!(text, "|---|--:|--:|");
        for (i, encoding) in isa.encodings.iter().enumerate() {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                encoding.name, self.alone[i], self.in_it[i]
            );
        }
        let _ = writeln!(text, "\n| known difference | cases | why |");
        let _ = writeln!(text, "|---|--:|---|");
        for (difference, count) in KNOWN.iter().zip(&self.known) {
            let _ = writeln!(
                text,
                "| {} | {count} | {} |",
                difference.name, difference.reason
            );
        }
        text
    }
}

impl AddAssign<&Coverage> for Coverage {
    fn add_assign(&mut self, other: &Coverage) {
        self.cases += other.cases;
        self.strays += other.strays;
        let counts = [
            (&mut self.alone, &other.alone),
            (&mut self.in_it, &other.in_it),
            (&mut self.known, &other.known),
        ];
        for (mine, theirs) in counts {
            for (a, b) in mine.iter_mut().zip(theirs) {
                *a += b;
            }
        }
    }
}
