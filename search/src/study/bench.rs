//! One candidate's way through the gates.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

use crate::evaluator::{Built, Evaluator, Failure, Measured, Stop, Trained};
use crate::metric::{Metric, Scores};
use crate::objective::Violation;
use crate::store::{Store, StoreError, Verdict};
use crate::trial::{Gate, Outcome};

use super::event::{Event, Stage};
use super::settings::Settings;
use super::summary::Judged;
use super::{Interrupt, training_seed};

/// What a candidate came to.
#[derive(Debug)]
pub(super) struct Evaluation {
    pub(super) gate: Gate,
    pub(super) outcome: Outcome,
    pub(super) scores: Scores,
    pub(super) judged: Judged,
    pub(super) training: Option<String>,
    pub(super) measurement: Option<String>,
}

/// Why it came to nothing; it will be evaluated again.
#[derive(Debug)]
pub(super) enum Halt {
    Stopped,
    Bench(String),
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(source: StoreError) -> Self {
        Self::Store(source)
    }
}

/// What candidates share on their way.
pub(super) struct Bench<E: Evaluator> {
    pub(super) evaluator: Arc<E>,
    pub(super) settings: Settings,
    pub(super) store: Mutex<Store>,
    pub(super) trainers: Semaphore,
    pub(super) observer: Sender<Event<E::Point>>,
    pub(super) interrupt: Interrupt,
    /// Set when the bench has failed: what runs is finished, nothing else begins.
    pub(super) failed: Stop,
    pub(super) clock: Clock,
    /// Of the keys that somebody works on: a second one waits, and finds the result stored.
    pub(super) claims: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The study's time, over all runs.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) before: Duration,
    pub(super) start: Instant,
    pub(super) limit: Option<Duration>,
}

impl Clock {
    pub(super) fn spent(&self) -> Duration {
        self.before + self.start.elapsed()
    }

    pub(super) fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.spent() >= limit)
    }
}

/// A candidate on its way: what is known of it so far.
struct Candidate<P> {
    number: u64,
    point: Arc<P>,
    scores: Scores,
    training: Option<String>,
    measurement: Option<String>,
}

impl<P> Candidate<P> {
    fn came_to(self, gate: Gate, outcome: Outcome, judged: Judged) -> Evaluation {
        Evaluation {
            gate,
            outcome,
            scores: self.scores,
            judged,
            training: self.training,
            measurement: self.measurement,
        }
    }

    fn failed(self, gate: Gate, why: String) -> Evaluation {
        self.came_to(gate, Outcome::Failed(why), Judged::failed())
    }

    fn rejected(self, gate: Gate, broken: &[Violation]) -> Evaluation {
        let texts: Vec<_> = broken.iter().map(ToString::to_string).collect();
        let judged = Judged::rejected(broken, None);
        self.came_to(gate, Outcome::Infeasible(texts.join("; ")), judged)
    }
}

