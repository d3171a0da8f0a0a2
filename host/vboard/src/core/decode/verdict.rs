//! What a core makes of an encoding, for whoever compares decoders.

use super::decode;
use crate::core::{insn::Op, model::Core};

/// What an encoding is to a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An instruction.
    Defined,
    /// UNDEFINED: it raises a UsageFault (Armv6-M: a HardFault).
    Undefined,
    /// UNPREDICTABLE: executing it stops the machine.
    Unpredictable,
    /// For a coprocessor that is not there (UsageFault NOCP).
    NoCoprocessor,
}

/// What the instruction whose halfwords are `first` and, if it is wide, `second` is to `core` in
/// IT state `it` (EPSR.IT; 0 outside of IT blocks).
pub fn verdict(core: &Core, it: u8, first: u16, second: u16) -> Verdict {
    match decode(core.isa(), 0x1000, it, first, second).op {
        Op::Undefined => Verdict::Undefined,
        Op::Unpredictable { .. } => Verdict::Unpredictable,
        Op::Coprocessor { .. } => Verdict::NoCoprocessor,
        _ => Verdict::Defined,
    }
}
