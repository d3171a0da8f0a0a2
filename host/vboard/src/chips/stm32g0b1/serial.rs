//! The eight serial interfaces (RM0444, tables "Peripheral register boundary addresses" and "Vector table", section
//! "USART implementation").

use crate::chips::{
    serial::Port,
    usart::layout::{FIFO, PRESCALED},
};

/// All of them. Those without FIFOs are the basic ones.
pub(crate) const PORTS: &[Port] = &[
    Port::new(0x4001_3800, "USART1", 27, &FIFO),
    Port::new(0x4000_4400, "USART2", 28, &FIFO),
    Port::new(0x4000_4800, "USART3", 29, &FIFO),
    Port::new(0x4000_4C00, "USART4", 29, &PRESCALED),
    Port::new(0x4000_5000, "USART5", 29, &PRESCALED),
    Port::new(0x4001_3C00, "USART6", 29, &PRESCALED),
    Port::new(0x4000_8000, "LPUART1", 29, &FIFO).low_power(),
    Port::new(0x4000_8400, "LPUART2", 28, &FIFO).low_power(),
];
