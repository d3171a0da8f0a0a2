//! The cycle model of the Cortex-M3.
//!
//! Its pipeline is the Cortex-M4's with another multiplier and no FPU: three stages, a fetch queue of
//! three words, the same three buses, the same pairing of loads and stores (DDI 0337, sections 1.4 and
//! 3.3.2). So it is walked by the same code, and only what the table at the top of `rules.rs` says differs.
//!
//! Nothing has been compared with a whole program on silicon: the fitted rules of the Cortex-M4 come
//! from a Cortex-M4, and which operands end a long multiplication early is not published.

mod rules;

#[cfg(test)]
mod kernels;

use super::m4;

pub(super) use rules::multiply_extra;

/// The timing model of the Cortex-M3's pipeline: a Cortex-M4's with this core's table of instructions.
pub(super) fn pipeline() -> m4::Pipeline {
    m4::Pipeline::with_table(rules::step)
}
