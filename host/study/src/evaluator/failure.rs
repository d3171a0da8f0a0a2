//! Whose fault a failure is, in the words of a search.

use std::error::Error;

use onchip_harness::with_causes;
use onchip_search::evaluator::Failure;
use onchip_train::quantize::{AccuracyError, QuantizeError};
use onchip_train::trainer::TrainError;

/// The candidate's failure.
pub(super) fn candidate(error: impl Error) -> Failure {
    Failure::Candidate(with_causes(&error))
}

/// Nobody's verdict on the candidate.
pub(super) fn bench(error: impl Error) -> Failure {
    Failure::Bench(with_causes(&error))
}

pub(super) fn training(error: TrainError) -> Failure {
    match error.blames_network() {
        true => candidate(error),
        false => bench(error),
    }
}

pub(super) fn quantizing(error: QuantizeError) -> Failure {
    match error.blames_network() {
        true => candidate(error),
        false => bench(error),
    }
}

pub(super) fn scoring(error: AccuracyError) -> Failure {
    match error {
        AccuracyError::Engine(_) => candidate(error),
        error => bench(error),
    }
}

pub(super) fn measuring(error: onchip_harness::Failure) -> Failure {
    match error {
        onchip_harness::Failure::Candidate(error) => candidate(error),
        onchip_harness::Failure::Bench(error) => bench(error),
    }
}
