//! What answers a search: the trainer on this machine, and boards.

mod failure;
mod key;
mod train;

use std::sync::Arc;

use onchip_harness::{BoardPool, Candidate, Drill, Input, Order, PrepareError, Record};
use onchip_prepare::{Options, Prepared};
use onchip_search::architecture::Architecture;
use onchip_search::evaluator::{Built, Evaluator, Failure, Measured, Stop, Trained};
use onchip_search::metric::{Metric, Scores};
use onchip_train::data::Dataset;
use onchip_train::quantize::{Scheme, untrained};
use onchip_train::trainer::{Recipe, Trainer};
use serde_json::{Value, json};

use self::failure::{bench, candidate, measuring, quantizing};
use self::key::Key;

/// Untimed runs before the timed ones.
const WARMUPS: u32 = 1;

/// What a model is fed with when it is measured; its accuracy is another matter.
const INPUT: Input = Input::Lcg;

/// What records call the models of a study.
const MODEL: &str = "model.tflite";

/// Timed runs per measurement. They hardly differ, so that a few are enough.
const RUNS: u32 = 3;

/// Builds, trains and measures architectures.
pub struct Workshop {
    /// What networks learn.
    pub data: Dataset,
    /// How they are trained.
    pub recipe: Recipe,
    /// How they become int8.
    pub scheme: Scheme,
    /// Who trains them.
    pub trainer: Box<dyn Trainer>,
    /// Who measures them; without boards, what only they can tell is not known.
    pub boards: Option<Arc<BoardPool>>,
    /// Whether what they measure is what `onchip_prepare` makes of a model, instead of the model as it is.
    pub prepare: bool,
    /// Nonce of the first measurement. It proves that an answer belongs to its question, and
    /// has no influence on it.
    pub nonce: u64,
}

impl Workshop {
    /// All that determines its answers, apart from the questions.
    pub fn law(&self) -> Value {
        let measurement = self.boards.as_ref().map(|boards| {
            json!({
                "board": boards.board().name,
                "clock_hz": boards.board().clock_hz,
                "emulated": boards.emulated(),
                "image": boards.image().sha256,
                "input": INPUT.name(),
                "warmups": WARMUPS,
                "runs": RUNS,
                "prepare": self.prepare.then_some(onchip_prepare::REVISION),
            })
        });
        json!({
            "data": self.data.digest,
            "training": self.recipe,
            "quantization": self.scheme,
            "trainer": train::REVISION,
            "measurement": measurement,
        })
    }

    /// What measures, for people.
    pub fn measured_on(&self) -> String {
        let Some(boards) = &self.boards else {
            return "no board".to_owned();
        };
        let kind = if boards.emulated() { ", emulated" } else { "" };
        format!("{}{kind}", boards.board().name)
    }

    /// The network with untrained weights, as a file.
    fn untrained(architecture: &Architecture) -> Result<Vec<u8>, Failure> {
        let topology = architecture.topology().map_err(candidate)?;
        // Any weights will do.
        let network = untrained(&topology, 0).map_err(quantizing)?;
        network.to_file().map_err(candidate)
    }

    /// What is measured in place of a model, if it is not measured as it is.
    fn cheaper(&self, model: &[u8]) -> Result<Option<Prepared>, Failure> {
        let cheaper = self
            .prepare
            .then(|| onchip_prepare::prepare(model, Options::default()));
        cheaper.transpose().map_err(|error| preparing(error.into()))
    }
}

/// A model for the boards, or what was made of it.
fn candidate_of(
    boards: &BoardPool,
    source: &[u8],
    cheaper: Option<&Prepared>,
) -> Result<Candidate, Failure> {
    let (board, image) = (boards.board(), boards.image());
    let made = match cheaper {
        Some(cheaper) => Candidate::of_prepared(MODEL, source, cheaper, &INPUT, board, image),
        None => Candidate::prepare(MODEL, source, &INPUT, board, image),
    };
    made.map_err(preparing)
}

/// A model that a board cannot run has failed; a preparation that went wrong says nothing about it.
fn preparing(error: PrepareError) -> Failure {
    match error {
        PrepareError::Preparation(error) => bench(error),
        error => candidate(error),
    }
}

impl Evaluator for Workshop {
    type Point = Architecture;

    fn build(&self, point: &Architecture) -> Result<Built, Failure> {
        let model = Self::untrained(point)?;
        let inspection = onchip_tflite::inspect(&model).map_err(candidate)?;
        let cheaper = self.cheaper(&model)?;
        let (bytes, macs) = match &cheaper {
            Some(cheaper) => (cheaper.after.bytes, cheaper.after.macs),
            None => (model.len(), inspection.totals.macs),
        };
        let known = [
            (Metric::Flash, bytes as u64),
            (Metric::Parameters, inspection.totals.parameters),
            (Metric::Macs, macs),
        ];
        let mut scores: Scores = known
            .map(|(metric, value)| (metric, value as f64))
            .into_iter()
            .collect();
        if let Some(boards) = &self.boards {
            // The stack comes on top of it.
            let ram = candidate_of(boards, &model, cheaper.as_ref())?.arena() as f64
                + f64::from(boards.image().statics);
            scores.merge(&Scores::from_iter([(Metric::PeakRam, ram)]));
        }
        Ok(Built {
            model: model.into(),
            scores,
        })
    }

    fn training_key(&self, point: &Architecture, seed: u64) -> String {
        Key::new("training")
            .with("trainer", train::REVISION)
            .with("architecture", point.key())
            .with("data", &self.data.digest)
            .with_json("recipe", &self.recipe)
            .with_json("scheme", &self.scheme)
            .with("seed", seed)
            .digest()
    }

    fn train(&self, point: &Architecture, seed: u64, stop: &Stop) -> Result<Trained, Failure> {
        let topology = point.topology().map_err(candidate)?;
        train::train(self, &topology, seed, stop)
    }

    fn measurement_key(&self, model: &[u8]) -> String {
        // A source that cannot be prepared is refused when it is measured.
        let cheaper = self.cheaper(model).ok().flatten();
        let flashed = cheaper.map_or_else(|| model.to_vec(), |cheaper| cheaper.bytes);
        Key::new("measurement")
            .with_bytes("source", model)
            .with_bytes("model", &flashed)
            .with_json("law", &self.law()["measurement"])
            .digest()
    }

    async fn measure(&self, model: Arc<[u8]>) -> Result<Measured, Failure> {
        let Some(boards) = &self.boards else {
            return Ok(Measured {
                scores: Scores::default(),
                record: Value::Null,
            });
        };
        let candidate = candidate_of(boards, &model, self.cheaper(&model)?.as_ref())?;
        let order = Order {
            nonce: self.nonce,
            runs: RUNS,
            warmups: WARMUPS,
            drill: Drill::None,
        };
        let record = boards.measure(&candidate, order).await.map_err(measuring)?;
        Ok(Measured {
            scores: scores(&record),
            record: serde_json::to_value(record).map_err(bench)?,
        })
    }
}

/// What a search looks at. None of it depends on which board of the pool was free.
fn scores(record: &Record) -> Scores {
    let scores = [
        (Metric::LatencyMs, record.latency_us / 1e3),
        (Metric::Cycles, record.cycles.median as f64),
        (Metric::PeakRam, f64::from(record.ram.peak)),
    ];
    scores.into_iter().collect()
}
