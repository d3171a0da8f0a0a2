//! The serial interfaces of a chip.

use crate::chips::usart::{Kind, SerialClocks, Usart, layout::Layout};
use crate::memory::{AccessError, Context, InterruptLines, Size};

/// Address range of one.
const BLOCK: u32 = 0x400;

/// Where a serial interface is, and what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    /// Address of its first register.
    pub(crate) base: u32,
    /// What it is.
    pub(crate) kind: Kind,
}

impl Port {
    /// A USART or UART.
    pub(crate) const fn new(
        base: u32,
        name: &'static str,
        interrupt: usize,
        layout: &'static Layout,
    ) -> Self {
        let kind = Kind {
            name,
            interrupt,
            low_power: false,
            layout,
        };
        Port { base, kind }
    }

    /// The same, being an LPUART.
    pub(crate) const fn low_power(mut self) -> Self {
        self.kind.low_power = true;
        self
    }

    /// Address and length of its registers.
    pub(crate) const fn window(&self) -> (u32, u32) {
        (self.base, BLOCK)
    }
}

/// The number of the one with a register at `address`.
pub(crate) fn at(ports: &[Port], address: u32) -> Option<usize> {
    ports
        .iter()
        .position(|port| address.wrapping_sub(port.base) < BLOCK)
}

/// All of a chip.
#[derive(Debug, Clone)]
pub(crate) struct Serial {
    ports: &'static [Port],
    usarts: Vec<Usart>,
    /// What they have sent and nobody has taken.
    sent: Vec<u8>,
}

impl Serial {
    /// After power-on.
    pub(crate) fn new(ports: &'static [Port]) -> Self {
        Serial {
            ports,
            usarts: ports.iter().map(|port| Usart::new(port.kind)).collect(),
            sent: Vec::new(),
        }
    }

    /// Resets one of them.
    pub(crate) fn reset(&mut self, port: usize, lines: &mut InterruptLines) {
        self.usarts[port] = Usart::new(self.ports[port].kind);
        self.drive(port, lines);
    }

    /// Reads a register of one.
    pub(crate) fn read(&mut self, port: usize, offset: u32, now: u64) -> Result<u32, AccessError> {
        self.usarts[port].read(offset, now)
    }

    /// Writes a register of one.
    pub(crate) fn write(
        &mut self,
        port: usize,
        offset: u32,
        (size, value): (Size, u32),
        clocks: SerialClocks,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        // RM0390 and RM0432 let half-words be written, too.
        if size == Size::Byte || !offset.is_multiple_of(4) {
            return Err(AccessError::unmodelled("register written in part"));
        }
        let sent = self.usarts[port].write(offset, value, context.now, clocks)?;
        self.drive(port, context.lines);
        self.sent.extend(sent);
        Ok(())
    }

    /// Drives the interrupt of one, which others may share.
    fn drive(&self, port: usize, lines: &mut InterruptLines) {
        let number = self.ports[port].kind.interrupt;
        let mut sharing = self.ports.iter().zip(&self.usarts);
        let level =
            sharing.any(|(port, usart)| port.kind.interrupt == number && usart.interrupts());
        lines.set(number, level);
    }

    /// When a flag of one changes next.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.usarts.iter().filter_map(Usart::next_event).min()
    }

    /// Brings all up to now.
    pub(crate) fn advance(&mut self, context: &mut Context<'_>) {
        for port in 0..self.usarts.len() {
            if self.usarts[port].next_event().is_some() {
                self.usarts[port].advance(context.now);
                self.drive(port, context.lines);
            }
        }
    }

    /// Takes what they have sent since the last call, in the order in which it was given to them.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sent)
    }

    /// After a reset of the chip: what has been sent has been sent.
    pub(crate) fn after_reset(&mut self) -> Self {
        Serial {
            sent: self.take(),
            ..Serial::new(self.ports)
        }
    }
}

#[cfg(test)]
mod tests;