impl<E: Evaluator> Bench<E> {
    /// Whether something new may be begun; what runs is finished in any case.
    pub(super) fn may_begin(&self) -> bool {
        !(self.interrupt.finish.is_requested()
            || self.interrupt.now.is_requested()
            || self.failed.is_requested()
            || self.clock.is_over())
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evaluates a candidate gate by gate, in the order of their cost.
    pub(super) async fn evaluate(
        &self,
        number: u64,
        point: Arc<E::Point>,
        key: String,
    ) -> Result<Evaluation, Halt> {
        let mut candidate = Candidate {
            number,
            point,
            scores: Scores::default(),
            training: None,
            measurement: None,
        };
        let built = match self.build(&candidate).await? {
            Ok(built) => built,
            Err(why) => return Ok(candidate.failed(Gate::Static, why)),
        };
        // A bound of RAM rejects, but is no measurement.
        let broken = self.statically_broken(&built.scores);
        candidate.scores = built.scores;
        candidate.scores.0.remove(&Metric::PeakRam);
        if !broken.is_empty() {
            return Ok(candidate.rejected(Gate::Static, &broken));
        }

        if self.settings.measures_untrained() {
            self.begin(number, Stage::MeasuringUntrained)?;
            match self.measure(&mut candidate, built.model).await? {
                Ok(measured) => candidate.scores.merge(&measured.scores),
                Err(why) => return Ok(candidate.failed(Gate::Measured, why)),
            }
            let broken = self.settings.goals.violations(&candidate.scores);
            if !broken.is_empty() {
                return Ok(candidate.rejected(Gate::Measured, &broken));
            }
        }

        let trained = match self.train(&mut candidate, &key).await? {
            Ok(trained) => trained,
            Err(why) => return Ok(candidate.failed(Gate::Trained, why)),
        };
        candidate.scores.merge(&Scores::from_iter([(
            Metric::Flash,
            trained.model.len() as f64,
        )]));
        candidate.scores.merge(&trained.scores);
        self.say(number, Stage::Measuring);
        match self.measure(&mut candidate, trained.model.into()).await? {
            Ok(measured) => candidate.scores.merge(&measured.scores),
            Err(why) => return Ok(candidate.failed(Gate::Trained, why)),
        }
        self.judge(candidate)
    }

    fn judge(&self, candidate: Candidate<E::Point>) -> Result<Evaluation, Halt> {
        let goals = &self.settings.goals;
        let unknown = goals
            .metrics()
            .into_iter()
            .find(|m| candidate.scores.get(*m).is_none());
        if let Some(metric) = unknown {
            return Err(Halt::Bench(format!(
                "nothing here can tell the {metric} of a network"
            )));
        }
        let broken = goals.violations(&candidate.scores);
        if broken.is_empty() {
            let told = goals.told(&candidate.scores);
            let judged = Judged {
                told,
                broken: Vec::new(),
            };
            return Ok(candidate.came_to(Gate::Trained, Outcome::Complete, judged));
        }
        let objectives = goals.told(&candidate.scores).objectives;
        let mut evaluation = candidate.rejected(Gate::Trained, &broken);
        evaluation.judged.told.objectives = objectives;
        Ok(evaluation)
    }

    /// What is broken for certain: the RAM known without a board is a lower bound.
    fn statically_broken(&self, scores: &Scores) -> Vec<Violation> {
        let mut broken = self.settings.goals.violations(scores);
        broken.retain(|violation| {
            let limit = &violation.constraint;
            limit.metric != Metric::PeakRam || limit.relation.is_upper()
        });
        broken
    }

    async fn build(&self, candidate: &Candidate<E::Point>) -> Result<Verdict<Built>, Halt> {
        self.begin(candidate.number, Stage::Building)?;
        let (evaluator, point) = (self.evaluator.clone(), candidate.point.clone());
        let built = spawn_blocking(move || evaluator.build(&point)).await;
        verdict(
            built.map_err(|error| panicked("building", candidate.number, &error))?,
            |built| &built.scores,
        )
    }

    async fn train(
        &self,
        candidate: &mut Candidate<E::Point>,
        key: &str,
    ) -> Result<Verdict<Trained>, Halt> {
        let number = candidate.number;
        let seed = training_seed(self.settings.seed, key);
        let key = self.evaluator.training_key(&candidate.point, seed);
        candidate.training = Some(key.clone());
        let claim = self.claim(format!("training {key}"));
        let _claimed = claim.lock().await;
        if let Some(stored) = self.store().training(&key)? {
            return Ok(stored);
        }
        self.begin(number, Stage::Queued)?;
        // The semaphore is never closed.
        let _permit = self.trainers.acquire().await.map_err(|_| Halt::Stopped)?;
        self.begin(number, Stage::Training)?;
        let (evaluator, point) = (self.evaluator.clone(), candidate.point.clone());
        let stop = self.interrupt.now.clone();
        let trained = spawn_blocking(move || evaluator.train(&point, seed, &stop)).await;
        let trained = trained.map_err(|error| panicked("training", number, &error))?;
        let verdict = verdict(trained, |trained| &trained.scores)?;
        self.store().put_training(&key, &verdict)?;
        Ok(verdict)
    }

    async fn measure(
        &self,
        candidate: &mut Candidate<E::Point>,
        model: Arc<[u8]>,
    ) -> Result<Verdict<Measured>, Halt> {
        let key = self.evaluator.measurement_key(&model);
        candidate.measurement = Some(key.clone());
        let claim = self.claim(format!("measurement {key}"));
        let _claimed = claim.lock().await;
        if let Some(stored) = self.store().measurement(&key)? {
            return Ok(stored);
        }
        let measured = self.evaluator.measure(model).await;
        let verdict = verdict(measured, |measured| &measured.scores)?;
        self.store().put_measurement(&key, &verdict)?;
        Ok(verdict)
    }

    fn claim(&self, key: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.entry(key).or_default().clone()
    }

    fn begin(&self, trial: u64, stage: Stage) -> Result<(), Halt> {
        if !self.may_begin() {
            return Err(Halt::Stopped);
        }
        self.say(trial, stage);
        Ok(())
    }

    pub(super) fn say(&self, trial: u64, stage: Stage) {
        self.tell(Event::Stage { trial, stage });
    }

    /// Whether anybody listens does not matter.
    pub(super) fn tell(&self, event: Event<E::Point>) {
        let _ = self.observer.send(event);
    }
}

/// A candidate's own failure is a result; anything else is none.
fn verdict<T>(
    answer: Result<T, Failure>,
    scores: impl Fn(&T) -> &Scores,
) -> Result<Verdict<T>, Halt> {
    match answer {
        Ok(answer) => match scores(&answer)
            .0
            .iter()
            .find(|(_, value)| !value.is_finite())
        {
            Some((metric, value)) => Err(Halt::Bench(format!(
                "{value} was told as the {metric} of a network"
            ))),
            None => Ok(Ok(answer)),
        },
        Err(Failure::Candidate(why)) => Ok(Err(why)),
        Err(Failure::Bench(why)) => Err(Halt::Bench(why)),
        Err(Failure::Stopped) => Err(Halt::Stopped),
    }
}

fn panicked(what: &str, number: u64, error: &JoinError) -> Halt {
    Halt::Bench(format!(
        "{what} trial {number} ended in a panic, which is a bug: {error}"
    ))
}
