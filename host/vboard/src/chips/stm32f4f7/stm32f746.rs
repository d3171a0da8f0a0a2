//! STM32F746ZGT6: Cortex-M7F, 1 MiB of flash, 320 KiB of SRAM and 16 KiB of instruction RAM, 216 MHz.
//!
//! It boots from address BOOT_ADD0, which is 0x0020_0000 as delivered: flash behind the core's ITCM interface.

use super::{
    KIB, Part,
    clock::Limit,
    flash::Layout,
    pwr,
    rcc::{self, AHB1ENR, AHB1RSTR, APB1ENR, APB1RSTR, APB2ENR, APB2RSTR},
    system_memory::SystemMemory,
};
use crate::{
    chips::{
        coresight::{Component, Components, Id, Kind},
        register::Register,
        serial::Port,
        usart::layout::NEW,
    },
    core::model::{Core, Fpu, Model},
    memory::Chip,
    timing::FlashGeometry,
};

/// The name by which probe-rs knows the chip.
pub const NAME: &str = "STM32F746ZGTx";

/// The chip as it leaves the factory.
pub fn chip() -> Chip {
    PART.chip()
}

pub(crate) static PART: Part = Part {
    name: NAME,
    core: Core {
        model: Model::CortexM7,
        // r0p1.
        cpuid: 0x410F_C271,
        interrupts: 98,
        priority_bits: 4,
        // No Cortex-M7 has them.
        bit_band: false,
        fpu: Some(Fpu::Fpv5Sp),
        mpu_regions: 8,
        vectors: 0x0020_0000,
        io_port: None,
    },
    flash: Layout {
        // RM0385, table 3 "1 Mbyte flash memory organization".
        sectors: &[
            0x8000, 0x8000, 0x8000, 0x8000, 0x2_0000, 0x4_0000, 0x4_0000, 0x4_0000,
        ],
        acr: 0x0B0F,
        two_caches: false,
        read_bytes: 32,
        options: (0xC0FF_AAFD, Some(0x0040_0080)),
    },
    flash_aliases: &[0x0020_0000],
    accelerator: FlashGeometry::STM32F7,
    rams: &[
        // DTCM, and behind it SRAM1 and SRAM2, which the core reaches over AXI (RM0385, 2.1).
        (0x2000_0000, 320 * KIB, Some(64 * KIB)),
        // ITCM.
        (0x0000_0000, 16 * KIB, None),
    ],
    ports: 11,
    serial: SERIAL,
    // DCKCFGR2.
    serial_select: Some(0x90),
    rcc: RCC,
    pll_r: false,
    pwr: &[
        pwr::CONTROL,
        Register::new(pwr::CSR, "CSR1", 0, 0x0200),
        Register::new(0x08, "CR2", 0, 0),
        Register::new(0x0C, "CSR2", 0, 0),
    ],
    syscfg: &[
        // What is at address zero is fixed; banks of external memory may be swapped.
        Register::new(0x00, "MEMRMP", 0, 0).refusing(0xC00),
        Register::new(0x04, "PMC", 0, 0x0087_0000),
        Register::new(0x08, "EXTICR1", 0, 0xFFFF),
        Register::new(0x0C, "EXTICR2", 0, 0xFFFF),
        Register::new(0x10, "EXTICR3", 0, 0xFFFF),
        Register::new(0x14, "EXTICR4", 0, 0xFFFF),
        Register::new(0x20, "CMPCR", 0, 0).refusing(1),
    ],
    // DS10916, table "General operating conditions".
    scales: [
        Limit {
            normal: 180_000_000,
            over_drive: 216_000_000,
        },
        Limit {
            normal: 168_000_000,
            over_drive: 180_000_000,
        },
        Limit {
            normal: 144_000_000,
            over_drive: 144_000_000,
        },
    ],
    buses: [
        Limit {
            normal: 45_000_000,
            over_drive: 54_000_000,
        },
        Limit {
            normal: 90_000_000,
            over_drive: 108_000_000,
        },
    ],
    dbgmcu: &[
        // Device 0x449, revision Z.
        Register::new(0x00, "IDCODE", 0x1001_0449, 0),
        // Whether sleep modes keep the clocks; trace pins are refused.
        Register::new(0x04, "CR", 0, 7).refusing(0xE0),
        // Peripherals to stop while the core is halted: kept, not acted upon.
        Register::new(0x08, "APB1_FZ", 0, 0x07E0_1FFF),
        Register::new(0x0C, "APB2_FZ", 0, 0x0007_0003),
    ],
    components: &Components(COMPONENTS),
    memory: &SystemMemory {
        windows: [(0x1FF0_F420, 0x30)],
        unique_id: 0x1FF0_F420,
        // The halfword at 0x1FF0_F442: 1024 KiB.
        flash_size: 0x1FF0_F440,
        size_word: 0x0400_FFFF,
    },
    unmodelled: UNMODELLED,
};

