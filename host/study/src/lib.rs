//! Study files, and what answers a search: training, export and measurement on boards.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`mod@file`] | study files: what is searched, on what data, with which goals, boards and budget |
//! | [`check`] | what a study is about to do, told before it begins |
//! | [`plan`] | a study file with its data, its space and its goals |
//! | [`boards`] | the boards that a study file names |
//! | [`evaluator`] | how good a network is: trains it here, measures it there |

pub mod boards;
pub mod check;
pub mod evaluator;
pub mod file;
pub mod plan;
