use crate::chips;
use crate::memory::{AccessError, Context, Device, Flash, InterruptLines, Size};
use crate::timing::FlashGeometry;

/// Where the peripherals of all chips start.
const BASE: u32 = 0x4000_0000;
const TXE: u32 = 1 << 7;
const TC: u32 = 1 << 6;
const TE: u32 = 1 << 3;
const TCIE: u32 = 1 << 6;

/// Where a generation has what.
struct Registers {
    cr1: u32,
    brr: u32,
    status: u32,
    data: u32,
    enable: u32,
}

const OLD: Registers = Registers {
    cr1: 0x0C,
    brr: 0x08,
    status: 0x00,
    data: 0x04,
    enable: 1 << 13,
};
const NEW: Registers = Registers {
    cr1: 0x00,
    brr: 0x0C,
    status: 0x1C,
    data: 0x28,
    enable: 1 << 0,
};

/// A chip, its serial interfaces' registers, and of each: name, address, RCC's enable register, the reset register, the
/// bit in both, interrupt. From the CMSIS headers and SVD files that ST publishes.
type Row = (&'static str, u32, u32, u32, u32, usize);
const CHIPS: &[(&str, &Registers, &[Row])] = &[
    (
        "STM32L4R5ZITx",
        &NEW,
        &[
            ("USART1", 0x4001_3800, 0x4002_1060, 0x4002_1040, 14, 37),
            ("USART2", 0x4000_4400, 0x4002_1058, 0x4002_1038, 17, 38),
            ("USART3", 0x4000_4800, 0x4002_1058, 0x4002_1038, 18, 39),
            ("UART4", 0x4000_4C00, 0x4002_1058, 0x4002_1038, 19, 52),
            ("UART5", 0x4000_5000, 0x4002_1058, 0x4002_1038, 20, 53),
            ("LPUART1", 0x4000_8000, 0x4002_105C, 0x4002_103C, 0, 70),
        ],
    ),
    (
        "STM32F446RETx",
        &OLD,
        &[
            ("USART1", 0x4001_1000, 0x4002_3844, 0x4002_3824, 4, 37),
            ("USART2", 0x4000_4400, 0x4002_3840, 0x4002_3820, 17, 38),
            ("USART3", 0x4000_4800, 0x4002_3840, 0x4002_3820, 18, 39),
            ("UART4", 0x4000_4C00, 0x4002_3840, 0x4002_3820, 19, 52),
            ("UART5", 0x4000_5000, 0x4002_3840, 0x4002_3820, 20, 53),
            ("USART6", 0x4001_1400, 0x4002_3844, 0x4002_3824, 5, 71),
        ],
    ),
    (
        "STM32F746ZGTx",
        &NEW,
        &[
            ("USART1", 0x4001_1000, 0x4002_3844, 0x4002_3824, 4, 37),
            ("USART2", 0x4000_4400, 0x4002_3840, 0x4002_3820, 17, 38),
            ("USART3", 0x4000_4800, 0x4002_3840, 0x4002_3820, 18, 39),
            ("UART4", 0x4000_4C00, 0x4002_3840, 0x4002_3820, 19, 52),
            ("UART5", 0x4000_5000, 0x4002_3840, 0x4002_3820, 20, 53),
            ("USART6", 0x4001_1400, 0x4002_3844, 0x4002_3824, 5, 71),
            ("UART7", 0x4000_7800, 0x4002_3840, 0x4002_3820, 30, 82),
            ("UART8", 0x4000_7C00, 0x4002_3840, 0x4002_3820, 31, 83),
        ],
    ),
    (
        "STM32G0B1RETx",
        &NEW,
        &[
            ("USART1", 0x4001_3800, 0x4002_1040, 0x4002_1030, 14, 27),
            ("USART2", 0x4000_4400, 0x4002_103C, 0x4002_102C, 17, 28),
            ("USART3", 0x4000_4800, 0x4002_103C, 0x4002_102C, 18, 29),
            ("USART4", 0x4000_4C00, 0x4002_103C, 0x4002_102C, 19, 29),
            ("USART5", 0x4000_5000, 0x4002_103C, 0x4002_102C, 8, 29),
            ("USART6", 0x4001_3C00, 0x4002_103C, 0x4002_102C, 9, 29),
            ("LPUART1", 0x4000_8000, 0x4002_103C, 0x4002_102C, 20, 29),
            ("LPUART2", 0x4000_8400, 0x4002_103C, 0x4002_102C, 7, 28),
        ],
    ),
];

/// A chip's peripherals, without a core.
struct Bench {
    soc: Device,
    flash: Flash,
    lines: InterruptLines,
    now: u64,
}

impl Bench {
    fn new(chip: &str) -> Self {
        let mut chip = chips::by_name(chip).unwrap();
        Bench {
            soc: chip.devices.remove(0),
            flash: Flash::new(0x1000, FlashGeometry::STM32L4),
            lines: InterruptLines::default(),
            now: 0,
        }
    }

    fn with<T>(&mut self, access: impl FnOnce(&mut Device, &mut Context<'_>) -> T) -> T {
        let mut context = Context {
            now: self.now,
            flash: &mut self.flash,
            lines: &mut self.lines,
        };
        access(&mut self.soc, &mut context)
    }

    fn read(&mut self, address: u32) -> Result<u32, AccessError> {
        self.with(|soc, context| soc.peripheral.read(address - BASE, Size::Word, context))
    }

    fn write(&mut self, address: u32, value: u32) -> Result<(), AccessError> {
        self.store(address, Size::Word, value)
    }

    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<(), AccessError> {
        self.with(|soc, context| soc.peripheral.write(address - BASE, size, value, context))
    }

    /// Lets time pass to the next event.
    fn wait(&mut self) -> Option<u64> {
        self.now = self.soc.peripheral.next_event()?;
        self.with(|soc, context| soc.peripheral.tick(context));
        Some(self.now)
    }
}

fn check(chip: &str, registers: &Registers, row: &Row) {
    let &(name, base, enable, reset, bit, interrupt) = row;
    let place = format!("{name} of {chip}");
    let mut bench = Bench::new(chip);
    let status = base + registers.status;
    let data = base + registers.data;

    // The gate is closed, and no other opens it.
    bench.write(enable, !(1 << bit)).unwrap();
    for refused in [bench.read(status).err(), bench.write(data, 65).err()] {
        let text = refused.unwrap().to_string();
        assert_eq!(
            text,
            format!("{name} without its clock; enable it in RCC first")
        );
    }
    bench.write(enable, 1 << bit).unwrap();
    assert_eq!(bench.read(status), Ok(TXE | TC), "{place}");

    let slow = if name.starts_with("LP") {
        0x8000
    } else {
        0x100
    };
    bench.write(base + registers.brr, slow).unwrap();
    let on = registers.enable | TE;
    bench.write(base + registers.cr1, on).unwrap();
    let mut sent = Vec::new();
    for &byte in b"Hello" {
        while bench.read(status).unwrap() & TXE == 0 {
            bench.wait().unwrap();
        }
        bench.store(data, Size::Half, byte.into()).unwrap();
        sent.extend(bench.soc.peripheral.take_serial());
    }
    assert_eq!(sent, b"Hello", "{place}");
    assert_eq!(bench.read(status).unwrap() & (TXE | TC), 0, "{place}");
    assert!(bench.store(data, Size::Byte, 65).is_err(), "{place}");
    assert!(!bench.lines.level(interrupt), "{place}");
    bench.write(base + registers.cr1, on | TCIE).unwrap();
    while bench.wait().is_some() {}
    assert_eq!(
        bench.read(status).unwrap() & (TXE | TC),
        TXE | TC,
        "{place}"
    );
    assert!(bench.lines.level(interrupt), "{place}");

    bench.write(reset, 1 << bit).unwrap();
    assert!(!bench.lines.level(interrupt), "{place}");
    let held = bench.read(status).unwrap_err().to_string();
    assert_eq!(held, format!("{name} while RCC holds it in reset"));
    bench.write(reset, 0).unwrap();
    bench.write(data, 65).unwrap();
    assert_eq!(bench.soc.peripheral.take_serial(), b"", "{place} is off");
}

#[test]
fn what_every_serial_interface_sends_arrives() {
    let mut told = 0;
    for &(chip, registers, rows) in CHIPS {
        for row in rows {
            check(chip, registers, row);
            told += 1;
        }
    }
    assert_eq!(CHIPS.len(), chips::names().count());
    assert_eq!(told, 28);
}

#[test]
fn a_shared_interrupt_is_asked_for_by_any() {
    let mut bench = Bench::new("STM32G0B1RETx");
    bench.write(0x4002_103C, 1 << 18 | 1 << 19).unwrap();
    let [third, fourth] = [0x4000_4800, 0x4000_4C00];
    for (port, asked, level) in [
        (third, 1 | TCIE, true),
        (fourth, 1, true),
        (fourth, 1 | TCIE, true),
        (third, 1, true),
        (fourth, 1, false),
    ] {
        bench.write(port, asked).unwrap();
        assert_eq!(bench.lines.level(29), level, "{port:x} {asked:x}");
    }
}

#[test]
fn the_kernel_clock_is_what_rcc_selects() {
    // Bit times of 0x100 kernel clocks, 10 bits, HCLK = SYSCLK = HSI16 and its quarter on the bus.
    const BYTE: u64 = 10 * 0x100;
    /// Chip, (register, value) for the divided buses, for the interface's clock, the interface, cycles for a byte.
    type Case = (
        &'static str,
        (u32, u32),
        Option<(u32, u32)>,
        &'static str,
        u64,
    );
    const CASES: [Case; 10] = [
        ("STM32F446RETx", (0x4002_3808, 5 << 10), None, "USART2", 4),
        ("STM32F446RETx", (0x4002_3808, 5 << 10), None, "USART6", 1),
        ("STM32F446RETx", (0x4002_3808, 5 << 13), None, "USART1", 4),
        ("STM32F746ZGTx", (0x4002_3808, 5 << 10), None, "UART8", 4),
        ("STM32F746ZGTx", (0x4002_3808, 5 << 13), None, "USART6", 4),
        (
            "STM32F746ZGTx",
            (0x4002_3808, 5 << 10),
            Some((0x4002_3890, 1 << 14)),
            "UART8",
            1,
        ),
        (
            "STM32F746ZGTx",
            (0x4002_3808, 5 << 10),
            Some((0x4002_3890, 2 << 8)),
            "UART5",
            1,
        ),
        ("STM32G0B1RETx", (0x4002_1008, 5 << 12), None, "USART3", 4),
        (
            "STM32G0B1RETx",
            (0x4002_1008, 5 << 12),
            Some((0x4002_1054, 1 << 4)),
            "USART3",
            1,
        ),
        (
            "STM32G0B1RETx",
            (0x4002_1008, 5 << 12),
            Some((0x4002_1054, !0 << 12)),
            "USART6",
            4,
        ),
    ];
    for (chip, divided, selected, name, ratio) in CASES {
        let (_, registers, rows) = CHIPS.iter().find(|one| one.0 == chip).unwrap();
        let &(_, base, enable, _, bit, _) = rows.iter().find(|row| row.0 == name).unwrap();
        let mut bench = Bench::new(chip);
        for (address, value) in [Some(divided), selected].into_iter().flatten() {
            bench.write(address, value).unwrap();
        }
        bench.write(enable, 1 << bit).unwrap();
        bench.write(base + registers.brr, 0x100).unwrap();
        bench
            .write(base + registers.cr1, registers.enable | TE)
            .unwrap();
        bench.write(base + registers.data, 65).unwrap();
        assert_eq!(bench.wait(), Some(ratio * BYTE), "{name} of {chip}");
    }
    // The low-power crystal is off.
    let mut bench = Bench::new("STM32F746ZGTx");
    bench.write(0x4002_3890, 3 << 2).unwrap();
    bench.write(0x4002_3840, 1 << 17).unwrap();
    bench.write(0x4000_440C, 0x100).unwrap();
    bench.write(0x4000_4400, 1 | TE).unwrap();
    let refused = bench.write(0x4000_4428, 65).unwrap_err().to_string();
    assert_eq!(refused, "USART2: sending without a kernel clock");
}