/// RM0385, figure "Cortex-M7 CoreSight topology": a table of ST's that points to one of the processor's, which points to one of
/// the private peripheral bus.
const COMPONENTS: &[Component] = &[
    Component {
        base: 0xE004_0000,
        kind: Kind::Trace {
            name: "TPIU",
            id: [0xA9, 0xB9, 0x0B, 0x00],
            device: 0x11,
        },
    },
    Component {
        base: 0xE004_1000,
        kind: Kind::Trace {
            name: "ETM",
            id: [0x75, 0xB9, 0x0B, 0x00],
            device: 0x13,
        },
    },
    Component {
        base: 0xE00F_D000,
        kind: Kind::RomTable {
            // The processor's table, and TPIU.
            entries: &[0x0000_1003, 0xFFF4_3003],
            id: Id::st(0x449),
        },
    },
    Component {
        base: 0xE00F_E000,
        kind: Kind::RomTable {
            // The bus's table, and ETM.
            entries: &[0x0000_1003, 0xFFF4_3003],
            id: Id::arm(0x4C8),
        },
    },
    Component {
        base: 0xE00F_F000,
        kind: Kind::RomTable {
            // SCS, DWT, FPB, ITM.
            entries: &[0xFFF0_F003, 0xFFF0_2003, 0xFFF0_3003, 0xFFF0_1003],
            id: Id::arm(0x4C7),
        },
    },
];

/// RM0385, tables "STM32F74xxx register boundary addresses" and "Vector table".
const SERIAL: &[Port] = &[
    Port::new(0x4001_1000, "USART1", 37, &NEW),
    Port::new(0x4000_4400, "USART2", 38, &NEW),
    Port::new(0x4000_4800, "USART3", 39, &NEW),
    Port::new(0x4000_4C00, "UART4", 52, &NEW),
    Port::new(0x4000_5000, "UART5", 53, &NEW),
    Port::new(0x4001_1400, "USART6", 71, &NEW),
    Port::new(0x4000_7800, "UART7", 82, &NEW),
    Port::new(0x4000_7C00, "UART8", 83, &NEW),
];

const AHB1: u32 = 0x22E0_17FF;
const AHB2: u32 = 0x0000_00F1;
const AHB3: u32 = 0x0000_0003;
const APB1: u32 = 0xFFFF_CBFF;
const APB2: u32 = 0x04F7_7F33;

