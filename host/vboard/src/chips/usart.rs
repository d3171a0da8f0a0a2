//! ST's serial interfaces of the generation with separate interrupt-and-status and data
//! registers: USART, UART and LPUART of STM32 F0, F3, F7, G0, G4, H7, L0, L4, L4+ (RM0432,
//! chapters 50 and 51).
//!
//! Modelled is sending: bytes leave when they are written, and the flags follow the line, at
//! the baud rate that BRR, PRESC and the kernel clock make. Nothing is ever received. DMA,
//! flow control, FIFOs and all modes but the plain asynchronous one are refused.

use super::register::{Bank, Register};
use crate::memory::{AccessError, InterruptLines};

const CR1: u32 = 0x00;
const CR2: u32 = 0x04;
const CR3: u32 = 0x08;
const BRR: u32 = 0x0C;
const RQR: u32 = 0x18;
const ISR: u32 = 0x1C;
const ICR: u32 = 0x20;
const RDR: u32 = 0x24;
const TDR: u32 = 0x28;
const PRESC: u32 = 0x2C;

// CR1.
const UE: u32 = 1 << 0;
const RE: u32 = 1 << 2;
const TE: u32 = 1 << 3;
const TCIE: u32 = 1 << 6;
const TXEIE: u32 = 1 << 7;
const M0: u32 = 1 << 12;
const OVER8: u32 = 1 << 15;
const M1: u32 = 1 << 28;
/// Multiprocessor and receiver's interrupts, parity, driver enable times: nothing that a
/// sender's time depends on.
const CR1_BITS: u32 = 0x17FF_FFFF;
/// FIFOs and their interrupts, auto-baud's end of block, receiver timeout.
const CR1_REFUSED: u32 = 0xEC00_0000;

// CR2: stop bits and what changes the bits' look only.
const CR2_BITS: u32 = 0x000F_B000;
/// Synchronous, LIN, auto-baud and address modes, receiver timeout.
const CR2_REFUSED: u32 = 0xFFF0_4F78;

// CR3: error interrupt, one-bit sampling, overrun off.
const CR3_BITS: u32 = 0x0000_1801;
/// IrDA, half duplex, smartcard, DMA, flow control, driver enable, FIFO thresholds.
const CR3_REFUSED: u32 = 0xFFFF_E7FE;

// ISR.
const TC: u32 = 1 << 6;
const TXE: u32 = 1 << 7;
const TEACK: u32 = 1 << 21;
const REACK: u32 = 1 << 22;

/// The low 4 bits of PRESC to what divides the kernel clock (RM0432, USART_PRESC); values
/// above the table's end are reserved.
const PRESCALERS: [u64; 12] = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256];

const REGISTERS: &[Register] = &[
    Register::new(CR1, "CR1", 0, CR1_BITS).refusing(CR1_REFUSED),
    Register::new(CR2, "CR2", 0, CR2_BITS).refusing(CR2_REFUSED),
    Register::new(CR3, "CR3", 0, CR3_BITS).refusing(CR3_REFUSED),
    Register::new(BRR, "BRR", 0, 0x000F_FFFF),
    Register::new(0x10, "GTPR", 0, 0).refusing(0xFFFF),
    Register::new(0x14, "RTOR", 0, 0).refusing(u32::MAX),
    // Requests: only the flushes of what is never there do nothing.
    Register::new(RQR, "RQR", 0, 0).refusing(0b0_0111),
    Register::new(ISR, "ISR", 0, 0),
    Register::new(ICR, "ICR", 0, 0),
    Register::new(RDR, "RDR", 0, 0),
    Register::new(TDR, "TDR", 0, 0x1FF),
    Register::new(PRESC, "PRESC", 0, 0xF),
];

/// What a serial interface is, apart from its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The name in the reference manual.
    pub(crate) name: &'static str,
    /// Number of its interrupt.
    pub(crate) interrupt: usize,
    /// A low-power one, whose baud rate generator is another.
    pub(crate) low_power: bool,
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
    /// A byte waits in TDR for the shift register.
    waiting: bool,
    /// A byte's time on the line in core cycles, as of the last write to it.
    byte: u64,
    /// TC, which software can clear.
    complete: bool,
}

impl Usart {
    /// After reset.
    pub(crate) fn new(kind: Kind) -> Self {
        Usart {
            bank: Bank::new(kind.name, REGISTERS),
            kind,
            shifting: None,
            waiting: false,
            byte: 0,
            complete: true,
        }
    }

