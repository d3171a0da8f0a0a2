//! Operators that remember: what they keep from one inference to the next is in variable tensors.

pub(crate) mod lstm;
pub(crate) mod svdf;
#[cfg(test)]
mod tests;
