//! The board the image is built for, chosen by the feature of its name.
//!
//! A board module offers:
//! - `NAME`, `PARTITION` (addresses of the model partition), `ARENA_BYTES`
//! - `CLOCK_HZ`: the core's clock once `start` has run
//! - `counter`: the word that counts the core's cycles, once `start` has run
//! - `TICK_HZ`, `TICK_BITS` and `ticks`: the second clock, free-running
//! - `start`: brings up both clocks and the flash caches, in a frame of its own, which does not stay on the stack
//! - `forget_caches`: empties the caches, so that every run begins alike
//!
//! Another board is another such module with a feature of its name, a memory map in
//! `memory`, its name in `build.rs`, and a file in `boards`.

macro_rules! boards {
    ($($feature:literal $module:ident)*) => {
        $(
            #[cfg(feature = $feature)]
            mod $module;
            #[cfg(feature = $feature)]
            pub(crate) use $module::*;
        )*

        #[cfg(not(any($(feature = $feature),*)))]
        compile_error!(concat!(
            "name the board as a feature, as `cargo xtask images` does:",
            $(" --features ", $feature),*
        ));
    };
}

boards! {
    "nucleo-f446re" nucleo_f446re
    "nucleo-f746zg" nucleo_f746zg
    "nucleo-g0b1re" nucleo_g0b1re
    "nucleo-l4r5zi" nucleo_l4r5zi
}

/// The cycle counter of Armv7-M.
#[cfg(not(armv6m))]
mod dwt {
    use cortex_m::peripheral::DWT;

    /// Starts the counter.
    pub(super) fn start() {
        // SAFETY: nothing else uses these peripherals.
        let mut core = unsafe { cortex_m::Peripherals::steal() };
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
    }

    /// The core's cycles, wrapping.
    #[inline]
    pub(crate) fn counter() -> *const u32 {
        // SAFETY: the address of a register that every core of this architecture has.
        let counter = unsafe { &raw const (*DWT::PTR).cyccnt };
        counter.cast()
    }
}

/// The core's cycles so far, wrapping.
#[inline]
pub(crate) fn cycles() -> u32 {
    // SAFETY: a register; reading it has no side effects.
    unsafe { counter().read_volatile() }
}

/// Sets the clocks, as the HAL does it. It relies on the clock of PWR alone, which the caller has enabled. The HAL's `init`
/// would enable each port and DMA channel too, in half a kilobyte.
fn set_clocks(config: embassy_stm32::rcc::Config) {
    // SAFETY: nothing else uses this peripheral.
    let mut rcc = unsafe { embassy_stm32::peripherals::RCC::steal() };
    embassy_stm32::rcc::reinit(config, &mut rcc);
}

/// The model partition as memory.
pub(crate) fn partition() -> &'static [u8] {
    let start = core::ptr::with_exposed_provenance(PARTITION.start);
    // SAFETY: the board's flash holds these bytes, always readable, and nothing in the
    // image writes to flash, so they stay as they are while it runs.
    unsafe { core::slice::from_raw_parts(start, PARTITION.len()) }
}