    fn enabled(&self, bit: u32) -> bool {
        self.bank.get(CR1) & (UE | bit) == UE | bit
    }

    /// A frame's time on the line in core cycles.
    fn frame(&self, clocks: SerialClocks) -> Result<u64, AccessError> {
        let refuse = |what: &str| {
            let name = self.kind.name;
            Err(AccessError::unmodelled(format!("{name}: {what}")))
        };
        let (cr1, cr2) = (self.bank.get(CR1), self.bank.get(CR2));
        let brr = u64::from(self.bank.get(BRR));
        // Kernel clocks a bit, times 256.
        let bit = match (self.kind.low_power, cr1 & OVER8 != 0) {
            (true, _) if brr < 0x300 => return refuse("sending with LPUART_BRR below 0x300"),
            (true, _) => brr,
            (false, _) if brr < 16 => {
                return refuse("sending with BRR below 16; set the baud rate first");
            }
            (false, false) => brr << 8,
            // Twice the rate, and the fraction has lost a bit.
            (false, true) => (brr & !0xF | (brr & 7) << 1) << 7,
        };
        let Some(prescaler) = PRESCALERS.get(self.bank.get(PRESC) as usize) else {
            return refuse("a reserved value of PRESC");
        };
        if clocks.kernel == 0 {
            return refuse("sending without a kernel clock");
        }
        let data = match cr1 & (M1 | M0) {
            0 => 8,
            M0 => 9,
            M1 => 7,
            _ => return refuse("a reserved word length"),
        };
        // Half bits: start, data with parity, and 1, 0.5, 2 or 1.5 stop bits.
        let halves = 2 * (1 + data) + [2, 1, 4, 3][(cr2 >> 12 & 3) as usize];
        let cycles = u128::from(halves * bit * prescaler) * u128::from(clocks.core);
        Ok((cycles / (512 * u128::from(clocks.kernel))) as u64)
    }

    /// Brings the flags up to cycle `now`.
    pub(crate) fn advance(&mut self, now: u64) {
        while let Some(end) = self.shifting.filter(|&end| end <= now) {
            self.shifting = std::mem::take(&mut self.waiting).then_some(end + self.byte);
            self.complete |= self.shifting.is_none();
        }
    }

