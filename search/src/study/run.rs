//! The coordinator: asks, launches, and folds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::domain::Domain;
use crate::evaluator::{Evaluator, Stop};
use crate::store::{Asked, Fold, Store, StoreError};
use crate::strategy::Strategy;
use crate::trial::Trial;

use super::bench::{Bench, Clock, Evaluation, Halt};
use super::ending::{Ending, Rule};
use super::event::{Event, Stage};
use super::settings::Settings;
use super::summary::{Judged, Progress, Summary};
use super::{Study, StudyError};

/// A candidate that was there before is asked again so often, then the earlier result is reused.
const ASKS: usize = 16;

/// A study that runs.
struct Run<'a, D: Domain, S, E: Evaluator<Point = D::Point>> {
    domain: &'a D,
    strategy: S,
    bench: Arc<Bench<E>>,
    rule: Rule,
    progress: Progress,
    /// Folded trials in order, for those that repeat them.
    folded: Vec<(Trial<D::Point>, Judged)>,
    /// Asked for and not folded, in order.
    open: VecDeque<Asked<D::Point>>,
    /// The next one to send on its way.
    next: u64,
    running: JoinSet<(u64, Result<Evaluation, Halt>)>,
    /// On its way back, not folded yet.
    done: BTreeMap<u64, Evaluation>,
}

pub(super) async fn run<D, S, E>(
    study: Study<'_, D, S, E>,
    store: Store,
) -> Result<(Ending, Summary), StudyError>
where
    D: Domain,
    S: Strategy<D> + Serialize + DeserializeOwned,
    E: Evaluator<Point = D::Point>,
{
    let mut run = Run::restore(study, store)?;
    let ending = run.drive().await;
    if ending.is_err() {
        run.bench.interrupt.now.request();
    }
    run.running.shutdown().await;
    let Run {
        bench, progress, ..
    } = run;
    // With no trial on its way nobody else holds the store.
    let closed = Arc::into_inner(bench).map(|bench| bench.store.into_inner());
    let ending = ending?;
    if let Some(Ok(store)) = closed {
        store.close()?;
    }
    Ok((ending, progress.summary))
}

