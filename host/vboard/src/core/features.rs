//! What a core says about itself in registers that only tell.

use super::model::{Core, Fpu, Model};

/// ID_PFR0 to ID_ISAR4 (DDI 0403, B4.1; values from the TRMs of Cortex-M3, M4 and M7, table
/// "Identification registers summary"). Armv6-M has none of them.
pub(super) fn registers(core: &Core) -> [u32; 13] {
    let instructions = match core.model {
        Model::CortexM0Plus => return [0; 13],
        Model::CortexM3 => [
            0x0110_1110,
            0x0211_1000,
            0x2111_2231,
            0x0111_1110,
            0x0131_0132,
        ],
        Model::CortexM4 => [
            0x0114_1110,
            0x0211_2000,
            0x2123_2231,
            0x0111_1131,
            0x0131_0132,
        ],
        Model::CortexM7 => [
            0x0110_1110,
            0x0211_2000,
            0x2023_2231,
            0x0111_1131,
            0x0131_0132,
        ],
    };
    let [a, b, c, d, e] = instructions;
    [
        0x0000_0030,
        0x0000_0200,
        0x0010_0000,
        0x0000_0000,
        0x0010_0030,
        0x0000_0000,
        0x0100_0000,
        0x0000_0000,
        a,
        b,
        c,
        d,
        e,
    ]
}

/// MVFR0 to MVFR2: what the floating-point unit has.
pub(super) fn media(core: &Core) -> [u32; 3] {
    match core.fpu {
        None => [0; 3],
        Some(Fpu::Fpv4Sp) => [0x1011_0021, 0x1100_0011, 0],
        // VFP_Misc = 4: rounding to integers, selection, maxNum and minNum.
        Some(Fpu::Fpv5Sp) => [0x1011_0021, 0x1100_0011, 0x40],
    }
}

/// A debug component inside the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    /// System control space.
    Scs,
    /// Watchpoints and trace.
    Dwt,
    /// Breakpoints: FPB, or BPU in Armv6-M.
    Breakpoints,
    /// Software trace.
    Itm,
}

/// CoreSight identification (PIDR4-7, PIDR0-3, CIDR0-3) of a component: designer Arm, class
/// generic IP (the parts' numbers: TRMs, "ROM table" and component identification).
pub(super) fn identification(model: Model, component: Component, offset: u32) -> u32 {
    let part = match (component, model) {
        (Component::Scs, Model::CortexM0Plus) => 0x008,
        (Component::Scs, Model::CortexM3) => 0x000,
        (Component::Scs, Model::CortexM4 | Model::CortexM7) => 0x00c,
        (Component::Dwt, Model::CortexM0Plus) => 0x00a,
        (Component::Dwt, _) => 0x002,
        (Component::Breakpoints, Model::CortexM0Plus) => 0x00b,
        (Component::Breakpoints, Model::CortexM7) => 0x00e,
        (Component::Breakpoints, _) => 0x003,
        (Component::Itm, _) => 0x001,
    };
    match offset {
        0xfd0 => 0x04,
        0xfd4 | 0xfd8 | 0xfdc => 0,
        0xfe0 => part & 0xff,
        0xfe4 => 0xb0 | part >> 8,
        0xfe8 => 0x0b,
        0xfec => 0,
        0xff0 => 0x0d,
        0xff4 => 0xe0,
        0xff8 => 0x05,
        _ => 0xb1,
    }
}
