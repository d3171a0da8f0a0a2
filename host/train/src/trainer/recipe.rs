//! How to train, as a study file says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How networks are trained: the `training:` section of a study file.
///
/// ```yaml
/// training:
///   epochs: 30
///   optimizer: adam
///   learning_rate: 0.002
///   schedule: cosine
///   augmentation: {shift: 2, flip: true}
///   early_stop: {patience: 5}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Passes over the training data, at most.
    #[schemars(range(min = 1))]
    pub epochs: u32,
    /// Examples per step, at most: the steps of an epoch are equally large, or nearly so.
    #[schemars(range(min = 1))]
    pub batch_size: u32,
    /// How a gradient becomes a step.
    pub optimizer: Optimizer,
    /// Length of a step at its greatest.
    pub learning_rate: f32,
    /// What earlier gradients count: Adam's β₁, the momentum of SGD.
    #[schemars(range(min = 0, max = 1))]
    pub momentum: f32,
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// Epochs, or a part of one, in which the learning rate rises from 0.
    #[schemars(range(min = 0))]
    pub warm_up: f32,
    /// Share of itself that a weight loses per step, times the learning rate: decoupled from the
    /// gradient (Loshchilov and Hutter 2019). Biases and normalizations keep theirs.
    #[schemars(range(min = 0))]
    pub weight_decay: f32,
    /// What is to be small.
    pub loss: Loss,
    /// Probability that is taken from the right class and spread over all (Szegedy et al. 2016).
    #[schemars(range(min = 0, max = 1))]
    pub label_smoothing: f32,
    /// Random changes to training examples.
    pub augmentation: Augmentation,
    /// When to end before the last epoch; never if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// Share of the training examples that is used, drawn once per training.
    #[schemars(range(min = 0, max = 1))]
    pub subset: f32,
}

/// See [`Recipe::optimizer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Kingma and Ba 2015, with β₂ = 0.999 and ε = 10⁻⁸.
    #[default]
    Adam,
    /// Stochastic gradient descent: velocity = momentum × velocity + gradient.
    Sgd,
}

/// See [`Recipe::schedule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// To 0 along half a cosine, step by step.
    #[default]
    Cosine,
    /// Not at all.
    Constant,
}

/// See [`Recipe::loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Cross entropy of the softmax of the outputs with the label.
    #[default]
    CrossEntropy,
    /// Mean squared difference of output and input: the network is an autoencoder.
    Reconstruction,
}

/// See [`Recipe::augmentation`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Images are moved by up to so many pixels along height and width, series along time. What
    /// comes in repeats the border.
    pub shift: u32,
    /// Half of the images are mirrored left to right.
    pub flip: bool,
    /// Values are multiplied by 1 plus or minus up to this much, one number per example.
    #[schemars(range(min = 0, max = 1))]
    pub scale: f32,
    /// Standard deviation of noise that is added to every value.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub noise: f32,
}

/// See [`Recipe::early_stop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyStop {
    /// Epochs without a new least validation loss after which training ends.
    #[schemars(range(min = 1))]
    pub patience: u32,
}

/// A number in a recipe that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{field}` is {found}; it must be {wanted}")]
pub struct RecipeError {
    /// Its name in the study file.
    pub field: &'static str,
    /// What it is.
    pub found: f64,
    /// What it may be.
    pub wanted: &'static str,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch_size: 32,
            optimizer: Optimizer::Adam,
            learning_rate: 0.002,
            momentum: 0.9,
            schedule: Schedule::Cosine,
            warm_up: 0.0,
            weight_decay: 0.0,
            loss: Loss::CrossEntropy,
            label_smoothing: 0.0,
            augmentation: Augmentation::default(),
            early_stop: None,
            subset: 1.0,
        }
    }
}

impl Recipe {
    /// Checks every number.
    ///
    /// # Errors
    /// One of them makes no sense.
    pub fn validate(&self) -> Result<(), RecipeError> {
        let at_least_1 = |field, count: u32| require(field, count.into(), count >= 1, "at least 1");
        let positive =
            |field, x: f32| require(field, x.into(), x > 0.0 && x.is_finite(), "above 0");
        let not_negative =
            |field, x: f32| require(field, x.into(), x >= 0.0 && x.is_finite(), "0 or more");
        let below_1 = |field, x: f32| {
            require(
                field,
                x.into(),
                (0.0..1.0).contains(&x),
                "at least 0 and below 1",
            )
        };
        at_least_1("epochs", self.epochs)?;
        at_least_1("batch_size", self.batch_size)?;
        positive("learning_rate", self.learning_rate)?;
        below_1("momentum", self.momentum)?;
        not_negative("warm_up", self.warm_up)?;
        not_negative("weight_decay", self.weight_decay)?;
        below_1("label_smoothing", self.label_smoothing)?;
        below_1("augmentation.scale", self.augmentation.scale)?;
        let noise = self.augmentation.noise;
        let is_drawable = (0.0..=1e6).contains(&noise);
        require(
            "augmentation.noise",
            noise.into(),
            is_drawable,
            "from 0 to a million",
        )?;
        if let Some(stop) = self.early_stop {
            at_least_1("early_stop.patience", stop.patience)?;
        }
        let is_share = self.subset > 0.0 && self.subset <= 1.0;
        require(
            "subset",
            self.subset.into(),
            is_share,
            "above 0 and at most 1",
        )
    }
}

