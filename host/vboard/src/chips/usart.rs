//! ST's serial interfaces: USART, UART and LPUART, of the generation with one status and one data register (RM0390,
//! chapter 25) and of the one with two of each (RM0385, chapter 31; RM0432, chapters 50 and 51; RM0444, chapters 33
//! and 34).
//!
//! Modelled is sending: bytes leave when they are written, and the flags follow the line, at the baud rate that BRR,
//! PRESC and the kernel clock make. Nothing is ever received. DMA, flow control, thresholds of FIFOs and all modes but the
//! plain asynchronous one are refused.

pub(crate) mod layout;

use self::layout::{
    FIFOEN, Layout, M0, M1, OVER8, RE, REACK, TC, TCIE, TE, TEACK, TXE, TXEIE, TXFE, TXFEIE, TXFRQ,
    TXFT,
};
use super::register::Bank;
use crate::memory::AccessError;

/// Bytes that a FIFO holds (RM0432, table "USART / LPUART features"; RM0444 has the same).
const FIFO_BYTES: u32 = 8;

/// The low 4 bits of PRESC to what divides the kernel clock (RM0432, USART_PRESC); values
/// above the table's end are reserved.
const PRESCALERS: [u64; 12] = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256];

/// What a serial interface is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// The name in the reference manual.
    pub(crate) name: &'static str,
    /// Number of its interrupt.
    pub(crate) interrupt: usize,
    /// A low-power one, whose baud rate generator is another.
    pub(crate) low_power: bool,
    /// Its registers.
    pub(crate) layout: &'static Layout,
}

/// The two clocks that matter, in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SerialClocks {
    /// The core's.
    pub(crate) core: u32,
    /// The interface's own.
    pub(crate) kernel: u32,
}

/// A serial interface.
#[derive(Debug, Clone)]
pub(crate) struct Usart {
    kind: Kind,
    bank: Bank,
    /// When the byte in the shift register has left; `None` if it is empty.
    shifting: Option<u64>,
    /// Bytes that wait for the shift register.
    waiting: u32,
    /// A byte's time on the line in core cycles, as of the last write to it.
    byte: u64,
    /// TC, which software can clear.
    complete: bool,
    /// The program has read TC as set, so that the old generation's next write to DR clears it.
    seen_complete: bool,
}

impl Usart {
    /// After reset.
    pub(crate) fn new(kind: Kind) -> Self {
        Usart {
            bank: Bank::new(kind.name, kind.layout.registers),
            kind,
            shifting: None,
            waiting: 0,
            byte: 0,
            complete: true,
            seen_complete: false,
        }
    }

    fn cr1(&self) -> u32 {
        self.bank.get(self.kind.layout.cr1)
    }

    fn is_on(&self) -> bool {
        self.cr1() & self.kind.layout.enable != 0
    }

    fn enabled(&self, bit: u32) -> bool {
        self.is_on() && self.cr1() & bit != 0
    }

    fn has_fifo(&self) -> bool {
        self.cr1() & FIFOEN != 0
    }

    fn is_full(&self) -> bool {
        self.waiting >= if self.has_fifo() { FIFO_BYTES } else { 1 }
    }

    fn refuse<T>(&self, what: &str) -> Result<T, AccessError> {
        let name = self.kind.name;
        Err(AccessError::unmodelled(format!("{name}: {what}")))
    }

    /// PRESC; 0 if there is none.
    fn presc(&self) -> u32 {
        let new = self.kind.layout.new.as_ref();
        new.map_or(0, |new| self.bank.get(new.presc))
    }

    /// A frame's time on the line in core cycles.
    fn frame(&self, clocks: SerialClocks) -> Result<u64, AccessError> {
        let (cr1, cr2) = (self.cr1(), self.bank.get(self.kind.layout.cr2));
        let brr = u64::from(self.bank.get(self.kind.layout.brr));
        // Kernel clocks a bit, times 256.
        let bit = match (self.kind.low_power, cr1 & OVER8 != 0) {
            (true, _) if brr < 0x300 => {
                return self.refuse("sending with LPUART_BRR below 0x300");
            }
            (true, _) => brr,
            (false, _) if brr < 16 => {
                return self.refuse("sending with BRR below 16; set the baud rate first");
            }
            (false, false) => brr << 8,
            // Twice the rate, and the fraction has lost a bit.
            (false, true) => (brr & !0xF | (brr & 7) << 1) << 7,
        };
        let Some(prescaler) = PRESCALERS.get(self.presc() as usize) else {
            return self.refuse("a reserved value of PRESC");
        };
        if clocks.kernel == 0 {
            return self.refuse("sending without a kernel clock");
        }
        let data = match cr1 & (M1 | M0) {
            0 => 8,
            M0 => 9,
            M1 => 7,
            _ => return self.refuse("a reserved word length"),
        };
        // Half bits: start, data with parity, and 1, 0.5, 2 or 1.5 stop bits.
        let halves = 2 * (1 + data) + [2, 1, 4, 3][(cr2 >> 12 & 3) as usize];
        let cycles = u128::from(halves * bit * prescaler) * u128::from(clocks.core);
        Ok((cycles / (512 * u128::from(clocks.kernel))) as u64)
    }

