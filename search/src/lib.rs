//! Searching for networks: spaces, strategies, objectives, and the study that runs them.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`architecture`], [`space`] | which networks there are |
//! | [`strategy`] | which one to try next |
//! | [`metric`], [`objective`] | what is better, and what is not allowed |
//! | [`front`], [`hypervolume`] | dominance, and what a front is worth |
//! | [`benchmark`] | published problems that strategies are judged by |
//! | [`evaluator`] | who is asked how good a network is |
//! | [`trial`], [`study`], [`store`] | the loop, and what it keeps |
//! | [`wording`] | how numbers are said to people |
//!
//! Nothing here knows a probe or a trainer: a study asks an [`evaluator::Evaluator`].

pub mod architecture;
pub mod benchmark;
pub mod domain;
pub mod evaluator;
pub mod front;
pub mod hypervolume;
pub mod metric;
pub mod objective;
pub mod space;
pub mod store;
pub mod strategy;
pub mod study;
pub mod trial;
pub mod wording;
mod written;
