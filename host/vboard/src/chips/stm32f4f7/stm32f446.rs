//! STM32F446RET6: Cortex-M4F, 512 KiB of flash, 128 KiB of SRAM, 180 MHz.

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
        coresight::{Component, Components, ENTRIES_M4, ETM_M4, Id, Kind, TPIU_M4},
        register::Register,
        serial::Port,
        usart::layout::OLD,
    },
    core::model::{Core, Fpu, Model},
    memory::Chip,
    timing::FlashGeometry,
};

/// The name by which probe-rs knows the chip.
pub const NAME: &str = "STM32F446RETx";

/// The chip as it leaves the factory.
pub fn chip() -> Chip {
    PART.chip()
}

/// RM0390, table 4 "Flash module organization".
pub(crate) const FLASH: Layout = Layout {
    sectors: &[
        0x4000, 0x4000, 0x4000, 0x4000, 0x1_0000, 0x2_0000, 0x2_0000, 0x2_0000,
    ],
    acr: 0x170F,
    two_caches: true,
    read_bytes: 16,
    options: (0x0FFF_AAED, None),
};

pub(crate) static PART: Part = Part {
    name: NAME,
    core: Core {
        model: Model::CortexM4,
        // r0p1.
        cpuid: 0x410F_C241,
        interrupts: 97,
        priority_bits: 4,
        bit_band: true,
        fpu: Some(Fpu::Fpv4Sp),
        mpu_regions: 8,
        vectors: 0,
        io_port: None,
    },
    flash: FLASH,
    // BOOT0 is tied low: flash appears at zero.
    flash_aliases: &[0],
    accelerator: FlashGeometry::STM32F4,
    // SRAM1 and SRAM2 in a row.
    rams: &[(0x2000_0000, 128 * KIB, None)],
    ports: 8,
    serial: SERIAL,
    serial_select: None,
    rcc: RCC,
    pll_r: true,
    pwr: &[pwr::CONTROL, Register::new(pwr::CSR, "CSR", 0, 0x0380)],
    syscfg: &[
        // Another memory at address zero.
        Register::new(0x00, "MEMRMP", 0, 0).refusing(0x107),
        Register::new(0x04, "PMC", 0, 0x0007_0000),
        Register::new(0x08, "EXTICR1", 0, 0xFFFF),
        Register::new(0x0C, "EXTICR2", 0, 0xFFFF),
        Register::new(0x10, "EXTICR3", 0, 0xFFFF),
        Register::new(0x14, "EXTICR4", 0, 0xFFFF),
        Register::new(0x20, "CMPCR", 0, 0).refusing(1),
        Register::new(0x2C, "CFGR", 0, 0x3),
    ],
    // DS10693, table "General operating conditions".
    scales: [
        Limit {
            normal: 168_000_000,
            over_drive: 180_000_000,
        },
        Limit {
            normal: 144_000_000,
            over_drive: 168_000_000,
        },
        Limit {
            normal: 120_000_000,
            over_drive: 120_000_000,
        },
    ],
    buses: [
        Limit {
            normal: 42_000_000,
            over_drive: 45_000_000,
        },
        Limit {
            normal: 84_000_000,
            over_drive: 90_000_000,
        },
    ],
    dbgmcu: &[
        // Device 0x421, revision A.
        Register::new(0x00, "IDCODE", 0x1000_0421, 0),
        // Whether sleep modes keep the clocks; trace pins are refused.
        Register::new(0x04, "CR", 0, 7).refusing(0xE0),
        // Peripherals to stop while the core is halted: kept, not acted upon.
        Register::new(0x08, "APB1_FZ", 0, 0x06E0_1DFF),
        Register::new(0x0C, "APB2_FZ", 0, 0x0007_0003),
    ],
    components: &Components(&[
        TPIU_M4,
        ETM_M4,
        Component {
            base: 0xE00F_F000,
            kind: Kind::RomTable {
                entries: &ENTRIES_M4,
                id: Id::st(0x421),
            },
        },
    ]),
    memory: &SystemMemory {
        windows: [(0x1FFF_7A00, 0x30)],
        unique_id: 0x1FFF_7A10,
        // The halfword at 0x1FFF_7A22: 512 KiB.
        flash_size: 0x1FFF_7A20,
        size_word: 0x0200_FFFF,
    },
    unmodelled: UNMODELLED,
};

/// RM0390, tables "STM32F446xx register boundary addresses" and "Vector table".
const SERIAL: &[Port] = &[
    Port::new(0x4001_1000, "USART1", 37, &OLD),
    Port::new(0x4000_4400, "USART2", 38, &OLD),
    Port::new(0x4000_4800, "USART3", 39, &OLD),
    Port::new(0x4000_4C00, "UART4", 52, &OLD),
    Port::new(0x4000_5000, "UART5", 53, &OLD),
    Port::new(0x4001_1400, "USART6", 71, &OLD),
];

