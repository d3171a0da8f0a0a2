//! What a study file's types cannot tell: whether its parts make a study together.

use onchip_search::objective::{Constraint, Goals, GoalsError};
use onchip_search::wording::counted;
use onchip_train::trainer::Loss;

use super::boards;
use super::problem::Problem;
use super::study::{StudyFile, Task};

/// Everything that keeps a study from being run, as far as the file alone tells it.
pub(super) fn check(study: &StudyFile) -> Vec<Problem> {
    let mut problems = boards::check(&study.boards);
    problems.extend(goals(study));
    problems.extend(measured_without_boards(study));
    let mut complain = |path: &str, message: String| problems.push(Problem::at(path, message));

    if let Some(name) = &study.name
        && (name.trim().is_empty() || name.contains(['/', '\\']))
    {
        let message = format!("`{name}` is no name for a folder in `results`");
        complain("name", message);
    }
    if let Err(error) = study.training.validate() {
        let message = format!("it must be {}, not {}", error.wanted, error.found);
        complain(&format!("training.{}", error.field), message);
    }
    if study.task == Task::Classification && study.training.loss == Loss::Reconstruction {
        let message = "`reconstruction` trains no classifier; write cross_entropy".to_owned();
        complain("training.loss", message);
    }
    if let Some(early) = &study.early_stop {
        if early.patience.is_none() && early.target.is_none() {
            complain(
                "early_stop",
                "says nothing; write patience, target or both".to_owned(),
            );
        }
        if early
            .target
            .as_ref()
            .is_some_and(|target| target.penalty.is_some())
        {
            let message = "a target is met or not: write it as a text, without weight".to_owned();
            complain("early_stop.target", message);
        }
    }
    let starts = study.warm_start.len() as u64;
    if starts > study.budget.trials {
        let message = format!(
            "{} to start from, but {}",
            counted(starts, "network"),
            counted(study.budget.trials, "trial")
        );
        complain("warm_start", message);
    }
    problems
}

/// Objectives, constraints, and whether the target of an early stop can be reached among them.
fn goals(study: &StudyFile) -> Vec<Problem> {
    let impossible = study.constraints.iter().enumerate();
    let impossible: Vec<Problem> = impossible
        .filter_map(|(index, constraint)| {
            let error = GoalsError::Impossible(constraint.clone(), constraint.impossible()?);
            let path = format!("constraints[{index}]");
            Some(Problem::at(path, error.to_string()))
        })
        .collect();
    if !impossible.is_empty() {
        return impossible;
    }
    let of = |constraints: Vec<Constraint>| Goals::new(study.objectives.clone(), constraints);
    if let Err(error) = of(study.constraints.clone()) {
        let path = match error {
            GoalsError::Contradiction(..) => "constraints",
            _ => "objectives",
        };
        return vec![Problem::at(path, error.to_string())];
    }
    let target = study
        .early_stop
        .as_ref()
        .and_then(|early| early.target.clone());
    let with_target = study.constraints.iter().cloned().chain(target).collect();
    match of(with_target) {
        Err(error) => vec![Problem::at(
            "early_stop.target",
            format!("never reached: {error}"),
        )],
        Ok(_) => Vec::new(),
    }
}

fn measured_without_boards(study: &StudyFile) -> Vec<Problem> {
    if !study.boards.is_empty() {
        return Vec::new();
    }
    let objectives = study.objectives.iter().map(|objective| objective.metric);
    let constraints = study.constraints.iter().map(|constraint| constraint.metric);
    let target = study
        .early_stop
        .as_ref()
        .and_then(|early| early.target.as_ref());
    let all = (objectives
        .enumerate()
        .map(|(i, metric)| (format!("objectives[{i}]"), metric)))
    .chain(
        constraints
            .enumerate()
            .map(|(i, metric)| (format!("constraints[{i}]"), metric)),
    )
    .chain(target.map(|target| ("early_stop.target".to_owned(), target.metric)));
    all.filter(|(_, metric)| metric.is_measured())
        .map(|(path, metric)| {
            let message = format!("{metric} is measured, but `boards` is empty; list a board");
            Problem::at(path, message)
        })
        .collect()
}
