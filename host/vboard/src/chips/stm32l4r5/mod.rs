//! STM32L4R5ZIT6: Cortex-M4F, 2 MiB of flash in two banks, 640 KiB of SRAM.
//!
//! Facts from ST's reference manual RM0432 (registers), data sheet DS12023 (times, limits) and the Cortex-M4 TRM.
//!
//! Modelled is what it takes to bring the chip to any clock it can have, to program its flash and to count time:
//! RCC, PWR, the flash interface, TIM2, GPIO, SYSCFG, the sending side of the serial interfaces, EXTI, DBGMCU, the identification bytes and the ROM table.
//! Everything else is on the map by name only.
//!
//! Simplifications, all on the side of what no program can rely on: oscillators, PLLs and regulators are ready at once; reading flash while the
//! same bank is being programmed does not stall.

mod clock;
mod debug;
mod exti;
pub(crate) mod flash;
mod pwr;
mod rcc;
mod serial;
mod soc;
mod syscfg;

use crate::{
    chips::{dbgmcu::Dbgmcu, system_memory::SystemMemory},
    core::model::{Core, Fpu, Model},
    memory::{Chip, Device, FlashMap, RamMap, Reserved},
    timing::FlashGeometry,
};

/// The name by which probe-rs knows the chip.
pub const NAME: &str = "STM32L4R5ZITx";

const FLASH_BASE: u32 = 0x0800_0000;
const FLASH_BYTES: u32 = 2 << 20;
const KIB: u32 = 1 << 10;

/// The chip as it leaves the factory: flash erased, option bytes at their defaults (dual bank, no protection).
pub fn chip() -> Chip {
    Chip {
        name: NAME,
        core: Core {
            model: Model::CortexM4,
            // r0p1.
            cpuid: 0x410F_C241,
            interrupts: 95,
            priority_bits: 4,
            bit_band: true,
            fpu: Some(Fpu::Fpv4Sp),
            mpu_regions: 8,
            vectors: 0,
            io_port: None,
        },
        flash: FlashMap {
            base: FLASH_BASE,
            len: FLASH_BYTES,
            // BOOT0 is tied low: flash appears at zero.
            aliases: vec![0],
            accelerator: FlashGeometry::STM32L4,
            controller: 0,
        },
        rams: vec![RamMap {
            // SRAM1, SRAM2 and SRAM3 in a row.
            base: 0x2000_0000,
            len: 640 * KIB,
            cached_from: None,
            // SRAM2, and it alone, appears in the code region too.
            aliases: vec![(0x1000_0000, 192 * KIB, 64 * KIB)],
        }],
        devices: vec![
            Device {
                windows: soc::WINDOWS.to_vec(),
                peripheral: Box::new(soc::Soc::new()),
            },
            Device {
                windows: vec![SystemMemory::WINDOW],
                // LQFP144.
                peripheral: Box::new(SystemMemory::new(0b0_0010, 2048)),
            },
            Device {
                windows: vec![debug::DBGMCU_WINDOW],
                peripheral: Box::new(Dbgmcu::new(debug::DBGMCU)),
            },
            Device {
                windows: debug::COMPONENTS.windows(),
                peripheral: Box::new(debug::COMPONENTS),
            },
        ],
        unmodelled: unmodelled(),
    }
}

fn unmodelled() -> Vec<Reserved> {
    UNMODELLED
        .iter()
        .map(|&(name, base, len)| Reserved { name, base, len })
        .collect()
}

/// RM0432, table "STM32L4R5 memory map": what exists besides.
const UNMODELLED: &[(&str, u32, u32)] = &[
    ("system memory (boot loader)", 0x1FFF_0000, 0x7000),
    ("option bytes", 0x1FFF_7800, 0x800),
    ("TIM3", 0x4000_0400, 0x400),
    ("TIM4", 0x4000_0800, 0x400),
    ("TIM5", 0x4000_0C00, 0x400),
    ("TIM6", 0x4000_1000, 0x400),
    ("TIM7", 0x4000_1400, 0x400),
    ("RTC", 0x4000_2800, 0x400),
    ("WWDG", 0x4000_2C00, 0x400),
    ("IWDG", 0x4000_3000, 0x400),
    ("SPI2", 0x4000_3800, 0x400),
    ("SPI3", 0x4000_3C00, 0x400),
    ("I2C1", 0x4000_5400, 0x400),
    ("I2C2", 0x4000_5800, 0x400),
    ("I2C3", 0x4000_5C00, 0x400),
    ("CRS", 0x4000_6000, 0x400),
    ("CAN1", 0x4000_6400, 0x400),
    ("DAC1", 0x4000_7400, 0x400),
    ("OPAMP", 0x4000_7800, 0x400),
    ("LPTIM1", 0x4000_7C00, 0x400),
    ("I2C4", 0x4000_8400, 0x400),
    ("LPTIM2", 0x4000_9400, 0x400),
    ("VREFBUF", 0x4001_0030, 0x1D0),
    ("COMP", 0x4001_0200, 0x200),
    ("FIREWALL", 0x4001_1C00, 0x400),
    ("TIM1", 0x4001_2C00, 0x400),
    ("SPI1", 0x4001_3000, 0x400),
    ("TIM8", 0x4001_3400, 0x400),
    ("TIM15", 0x4001_4000, 0x400),
    ("TIM16", 0x4001_4400, 0x400),
    ("TIM17", 0x4001_4800, 0x400),
    ("SAI1", 0x4001_5400, 0x400),
    ("SAI2", 0x4001_5800, 0x400),
    ("DFSDM1", 0x4001_6000, 0x800),
    ("DMA1", 0x4002_0000, 0x400),
    ("DMA2", 0x4002_0400, 0x400),
    ("DMAMUX1", 0x4002_0800, 0x400),
    ("CRC", 0x4002_3000, 0x400),
    ("TSC", 0x4002_4000, 0x400),
    ("DMA2D", 0x4002_B000, 0x1000),
    ("USB OTG FS", 0x5000_0000, 0x4_0000),
    ("ADC1", 0x5004_0000, 0x400),
    ("DCMI", 0x5005_0000, 0x400),
    ("RNG", 0x5006_0800, 0x400),
    ("OCTOSPIM", 0x5006_1C00, 0x400),
    ("SDMMC1", 0x5006_2400, 0x400),
    ("FMC banks", 0x6000_0000, 0x3000_0000),
    ("OCTOSPI1 memory", 0x9000_0000, 0x1000_0000),
    ("FMC registers", 0xA000_0000, 0x1000),
    ("OCTOSPI1", 0xA000_1000, 0x400),
    ("OCTOSPI2", 0xA000_1400, 0x400),
];
