//! Integer arithmetic: data processing, shifts, bit fields.

use super::{
    insn::{Alu, Carry, Extend, Reg, Shift, Unary},
    registers::Registers,
};

/// `a + b + carry`, the carry out, and the overflow in bit 31.
#[inline(always)]
pub(crate) fn add_with_carry(a: u32, b: u32, carry: bool) -> (u32, bool, u32) {
    let (sum, c1) = a.overflowing_add(b);
    let (sum, c2) = sum.overflowing_add(u32::from(carry));
    (sum, c1 | c2, (a ^ sum) & (b ^ sum))
}

/// `value` shifted by a constant, and the carry out.
#[inline(always)]
pub(crate) fn shift_constant(shift: Shift, value: u32, amount: u8, carry: bool) -> (u32, bool) {
    let n = u32::from(amount);
    match shift {
        // The amount is at least 1 here: a shift by zero is decoded as none at all.
        Shift::Lsl => (value << (n & 31), value >> ((32 - n) & 31) & 1 != 0),
        Shift::Lsr => (value.unbounded_shr(n), value >> ((n - 1) & 31) & 1 != 0),
        Shift::Asr => (
            (value as i32).unbounded_shr(n) as u32,
            value >> ((n - 1) & 31) & 1 != 0,
        ),
        Shift::Ror => {
            let result = value.rotate_right(n);
            (result, result >> 31 != 0)
        }
        Shift::Rrx => (u32::from(carry) << 31 | value >> 1, value & 1 != 0),
    }
}

/// `value` shifted by the low byte of a register, and the carry out.
#[inline(always)]
pub(crate) fn shift_register(shift: Shift, value: u32, amount: u32, carry: bool) -> (u32, bool) {
    let n = amount & 0xff;
    if n == 0 {
        return (value, carry);
    }
    match shift {
        Shift::Lsl => (
            value.unbounded_shl(n),
            n <= 32 && value >> (32u32.wrapping_sub(n) & 31) & 1 != 0,
        ),
        Shift::Lsr => (
            value.unbounded_shr(n),
            n <= 32 && value >> ((n - 1) & 31) & 1 != 0,
        ),
        Shift::Asr => (
            (value as i32).unbounded_shr(n) as u32,
            (value as i32).unbounded_shr(n - 1) & 1 != 0,
        ),
        Shift::Ror | Shift::Rrx => {
            let result = value.rotate_right(n & 31);
            (result, result >> 31 != 0)
        }
    }
}

impl Registers {
    /// `rd = rn op b`; `shifter_carry` is what a logical operation leaves in C.
    #[inline(always)]
    pub(crate) fn alu(&mut self, op: Alu, s: bool, rd: Reg, rn: Reg, b: u32, shifter_carry: bool) {
        let a = self.get(rn);
        match op {
            Alu::And => self.logical(s, rd, a & b, shifter_carry),
            Alu::Bic => self.logical(s, rd, a & !b, shifter_carry),
            Alu::Orr => self.logical(s, rd, a | b, shifter_carry),
            Alu::Orn => self.logical(s, rd, a | !b, shifter_carry),
            Alu::Eor => self.logical(s, rd, a ^ b, shifter_carry),
            Alu::Mov => self.logical(s, rd, b, shifter_carry),
            Alu::Mvn => self.logical(s, rd, !b, shifter_carry),
            Alu::Add => self.arithmetic(s, rd, a, b, false),
            Alu::Adc => self.arithmetic(s, rd, a, b, self.c),
            Alu::Sub => self.arithmetic(s, rd, a, !b, true),
            Alu::Sbc => self.arithmetic(s, rd, a, !b, self.c),
            Alu::Rsb => self.arithmetic(s, rd, b, !a, true),
            Alu::Tst => self.test(a & b, shifter_carry),
            Alu::Teq => self.test(a ^ b, shifter_carry),
            Alu::Cmp => _ = self.compare(a, !b, true),
            Alu::Cmn => _ = self.compare(a, b, false),
        }
    }