const AHB1: u32 = 0x6060_10FF;
const AHB2: u32 = 0x0000_0081;
const AHB3: u32 = 0x0000_0003;
const APB1: u32 = 0x3FFF_C9FF;
const APB2: u32 = 0x00C7_7F33;

/// RM0390, section 6.3.
const RCC: &[Register] = &[
    rcc::CONTROL,
    Register {
        // PLLR.
        writable: rcc::PLL_CONFIG.writable | 7 << 28,
        ..rcc::PLL_CONFIG
    },
    rcc::CONFIG,
    rcc::INTERRUPTS,
    Register::new(AHB1RSTR, "AHB1RSTR", 0, AHB1),
    Register::new(0x14, "AHB2RSTR", 0, AHB2),
    Register::new(0x18, "AHB3RSTR", 0, AHB3),
    Register::new(APB1RSTR, "APB1RSTR", 0, APB1),
    Register::new(APB2RSTR, "APB2RSTR", 0, APB2),
    Register::new(AHB1ENR, "AHB1ENR", 0, AHB1 | 1 << 18),
    Register::new(0x34, "AHB2ENR", 0, AHB2),
    Register::new(0x38, "AHB3ENR", 0, AHB3),
    Register::new(APB1ENR, "APB1ENR", 0, APB1),
    Register::new(APB2ENR, "APB2ENR", 0, APB2),
    // What keeps its clock while the core sleeps: kept, not acted upon.
    Register::new(0x50, "AHB1LPENR", 0x6067_90FF, 0x6067_90FF),
    Register::new(0x54, "AHB2LPENR", AHB2, AHB2),
    Register::new(0x58, "AHB3LPENR", AHB3, AHB3),
    Register::new(0x60, "APB1LPENR", APB1, APB1),
    Register::new(0x64, "APB2LPENR", APB2, APB2),
    rcc::BACKUP,
    rcc::STATUS,
    Register::new(0x80, "SSCGR", 0, 0).refusing(0x8000_0000),
    Register::new(0x84, "PLLI2SCFGR", 0x2400_3010, 0x7F03_7FFF),
    Register::new(0x88, "PLLSAICFGR", 0x0400_3010, 0x0F03_7FFF),
    // TIMPRE.
    Register::new(0x8C, "DCKCFGR", 0, 0x1EF0_1F1F).refusing(1 << 24),
    Register::new(0x90, "CKGATENR", 0, 0x7F),
    Register::new(0x94, "DCKCFGR2", 0, 0x3CC0_0000),
];

/// RM0390, table 1 "STM32F446xx register boundary addresses": what exists besides.
const UNMODELLED: &[(&str, u32, u32)] = &[
    ("system memory (boot loader)", 0x1FFF_0000, 0x7800),
    ("one-time programmable area", 0x1FFF_7800, 0x200),
    ("option bytes", 0x1FFF_C000, 0x8),
    ("TIM3 to TIM14", 0x4000_0400, 0x2000),
    ("RTC", 0x4000_2800, 0x400),
    ("WWDG", 0x4000_2C00, 0x400),
    ("SPI2", 0x4000_3800, 0x400),
    ("SPI3", 0x4000_3C00, 0x400),
    ("SPDIFRX", 0x4000_4000, 0x400),
    ("I2C1 to I2C3", 0x4000_5400, 0xC00),
    ("FMPI2C1", 0x4000_6000, 0x400),
    ("CAN1 and CAN2", 0x4000_6400, 0x800),
    ("CEC", 0x4000_6C00, 0x400),
    ("DAC", 0x4000_7400, 0x400),
    ("TIM1 and TIM8", 0x4001_0000, 0x800),
    ("ADC1 to ADC3", 0x4001_2000, 0x400),
    ("SDMMC", 0x4001_2C00, 0x400),
    ("SPI1", 0x4001_3000, 0x400),
    ("SPI4", 0x4001_3400, 0x400),
    ("EXTI", 0x4001_3C00, 0x400),
    ("TIM9 to TIM11", 0x4001_4000, 0xC00),
    ("SAI1 and SAI2", 0x4001_5800, 0x800),
    ("CRC", 0x4002_3000, 0x400),
    ("backup SRAM", 0x4002_4000, 0x1000),
    ("DMA1", 0x4002_6000, 0x400),
    ("DMA2", 0x4002_6400, 0x400),
    ("USB OTG HS", 0x4004_0000, 0x4_0000),
    ("USB OTG FS", 0x5000_0000, 0x4_0000),
    ("DCMI", 0x5005_0000, 0x400),
    ("FMC and QUADSPI banks", 0x6000_0000, 0x4000_0000),
    ("FMC registers", 0xA000_0000, 0x1000),
    ("QUADSPI registers", 0xA000_1000, 0x400),
];
