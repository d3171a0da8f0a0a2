//! What the debug port and the access port of a core say about themselves.

use crate::core::model::Model;

/// Identification registers, which differ with the core that the ports came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// DPIDR of the SW-DP: designer Arm.
    pub dp: u32,
    /// TARGETID of the SW-DP, which says what chip this is; `None` in a port of version 1, which has no such register.
    pub target: Option<u32>,
    /// IDR of access port 0: a MEM-AP of class AMBA AHB3, designer Arm.
    pub ap: u32,
    /// BASE of access port 0: where the ROM table is, and that it is present.
    pub rom_table: u32,
}

impl Identity {
    /// Those of an STM32 with this core.
    ///
    /// The values of the M0+ are what an STM32L072 answers (a log of the Black Magic Probe's);
    /// its ROM table is that of Arm's integration layer, which points to the core's own.
    /// Those of the M7 are the TRM's (DDI 0489) and what an STM32F746 answers; its TARGETID is made by the rule of ST's note
    /// on multi-drop SWD, which does not list this chip: device 0x449 where an STM32F76x has 0x451 and an STM32F72x 0x452.
    pub fn of(model: Model) -> Self {
        let (dp, target, ap, rom_table) = match model {
            // Version 1, without pushed operations.
            Model::CortexM0Plus => (0x0BC1_1477, None, 0x0477_0031, 0xF000_0003),
            Model::CortexM3 | Model::CortexM4 => (0x2BA0_1477, None, 0x2477_0011, 0xE00F_F003),
            // Version 2.
            Model::CortexM7 => (0x5BA0_2477, Some(0x0449_0041), 0x7477_0001, 0xE00F_D003),
        };
        Identity {
            dp,
            target,
            ap,
            rom_table,
        }
    }
}

impl Default for Identity {
    /// A Cortex-M4's.
    fn default() -> Self {
        Identity::of(Model::CortexM4)
    }
}
