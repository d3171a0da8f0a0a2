//! Inner loops, and all of the crate's `unsafe`.

pub(crate) mod cast;
