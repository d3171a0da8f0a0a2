//! What debuggers find on the external private peripheral bus.

use crate::chips::{
    coresight::{Component, Components, ENTRIES_M4, ETM_M4, Id, Kind, TPIU_M4},
    register::Register,
};

/// Address and length of DBGMCU (RM0432, section "DBGMCU").
pub(crate) const DBGMCU_WINDOW: (u32, u32) = (0xE004_2000, 0x400);

/// Device 0x470 (STM32L4R/L4S), revision V.
const IDCODE: u32 = 0x101F_0470;

pub(crate) const DBGMCU: &[Register] = &[
    Register::new(0x00, "IDCODE", IDCODE, 0),
    // Whether sleep modes keep the clocks; trace pins are refused.
    Register::new(0x04, "CR", 0, 7).refusing(0xE0),
    // Peripherals to stop while the core is halted: kept, not acted upon.
    Register::new(0x08, "APB1FZR1", 0, 0x82E0_1C3F),
    Register::new(0x0C, "APB1FZR2", 0, 0x22),
    Register::new(0x10, "APB2FZR", 0, 0x0007_2800),
];

/// The trace components and the ROM table, of device 0x470.
pub(crate) const COMPONENTS: Components = Components(&[
    TPIU_M4,
    ETM_M4,
    Component {
        base: 0xE00F_F000,
        kind: Kind::RomTable {
            entries: &ENTRIES_M4,
            id: Id::st(0x470),
        },
    },
]);
