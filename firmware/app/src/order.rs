//! The order that the host leaves in RAM.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use onchip_protocol::order::{self, Drill, Error, Order};

/// Where the host writes an order, found by its symbol. Start-up code leaves it alone.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".uninit.order")]
static ONCHIP_ORDER: Slot = Slot(UnsafeCell::new(MaybeUninit::uninit()));

#[repr(C, align(4))]
struct Slot(UnsafeCell<MaybeUninit<[u8; order::LEN]>>);

// SAFETY: only `take` touches it on this side, once, with no interrupt that could too.
unsafe impl Sync for Slot {}

/// What the image does when nobody ordered anything, as under a stock `probe-rs run`.
const DEFAULT: Order = Order {
    nonce: 0,
    runs: 3,
    warmups: 1,
    drill: Drill::None,
};

/// Takes the order out of RAM, so that a later reset does not find it again. Without one,
/// the default; a damaged one is refused rather than guessed at.
pub(crate) fn take() -> Result<Order, Error> {
    let slot = ONCHIP_ORDER.0.get().cast::<u32>();
    let mut bytes = [0; order::LEN];
    for (i, bytes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
        // SAFETY: within the slot and aligned; valid for reads and writes, and any bytes are a valid word; volatile, since
        // the debugger is who wrote them.
        let word = unsafe { slot.add(i).read_volatile() };
        *bytes = word.to_ne_bytes();
        // SAFETY: as above.
        unsafe { slot.add(i).write_volatile(0) };
    }
    match Order::decode(&bytes) {
        Err(Error::Magic { .. }) => Ok(DEFAULT),
        order => order,
    }
}
