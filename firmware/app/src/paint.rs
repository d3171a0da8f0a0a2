//! Measuring RAM: memory is painted before a run; what has lost its paint was used.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::ops::Range;

use crate::board;

/// An unlikely word: neither an address, nor small, nor the same byte four times.
const PAINT: u32 = 0xC5A7_39E1;

const WORD: usize = size_of::<u32>();

#[repr(C, align(16))]
struct Arena(UnsafeCell<[u8; board::ARENA_BYTES]>);

// SAFETY: only `arena` hands it out, to a caller that promises to be the only one.
unsafe impl Sync for Arena {}

/// The networks' working memory. Start-up code leaves it alone.
#[unsafe(link_section = ".uninit.arena")]
static ARENA: Arena = Arena(UnsafeCell::new([0; board::ARENA_BYTES]));

/// The arena. Its content is left over from before the reset.
///
/// # Safety
/// To be called once.
pub(crate) unsafe fn arena() -> &'static mut [u8] {
    // SAFETY: by this function's contract not aliased.
    unsafe { &mut *ARENA.0.get() }
}

/// Paints the arena.
pub(crate) fn arena_fill(arena: &mut [u8]) {
    for word in arena.as_chunks_mut().0 {
        *word = PAINT.to_ne_bytes();
    }
}

/// Bytes of the arena from its start up to the last word that has lost its paint. The
/// engine uses it in one piece from its start.
pub(crate) fn arena_used(arena: &[u8]) -> usize {
    let words = arena.as_chunks().0;
    let last = words
        .iter()
        .rposition(|&word| u32::from_ne_bytes(word) != PAINT);
    last.map_or(0, |last| (last + 1) * WORD)
}

/// Paints the stack below the caller's frame.
#[inline(never)]
pub(crate) fn stack_fill() {
    // SAFETY: writes to the stack between its end and the stack pointer, where no frame is,
    // and interrupts are off. In assembly from the reading of the pointer to the last
    // write, lest the compiler move it in between.
    unsafe {
        asm!(
            "mov {end}, sp",
            "b 3f",
            "2:",
            "stm {word}!, {{{paint}}}",
            "3:",
            "cmp {word}, {end}",
            "blo 2b",
            word = inout(reg) stack_region().start => _,
            end = out(reg) _,
            paint = in(reg) PAINT,
            options(nostack),
        );
    }
}

/// Bytes of the stack from its top down to the deepest word that has lost its paint.
pub(crate) fn stack_used() -> usize {
    let region = stack_region();
    let deepest = region.clone().step_by(WORD).find(|&address| {
        let word = core::ptr::with_exposed_provenance::<u32>(address);
        // SAFETY: within the stack; volatile, since these are nobody's variables.
        unsafe { word.read_volatile() != PAINT }
    });
    region.end - deepest.unwrap_or(region.end)
}

/// Whether the `len` bytes at `address` lie within the stack.
pub(crate) fn is_on_stack(address: usize, len: usize) -> bool {
    let region = stack_region();
    region.start <= address && address <= region.end - len
}

/// Bytes of RAM that the image's variables take, without the arena.
pub(crate) fn statics() -> usize {
    symbols(&raw const __sdata, &raw const __euninit).len() - board::ARENA_BYTES
}

/// The stack grows down from the end of this to its start. Below lies no memory.
fn stack_region() -> Range<usize> {
    symbols(&raw const _stack_end, &raw const _stack_start)
}

fn symbols(start: *const u32, end: *const u32) -> Range<usize> {
    start.expose_provenance()..end.expose_provenance()
}

// Addresses that the linker script defines.
unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
    static __sdata: u32;
    static __euninit: u32;
}
