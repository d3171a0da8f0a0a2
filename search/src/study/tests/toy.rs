//! A search whose answers are formulas and whose answering times are random.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::domain::{Domain, Rng};
use crate::evaluator::{Built, Evaluator, Failure, Measured, Stop, Trained};
use crate::metric::{Metric, Scores};
use crate::objective::{Goals, Objective};
use crate::store::{Definition, Store, StoreError};
use crate::strategy::AnyStrategy;
use crate::study::{
    Ending, Event, Interrupt, Judged, Limits, Settings, Study, StudyError, Summary, Untrained,
};
use crate::trial::Trial;

/// Width and depth, each below [`Grid::0`].
pub(super) type Point = [u32; 2];

#[derive(Clone)]
pub(super) struct Grid(pub(super) u32);

impl Domain for Grid {
    type Point = Point;

    fn sample(&self, rng: &mut Rng) -> Point {
        [(); 2].map(|()| rng.random_range(0..self.0))
    }

    fn neighbour(&self, point: &Point, rng: &mut Rng) -> Point {
        let mut near = *point;
        near[rng.random_range(0..2)] = rng.random_range(0..self.0);
        near
    }

    fn crossover(&self, left: &Point, right: &Point, rng: &mut Rng) -> Point {
        if rng.random() {
            [left[0], right[1]]
        } else {
            [right[0], left[1]]
        }
    }

    fn key(&self, point: &Point) -> String {
        format!("{}x{}", point[0], point[1])
    }
}

/// Answers by formulas, after random times.
pub(super) struct Toy {
    delays: Mutex<Rng>,
    boards: Semaphore,
    /// The bench fails at this measurement, counted from 0.
    fails_at: Option<u32>,
    pub(super) measurements: AtomicU32,
    pub(super) trainings: AtomicU32,
    /// Keys of what was asked for: nothing is asked for twice.
    seen: Mutex<BTreeSet<String>>,
}

impl Toy {
    fn delay(&self) -> Duration {
        Duration::from_micros(self.delays.lock().unwrap().random_range(0..1500))
    }

    fn is_new(&self, key: String) -> bool {
        self.seen.lock().unwrap().insert(key)
    }
}

impl Evaluator for Toy {
    type Point = Point;

    fn build(&self, &[width, depth]: &Point) -> Result<Built, Failure> {
        if width == 3 && depth == 3 {
            return Err(Failure::Candidate("3x3 cannot be built".to_owned()));
        }
        let model: Arc<[u8]> = json!(["untrained", width, depth])
            .to_string()
            .into_bytes()
            .into();
        let scores = [
            (Metric::Flash, model.len() as f64),
            (Metric::Parameters, f64::from(width * depth)),
            (Metric::PeakRam, f64::from(width * 10)),
        ];
        Ok(Built {
            model,
            scores: scores.into_iter().collect(),
        })
    }

    fn training_key(&self, point: &Point, seed: u64) -> String {
        format!("{point:?} {seed}")
    }

    fn train(&self, point: &Point, seed: u64, stop: &Stop) -> Result<Trained, Failure> {
        assert!(self.is_new(self.training_key(point, seed)));
        self.trainings.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.delay());
        let [width, depth] = *point;
        if stop.is_requested() {
            return Err(Failure::Stopped);
        }
        if width == 0 {
            return Err(Failure::Candidate("diverged".to_owned()));
        }
        let luck = (seed % 1000) as f64 / 1e5;
        let error = 1.0 / f64::from(2 + width + depth) + luck;
        Ok(Trained {
            model: json!(["trained", width, depth]).to_string().into_bytes(),
            scores: Scores::from_iter([(Metric::ValidationError, error)]),
            history: json!({"luck": luck}),
        })
    }

    fn measurement_key(&self, model: &[u8]) -> String {
        String::from_utf8(model.to_vec()).unwrap()
    }

    async fn measure(&self, model: Arc<[u8]>) -> Result<Measured, Failure> {
        assert!(self.is_new(self.measurement_key(&model)));
        let _board = self.boards.acquire().await.unwrap();
        let delay = self.delay();
        tokio::time::sleep(delay).await;
        if Some(self.measurements.fetch_add(1, Ordering::Relaxed)) == self.fails_at {
            return Err(Failure::Bench("probe lost".to_owned()));
        }
        let (_, width, depth): (String, u32, u32) = serde_json::from_slice(&model).unwrap();
        if depth == 6 {
            return Err(Failure::Candidate("hard fault".to_owned()));
        }
        let latency = f64::from(1 + width * width + depth);
        let scores = [
            (Metric::LatencyMs, latency),
            (Metric::PeakRam, f64::from(width * 10 + 5)),
        ];
        Ok(Measured {
            scores: scores.into_iter().collect(),
            record: json!({"ms": latency}),
        })
    }
}

