//! NUCLEO-F446RE: STM32F446RET6, Cortex-M4F at 180 MHz from the internal oscillator.

use core::ops::Range;

use embassy_stm32::pac::{FLASH, RCC, TIM2};
use embassy_stm32::rcc::{
    APBPrescaler, Config, LsConfig, Pll, PllMul, PllPDiv, PllPreDiv, PllSource, Sysclk,
};

pub(crate) use super::dwt::counter;

pub(crate) const NAME: &str = "nucleo-f446re";

/// HSI / 8 * 180 / 2.
pub(crate) const CLOCK_HZ: u32 = 180_000_000;

/// TIM2 counts twice the APB1 clock, which is a quarter of the core's.
pub(crate) const TICK_HZ: u32 = CLOCK_HZ / 2;

/// All of TIM2's bits.
pub(crate) const TICK_BITS: u32 = 32;

/// 112 KiB of RAM besides the stack, less 12 KiB for everything else.
pub(crate) const ARENA_BYTES: usize = 100 * 1024;

/// Sectors 5 to 7, of 128 KiB each.
pub(crate) const PARTITION: Range<usize> = 0x0804_0000..0x0808_0000;

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
        mul: PllMul::MUL180,
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

/// Prefetch and both caches of the flash interface.
fn start_caches() {
    FLASH.acr().modify(|w| {
        w.set_prften(true);
        w.set_icen(true);
        w.set_dcen(true);
    });
}

/// Empties the flash interface's caches. They may only be reset while off.
pub(crate) fn forget_caches() {
    let enabled = FLASH.acr().read();
    let mut off = enabled;
    off.set_icen(false);
    off.set_dcen(false);
    let mut reset = off;
    reset.set_icrst(true);
    reset.set_dcrst(true);
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
