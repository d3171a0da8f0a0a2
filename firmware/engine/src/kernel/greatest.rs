//! The greater of elements, four at a time.

/// Element by element, the greater one of two.
#[cfg(armv7em)]
#[inline(always)]
pub(crate) fn greatest_of_four(a: [i8; 4], b: [i8; 4]) -> [i8; 4] {
    let word = |four: [i8; 4]| u32::from_le_bytes(four.map(|x| x as u8));
    let greatest: u32;
    // SAFETY: computes on registers and flags alone. `SSUB8` notes which of the first are not less, and `SEL` takes these.
    unsafe {
        core::arch::asm!(
            "ssub8 {greatest}, {a}, {b}",
            "sel {greatest}, {a}, {b}",
            a = in(reg) word(a),
            b = in(reg) word(b),
            greatest = out(reg) greatest,
            options(pure, nomem, nostack),
        );
    }
    greatest.to_le_bytes().map(|x| x as i8)
}

/// Element by element, the greater one of two.
#[cfg(not(armv7em))]
#[inline(always)]
pub(crate) fn greatest_of_four(a: [i8; 4], b: [i8; 4]) -> [i8; 4] {
    core::array::from_fn(|i| a[i].max(b[i]))
}