/// One run of a toy study.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) grid: u32,
    pub(super) strategy: &'static str,
    pub(super) window: u64,
    pub(super) constraints: &'static [&'static str],
    pub(super) untrained: Untrained,
    pub(super) until: &'static [&'static str],
    pub(super) limits: Limits,
    pub(super) boards: usize,
    pub(super) delays: u64,
    pub(super) fails_at: Option<u32>,
    pub(super) fuse: Option<u32>,
    /// Somebody asks to stop after so many folds.
    pub(super) stop_after: Option<u64>,
}

pub(super) fn setup() -> Setup {
    Setup {
        grid: 8,
        strategy: r#"{"kind": "nsga2", "population": 6}"#,
        window: 4,
        constraints: &["latency_ms < 40", "parameters <= 30"],
        untrained: Untrained::Auto,
        until: &[],
        limits: Limits {
            trials: 14,
            time: None,
            until: vec![],
            patience: None,
            trainers: 2,
        },
        boards: 2,
        delays: 0,
        fails_at: None,
        fuse: None,
        stop_after: None,
    }
}

/// How a run ended, what it said, and who answered it.
type Watched = (
    Result<(Ending, Summary), StudyError>,
    Vec<Event<Point>>,
    Arc<Toy>,
);

/// All of a study that two runs are compared by.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) trials: Vec<Trial<Point>>,
    pub(super) judged: Vec<Judged>,
    models: Vec<Option<Vec<u8>>>,
    records: Vec<Option<serde_json::Value>>,
    strategy: Option<serde_json::Value>,
}

pub(super) fn table(path: &Path) -> Table {
    let store = Store::open_read(path).unwrap();
    let trials = store.trials().unwrap();
    let numbers = 0..trials.len() as u64;
    Table {
        judged: store.told().unwrap(),
        models: numbers
            .clone()
            .map(|number| store.model(number).unwrap())
            .collect(),
        records: numbers
            .map(|number| store.record(number).unwrap())
            .collect(),
        strategy: store.strategy().unwrap(),
        trials,
    }
}

impl Setup {
    pub(super) fn settings(&self) -> Settings {
        let objectives = [Metric::ValidationError, Metric::LatencyMs].map(Objective::new);
        let constraints = self
            .constraints
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        Settings {
            seed: 11,
            window: self.window,
            goals: Goals::new(objectives.to_vec(), constraints).unwrap(),
            untrained: self.untrained,
        }
    }

    pub(super) fn store(&self, path: &Path) -> Result<Store, StoreError> {
        let definition = Definition {
            name: "toy".to_owned(),
            text: String::new(),
            law: self
                .settings()
                .law(json!({"grid": self.grid, "strategy": self.strategy})),
            provenance: json!({}),
        };
        match Store::is_begun(path) {
            true => Store::resume(path, &definition),
            false => Store::create(path, &definition),
        }
    }

    /// Runs or resumes it.
    pub(super) fn run(&self, path: &Path) -> Result<(Ending, Summary), StudyError> {
        self.watched(path).0
    }

    pub(super) fn watched(&self, path: &Path) -> Watched {
        let store = self.store(path).unwrap();
        if let Some(left) = self.fuse {
            store.fuse.set(left);
        }
        let toy = Arc::new(Toy {
            delays: Mutex::new(Rng::seed_from_u64(self.delays)),
            boards: Semaphore::new(self.boards),
            fails_at: self.fails_at,
            measurements: AtomicU32::default(),
            trainings: AtomicU32::default(),
            seen: Mutex::default(),
        });
        let config = serde_json::from_str(self.strategy).unwrap();
        let (observer, events) = mpsc::channel();
        let interrupt = Interrupt::default();
        let until = self
            .until
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let study = Study {
            domain: &Grid(self.grid),
            strategy: AnyStrategy::new(&config, &self.settings().goals, vec![], 5),
            evaluator: toy.clone(),
            limits: Limits {
                until,
                ..self.limits.clone()
            },
            observer,
            interrupt: interrupt.clone(),
        };
        let stop_after = self.stop_after;
        let listener = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for event in events {
                if let (Event::Folded { summary, .. }, Some(after)) = (&event, stop_after)
                    && summary.folded >= after
                {
                    interrupt.finish.request();
                }
                heard.push(event);
            }
            heard
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let result = runtime.block_on(study.run(store));
        drop(runtime);
        (result, listener.join().unwrap(), toy)
    }
}
