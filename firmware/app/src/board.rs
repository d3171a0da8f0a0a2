//! The board the image is built for, chosen by the feature of its name.
//!
//! A board module offers:
//! - `NAME`, `PARTITION` (addresses of the model partition), `ARENA_BYTES`
//! - `CLOCK_HZ`: the core's clock once `start` has run
//! - `TICK_HZ` and `ticks`: the second clock, 32 bits, free-running
//! - `start`: brings up both clocks and the flash caches
//! - `forget_caches`: empties the caches, so that every run begins alike
//!
//! Another board is another such module with a feature of its name, a memory map in
//! `memory`, its name in `build.rs`, and a file in `boards`.

#[cfg(feature = "nucleo-l4r5zi")]
mod nucleo_l4r5zi;
#[cfg(feature = "nucleo-l4r5zi")]
pub(crate) use nucleo_l4r5zi::*;

#[cfg(not(feature = "nucleo-l4r5zi"))]
compile_error!(
    "name the board as a feature, as `cargo xtask images` does: --features nucleo-l4r5zi"
);

/// The model partition as memory.
pub(crate) fn partition() -> &'static [u8] {
    let start = core::ptr::with_exposed_provenance(PARTITION.start);
    // SAFETY: the board's flash holds these bytes, always readable, and nothing in the
    // image writes to flash, so they stay as they are while it runs.
    unsafe { core::slice::from_raw_parts(start, PARTITION.len()) }
}
