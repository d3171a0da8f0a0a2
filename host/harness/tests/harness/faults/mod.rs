//! Sessions with a board on which things go wrong: never a wrong record, never the candidate's
//! fault, and the next session finds all in order again.

mod flash;
mod matrix;
mod pool;
mod rig;
mod sweep;
