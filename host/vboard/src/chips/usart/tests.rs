use super::layout::{FIFO, NEW, OLD, PRESCALED};
use super::*;

const CLOCKS: SerialClocks = SerialClocks {
    core: 1000,
    kernel: 1000,
};

fn kind(layout: &'static Layout) -> Kind {
    Kind {
        name: "USART1",
        interrupt: 37,
        low_power: false,
        layout,
    }
}

/// The new generation's registers, by their offsets in it.
mod offset {
    pub(super) const CR1: u32 = 0x00;
    pub(super) const CR2: u32 = 0x04;
    pub(super) const CR3: u32 = 0x08;
    pub(super) const BRR: u32 = 0x0C;
    pub(super) const RQR: u32 = 0x18;
    pub(super) const ISR: u32 = 0x1C;
    pub(super) const ICR: u32 = 0x20;
    pub(super) const TDR: u32 = 0x28;
    pub(super) const PRESC: u32 = 0x2C;
}
use offset::*;

/// One that has been switched on to send, a bit taking 16 cycles, with these bits in CR1.
fn ready(layout: &'static Layout, more: u32) -> Usart {
    let mut usart = Usart::new(kind(layout));
    usart.write(layout.brr, 16, 0, CLOCKS).unwrap();
    let on = layout.enable | TE | more;
    usart.write(layout.cr1, on, 0, CLOCKS).unwrap();
    usart
}

fn check(kind: Kind, (cr1, cr2, brr, presc): (u32, u32, u32, u32), kernel: u32, cycles: u64) {
    let mut usart = Usart::new(kind);
    let core = 120_000_000;
    let clocks = SerialClocks { core, kernel };
    let layout = kind.layout;
    let on = cr1 | layout.enable | TE;
    for (offset, value) in [(layout.brr, brr), (layout.cr2, cr2), (layout.cr1, on)] {
        usart.write(offset, value, 0, clocks).unwrap();
    }
    if presc != 0 {
        usart.write(PRESC, presc, 0, clocks).unwrap();
    }
    assert_eq!(usart.write(layout.data, 65, 0, clocks), Ok(Some(65)));
    assert_eq!(
        usart.next_event(),
        Some(cycles),
        "{cr1:x} {cr2:x} {brr:x} {presc:x}"
    );
}

#[test]
fn a_byte_takes_its_bits_time() {
    for layout in [&OLD, &NEW, &PRESCALED, &FIFO] {
        let kind = kind(layout);
        // 10 bits of 1042 kernel clocks each: 115,154 baud.
        check(kind, (0, 0, 1042, 0), 120_000_000, 10_420);
        check(kind, (0, 0, 139, 0), 16_000_000, 10_425);
        // 9 bits and two stop bits.
        check(kind, (M0, 2 << 12, 100, 0), 120_000_000, 1200);
        // 0x8a by eights: 2 * 8.625 = 0x82 with its fraction shifted.
        check(kind, (OVER8, 0, 0x82, 0), 120_000_000, 660);
    }
    check(kind(&NEW), (M1, 1 << 12, 100, 0), 120_000_000, 850);
    for layout in [&PRESCALED, &FIFO] {
        check(kind(layout), (0, 0, 100, 3), 120_000_000, 6000);
    }
    let low_power = Kind {
        low_power: true,
        ..kind(&FIFO)
    };
    // LPUART: 256 kernel clocks / BRR a bit.
    check(low_power, (0, 0, 0x1000, 0), 120_000_000, 160);
}

#[test]
fn flags_follow_the_line() {
    let mut usart = Usart::new(kind(&NEW));
    assert_eq!(usart.read(ISR, 0), Ok(TXE | TC));
    usart.write(BRR, 16, 0, CLOCKS).unwrap();
    assert_eq!(usart.write(TDR, 1, 0, CLOCKS), Ok(None), "off");
    usart.write(CR1, NEW.enable | TE | RE, 0, CLOCKS).unwrap();
    let on = TEACK | REACK;
    assert_eq!(usart.read(ISR, 0), Ok(on | TXE | TC));
    usart.write(TDR, 1, 10, CLOCKS).unwrap();
    assert_eq!(usart.read(ISR, 10), Ok(on | TXE), "in the shift register");
    usart.write(TDR, 2, 20, CLOCKS).unwrap();
    assert_eq!(usart.read(ISR, 20), Ok(on), "full");
    assert!(usart.write(TDR, 3, 21, CLOCKS).is_err(), "lost on silicon");
    assert!(
        usart.write(BRR, 32, 21, CLOCKS).is_err(),
        "garbled on silicon"
    );
    assert_eq!(usart.read(ISR, 170), Ok(on | TXE));
    assert_eq!(usart.next_event(), Some(330));
    assert_eq!(usart.read(ISR, 330), Ok(on | TXE | TC));
    usart.write(ICR, TC, 331, CLOCKS).unwrap();
    assert_eq!(usart.read(ISR, 331), Ok(on | TXE));
    assert!(usart.write(CR3, 1 << 7, 331, CLOCKS).is_err(), "DMA");
    assert!(usart.read(PRESC, 331).is_err(), "it has none");
}

