//! The six serial interfaces (RM0432, "Memory map", "Interrupts and events").

use crate::chips::{serial::Port, usart::layout::FIFO};

/// All of them, in the order of their fields in RCC_CCIPR, two bits each.
pub(crate) const PORTS: &[Port] = &[
    Port::new(0x4001_3800, "USART1", 37, &FIFO),
    Port::new(0x4000_4400, "USART2", 38, &FIFO),
    Port::new(0x4000_4800, "USART3", 39, &FIFO),
    Port::new(0x4000_4C00, "UART4", 52, &FIFO),
    Port::new(0x4000_5000, "UART5", 53, &FIFO),
    Port::new(0x4000_8000, "LPUART1", 70, &FIFO).low_power(),
];
