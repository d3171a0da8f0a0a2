//! What a study is about to do, told before it begins.

use std::fmt;

use onchip_engine::{Interpreter, Model};
use onchip_search::architecture::Architecture;
use onchip_search::domain::{Domain, Rng};
use onchip_search::metric::{Metric, Scores};
use onchip_search::objective::Goals;
use onchip_search::space::BigUint;
use onchip_search::wording::{counted, grouped};
use onchip_tflite::topology::Dims;
use onchip_train::quantize;
use rand::SeedableRng;

use crate::file::{Prepared, StudyFile};
use crate::plan::Plan;

/// So many networks of a space are looked at.
const SAMPLES: usize = 200;
/// Bytes that the host gives a network's values; more than any board has.
const ARENA: usize = 16 << 20;

/// What a study file comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The study's name.
    pub name: String,
    /// The data set's.
    pub dataset: String,
    /// Height, width, channels of an example.
    pub shape: Dims,
    /// Number of classes.
    pub classes: usize,
    /// Examples for training, validation and test.
    pub examples: [usize; 3],
    /// Number of networks.
    pub networks: BigUint,
    /// So many of them were drawn to tell the rest.
    pub sampled: usize,
    /// Static metrics of those that can be deployed, in the order of columns.
    pub ranges: Vec<(Metric, Range)>,
    /// How many of the drawn can be deployed and break no hard constraint as far as this can be
    /// told without a board.
    pub passing: usize,
    /// Operations that the trainings take, if every trial trains a median network to the last
    /// epoch: three passes (forward, two backward) of two operations per multiply-accumulate.
    pub operations: f64,
    /// Trials.
    pub trials: u64,
    /// Epochs of a training.
    pub epochs: u32,
    /// What is allowed, but hardly meant.
    pub notes: Vec<String>,
}

/// Of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest.
    pub least: f64,
    /// The middle one.
    pub median: f64,
    /// The largest.
    pub most: f64,
}

impl Check {
    /// Looks at networks of the space, always the same ones for a seed.
    pub fn new(plan: &Plan) -> Self {
        let file = &plan.loaded.file;
        let Prepared {
            dataset: data,
            space,
            goals,
            ..
        } = &plan.prepared;
        let mut rng = Rng::seed_from_u64(file.seed);
        let mut arena = vec![0; ARENA];
        let scores: Vec<Scores> = (0..SAMPLES)
            .filter_map(|_| scores(&space.sample(&mut rng), &mut arena))
            .collect();
        let metrics = [
            Metric::PeakRam,
            Metric::Flash,
            Metric::Parameters,
            Metric::Macs,
        ];
        let range = |metric| Some((metric, Range::of(&scores, metric)?));
        let ranges: Vec<(Metric, Range)> = metrics.into_iter().filter_map(range).collect();
        let macs = ranges.iter().find(|(metric, _)| *metric == Metric::Macs);
        let macs = macs.map_or(0.0, |(_, range)| range.median);
        let passing = scores
            .iter()
            .filter(|scores| goals.violations(scores).is_empty());
        let passing = passing.count();
        let examples =
            [&data.train, &data.validation, &data.test].map(onchip_train::data::Split::len);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seen = examples[0] as f64
            * f64::from(file.training.subset)
            * f64::from(file.training.epochs)
            * file.budget.trials as f64;
        Self {
            name: file.name.clone().unwrap_or_default(),
            dataset: data.name.clone(),
            shape: data.shape,
            classes: data.classes.len(),
            examples,
            networks: space.size(),
            sampled: SAMPLES,
            ranges,
            passing,
            operations: 6.0 * macs * seen,
            trials: file.budget.trials,
            epochs: file.training.epochs,
            notes: notes(file, goals, passing),
        }
    }
}

/// What the host can tell of a network as it is exported, which is measured in a form that takes no more; nothing of
/// one that cannot be deployed.
fn scores(network: &Architecture, arena: &mut [u8]) -> Option<Scores> {
    let topology = network.topology().ok()?;
    let file = quantize::untrained(&topology, 0).ok()?.to_file().ok()?;
    let model = Model::new(&file).ok()?;
    let used = Interpreter::new(&model, arena).ok()?.arena_used();
    #[expect(clippy::cast_precision_loss, reason = "sizes of small networks")]
    let scores = [
        (Metric::PeakRam, used as f64),
        (Metric::Flash, file.len() as f64),
        (Metric::Parameters, topology.parameters() as f64),
        (Metric::Macs, topology.macs() as f64),
    ];
    Some(scores.into_iter().collect())
}

