//! Cutting outputs to an activation's range, four at a time.

use core::arch::asm;

use crate::op::Clamp;

/// Cuts elements, which have been cut to the type's range, to what an activation lets through.
///
/// `SSUB8` notes which elements of its first operand are not less than those of its second, and `SEL` takes those of its own
/// first operand there.
pub(super) fn clamp_all(elements: &mut [i8], clamp: Clamp) {
    if !clamp.is_tight() {
        return;
    }
    let groups = elements.len() / 4;
    let four = |x: i32| u32::from(x as u8) * 0x0101_0101;
    if groups > 0 {
        // SAFETY: reads and writes `4 * groups` bytes of the slice.
        unsafe {
            asm!(
                ".p2align 2",
                "2:",
                "ldr.w {x}, [{at}]",
                "subs.w {groups}, {groups}, #1",
                "ssub8 {difference}, {x}, {min}",
                "sel {x}, {x}, {min}",
                "ssub8 {difference}, {x}, {max}",
                "sel {x}, {max}, {x}",
                "str.w {x}, [{at}], #4",
                "bne 2b",
                at = inout(reg) elements.as_mut_ptr() => _,
                groups = inout(reg) groups => _,
                min = in(reg) four(clamp.min),
                max = in(reg) four(clamp.max),
                x = out(reg) _,
                difference = out(reg) _,
                options(nostack),
            );
        }
    }
    for x in elements.iter_mut().skip(4 * groups) {
        *x = clamp.apply(i32::from(*x));
    }
}
