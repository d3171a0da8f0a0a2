//! What debuggers find: the debug support block and the ROM tables.

use crate::chips::{
    coresight::{Component, Components, Id, Kind},
    register::{Bank, Register},
};

/// Device 0x467 (STM32G0B1/G0C1), revision Z (RM0444, DBG_IDCODE).
const IDCODE: u32 = 0x1001_6467;

const DBG_REGISTERS: &[Register] = &[
    Register::new(0x00, "IDCODE", IDCODE, 0),
    // Whether stop and standby keep the clocks.
    Register::new(0x04, "CR", 0, 6),
    // Peripherals to stop while the core is halted: kept, not acted upon.
    Register::new(0x08, "APB_FZ1", 0, 0xC020_1C37),
    Register::new(0x0C, "APB_FZ2", 0, 0x0007_8800),
];

/// The debug support block after reset (RM0444, chapter "Debug support").
pub(crate) fn dbg() -> Bank {
    Bank::new("DBG", DBG_REGISTERS)
}

/// The core's ROM table (DDI 0484, tables 7-1 and 7-2), and that of Arm's integration layer, which the access port
/// points to and which points to the core's.
pub(crate) const COMPONENTS: Components = Components(&[
    Component {
        base: 0xE00F_F000,
        kind: Kind::RomTable {
            // SCS, DWT, BPU.
            entries: &[0xFFF0_F003, 0xFFF0_2003, 0xFFF0_3003],
            id: Id::arm(0x4C0),
        },
    },
    Component {
        base: 0xF000_0000,
        kind: Kind::RomTable {
            entries: &[0xF00F_F003],
            id: Id::st(0x467),
        },
    },
]);
