//! NUCLEO-G0B1RE: STM32G0B1RET6, Cortex-M0+ at 64 MHz from the internal oscillator.
//!
//! The core has no cycle counter. TIM2 counts the core's clock in its place, and the system
//! timer is the second clock.

use core::ops::Range;

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use embassy_stm32::pac::{FLASH, RCC, TIM2};
use embassy_stm32::rcc::{
    Config, Hsi, HsiSysDiv, LsConfig, Pll, PllMul, PllPreDiv, PllRDiv, PllSource, Sysclk,
};

pub(crate) const NAME: &str = "nucleo-g0b1re";

/// HSI16 * 8 / 2.
pub(crate) const CLOCK_HZ: u32 = 64_000_000;

/// The system timer counts the core's clock.
pub(crate) const TICK_HZ: u32 = CLOCK_HZ;

/// The system timer has so many bits.
pub(crate) const TICK_BITS: u32 = 24;

/// 128 KiB of RAM besides the stack, less 12 KiB for everything else.
pub(crate) const ARENA_BYTES: usize = 116 * 1024;

/// Flash bank 2.
pub(crate) const PARTITION: Range<usize> = 0x0804_0000..0x0808_0000;

/// Brings the core to its full clock and starts both counters.
#[inline(never)]
pub(crate) fn start() {
    RCC.apbenr1().modify(|w| w.set_pwren(true));
    // The clock reaches the registers two cycles after it is enabled: read back before use.
    RCC.apbenr1().read();
    let mut config = Config::new();
    config.ls = LsConfig::off();
    config.hsi = Some(Hsi {
        sys_div: HsiSysDiv::DIV1,
    });
    config.pll = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL8,
        divp: None,
        divq: None,
        divr: Some(PllRDiv::DIV2),
    });
    config.sys = Sysclk::PLL1_R;
    super::set_clocks(config);
    FLASH.acr().modify(|w| {
        w.set_prften(true);
        w.set_icen(true);
    });
    start_counters();
}

/// Empties the flash interface's cache. It may only be reset while off.
pub(crate) fn forget_caches() {
    let enabled = FLASH.acr().read();
    let mut off = enabled;
    off.set_icen(false);
    let mut reset = off;
    reset.set_icrst(true);
    for step in [off, reset, off, enabled] {
        FLASH.acr().write_value(step);
    }
}

fn start_counters() {
    RCC.apbenr1().modify(|w| w.set_tim2en(true));
    // The clock reaches the timer two cycles after it is enabled: read back before use.
    RCC.apbenr1().read();
    TIM2.arr().write_value(u32::MAX);
    TIM2.cr1().write(|w| w.set_cen(true));
    // SAFETY: nothing else uses these peripherals.
    let mut core = unsafe { cortex_m::Peripherals::steal() };
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(RELOAD);
    core.SYST.clear_current();
    core.SYST.enable_counter();
}

/// The system timer counts down from here.
const RELOAD: u32 = (1 << TICK_BITS) - 1;

/// The core's cycles, wrapping: APB is undivided, so the timer counts each.
#[inline]
pub(crate) fn counter() -> *const u32 {
    TIM2.cnt().as_ptr().cast()
}

/// The second clock, at [`TICK_HZ`], wrapping at [`TICK_BITS`].
#[inline(always)]
pub(crate) fn ticks() -> u32 {
    RELOAD - SYST::get_current()
}
