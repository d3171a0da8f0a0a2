//! The STM32F4 and STM32F7 lines: one generation of clock tree, regulator and flash interface.
//!
//! What differs between parts is data: a `Part`. Facts from ST's reference manuals RM0390 (STM32F446) and RM0385 (STM32F74x)
//! and the data sheets DS10693 and DS10916.
//!
//! Modelled is what it takes to bring a chip to any clock it can have, to program its flash and to count time: RCC, PWR, the
//! flash interface, TIM2, GPIO, SYSCFG, the sending side of the serial interfaces, DBGMCU, the identification bytes and the ROM tables. Everything else is on the map by
//! name only. Oscillators, PLLs and regulators are ready at once; reading flash while it is being programmed does not stall.

mod clock;
mod flash;
mod pwr;
mod rcc;
mod soc;
mod system_memory;

use self::{clock::Limit, flash::Layout, soc::Soc, system_memory::SystemMemory};
use crate::{
    chips::{coresight::Components, dbgmcu::Dbgmcu, register::Register, serial::Port},
    core::model::Core,
    memory::{Chip, Device, FlashMap, RamMap, Reserved},
    timing::FlashGeometry,
};

pub mod stm32f446;
pub mod stm32f746;

/// Where the flash array is.
const FLASH_BASE: u32 = 0x0800_0000;
const KIB: u32 = 1 << 10;

/// What distinguishes a part from its relatives.
#[derive(Debug)]
pub(crate) struct Part {
    /// As probe-rs calls it.
    name: &'static str,
    core: Core,
    /// The flash array's sectors and the controller's registers.
    flash: Layout,
    /// Further addresses of the flash array.
    flash_aliases: &'static [u32],
    accelerator: FlashGeometry,
    /// Of each RAM: address, length, and from which offset on the core reaches it through its data cache.
    rams: &'static [(u32, u32, Option<u32>)],
    /// Ports, A being the first.
    ports: usize,
    /// USART1 to 3, UART4 and 5, USART6, UART7 and 8.
    serial: &'static [Port],
    /// The register in RCC that selects their clocks, two bits each; without it they have their buses'.
    serial_select: Option<u32>,
    rcc: &'static [Register],
    /// Whether RCC_PLLCFGR has PLLR, and CFGR.SW takes it.
    pll_r: bool,
    pwr: &'static [Register],
    syscfg: &'static [Register],
    /// Highest SYSCLK by the regulator's scale.
    scales: [Limit; 3],
    /// Highest PCLK1 and PCLK2.
    buses: [Limit; 2],
    dbgmcu: &'static [Register],
    components: &'static Components,
    memory: &'static SystemMemory,
    unmodelled: &'static [(&'static str, u32, u32)],
}

impl Part {
    /// The chip as it leaves the factory: flash erased, option bytes at their defaults.
    fn chip(&'static self) -> Chip {
        let reserved = |&(name, base, len)| Reserved { name, base, len };
        Chip {
            name: self.name,
            core: self.core,
            flash: FlashMap {
                base: FLASH_BASE,
                len: self.flash.bytes() as u32,
                aliases: self.flash_aliases.to_vec(),
                accelerator: self.accelerator,
                controller: 0,
            },
            rams: self
                .rams
                .iter()
                .map(|&(base, len, cached_from)| RamMap {
                    base,
                    len,
                    cached_from,
                    aliases: vec![],
                })
                .collect(),
            devices: vec![
                Device {
                    windows: soc::windows(self),
                    peripheral: Box::new(Soc::new(self)),
                },
                Device {
                    windows: self.memory.windows.to_vec(),
                    peripheral: Box::new(self.memory),
                },
                Device {
                    windows: vec![(0xE004_2000, 0x400)],
                    peripheral: Box::new(Dbgmcu::new(self.dbgmcu)),
                },
                Device {
                    windows: self.components.windows(),
                    peripheral: Box::new(Components(self.components.0)),
                },
            ],
            unmodelled: self.unmodelled.iter().map(reserved).collect(),
        }
    }
}
