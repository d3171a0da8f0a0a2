//! STM32G0B1RET6: Cortex-M0+, 512 KiB of flash in two banks, 144 KiB of SRAM.
//!
//! Facts from ST's reference manual RM0444 (registers), data sheet DS13560 (times, limits) and the Cortex-M0+ TRM
//! (DDI 0484).
//!
//! Modelled is what it takes to bring the chip to any clock it can have, to program its flash and to count time:
//! RCC, PWR, the flash interface, TIM2, GPIO, SYSCFG, the sending side of the serial interfaces, DBG, the identification bytes and the ROM tables.
//! Everything else is on the map by name only.
//!
//! Simplifications, all on the side of what no program can rely on: oscillators, the PLL and regulators are ready at once; reading
//! flash while the same bank is being programmed does not stall. A chip with erased flash runs the erased flash
//! (and locks up) instead of ST's boot loader.

mod clock;
mod debug;
mod flash;
mod pwr;
mod rcc;
mod serial;
mod soc;
mod syscfg;

use crate::{
    chips::system_memory::SystemMemory,
    core::model::{Core, Model},
    memory::{Chip, Device, FlashMap, RamMap, Reserved},
    timing::FlashGeometry,
};

/// The name by which probe-rs knows the chip.
pub const NAME: &str = "STM32G0B1RETx";

const KIB: u32 = 1 << 10;

/// What the core reaches through its I/O port: the GPIO ports (RM0444, section "System architecture").
const IO_PORT: (u32, u32) = (0x5000_0000, 0x1800);

/// The chip as it leaves the factory: flash erased, option bytes at their defaults (two banks, no protection, no parity check of the
/// SRAM, which makes the parity bits memory).
pub fn chip() -> Chip {
    Chip {
        name: NAME,
        core: Core {
            model: Model::CortexM0Plus,
            // r0p1.
            cpuid: 0x410C_C601,
            interrupts: 32,
            priority_bits: 2,
            bit_band: false,
            fpu: None,
            mpu_regions: 8,
            vectors: 0,
            io_port: Some(IO_PORT),
        },
        flash: FlashMap {
            base: 0x0800_0000,
            len: 512 * KIB,
            // BOOT0 is tied low: flash appears at zero.
            aliases: vec![0],
            accelerator: FlashGeometry::STM32G0,
            controller: 0,
        },
        rams: vec![RamMap {
            base: 0x2000_0000,
            len: 144 * KIB,
            cached_from: None,
            aliases: vec![],
        }],
        devices: vec![
            Device {
                windows: soc::WINDOWS.to_vec(),
                peripheral: Box::new(soc::Soc::new()),
            },
            Device {
                windows: vec![SystemMemory::WINDOW],
                // LQFP64.
                peripheral: Box::new(SystemMemory::new(0b0111, 512)),
            },
            Device {
                windows: debug::COMPONENTS.windows(),
                peripheral: Box::new(debug::COMPONENTS),
            },
        ],
        unmodelled: UNMODELLED
            .iter()
            .map(|&(name, base, len)| Reserved { name, base, len })
            .collect(),
    }
}

/// RM0444, table "STM32G0x1 peripheral register boundary addresses": what an STM32G0B1 has besides.
const UNMODELLED: &[(&str, u32, u32)] = &[
    ("system memory (boot loader)", 0x1FFF_0000, 0x7000),
    ("option bytes", 0x1FFF_7800, 0x800),
    ("TIM3", 0x4000_0400, 0x400),
    ("TIM4", 0x4000_0800, 0x400),
    ("TIM6", 0x4000_1000, 0x400),
    ("TIM7", 0x4000_1400, 0x400),
    ("TIM14", 0x4000_2000, 0x400),
    ("RTC", 0x4000_2800, 0x400),
    ("WWDG", 0x4000_2C00, 0x400),
    ("IWDG", 0x4000_3000, 0x400),
    ("SPI2", 0x4000_3800, 0x400),
    ("SPI3", 0x4000_3C00, 0x400),
    ("I2C1", 0x4000_5400, 0x400),
    ("I2C2", 0x4000_5800, 0x400),
    ("USB", 0x4000_5C00, 0x400),
    ("FDCAN1", 0x4000_6400, 0x400),
    ("FDCAN2", 0x4000_6800, 0x400),
    ("CRS", 0x4000_6C00, 0x400),
    ("DAC1", 0x4000_7400, 0x400),
    ("CEC", 0x4000_7800, 0x400),
    ("LPTIM1", 0x4000_7C00, 0x400),
    ("I2C3", 0x4000_8800, 0x400),
    ("LPTIM2", 0x4000_9400, 0x400),
    ("USB RAM", 0x4000_9800, 0x800),
    ("UCPD1", 0x4000_A000, 0x400),
    ("UCPD2", 0x4000_A400, 0x400),
    ("TAMP", 0x4000_B000, 0x400),
    ("FDCAN message RAM", 0x4000_B400, 0x800),
    ("VREFBUF", 0x4001_0030, 0x50),
    ("SYSCFG_ITLINE0 to 31", 0x4001_0080, 0x80),
    ("COMP", 0x4001_0200, 0x200),
    ("ADC", 0x4001_2400, 0x400),
    ("TIM1", 0x4001_2C00, 0x400),
    ("SPI1", 0x4001_3000, 0x400),
    ("TIM15", 0x4001_4000, 0x400),
    ("TIM16", 0x4001_4400, 0x400),
    ("TIM17", 0x4001_4800, 0x400),
    ("DMA1", 0x4002_0000, 0x400),
    ("DMA2", 0x4002_0400, 0x400),
    ("DMAMUX", 0x4002_0800, 0x400),
    ("EXTI", 0x4002_1800, 0x400),
    ("CRC", 0x4002_3000, 0x400),
];
