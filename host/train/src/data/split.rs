//! Which examples are for training, validation and test.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Part};
use super::source::Result;

/// Fraction that a split has unless told otherwise.
const FRACTION: f64 = 0.2;

/// Which examples are for training, validation and test.
///
/// Classes are divided in proportion, and always in the same way for the same data and seed.
/// Examples that belong together (windows of one recording, recordings of one speaker) stay in one split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Fraction of what is not for test that is for validation. If the data names its validation
    /// examples itself, these are kept instead.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub validation: f64,
    /// Fraction for test. If not set, the data's own test part is kept, or 0.2 is taken where it
    /// has none. If set, the data's own parts are thrown together and divided anew.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub test: Option<f64>,
    /// Which of the possible divisions.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        let (validation, test, seed) = (FRACTION, None, 0);
        Self {
            validation,
            test,
            seed,
        }
    }
}

/// Indices of the examples of each split, ascending.
#[derive(Debug, PartialEq)]
pub(crate) struct Indices {
    pub(crate) train: Vec<u32>,
    pub(crate) validation: Vec<u32>,
    pub(crate) test: Vec<u32>,
}

impl SplitConfig {
    /// Divides the examples.
    pub(crate) fn divide(&self, examples: &Examples) -> Result<Indices> {
        for (name, fraction) in [("validation", Some(self.validation)), ("test", self.test)] {
            if !fraction.is_none_or(|fraction| fraction > 0.0 && fraction <= 0.9) {
                let fraction = fraction.unwrap_or_default();
                let problem =
                    format!("split: {name}: {fraction} is not a fraction over 0, up to 0.9");
                return Err(examples.error(problem));
            }
        }
        let mut parts = vec![Part::Train; examples.labels.len()];
        let are_own = self.test.is_none() && !examples.parts.is_empty();
        if are_own {
            parts.copy_from_slice(&examples.parts);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        for (part, fraction) in [
            (Part::Test, self.test.unwrap_or(FRACTION)),
            (Part::Validation, self.validation),
        ] {
            if !parts.contains(&part) {
                self.cut(examples, &mut parts, part, fraction, &mut rng)?;
            }
        }
        check(examples, &parts, are_own)?;
        let of = |part| {
            let all = (0_u32..).zip(&parts);
            all.filter(|&(_, &other)| other == part)
                .map(|(index, _)| index)
                .collect()
        };
        Ok(Indices {
            train: of(Part::Train),
            validation: of(Part::Validation),
            test: of(Part::Test),
        })
    }

    /// Moves a fraction of the training examples, class by class and group by group, to `part`.
    fn cut(
        &self,
        examples: &Examples,
        parts: &mut [Part],
        part: Part,
        fraction: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        // What is left must do for the splits that are still to be cut.
        let least = if part == Part::Test { 3 } else { 2 };
        for (class, mut groups) in groups(examples, parts).into_iter().enumerate() {
            if groups.is_empty() {
                // All examples of this class share their groups with more of another.
                continue;
            }
            if groups.len() < least && examples.groups.is_empty() {
                let problem = format!(
                    "class `{}` has only {} examples to divide: {least} are needed",
                    examples.classes[class],
                    groups.len(),
                );
                return Err(examples.error(problem));
            }
            groups.shuffle(rng);
            let wanted = (fraction * groups.len() as f64).round() as usize;
            let most = groups.len().saturating_sub(least - 1);
            for index in groups[..wanted.max(1).min(most)].iter().flatten() {
                parts[*index] = part;
            }
        }
        Ok(())
    }
}

/// The training examples by the class that prevails in their group, then by group.
fn groups(examples: &Examples, parts: &[Part]) -> Vec<Vec<Vec<usize>>> {
    let is_train = |&index: &usize| parts[index] == Part::Train;
    let indices = (0..examples.labels.len()).filter(is_train);
    let classes = examples.classes.len();
    let mut by_class = vec![Vec::new(); classes];
    if examples.groups.is_empty() {
        for index in indices {
            by_class[examples.labels[index] as usize].push(vec![index]);
        }
        return by_class;
    }
    let count = examples
        .groups
        .iter()
        .max()
        .map_or(0, |&last| last as usize + 1);
    let mut by_group = vec![Vec::new(); count];
    for index in indices {
        by_group[examples.groups[index] as usize].push(index);
    }
    for group in by_group.into_iter().filter(|group| !group.is_empty()) {
        let mut counts = vec![0_usize; classes];
        for &index in &group {
            counts[examples.labels[index] as usize] += 1;
        }
        let most = counts.iter().max();
        let class = counts.iter().position(|count| Some(count) == most);
        by_class[class.unwrap_or(0)].push(group);
    }
    by_class
}

/// Every class must be trained, and be there to be chosen and told by, unless the data itself says
/// otherwise.
fn check(examples: &Examples, parts: &[Part], are_own: bool) -> Result<()> {
    for (part, name) in [
        (Part::Train, "training"),
        (Part::Validation, "validation"),
        (Part::Test, "test"),
    ] {
        let labels = || {
            let all = examples.labels.iter().zip(parts);
            all.filter(|&(_, &other)| other == part)
                .map(|(label, _)| *label)
        };
        let mut counts = vec![0_usize; examples.classes.len()];
        labels().for_each(|label| counts[label as usize] += 1);
        // A test part that the data brings is what it is.
        let is_own = are_own && part != Part::Train && examples.parts.contains(&part);
        if let Some(class) = counts.iter().position(|&count| count == 0)
            && !is_own
        {
            let mut problem = format!(
                "class `{}` has no example in the {name} split: add examples",
                examples.classes[class]
            );
            if !examples.groups.is_empty() {
                problem.push_str(", in at least three files of their own (files are not divided)");
            }
            return Err(examples.error(problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::data::examples::Values;

    /// Examples of one value each, by label, group and part.
    fn examples(all: &[(u32, u32, Part)]) -> Examples {
        Examples {
            name: "x".to_owned(),
            path: PathBuf::from("x"),
            shape: [1, 1, 1],
            classes: vec!["a".to_owned(), "b".to_owned()],
            labels: all.iter().map(|&(label, ..)| label).collect(),
            values: Values::Floats(vec![0.0; all.len()]),
            parts: all.iter().map(|&(_, _, part)| part).collect(),
            groups: all.iter().map(|&(_, group, _)| group).collect(),
        }
    }

    #[test]
    fn a_class_that_a_division_anew_leaves_out_is_told() {
        let mut all: Vec<_> = (0..6).map(|group| (0, group, Part::Train)).collect();
        all.extend([(1, 6, Part::Train), (1, 7, Part::Train), (0, 8, Part::Test)]);
        let as_it_is = SplitConfig::default();
        let indices = as_it_is.divide(&examples(&all)).unwrap();
        assert_eq!(indices.test, [8]);
        let anew = SplitConfig {
            test: Some(0.2),
            ..as_it_is
        };
        // Two files of class b do not do for three splits.
        let error = anew.divide(&examples(&all)).unwrap_err().to_string();
        assert!(error.contains("class `b` has no example in the"), "{error}");
        all.push((1, 9, Part::Train));
        let indices = anew.divide(&examples(&all)).unwrap();
        assert!(indices.test.iter().any(|&index| all[index as usize].0 == 1));
    }
}
