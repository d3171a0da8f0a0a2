//! What the UARTs of every board send appears on standard error.

use crate::elf::{Elf, FLASH, RAM, STACK};
use crate::{Desk, check};

/// `str r1, [r0]` of `value` to `address`, with the instructions that every core has, behind a multiple of four:
/// ldr r0, [pc, #4]; ldr r1, [pc, #8]; str r1, [r0]; b over the words
fn store(address: u32, value: u32) -> Vec<u16> {
    let mut code = vec![0x4801, 0x4902, 0x6001, 0xe003];
    for word in [address, value] {
        code.extend([word as u16, (word >> 16) as u16]);
    }
    code
}

/// The clock's gate; address of the interface; offsets of BRR, CR1 and the data register; CR1 when it is on.
struct Uart {
    board: &'static str,
    gate: (u32, u32),
    base: u32,
    registers: [u32; 3],
    on: u32,
}

const OLD: ([u32; 3], u32) = ([0x08, 0x0C, 0x04], 1 << 13 | 1 << 3);
const NEW: ([u32; 3], u32) = ([0x0C, 0x00, 0x28], 1 << 0 | 1 << 3);

const fn uart(
    board: &'static str,
    gate: (u32, u32),
    base: u32,
    (registers, on): ([u32; 3], u32),
) -> Uart {
    Uart {
        board,
        gate,
        base,
        registers,
        on,
    }
}

const UARTS: [Uart; 4] = [
    uart("nucleo-l4r5zi", (0x4002_1060, 1 << 14), 0x4001_3800, NEW),
    uart("nucleo-f446re", (0x4002_3844, 1 << 4), 0x4001_1000, OLD),
    uart("nucleo-f746zg", (0x4002_3844, 1 << 4), 0x4001_1000, NEW),
    uart("nucleo-g0b1re", (0x4002_1040, 1 << 14), 0x4001_3800, NEW),
];

/// Sends two letters, and ends with 7. The first half-word makes what follows start at a multiple of four.
fn program(uart: &Uart, gate: bool) -> Elf {
    let [brr, cr1, data] = uart.registers.map(|offset| uart.base + offset);
    let mut code = vec![0xbf00];
    if gate {
        code.extend(store(uart.gate.0, uart.gate.1));
    }
    for (address, value) in [
        (brr, 16),
        (cr1, uart.on),
        (data, u32::from(b'o')),
        (data, u32::from(b'k')),
        (RAM, 0x20026),
        (RAM + 4, 7),
    ] {
        code.extend(store(address, value));
    }
    // subs r0, #4; movs r1, r0; movs r0, #0x20; bkpt 0xab: SYS_EXIT_EXTENDED
    code.extend([0x3804, 0x0001, 0x2020, 0xbeab]);
    Elf::program(FLASH, STACK, &code)
}

#[test]
fn what_they_send_appears_on_standard_error() {
    let desk = Desk::new();
    for uart in &UARTS {
        let board = ["--board", uart.board];
        let output = desk.run(&program(uart, true), &board);
        let stderr = check(&output, 7, &["status 7", uart.board]);
        assert!(stderr.starts_with("ok\n"), "{}: {stderr}", uart.board);
        assert_eq!(output.stdout, b"", "{}", uart.board);

        let shut = desk.run(&program(uart, false), &board);
        check(&shut, 4, &["USART1 without its clock; enable it in RCC"]);
    }
}