    /// When a flag changes next.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.shifting
    }

    /// Drives the interrupt.
    pub(crate) fn drive(&self, lines: &mut InterruptLines) {
        let cr1 = self.bank.get(CR1);
        let wanted = (cr1 & TXEIE != 0 && !self.waiting) || (cr1 & TCIE != 0 && self.complete);
        lines.set(self.kind.interrupt, wanted && cr1 & UE != 0);
    }

    /// Reads the register at `offset`.
    pub(crate) fn read(&mut self, offset: u32, now: u64) -> Result<u32, AccessError> {
        self.advance(now);
        let value = self.bank.read(offset)?;
        Ok(match offset {
            ISR => {
                (u32::from(!self.waiting) * TXE)
                    | (u32::from(self.complete) * TC)
                    | (u32::from(self.enabled(TE)) * TEACK)
                    | (u32::from(self.enabled(RE)) * REACK)
            }
            _ => value,
        })
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
        let rate = matches!(offset, BRR | PRESC | CR2);
        if rate && self.shifting.is_some() && self.bank.read(offset)? != value {
            let what = format!("{}: another format or rate while it sends", self.kind.name);
            return Err(AccessError::unmodelled(what));
        }
        self.bank.write(offset, value)?;
        match offset {
            CR1 if value & UE == 0 => {
                // What is being sent is cut off.
                (self.shifting, self.waiting, self.complete) = (None, false, true);
            }
            ICR => self.complete &= value & TC == 0,
            TDR if self.enabled(TE) => {
                self.byte = self.frame(clocks)?;
                self.complete = false;
                match self.shifting {
                    None => self.shifting = Some(now + self.byte),
                    // A second byte overwrites one that waits, which is lost, as the manual says of
                    // a program that does not ask for TXE; but it has been told already.
                    Some(_) if self.waiting => {
                        let what = format!("{}_TDR written while it is full", self.kind.name);
                        return Err(AccessError::unmodelled(what));
                    }
                    Some(_) => self.waiting = true,
                }
                return Ok(Some(value as u8));
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        name: "USART1",
        interrupt: 37,
        low_power: false,
    };

    fn check(kind: Kind, writes: &[(u32, u32)], kernel: u32, cycles: u64) {
        let mut usart = Usart::new(kind);
        let core = 120_000_000;
        let clocks = SerialClocks { core, kernel };
        for &(offset, value) in writes {
            usart.write(offset, value, 0, clocks).unwrap();
        }
        usart.write(CR1, writes[0].1 | UE | TE, 0, clocks).unwrap();
        assert_eq!(usart.write(TDR, 65, 0, clocks), Ok(Some(65)));
        assert_eq!(usart.next_event(), Some(cycles), "{writes:x?}");
    }

    #[test]
    fn a_byte_takes_its_bits_time() {
        let low_power = Kind {
            low_power: true,
            ..KIND
        };
        // 10 bits of 1042 kernel clocks each: 115,154 baud.
        check(KIND, &[(CR1, 0), (BRR, 1042)], 120_000_000, 10_420);
        check(KIND, &[(CR1, 0), (BRR, 139)], 16_000_000, 10_425);
        // 9 bits and two stop bits.
        check(
            KIND,
            &[(CR1, M0), (BRR, 100), (CR2, 2 << 12)],
            120_000_000,
            1200,
        );
        check(
            KIND,
            &[(CR1, M1), (BRR, 100), (CR2, 1 << 12)],
            120_000_000,
            850,
        );
        // 0x8a by eights: 2 * 8.625 = 0x82 with its fraction shifted.
        check(KIND, &[(CR1, OVER8), (BRR, 0x82)], 120_000_000, 660);
        check(KIND, &[(CR1, 0), (BRR, 100), (PRESC, 3)], 120_000_000, 6000);
        // LPUART: 256 kernel clocks / BRR a bit.
        check(low_power, &[(CR1, 0), (BRR, 0x1000)], 120_000_000, 160);
    }

    #[test]
    fn flags_follow_the_line() {
        let mut usart = Usart::new(KIND);
        let clocks = SerialClocks {
            core: 1000,
            kernel: 1000,
        };
        assert_eq!(usart.read(ISR, 0), Ok(TXE | TC));
        usart.write(BRR, 16, 0, clocks).unwrap();
        assert_eq!(usart.write(TDR, 1, 0, clocks), Ok(None), "off");
        usart.write(CR1, UE | TE | RE, 0, clocks).unwrap();
        let on = TEACK | REACK;
        assert_eq!(usart.read(ISR, 0), Ok(on | TXE | TC));
        usart.write(TDR, 1, 10, clocks).unwrap();
        assert_eq!(usart.read(ISR, 10), Ok(on | TXE), "in the shift register");
        usart.write(TDR, 2, 20, clocks).unwrap();
        assert_eq!(usart.read(ISR, 20), Ok(on), "full");
        assert!(usart.write(TDR, 3, 21, clocks).is_err(), "lost on silicon");
        assert!(
            usart.write(BRR, 32, 21, clocks).is_err(),
            "garbled on silicon"
        );
        assert_eq!(usart.read(ISR, 170), Ok(on | TXE));
        assert_eq!(usart.next_event(), Some(330));
        assert_eq!(usart.read(ISR, 330), Ok(on | TXE | TC));
        usart.write(ICR, TC, 331, clocks).unwrap();
        assert_eq!(usart.read(ISR, 331), Ok(on | TXE));
        assert!(usart.write(CR3, 1 << 7, 331, clocks).is_err(), "DMA");
    }

    #[test]
    fn interrupts_follow_the_flags() {
        let mut usart = Usart::new(KIND);
        let (mut lines, clocks) = (
            InterruptLines::default(),
            SerialClocks { core: 1, kernel: 1 },
        );
        usart.write(BRR, 16, 0, clocks).unwrap();
        usart.write(CR1, UE | TE | TXEIE, 0, clocks).unwrap();
        for (now, byte, level) in [
            (0, false, true),
            (1, true, true),
            (2, true, false),
            (161, false, true),
        ] {
            if byte {
                usart.write(TDR, 0, now, clocks).unwrap();
            }
            usart.advance(now);
            usart.drive(&mut lines);
            assert_eq!(lines.level(37), level, "{now}");
        }
    }
}
