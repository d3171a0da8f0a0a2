//! The six serial interfaces: where they are and what clocks them (RM0432, "Memory map",
//! "Interrupts and events", RCC_CCIPR).

use crate::chips::usart::Kind;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    /// Address of its first register.
    pub(crate) base: u32,
    /// What it is.
    pub(crate) kind: Kind,
}

const fn port(base: u32, name: &'static str, interrupt: usize, low_power: bool) -> Port {
    let kind = Kind {
        name,
        interrupt,
        low_power,
    };
    Port { base, kind }
}

/// All of them, in the order of their fields in RCC_CCIPR, two bits each.
pub(crate) const PORTS: [Port; 6] = [
    port(0x4001_3800, "USART1", 37, false),
    port(0x4000_4400, "USART2", 38, false),
    port(0x4000_4800, "USART3", 39, false),
    port(0x4000_4C00, "UART4", 52, false),
    port(0x4000_5000, "UART5", 53, false),
    port(0x4000_8000, "LPUART1", 70, true),
];

/// The one with a register at `address`.
pub(crate) fn at(address: u32) -> Option<usize> {
    PORTS
        .iter()
        .position(|port| address.wrapping_sub(port.base) < 0x400)
}