#[test]
fn the_old_generations_flags_are_cleared_in_the_status_register() {
    const SR: u32 = 0x00;
    const DR: u32 = 0x04;
    let mut usart = ready(&OLD, RE);
    usart.write(DR, 1, 0, CLOCKS).unwrap();
    // TC is cleared by writing to DR after it has been read.
    assert_eq!(usart.read(SR, 10), Ok(TXE | TC));
    usart.write(DR, 2, 10, CLOCKS).unwrap();
    assert_eq!(usart.read(SR, 10), Ok(0));
    assert_eq!(usart.read(SR, 160), Ok(TXE));
    assert_eq!(usart.read(SR, 320), Ok(TXE | TC));
    usart.write(SR, !0, 321, CLOCKS).unwrap();
    assert_eq!(usart.read(SR, 321), Ok(TXE | TC), "ones clear nothing");
    usart.write(SR, !TC, 321, CLOCKS).unwrap();
    assert_eq!(usart.read(SR, 321), Ok(TXE));
    assert_eq!(usart.read(DR, 321), Ok(0), "nothing is received");
    assert!(usart.write(0x14, 1 << 7, 331, CLOCKS).is_err(), "DMA");
    assert!(usart.read(0x1C, 331).is_err(), "there is no ISR");
}

#[test]
fn a_fifo_takes_what_waits() {
    let mut usart = ready(&FIFO, FIFOEN);
    let on = TEACK;
    assert_eq!(usart.read(ISR, 0), Ok(on | TXE | TC | TXFE | TXFT));
    // One in the shift register, eight that wait.
    for byte in 0..9 {
        assert_ne!(usart.read(ISR, 0).unwrap() & TXE, 0, "{byte}");
        assert_eq!(usart.write(TDR, byte, 0, CLOCKS), Ok(Some(byte as u8)));
    }
    assert_eq!(usart.read(ISR, 0), Ok(on));
    assert!(usart.write(TDR, 9, 0, CLOCKS).is_err(), "lost on silicon");
    assert!(
        usart.write(RQR, TXFRQ, 0, CLOCKS).is_err(),
        "it drops eight"
    );
    assert_eq!(usart.read(ISR, 160), Ok(on | TXE | TXFT));
    assert_eq!(usart.read(ISR, 8 * 160), Ok(on | TXE | TXFE | TXFT));
    assert_eq!(usart.read(ISR, 9 * 160), Ok(on | TXE | TC | TXFE | TXFT));
    usart.write(RQR, TXFRQ, 1440, CLOCKS).unwrap();
    let switched = usart.write(CR1, FIFO.enable | TE, 1440, CLOCKS);
    assert!(switched.unwrap_err().to_string().contains("FIFOEN"));
    // The bit is reserved where there is no FIFO.
    let mut usart = ready(&PRESCALED, FIFOEN);
    assert_eq!(usart.read(ISR, 0), Ok(on | TXE | TC));
}

#[test]
fn interrupts_follow_the_flags() {
    // What is asked for, and by byte number 0, 1, ... at which cycle it is not.
    let check = |layout: &'static Layout, asked: u32, expected: [bool; 5]| {
        let mut usart = ready(layout, asked);
        let sends = [false, true, true, false, false];
        for (step, now) in [0, 1, 2, 161, 321].into_iter().enumerate() {
            if sends[step] {
                usart.read(layout.status, now).unwrap();
                usart.write(layout.data, 0, now, CLOCKS).unwrap();
            }
            usart.advance(now);
            assert_eq!(usart.interrupts(), expected[step], "{asked:x} at {now}");
        }
        usart.write(layout.cr1, asked, 321, CLOCKS).unwrap();
        assert!(!usart.interrupts(), "off");
    };
    for layout in [&OLD, &NEW, &FIFO] {
        check(layout, TXEIE, [true, true, false, true, true]);
        check(layout, TCIE, [true, false, false, false, true]);
    }
    check(&FIFO, TXEIE | FIFOEN, [true; 5]);
    check(&FIFO, TXFEIE | FIFOEN, [true, true, false, true, true]);
    check(&FIFO, TXFEIE, [false; 5]);
}

#[test]
fn modes_that_are_not_modelled_are_refused() {
    for (layout, offset, value) in [
        (&OLD, 0x0C, 1),
        (&OLD, 0x10, 1 << 11),
        (&OLD, 0x14, 1 << 3),
        (&OLD, 0x18, 1),
        (&NEW, CR2, 1 << 14),
        (&NEW, CR3, 1 << 3),
        (&FIFO, CR3, 1 << 29),
        (&FIFO, RQR, 2),
    ] {
        let mut usart = Usart::new(kind(layout));
        let refused = usart.write(offset, value, 0, CLOCKS);
        assert!(refused.is_err(), "{offset:x} {value:x}");
    }
}
