//! NUCLEO-L4R5ZI: STM32L4R5ZIT6, Cortex-M4F at 120 MHz from the internal oscillator.

use core::ops::Range;

use embassy_stm32::pac::rcc::vals::Hpre;
use embassy_stm32::pac::{FLASH, PWR, RCC, TIM2};
use embassy_stm32::rcc::{
    AHBPrescaler, Config, LsConfig, Pll, PllMul, PllPreDiv, PllRDiv, PllSource, Sysclk,
};

pub(crate) use super::dwt::counter;

pub(crate) const NAME: &str = "nucleo-l4r5zi";

/// HSI16 / 2 * 30 / 2.
pub(crate) const CLOCK_HZ: u32 = 120_000_000;

/// TIM2 counts the APB1 timer clock, which is undivided.
pub(crate) const TICK_HZ: u32 = 120_000_000;

/// All of TIM2's bits.
pub(crate) const TICK_BITS: u32 = 32;

/// 608 KiB of RAM besides the stack, less 32 KiB for everything else.
pub(crate) const ARENA_BYTES: usize = 576 * 1024;

/// Flash bank 2.
pub(crate) const PARTITION: Range<usize> = 0x0810_0000..0x0820_0000;

/// Flash wait states at 120 MHz in range 1 boost (RM0432, table "Number of wait states").
const WAIT_STATES: u8 = 5;

/// PWR_CR5, which the register crate lacks (RM0432: offset 0x80), and its R1MODE bit:
/// cleared, the regulator's range 1 is in boost mode, which 80 MHz and more need.
const PWR_CR5: usize = 0x80;
const R1MODE: u32 = 1 << 8;

/// Brings the core to its full clock and starts the second one.
///
/// The order is the one RM0432 prescribes for boost mode: halve the AHB clock, boost,
/// switch to the PLL, wait 1 us, undo the halving. The HAL does the switch; it knows
/// neither boost mode nor the fifth wait state.
#[inline(never)]
pub(crate) fn start() {
    RCC.cfgr().modify(|w| w.set_hpre(Hpre::DIV2));
    boost();
    super::set_clocks(half());
    set_flash(WAIT_STATES);
    cortex_m::asm::delay(2 * CLOCK_HZ / 1_000_000);
    RCC.cfgr().modify(|w| w.set_hpre(Hpre::DIV1));
    while RCC.cfgr().read().hpre() != Hpre::DIV1 {}
    start_second_clock();
    super::dwt::start();
}

/// 120 MHz, the AHB still at half of it, with the wait states of that half.
fn half() -> Config {
    let mut config = Config::new();
    config.ls = LsConfig::off();
    config.hsi48 = None;
    config.ahb_pre = AHBPrescaler::DIV2;
    config.hsi = true;
    config.pll = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV2,
        mul: PllMul::MUL30,
        divp: None,
        divq: None,
        divr: Some(PllRDiv::DIV2),
    });
    config.sys = Sysclk::PLL1_R;
    config
}

/// Raises the core's voltage.
fn boost() {
    RCC.apb1enr1().modify(|w| w.set_pwren(true));
    // The clock reaches the registers two cycles after it is enabled: read back before use.
    RCC.apb1enr1().read();
    let cr5 = PWR
        .as_ptr()
        .cast::<u8>()
        .wrapping_add(PWR_CR5)
        .cast::<u32>();
    // SAFETY: a register of PWR; aligned, read and written whole, and nobody else touches it.
    unsafe { cr5.write_volatile(cr5.read_volatile() & !R1MODE) };
}

/// Wait states, prefetch and both caches of the flash interface.
fn set_flash(wait_states: u8) {
    FLASH.acr().modify(|w| {
        w.set_latency(wait_states);
        w.set_prften(true);
        w.set_icen(true);
        w.set_dcen(true);
    });
    while FLASH.acr().read().latency() != wait_states {}
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
    RCC.apb1enr1().modify(|w| w.set_tim2en(true));
    // The clock reaches the timer two cycles after it is enabled: read back before use.
    RCC.apb1enr1().read();
    TIM2.arr().write_value(u32::MAX);
    TIM2.cr1().write(|w| w.set_cen(true));
}

/// The second clock, at [`TICK_HZ`], wrapping.
#[inline(always)]
pub(crate) fn ticks() -> u32 {
    TIM2.cnt().read()
}
