//! NUCLEO-F746ZG: STM32F746ZGT6, Cortex-M7F at 216 MHz from the internal oscillator.

use core::ops::Range;

use embassy_stm32::pac::{FLASH, RCC, TIM2};
use embassy_stm32::rcc::{
    APBPrescaler, Config, LsConfig, Pll, PllMul, PllPDiv, PllPreDiv, PllSource, Sysclk,
};

pub(crate) use super::dwt::counter;

pub(crate) const NAME: &str = "nucleo-f746zg";

/// HSI / 8 * 216 / 2.
pub(crate) const CLOCK_HZ: u32 = 216_000_000;

/// TIM2 counts twice the APB1 clock, which is a quarter of the core's.
pub(crate) const TICK_HZ: u32 = CLOCK_HZ / 2;

/// All of TIM2's bits.
pub(crate) const TICK_BITS: u32 = 32;

/// 304 KiB of RAM besides the stack, less 16 KiB for everything else. It begins in the tightly coupled
/// RAM and goes on in SRAM1 and SRAM2, which the data cache covers.
pub(crate) const ARENA_BYTES: usize = 288 * 1024;

/// Sectors 5 to 7, of 256 KiB each.
pub(crate) const PARTITION: Range<usize> = 0x0804_0000..0x0810_0000;

/// Brings the core to its full clock and starts the second one.
///
/// The HAL does it all: voltage scale 1, over-drive, PLL and wait states. It leaves prefetch
/// and caches off.
#[inline(never)]
pub(crate) fn start() {
    RCC.apb1enr().modify(|w| w.set_pwren(true));
    // The clock reaches the registers two cycles after it is enabled: read back before use.
    RCC.apb1enr().read();
    let mut config = Config::new();
    config.ls = LsConfig::off();
    config.hsi = true;
    config.pll_src = PllSource::HSI;
    config.pll = Some(Pll {
        prediv: PllPreDiv::DIV8,
        mul: PllMul::MUL216,
        divp: Some(PllPDiv::DIV2),
        divq: None,
        divr: None,
    });
    config.sys = Sysclk::PLL1_P;
    config.apb1_pre = APBPrescaler::DIV4;
    config.apb2_pre = APBPrescaler::DIV2;
    super::set_clocks(config);
    start_caches();
    start_second_clock();
    super::dwt::start();
}

/// The flash accelerator, its prefetch, and both caches of the core.
fn start_caches() {
    FLASH.acr().modify(|w| {
        w.set_prften(true);
        w.set_arten(true);
    });
    // SAFETY: nothing else uses these peripherals.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    core.SCB.enable_icache();
    core.SCB.enable_dcache(&mut core.CPUID);
}

/// Empties all caches, writing back what only they hold, and forgets what branches did.
pub(crate) fn forget_caches() {
    // SAFETY: nothing else uses these peripherals.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    core.SCB.clean_invalidate_dcache(&mut core.CPUID);
    core.SCB.invalidate_icache();
    core.CBP.bpiall();
    // The accelerator may only be reset while off.
    let enabled = FLASH.acr().read();
    let mut off = enabled;
    off.set_arten(false);
    let mut reset = off;
    reset.set_artrst(true);
    for step in [off, reset, off, enabled] {
        FLASH.acr().write_value(step);
    }
}

fn start_second_clock() {
    RCC.apb1enr().modify(|w| w.set_tim2en(true));
    // The clock reaches the timer two cycles after it is enabled: read back before use.
    RCC.apb1enr().read();
    TIM2.arr().write_value(u32::MAX);
    TIM2.cr1().write(|w| w.set_cen(true));
}

/// The second clock, at [`TICK_HZ`], wrapping.
#[inline(always)]
pub(crate) fn ticks() -> u32 {
    TIM2.cnt().read()
}