fn require(
    field: &'static str,
    found: f64,
    holds: bool,
    wanted: &'static str,
) -> Result<(), RecipeError> {
    let error = RecipeError {
        field,
        found,
        wanted,
    };
    holds.then_some(()).ok_or(error)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    #[test]
    fn recipes_are_read_as_they_are_written() {
        let check = |text: Value, expected: Recipe| {
            assert_eq!(from_value::<Recipe>(text).unwrap(), expected);
            let written = to_value(expected).unwrap();
            assert_eq!(from_value::<Recipe>(written).unwrap(), expected);
        };
        let default = Recipe::default();
        check(json!({}), default);
        let text = json!({
            "epochs": 3, "batch_size": 8, "optimizer": "sgd", "learning_rate": 0.5,
            "momentum": 0.0, "schedule": "constant", "warm_up": 1.5, "weight_decay": 0.25,
            "loss": "reconstruction", "label_smoothing": 0.125, "subset": 0.75,
            "augmentation": { "shift": 2, "flip": true, "scale": 0.5, "noise": 0.25 },
            "early_stop": { "patience": 4 },
        });
        let expected = Recipe {
            epochs: 3,
            batch_size: 8,
            optimizer: Optimizer::Sgd,
            learning_rate: 0.5,
            momentum: 0.0,
            schedule: Schedule::Constant,
            warm_up: 1.5,
            weight_decay: 0.25,
            loss: Loss::Reconstruction,
            label_smoothing: 0.125,
            augmentation: Augmentation {
                shift: 2,
                flip: true,
                scale: 0.5,
                noise: 0.25,
            },
            early_stop: Some(EarlyStop { patience: 4 }),
            subset: 0.75,
        };
        check(text, expected);
        let augmentation = Augmentation {
            shift: 1,
            ..Augmentation::default()
        };
        let expected = Recipe {
            augmentation,
            ..default
        };
        check(json!({ "augmentation": { "shift": 1 } }), expected);
    }

    #[test]
    fn what_is_no_recipe_is_refused() {
        let check = |text: Value, problem: &str| {
            let error = from_value::<Recipe>(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        };
        check(json!({ "epoch": 3 }), "unknown field `epoch`");
        // Which of its words serde_json takes depends on features that others switch on.
        check(json!({ "epochs": -1 }), "invalid");
        check(json!({ "batch_size": 0.5 }), "invalid");
        check(
            json!({ "optimizer": "rmsprop" }),
            "unknown variant `rmsprop`",
        );
        check(json!({ "schedule": "step" }), "unknown variant `step`");
        check(json!({ "loss": "hinge" }), "unknown variant `hinge`");
        check(
            json!({ "augmentation": { "turn": 1 } }),
            "unknown field `turn`",
        );
        check(json!({ "early_stop": {} }), "missing field `patience`");
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        let check = |text: Value, field: Option<&str>| {
            let recipe = from_value::<Recipe>(text).unwrap();
            let found = recipe.validate().map_err(|error| error.field);
            assert_eq!(found.err(), field, "{recipe:?}");
        };
        check(json!({}), None);
        check(json!({ "epochs": 0 }), Some("epochs"));
        check(json!({ "batch_size": 0 }), Some("batch_size"));
        for rate in [0.0, -1.0, 1e39] {
            check(json!({ "learning_rate": rate }), Some("learning_rate"));
        }
        for share in [-0.1, 1.0] {
            check(json!({ "momentum": share }), Some("momentum"));
            check(json!({ "label_smoothing": share }), Some("label_smoothing"));
            let text = json!({ "augmentation": { "scale": share } });
            check(text, Some("augmentation.scale"));
        }
        for number in [-0.1, 1e39] {
            check(json!({ "warm_up": number }), Some("warm_up"));
            check(json!({ "weight_decay": number }), Some("weight_decay"));
        }
        for noise in [-0.1, 1e38, 1e39] {
            let text = json!({ "augmentation": { "noise": noise } });
            check(text, Some("augmentation.noise"));
        }
        check(json!({ "augmentation": { "noise": 1e6 } }), None);
        let text = json!({ "early_stop": { "patience": 0 } });
        check(text, Some("early_stop.patience"));
        for subset in [0.0, -1.0, 1.1] {
            check(json!({ "subset": subset }), Some("subset"));
        }
        check(json!({ "subset": 1.0 }), None);
    }
}