impl<'a, D, S, E> Run<'a, D, S, E>
where
    D: Domain,
    S: Strategy<D> + Serialize + DeserializeOwned,
    E: Evaluator<Point = D::Point>,
{
    fn restore(study: Study<'a, D, S, E>, store: Store) -> Result<Self, StudyError> {
        let settings = Settings::of(&store)?;
        let mut rule = Rule::new(&study.limits, settings.window.max(1));
        let mut progress = Progress::new(&settings.goals);
        let folded: Vec<(Trial<D::Point>, Judged)> =
            store.trials()?.into_iter().zip(store.told()?).collect();
        for (trial, judged) in &folded {
            progress.add(trial, judged);
            rule.look(trial, &progress);
        }
        let open = store.asked()?.into();
        let strategy = store.strategy()?.unwrap_or(study.strategy);
        let spent = store.info()?.spent;
        let bench = Bench {
            evaluator: study.evaluator,
            settings,
            store: Mutex::new(store),
            trainers: Semaphore::new(study.limits.trainers.max(1)),
            observer: study.observer,
            interrupt: study.interrupt,
            failed: Stop::default(),
            clock: Clock {
                before: spent,
                start: Instant::now(),
                limit: study.limits.time,
            },
            claims: Mutex::default(),
        };
        let next = progress.summary.folded;
        bench.tell(Event::Begun {
            folded: next,
            trials: rule.limit(),
            spent,
        });
        Ok(Self {
            domain: study.domain,
            strategy,
            bench: Arc::new(bench),
            rule,
            progress,
            folded,
            open,
            next,
            running: JoinSet::new(),
            done: BTreeMap::new(),
        })
    }

    /// Asking comes first, and one trial is folded at a time: so each is asked for when exactly as
    /// many are folded as the window says.
    async fn drive(&mut self) -> Result<Ending, StudyError> {
        let window = self.bench.settings.window.max(1);
        let mut failure = None;
        loop {
            while (self.open.len() as u64) < window {
                self.ask()?;
            }
            if self.fold()? {
                continue;
            }
            self.launch();
            let Some(back) = self.running.join_next().await else {
                break;
            };
            if let Err(error) = self.take(back) {
                self.bench.failed.request();
                match error {
                    StudyError::Store(_) => return Err(error),
                    StudyError::Bench { .. } => failure = failure.or(Some(error)),
                }
            }
        }
        match failure {
            Some(error) => Err(error),
            None if self.progress.summary.folded >= self.rule.limit() => Ok(self.rule.ending()),
            None if self.bench.clock.is_over() => Ok(Ending::Time),
            None => Ok(Ending::Interrupted),
        }
    }

    fn ask(&mut self) -> Result<(), StoreError> {
        let number = self.progress.summary.folded + self.open.len() as u64;
        let mut store = self.bench.store();
        let mut proposal = None;
        for _ in 0..ASKS {
            let point = self.strategy.ask(self.domain);
            let key = self.domain.key(&point);
            let same_as = store.first_of_key(&key)?;
            let is_new = same_as.is_none();
            proposal = Some(Asked {
                number,
                point,
                key,
                same_as,
            });
            if is_new {
                break;
            }
        }
        if let Some(asked) = proposal {
            store.ask(&asked, &self.strategy)?;
            self.open.push_back(asked);
        }
        Ok(())
    }

    /// Folds the first open trial if its result is there.
    fn fold(&mut self) -> Result<bool, StoreError> {
        let number = self.progress.summary.folded;
        if number >= self.rule.limit() {
            return Ok(false);
        }
        let evaluation = match self.open.front().and_then(|asked| asked.same_as) {
            Some(earlier) => self.repeat(earlier)?,
            None => self.done.remove(&number),
        };
        let Some(evaluation) = evaluation else {
            return Ok(false);
        };
        let Some(asked) = self.open.pop_front() else {
            return Ok(false);
        };
        self.strategy.tell(&asked.point, &evaluation.judged.told);
        let fold = Fold {
            number,
            gate: evaluation.gate,
            outcome: &evaluation.outcome,
            scores: &evaluation.scores,
            told: &evaluation.judged,
            training: evaluation.training.as_deref(),
            measurement: evaluation.measurement.as_deref(),
            seconds: self.bench.clock.spent().as_secs_f64(),
        };
        self.bench.store().fold(&fold, &self.strategy)?;
        let trial = Trial {
            number,
            point: asked.point,
            key: asked.key,
            gate: evaluation.gate,
            outcome: evaluation.outcome,
            scores: evaluation.scores,
            same_as: asked.same_as,
        };
        self.progress.add(&trial, &evaluation.judged);
        self.rule.look(&trial, &self.progress);
        self.next = self.next.max(number + 1);
        self.tell_folded(&trial);
        self.folded.push((trial, evaluation.judged));
        Ok(true)
    }

    /// The result of an earlier trial, which was folded before the one that repeats it.
    fn repeat(&self, earlier: u64) -> Result<Option<Evaluation>, StoreError> {
        let index = usize::try_from(earlier).unwrap_or(usize::MAX);
        let Some((trial, judged)) = self.folded.get(index) else {
            return Ok(None);
        };
        let (training, measurement) = self.bench.store().keys(earlier)?;
        Ok(Some(Evaluation {
            gate: trial.gate,
            outcome: trial.outcome.clone(),
            scores: trial.scores.clone(),
            judged: judged.clone(),
            training,
            measurement,
        }))
    }

    /// Sends open trials on their way. They wait for trainers and boards there, in their order.
    fn launch(&mut self) {
        let first = self.progress.summary.folded;
        let limit = self.rule.limit();
        for asked in self.open.iter().skip((self.next - first) as usize) {
            if asked.number >= limit || !self.bench.may_begin() {
                break;
            }
            self.next = asked.number + 1;
            if asked.same_as.is_none() {
                let (bench, number) = (self.bench.clone(), asked.number);
                bench.tell(Event::Launched {
                    trial: number,
                    point: asked.point.clone(),
                });
                let (point, key) = (Arc::new(asked.point.clone()), asked.key.clone());
                self.running
                    .spawn(async move { (number, bench.evaluate(number, point, key).await) });
            }
        }
    }

    fn take(
        &mut self,
        back: Result<(u64, Result<Evaluation, Halt>), JoinError>,
    ) -> Result<(), StudyError> {
        let first = self.progress.summary.folded;
        let (trial, result) = back.map_err(|error| StudyError::Bench {
            trial: first,
            what: format!("the evaluator panicked, which is a bug: {error}"),
        })?;
        match result {
            Ok(evaluation) => {
                self.bench.say(trial, Stage::Done);
                self.done.insert(trial, evaluation);
                Ok(())
            }
            Err(Halt::Stopped) => Ok(()),
            Err(Halt::Bench(what)) => Err(StudyError::Bench { trial, what }),
            Err(Halt::Store(error)) => Err(error.into()),
        }
    }

    fn tell_folded(&self, trial: &Trial<D::Point>) {
        let summary = self.progress.summary.clone();
        let spent = self.bench.clock.spent();
        let remaining = self.rule.limit().saturating_sub(summary.folded);
        let guess = spent.as_secs_f64() / summary.folded as f64 * remaining as f64;
        let guess = Duration::try_from_secs_f64(guess).unwrap_or(Duration::MAX);
        let cap = self
            .bench
            .clock
            .limit
            .map(|limit| limit.saturating_sub(spent));
        let left = cap.map_or(guess, |cap| cap.min(guess));
        self.bench.tell(Event::Folded {
            trial: trial.clone(),
            summary,
            spent,
            left,
        });
    }
}
