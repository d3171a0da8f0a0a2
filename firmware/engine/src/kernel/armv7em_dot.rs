//! Sums of products of bytes by the dual 16-bit multiply-accumulate of Armv7E-M.

use core::arch::asm;

/// Sum of the products of weights and data less its zero point, over the whole groups of four elements, and how many
/// elements these are.
pub(super) fn dot_of_groups(data: &[i8], weights: &[i8], zero: i32) -> (i32, usize) {
    let groups = data.len().min(weights.len()) / 4;
    let minus_zero = ((-zero) as u32 & 0xffff) * 0x1_0001;
    let mut sum = 0;
    if groups > 0 {
        // SAFETY: reads `4 * groups` bytes of each slice, which they have.
        unsafe {
            asm!(
                ".p2align 2",
                "2:",
                "ldr.w {a}, [{data}], #4",
                "ldr.w {b}, [{weights}], #4",
                "subs.w {groups}, {groups}, #1",
                "sxtab16 {first}, {minus_zero}, {a}",
                "sxtab16 {a}, {minus_zero}, {a}, ror #8",
                "sxtb16 {second}, {b}",
                "sxtb16 {b}, {b}, ror #8",
                "smlad {sum}, {first}, {second}, {sum}",
                "smlad {sum}, {a}, {b}, {sum}",
                "bne 2b",
                data = inout(reg) data.as_ptr() => _,
                weights = inout(reg) weights.as_ptr() => _,
                groups = inout(reg) groups => _,
                sum = inout(reg) sum,
                minus_zero = in(reg) minus_zero,
                a = out(reg) _,
                b = out(reg) _,
                first = out(reg) _,
                second = out(reg) _,
                options(nostack, readonly),
            );
        }
    }
    (sum, 4 * groups)
}
