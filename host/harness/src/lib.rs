//! A session with a board: attach, flash what changed, run, collect, prove.
//!
//! ```text
//! Board (boards/NAME.toml)   Image (ELF)   Candidate (model + input, passed by the host engine)
//!            \                    |                     /
//!             Session: attach → flash → start → collect → prove → Record
//! ```
//!
//! A [`BoardPool`] measures on several boards of one kind, and copes with those that fail.
//!
//! Nothing here knows whether a board is real: a virtual one is a probe-rs probe like any other.
//! What goes wrong is either the candidate's fault or the bench's, see [`Failure`].

pub mod board;
mod candidate;
mod failure;
mod flash;
mod image;
mod input;
mod link;
mod pool;
mod probes;
mod prove;
pub mod record;
mod run;
mod series;
mod session;
mod transcript;
mod worker;

pub use board::{Board, BoardError};
pub use candidate::{Candidate, PrepareError};
pub use failure::{
    BenchFailure, CandidateFailure, Failure, Phase, ProbeCause, Registers, with_causes,
};
pub use image::{Image, ImageError};
pub use input::{Input, InputError};
pub use onchip_protocol::Message;
pub use onchip_protocol::order::{Drill, Order};
pub use pool::{BoardPool, BoardState, BoardStatus, Seat, VirtualSeat};
pub use probes::{ProbeChoice, ProbeError, connected_probes, find_probe, selector_text};
pub use prove::ProofError;
pub use record::Record;
pub use session::{Event, Observer, Session};