    /// Brings the flags up to cycle `now`.
    pub(crate) fn advance(&mut self, now: u64) {
        while let Some(end) = self.shifting.filter(|&end| end <= now) {
            if self.waiting > 0 {
                self.waiting -= 1;
                self.shifting = Some(end + self.byte);
            } else {
                self.shifting = None;
                self.complete = true;
            }
        }
    }

    /// When a flag changes next.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.shifting
    }

    /// Whether it asks for its interrupt.
    pub(crate) fn interrupts(&self) -> bool {
        let asked = |bit| self.enabled(bit);
        (asked(TXEIE) && !self.is_full())
            || (asked(TCIE) && self.complete)
            || (asked(TXFEIE) && self.has_fifo() && self.waiting == 0)
    }

    fn status(&self) -> u32 {
        let flag = |bit, set| if set { bit } else { 0 };
        let room = !self.is_full();
        let common = flag(TXE, room) | flag(TC, self.complete);
        if self.kind.layout.new.is_none() {
            return common;
        }
        let fifo = self.has_fifo();
        common
            | flag(TEACK, self.enabled(TE))
            | flag(REACK, self.enabled(RE))
            | flag(TXFE, fifo && self.waiting == 0)
            // The threshold is one free place, as others are refused.
            | flag(TXFT, fifo && room)
    }

    /// Reads the register at `offset`.
    pub(crate) fn read(&mut self, offset: u32, now: u64) -> Result<u32, AccessError> {
        self.advance(now);
        let value = self.bank.read(offset)?;
        if offset == self.kind.layout.status {
            self.seen_complete = self.complete;
            return Ok(self.status());
        }
        Ok(value)
    }

    /// Writes the register at `offset`; returns the byte that is sent thereby.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        now: u64,
        clocks: SerialClocks,
    ) -> Result<Option<u8>, AccessError> {
        self.advance(now);
        let layout = self.kind.layout;
        let new = layout.new.as_ref();
        let is = |register: fn(&layout::New) -> u32| new.is_some_and(|new| offset == register(new));
        let rate = offset == layout.brr || offset == layout.cr2 || is(|new| new.presc);
        if rate && self.shifting.is_some() && self.bank.read(offset)? != value {
            return self.refuse("another format or rate while it sends");
        }
        let before = self.cr1();
        self.bank.write(offset, value)?;
        if offset == layout.cr1 {
            if !self.is_on() {
                // What is being sent is cut off.
                (self.shifting, self.waiting, self.complete) = (None, 0, true);
            } else if before & layout.enable != 0 && (before ^ self.cr1()) & FIFOEN != 0 {
                return self.refuse("FIFOEN changed while UE is set; clear UE first");
            }
        } else if offset == layout.status && new.is_none() {
            // Writing zero clears.
            self.complete &= value & TC != 0;
        } else if is(|new| new.icr) {
            self.complete &= value & TC == 0;
        } else if is(|new| new.rqr) && value & TXFRQ != 0 && self.waiting > 0 {
            return self.refuse("TXFRQ, which drops bytes that wait to be sent");
        } else if offset == layout.data && self.enabled(TE) {
            return self.send(value as u8, now, clocks).map(Some);
        }
        Ok(None)
    }

    fn send(&mut self, byte: u8, now: u64, clocks: SerialClocks) -> Result<u8, AccessError> {
        self.byte = self.frame(clocks)?;
        if self.kind.layout.new.is_some() || self.seen_complete {
            (self.complete, self.seen_complete) = (false, false);
        }
        match self.shifting {
            None => self.shifting = Some(now + self.byte),
            // A byte more than there is room for is lost or overwrites one, as the manuals say of a program that does
            // not ask for TXE; but that one has been told already.
            Some(_) if self.is_full() => {
                return self.refuse("data register written while it is full");
            }
            Some(_) => self.waiting += 1,
        }
        Ok(byte)
    }
}

#[cfg(test)]
mod tests;
