//! Study files, and what answers a search: training, export and measurement on boards.

pub mod file;
