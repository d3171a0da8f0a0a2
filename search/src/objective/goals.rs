//! Objectives and constraints together: what a strategy is told of a network.

use serde::{Deserialize, Serialize};

use super::{Constraint, Objective, Relation};
use crate::metric::{Metric, Scores};
use crate::strategy::Told;

/// What a study wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Goals {
    /// To be minimised, at least one.
    objectives: Vec<Objective>,
    /// Hard and soft.
    constraints: Vec<Constraint>,
}

/// Goals as they are written, not checked yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    objectives: Vec<Objective>,
    constraints: Vec<Constraint>,
}

impl TryFrom<Parts> for Goals {
    type Error = GoalsError;

    fn try_from(parts: Parts) -> Result<Self, GoalsError> {
        Self::new(parts.objectives, parts.constraints)
    }
}

/// Why objectives and constraints make no goals.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GoalsError {
    /// Nothing to minimise.
    #[error("a study needs at least one objective, e.g. `validation_error`")]
    None,
    /// The hypervolume is exact, and costly, in few dimensions only.
    #[error("{0} objectives are too many: a study has at most {max}", max = Goals::MOST)]
    TooMany(usize),
    /// One quantity twice.
    #[error("the objective {0} is there twice, by itself or as its opposite")]
    Twice(Metric),
    /// Nothing can satisfy it.
    #[error("no network keeps the constraint `{0}`: {metric} {1}", metric = .0.metric)]
    Impossible(Constraint, &'static str),
    /// Nothing can satisfy both.
    #[error("the constraints `{0}` and `{1}` exclude each other")]
    Contradiction(Constraint, Constraint),
}

/// A hard constraint that a network breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Which one.
    pub constraint: Constraint,
    /// The network's value.
    pub value: f64,
    /// By how much, as a share of the limit.
    pub excess: f64,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = super::quantity::show(self.constraint.metric, self.value);
        write!(f, "{value} breaks `{}`", self.constraint)
    }
}

impl Goals {
    /// So many objectives a study has at most.
    pub const MOST: usize = 4;

    /// Puts them together.
    ///
    /// # Errors
    /// No objective, too many, one twice, or constraints that nothing holds or that exclude each
    /// other.
    pub fn new(
        objectives: Vec<Objective>,
        constraints: Vec<Constraint>,
    ) -> Result<Self, GoalsError> {
        if objectives.is_empty() {
            return Err(GoalsError::None);
        }
        if objectives.len() > Self::MOST {
            return Err(GoalsError::TooMany(objectives.len()));
        }
        for (i, objective) in objectives.iter().enumerate() {
            let quantity = objective.metric.as_minimised();
            if objectives[..i]
                .iter()
                .any(|other| other.metric.as_minimised() == quantity)
            {
                return Err(GoalsError::Twice(objective.metric));
            }
        }
        for constraint in &constraints {
            if let Some(why) = constraint.impossible() {
                return Err(GoalsError::Impossible(constraint.clone(), why));
            }
        }
        for (i, left) in constraints.iter().enumerate() {
            if let Some(right) = constraints[..i].iter().find(|right| left.excludes(right)) {
                return Err(GoalsError::Contradiction(right.clone(), left.clone()));
            }
        }
        Ok(Self {
            objectives,
            constraints,
        })
    }

    /// What is minimised.
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    /// What is not allowed.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// All metrics that the goals speak of.
    pub fn metrics(&self) -> std::collections::BTreeSet<Metric> {
        let objectives = self.objectives.iter().map(|objective| objective.metric);
        objectives
            .chain(self.constraints.iter().map(|constraint| constraint.metric))
            .collect()
    }

    /// The objectives as numbers to be minimised, in their order, without penalties: what fronts
    /// and hypervolumes are made of. `None` while one of them is unknown.
    pub fn values(&self, scores: &Scores) -> Option<Vec<f64>> {
        self.objectives
            .iter()
            .map(|o| Some(o.minimised(scores.get(o.metric)?)))
            .collect()
    }

    /// The objectives with the soft constraints' penalties, as strategies see them. The penalty is
    /// Σ weight · relative excess; an error grows by it as it is, any other objective by that
    /// share of its own value.
    pub fn penalised_values(&self, scores: &Scores) -> Option<Vec<f64>> {
        let penalty = self.penalty(scores);
        let mut values = self.values(scores)?;
        for (value, objective) in values.iter_mut().zip(&self.objectives) {
            *value += penalty
                * if objective.metric.is_share() {
                    1.0
                } else {
                    *value
                };
        }
        Some(values)
    }

    /// What breaking soft constraints costs, as far as scores are known.
    fn penalty(&self, scores: &Scores) -> f64 {
        let excesses = self.constraints.iter().filter_map(|constraint| {
            Some(constraint.penalty? * constraint.excess(scores.get(constraint.metric)?))
        });
        excesses.sum()
    }

    /// The hard constraints that are broken by what is known so far.
    pub fn violations(&self, scores: &Scores) -> Vec<Violation> {
        let hard = self
            .constraints
            .iter()
            .filter(|constraint| constraint.penalty.is_none());
        let broken = hard.filter_map(|constraint| {
            let value = scores.get(constraint.metric)?;
            let excess = constraint.excess(value);
            (excess > 0.0).then(|| Violation {
                constraint: constraint.clone(),
                value,
                excess,
            })
        });
        broken.collect()
    }

    /// What a strategy is told of a network of which no more will be known. A trial that failed is
    /// told as [`Told::failed`] instead.
    pub fn told(&self, scores: &Scores) -> Told {
        let violation = self
            .violations(scores)
            .iter()
            .map(|violation| violation.excess)
            .sum();
        Told {
            objectives: self.penalised_values(scores),
            violation,
        }
    }
}

impl Constraint {
    /// Whether nothing can satisfy both.
    fn excludes(&self, other: &Self) -> bool {
        let hard = self.penalty.is_none() && other.penalty.is_none();
        if !hard || self.metric != other.metric {
            return false;
        }
        let (upper, lower) = match (self.relation.is_upper(), other.relation.is_upper()) {
            (true, false) => (self, other),
            (false, true) => (other, self),
            _ => return false,
        };
        let meets = upper.relation.holds(lower.limit, upper.limit);
        !(meets && (lower.limit < upper.limit || lower.relation == Relation::AtLeast))
    }
}