/// RM0385, section 5.3.
const RCC: &[Register] = &[
    rcc::CONTROL,
    rcc::PLL_CONFIG,
    rcc::CONFIG,
    rcc::INTERRUPTS,
    Register::new(AHB1RSTR, "AHB1RSTR", 0, AHB1),
    Register::new(0x14, "AHB2RSTR", 0, AHB2),
    Register::new(0x18, "AHB3RSTR", 0, AHB3),
    Register::new(APB1RSTR, "APB1RSTR", 0, APB1),
    Register::new(APB2RSTR, "APB2RSTR", 0, APB2),
    // DTCMRAMEN is set after reset.
    Register::new(AHB1ENR, "AHB1ENR", 0x0010_0000, 0x7EF4_17FF),
    Register::new(0x34, "AHB2ENR", 0, AHB2),
    Register::new(0x38, "AHB3ENR", 0, AHB3),
    Register::new(APB1ENR, "APB1ENR", 0, APB1),
    Register::new(APB2ENR, "APB2ENR", 0, APB2),
    // What keeps its clock while the core sleeps: kept, not acted upon.
    Register::new(0x50, "AHB1LPENR", 0x7EF7_B7FF, 0x7EF7_B7FF),
    Register::new(0x54, "AHB2LPENR", AHB2, AHB2),
    Register::new(0x58, "AHB3LPENR", AHB3, AHB3),
    Register::new(0x60, "APB1LPENR", APB1, APB1),
    Register::new(0x64, "APB2LPENR", APB2, APB2),
    Register {
        // LSEDRV, which has two bits here.
        writable: rcc::BACKUP.writable & !(1 << 3) | 3 << 3,
        ..rcc::BACKUP
    },
    rcc::STATUS,
    Register::new(0x80, "SSCGR", 0, 0).refusing(0x8000_0000),
    Register::new(0x84, "PLLI2SCFGR", 0x2400_3000, 0x7F03_7FC0),
    Register::new(0x88, "PLLSAICFGR", 0x2400_3000, 0x7F03_7FC0),
    // TIMPRE.
    Register::new(0x8C, "DCKCFGR1", 0, 0x00F3_1F1F).refusing(1 << 24),
    Register::new(0x90, "DCKCFGR2", 0, 0x1FFF_FFFF),
];

/// RM0385, table 1 "STM32F74xxx register boundary addresses": what exists besides.
const UNMODELLED: &[(&str, u32, u32)] = &[
    ("system memory (boot loader)", 0x0010_0000, 0xF000),
    ("system memory (boot loader)", 0x1FF0_0000, 0xF000),
    ("one-time programmable area", 0x1FF0_F000, 0x420),
    ("option bytes", 0x1FFF_0000, 0x20),
    ("TIM3 to TIM14", 0x4000_0400, 0x2000),
    ("LPTIM1", 0x4000_2400, 0x400),
    ("RTC", 0x4000_2800, 0x400),
    ("WWDG", 0x4000_2C00, 0x400),
    ("SPI2", 0x4000_3800, 0x400),
    ("SPI3", 0x4000_3C00, 0x400),
    ("SPDIFRX", 0x4000_4000, 0x400),
    ("I2C1 to I2C4", 0x4000_5400, 0x1000),
    ("CAN1 and CAN2", 0x4000_6400, 0x800),
    ("CEC", 0x4000_6C00, 0x400),
    ("DAC", 0x4000_7400, 0x400),
    ("TIM1 and TIM8", 0x4001_0000, 0x800),
    ("ADC1 to ADC3", 0x4001_2000, 0x400),
    ("SDMMC1", 0x4001_2C00, 0x400),
    ("SPI1", 0x4001_3000, 0x400),
    ("SPI4", 0x4001_3400, 0x400),
    ("EXTI", 0x4001_3C00, 0x400),
    ("TIM9 to TIM11", 0x4001_4000, 0xC00),
    ("SPI5 and SPI6", 0x4001_5000, 0x800),
    ("SAI1 and SAI2", 0x4001_5800, 0x800),
    ("LCD-TFT", 0x4001_6800, 0x400),
    ("CRC", 0x4002_3000, 0x400),
    ("backup SRAM", 0x4002_4000, 0x1000),
    ("DMA1", 0x4002_6000, 0x400),
    ("DMA2", 0x4002_6400, 0x400),
    ("Ethernet", 0x4002_8000, 0x1400),
    ("DMA2D", 0x4002_B000, 0xC00),
    ("USB OTG HS", 0x4004_0000, 0x4_0000),
    ("USB OTG FS", 0x5000_0000, 0x4_0000),
    ("DCMI", 0x5005_0000, 0x400),
    ("CRYP", 0x5006_0000, 0x400),
    ("HASH", 0x5006_0400, 0x400),
    ("RNG", 0x5006_0800, 0x400),
    ("FMC and QUADSPI banks", 0x6000_0000, 0x4000_0000),
    ("FMC registers", 0xA000_0000, 0x1000),
    ("QUADSPI registers", 0xA000_1000, 0x400),
];