fn notes(file: &StudyFile, goals: &Goals, passing: usize) -> Vec<String> {
    use onchip_search::strategy::StrategyConfig::{AgingEvolution, Nsga2, Random, WeightedSum};
    let mut notes = Vec::new();
    if passing == 0 {
        notes.push(
            "none of the networks drawn keeps the hard constraints; loosen them, or list smaller \
             widths and depths in `space`"
                .to_owned(),
        );
    }
    let population = match file.strategy {
        Random {} => 0,
        AgingEvolution { population, .. }
        | Nsga2 { population, .. }
        | WeightedSum { population, .. } => population as u64,
    };
    if population >= file.budget.trials && population > 0 {
        notes.push(format!(
            "the first {population} are drawn at random, of {}: take a `population` of a quarter \
             of the trials",
            counted(file.budget.trials, "trial")
        ));
    }
    let tested = [Metric::Accuracy, Metric::Error];
    if goals.metrics().iter().any(|metric| tested.contains(metric)) {
        notes.push(
            "the search is steered by the test split, which then tells no longer how good the \
             result is on new data; take validation_error"
                .to_owned(),
        );
    }
    notes
}

impl Range {
    fn of(scores: &[Scores], metric: Metric) -> Option<Self> {
        let mut values: Vec<f64> = scores.iter().filter_map(|s| s.get(metric)).collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            least: *values.first()?,
            median: values[values.len() / 2],
            most: *values.last()?,
        })
    }
}

/// A number too long to be grasped, in powers of ten; nothing for others.
fn roughly(number: &BigUint) -> String {
    /// So many digits a number may have, and so many tell its first two.
    const DIGITS: usize = 15;
    let text = number.to_string();
    let Some((head, rest)) = text
        .split_at_checked(DIGITS)
        .filter(|(_, rest)| !rest.is_empty())
    else {
        return String::new();
    };
    let head: f64 = head.parse().unwrap_or_default();
    // Rounding may carry into one digit more.
    let head = format!("{head:.1e}");
    let (mantissa, exponent) = head.split_once('e').unwrap_or((&head, "0"));
    let exponent = exponent.parse::<usize>().unwrap_or_default() + rest.len();
    format!(", about {mantissa}e{exponent}")
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width, channels] = self.shape;
        let [train, validation, test] = self.examples;
        writeln!(f, "study     {}", self.name)?;
        writeln!(
            f,
            "data      {}: {height}x{width}x{channels} in {}; {} to train, {validation} to \
             validate, {test} to test",
            self.dataset,
            counted(self.classes, "class"),
            counted(train, "example")
        )?;
        let networks = counted(grouped(&self.networks), "network");
        writeln!(f, "space     {networks}{}", roughly(&self.networks))?;
        writeln!(
            f,
            "static    {} of {} drawn at random keep the hard constraints, as far as can be told \
             without a board",
            self.passing, self.sampled
        )?;
        writeln!(
            f,
            "          {:<12} {:>12} {:>12} {:>12}",
            "", "least", "median", "most"
        )?;
        for (
            metric,
            Range {
                least,
                median,
                most,
            },
        ) in &self.ranges
        {
            // Not the board's: without stack and the image's own variables.
            let name = match metric {
                Metric::PeakRam => "arena",
                other => other.name(),
            };
            writeln!(
                f,
                "          {name:<12} {least:>12.0} {median:>12.0} {most:>12.0}"
            )?;
        }
        write!(
            f,
            "training  {} of {}, {:.2e} operations at most for a median network",
            counted(self.trials, "trial"),
            counted(self.epochs, "epoch"),
            self.operations
        )?;
        for note in &self.notes {
            write!(f, "\nnote      {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giant_numbers_are_told_in_powers_of_ten() {
        let number = |digits: &str| digits.parse::<BigUint>().unwrap();
        assert_eq!(roughly(&number("999999999999999")), "");
        assert_eq!(roughly(&number("1000000000000000")), ", about 1.0e15");
        assert_eq!(roughly(&number("123456789012345678")), ", about 1.2e17");
        // 2^128 - 1, and what rounds up to one digit more.
        assert_eq!(roughly(&number(&u128::MAX.to_string())), ", about 3.4e38");
        assert_eq!(roughly(&number(&"9".repeat(400))), ", about 1.0e400");
    }
}