    /// What an expanded immediate leaves in C.
    #[inline(always)]
    pub(crate) fn immediate_carry(&self, carry: Carry) -> bool {
        match carry {
            Carry::Keep => self.c,
            Carry::Clear => false,
            Carry::Set => true,
        }
    }

    #[inline(always)]
    fn logical(&mut self, s: bool, rd: Reg, result: u32, carry: bool) {
        self.set(rd, result);
        if s {
            self.test(result, carry);
        }
    }

    #[inline(always)]
    fn test(&mut self, result: u32, carry: bool) {
        self.set_nz(result);
        self.c = carry;
    }

    #[inline(always)]
    fn arithmetic(&mut self, s: bool, rd: Reg, a: u32, b: u32, carry: bool) {
        if s {
            let result = self.compare(a, b, carry);
            self.set(rd, result);
        } else {
            self.set(rd, a.wrapping_add(b).wrapping_add(u32::from(carry)));
        }
    }

    /// Sets the flags for `a + b + carry`, which it returns.
    #[inline(always)]
    fn compare(&mut self, a: u32, b: u32, carry: bool) -> u32 {
        let (result, c, v) = add_with_carry(a, b, carry);
        self.set_nz(result);
        self.c = c;
        self.v = v;
        result
    }

    /// MUL.
    #[inline(always)]
    pub(crate) fn multiply(&mut self, s: bool, rd: Reg, rn: Reg, rm: Reg) {
        let value = self.get(rn).wrapping_mul(self.get(rm));
        self.set(rd, value);
        if s {
            self.set_nz(value);
        }
    }

    /// MLA, or MLS if it is to `subtract`.
    #[inline(always)]
    pub(crate) fn multiply_add(&mut self, subtract: bool, rd: Reg, rn: Reg, rm: Reg, ra: Reg) {
        let product = self.get(rn).wrapping_mul(self.get(rm));
        let a = self.get(ra);
        let value = if subtract {
            a.wrapping_sub(product)
        } else {
            a.wrapping_add(product)
        };
        self.set(rd, value);
    }

    /// `rd = rn shifted by rm`.
    #[inline(always)]
    pub(crate) fn shift(&mut self, shift: Shift, s: bool, rd: Reg, rn: Reg, rm: Reg) {
        let (result, carry) = shift_register(shift, self.get(rn), self.get(rm), self.c);
        self.logical(s, rd, result, carry);
    }
}

/// The result of `op` on `value`.
#[inline(always)]
pub(crate) fn unary(op: Unary, value: u32) -> u32 {
    match op {
        Unary::Clz => value.leading_zeros(),
        Unary::Rbit => value.reverse_bits(),
        Unary::Rev => value.swap_bytes(),
        Unary::Rev16 => value.swap_bytes().rotate_right(16),
        Unary::Revsh => i32::from((value as u16).swap_bytes() as i16) as u32,
    }
}

/// `base` plus the extension of the already rotated `value`; `base` is 0 where there is no
/// addition.
#[inline(always)]
pub(crate) fn extend(op: Extend, base: u32, value: u32) -> u32 {
    let lanes = |low: u32, high: u32| {
        base.wrapping_add(low) & 0xffff | (base >> 16).wrapping_add(high) << 16
    };
    match op {
        Extend::Sxtb => base.wrapping_add(value as i8 as u32),
        Extend::Sxth => base.wrapping_add(value as i16 as u32),
        Extend::Uxtb => base.wrapping_add(value & 0xff),
        Extend::Uxth => base.wrapping_add(value & 0xffff),
        Extend::Sxtb16 => lanes(value as i8 as u32, (value >> 16) as i8 as u32),
        Extend::Uxtb16 => lanes(value & 0xff, value >> 16 & 0xff),
    }
}

/// A mask of the low `width` bits, 1 to 32.
#[inline(always)]
pub(crate) fn low_mask(width: u8) -> u32 {
    u32::MAX >> (32 - u32::from(width))
}
