//! A running study as lines of text.

use std::collections::BTreeMap;
use std::time::Duration;

use onchip_harness::{BoardState, BoardStatus};
use onchip_search::architecture::Architecture;
use onchip_search::metric::Metric;
use onchip_search::objective::Goals;
use onchip_search::study::{Event, Stage, Summary};
use onchip_search::trial::{Gate, Outcome, Trial};
use onchip_search::wording::counted;

use super::show;

/// What is known of a study while it runs.
pub(super) struct Picture {
    objectives: Vec<Metric>,
    pub(super) trials: u64,
    pub(super) summary: Summary,
    spent: Duration,
    left: Option<Duration>,
    /// Trials on their way, by number: where they are, and what.
    open: BTreeMap<u64, (Stage, String)>,
}

impl Picture {
    pub(super) fn new(goals: &Goals) -> Picture {
        let objectives = goals.objectives().iter();
        Picture {
            objectives: objectives.map(|objective| objective.metric).collect(),
            trials: 0,
            summary: Summary::default(),
            spent: Duration::ZERO,
            left: None,
            open: BTreeMap::new(),
        }
    }

    /// Takes note of an event. Returns what of it is worth a line of its own.
    pub(super) fn add(&mut self, event: Event<Architecture>) -> Option<String> {
        match event {
            Event::Begun {
                folded,
                trials,
                spent,
            } => {
                (self.trials, self.spent) = (trials, spent);
                self.summary.folded = folded;
                (folded > 0).then(|| format!("goes on after trial {}", folded - 1))
            }
            Event::Launched { trial, point } => {
                let open = (Stage::Building, point.to_string());
                self.open.insert(trial, open);
                None
            }
            Event::Stage { trial, stage } => {
                if let Some(open) = self.open.get_mut(&trial) {
                    open.0 = stage;
                }
                None
            }
            Event::Folded {
                trial,
                summary,
                spent,
                left,
            } => {
                self.open.remove(&trial.number);
                (self.summary, self.spent, self.left) = (summary, spent, Some(left));
                Some(self.line(&trial))
            }
        }
    }

    /// How far the study is.
    pub(super) fn clock(&self) -> String {
        let left = self
            .left
            .map(|left| format!(", about {} left", show::time(left)));
        format!("{}{}", show::time(self.spent), left.unwrap_or_default())
    }

    /// The front, and what is best on it.
    pub(super) fn front(&self) -> String {
        let Summary {
            front,
            best,
            hypervolume,
            closest,
            ..
        } = &self.summary;
        if front.is_empty() {
            return match closest {
                Some((trial, excess)) => format!(
                    "no network keeps all constraints yet; trial {trial} is nearest, {} over",
                    show::quantity(Metric::Error, *excess)
                ),
                None => "no network is complete yet".to_owned(),
            };
        }
        let best = self
            .objectives
            .iter()
            .zip(best)
            .map(|(metric, (_, value))| {
                let metric = metric.as_minimised();
                format!("{} {}", metric.name(), show::quantity(metric, *value))
            });
        let best = best.collect::<Vec<_>>().join(", ");
        let networks = counted(front.len(), "network");
        format!("front: {networks}, hypervolume {hypervolume:.4}; best {best}")
    }

    /// What the gates saved.
    pub(super) fn gates(&self) -> String {
        let Summary {
            complete,
            rejected,
            failed,
            repeated,
            ..
        } = &self.summary;
        let at = |gate| rejected.get(&gate).copied().unwrap_or(0);
        format!(
            "gates: {} rejected without a board, {} measured untrained, {} trained; {} failed, \
             {repeated} repeated, {complete} complete",
            at(Gate::Static),
            at(Gate::Measured),
            at(Gate::Trained),
            failed.values().sum::<u64>(),
        )
    }

    /// Trials on their way, the oldest first.
    pub(super) fn open(&self) -> impl Iterator<Item = String> {
        let open = self.open.iter();
        open.map(|(number, (stage, text))| format!("trial {number}: {} {text}", name(*stage)))
    }

    fn line(&self, trial: &Trial<Architecture>) -> String {
        let number = trial.number;
        let of = self.trials;
        let known = show::quantities(&self.objectives, &trial.scores);
        let same = trial.same_as.map(|same| format!(" (as trial {same})"));
        let same = same.unwrap_or_default();
        match &trial.outcome {
            Outcome::Complete => {
                let on_front = self.summary.front.contains(&number);
                let mark = if on_front { "on the front" } else { "complete" };
                format!(
                    "trial {number} of {of}{same}: {mark}: {known}; {}",
                    trial.point
                )
            }
            Outcome::Infeasible(why) => {
                let gate = gate(trial.gate);
                format!(
                    "trial {number} of {of}{same}: rejected {gate}: {why}; {}",
                    trial.point
                )
            }
            Outcome::Failed(why) => {
                format!(
                    "trial {number} of {of}{same}: failed: {why}; {}",
                    trial.point
                )
            }
        }
    }
}

/// What boards do.
pub(super) fn boards(boards: &[BoardStatus]) -> String {
    let boards = boards.iter().map(|board| {
        let state = match board.state {
            BoardState::Idle => "idle",
            BoardState::Busy => "busy",
            BoardState::Quarantined => "out of service",
        };
        format!("{} {state} ({})", board.name, board.measured)
    });
    format!("boards: {}", boards.collect::<Vec<_>>().join(", "))
}

fn gate(gate: Gate) -> &'static str {
    match gate {
        Gate::Static => "without a board",
        Gate::Measured => "before training",
        Gate::Trained => "after training",
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Building => "being built",
        Stage::MeasuringUntrained => "measured untrained",
        Stage::Queued => "waits for a trainer",
        Stage::Training => "training",
        Stage::Measuring => "measured",
        Stage::Done => "done",
    }
}
