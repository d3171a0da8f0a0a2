//! Study files from outside: texts in, studies or complaints out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod check;
mod errors;
mod examples;
mod golden;
mod keys;
mod schemas;
