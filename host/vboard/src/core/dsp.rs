//! The DSP extension: lanes, saturation, multiplies of halves.

use super::{
    insn::{DspLong, DspMul, LaneMode, Lanes, LongMul, Reg, SatOp},
    registers::Registers,
};

/// `value` limited to a signed number of `bits` bits, and whether it had to be.
#[inline(always)]
pub(crate) fn saturate_signed(value: i64, bits: u8) -> (u32, bool) {
    let max = (1i64 << (bits - 1)) - 1;
    let limited = value.clamp(-max - 1, max);
    (limited as u32, limited != value)
}

/// `value` limited to an unsigned number of `bits` bits, and whether it had to be.
#[inline(always)]
pub(crate) fn saturate_unsigned(value: i64, bits: u8) -> (u32, bool) {
    let limited = value.clamp(0, (1i64 << bits) - 1);
    (limited as u32, limited != value)
}

fn low(value: u32) -> i32 {
    i32::from(value as i16)
}

fn high(value: u32) -> i32 {
    value as i32 >> 16
}

/// The half of `value` that `top` selects.
fn half(value: u32, top: bool) -> i32 {
    if top { high(value) } else { low(value) }
}

fn exchanged(value: u32, exchange: bool) -> u32 {
    if exchange {
        value.rotate_left(16)
    } else {
        value
    }
}

/// One lane of a parallel operation: `a op b` on lanes of `bits` bits, given as bits. The
/// result, and whether the lane sets its GE bits.
fn lane(mode: LaneMode, subtract: bool, a: u32, b: u32, bits: u8) -> (u32, bool) {
    use LaneMode::{Halve, Saturate, Signed, Unsigned, UnsignedHalve, UnsignedSaturate};
    let signed = matches!(mode, Signed | Saturate | Halve);
    let widen = |v: u32| {
        let spare = 32 - u32::from(bits);
        if signed {
            (v << spare) as i32 >> spare
        } else {
            (v << spare >> spare) as i32
        }
    };
    let (a, b) = (widen(a), widen(b));
    let exact = if subtract { a - b } else { a + b };
    let ge = if signed || subtract {
        exact >= 0
    } else {
        exact >> bits != 0
    };
    let result = match mode {
        Signed | Unsigned => exact as u32,
        Saturate => saturate_signed(i64::from(exact), bits).0,
        UnsignedSaturate => saturate_unsigned(i64::from(exact), bits).0,
        Halve | UnsignedHalve => (exact >> 1) as u32,
    };
    (result & ((1 << bits) - 1), ge)
}

/// A parallel addition or subtraction, and the GE flags it sets, if it does.
fn parallel(op: Lanes, mode: LaneMode, n: u32, m: u32) -> (u32, Option<u8>) {
    let mut result = 0;
    let mut ge = 0;
    if let Lanes::Add8 | Lanes::Sub8 = op {
        for i in 0..4 {
            let (r, g) = lane(mode, op == Lanes::Sub8, n >> (8 * i), m >> (8 * i), 8);
            result |= r << (8 * i);
            ge |= u8::from(g) << i;
        }
    } else {
        let (swap, low_subtracts, high_subtracts) = match op {
            Lanes::Asx => (true, true, false),
            Lanes::Sax => (true, false, true),
            Lanes::Sub16 => (false, true, true),
            _ => (false, false, false),
        };
        let m = exchanged(m, swap);
        let (r0, g0) = lane(mode, low_subtracts, n, m, 16);
        let (r1, g1) = lane(mode, high_subtracts, n >> 16, m >> 16, 16);
        result = r0 | r1 << 16;
        ge = (u8::from(g0) * 3) | (u8::from(g1) * 12);
    }
    let sets_ge = matches!(mode, LaneMode::Signed | LaneMode::Unsigned);
    (result, sets_ge.then_some(ge))
}

impl Registers {
    pub(crate) fn parallel(&mut self, op: Lanes, mode: LaneMode, rd: Reg, rn: Reg, rm: Reg) {
        let (result, ge) = parallel(op, mode, self.get(rn), self.get(rm));
        self.set(rd, result);
        if let Some(ge) = ge {
            self.ge = ge;
        }
    }

    pub(crate) fn select(&mut self, rd: Reg, rn: Reg, rm: Reg) {
        let mask = (0..4).fold(0, |m, i| {
            m | ((u32::from(self.ge) >> i & 1) * (0xff << (8 * i)))
        });
        self.set(rd, self.get(rn) & mask | self.get(rm) & !mask);
    }

    pub(crate) fn saturate(
        &mut self,
        signed: bool,
        rd: Reg,
        rn: Reg,
        bits: u8,
        asr: bool,
        amount: u8,
    ) {
        let value = self.get(rn) as i32;
        let value = if asr {
            value >> amount
        } else {
            value << amount
        };
        let (result, saturated) = if signed {
            saturate_signed(i64::from(value), bits)
        } else {
            saturate_unsigned(i64::from(value), bits)
        };
        self.set(rd, result);
        self.q |= saturated;
    }

    pub(crate) fn saturate16(&mut self, signed: bool, rd: Reg, rn: Reg, bits: u8) {
        let value = self.get(rn);
        let limit = |v: i32| {
            let v = i64::from(v);
            if signed {
                saturate_signed(v, bits)
            } else {
                saturate_unsigned(v, bits)
            }
        };
        let ((l, ls), (h, hs)) = (limit(low(value)), limit(high(value)));
        self.set(rd, l & 0xffff | h << 16);
        self.q |= ls | hs;
    }

    pub(crate) fn saturating(&mut self, op: SatOp, rd: Reg, rn: Reg, rm: Reg) {
        let (n, m) = (
            i64::from(self.get(rn) as i32),
            i64::from(self.get(rm) as i32),
        );
        let (n, doubled) = match op {
            SatOp::Qdadd | SatOp::Qdsub => {
                let (n, saturated) = saturate_signed(2 * n, 32);
                (i64::from(n as i32), saturated)
            }
            SatOp::Qadd | SatOp::Qsub => (n, false),
        };
        let exact = match op {
            SatOp::Qadd | SatOp::Qdadd => m + n,
            SatOp::Qsub | SatOp::Qdsub => m - n,
        };
        let (result, saturated) = saturate_signed(exact, 32);
        self.set(rd, result);
        self.q |= doubled | saturated;
    }

    /// USAD8 and USADA8.
    pub(crate) fn usad8(&mut self, rd: Reg, rn: Reg, rm: Reg, ra: Reg) {
        let (n, m) = (self.get(rn).to_le_bytes(), self.get(rm).to_le_bytes());
        let sum: u32 = n
            .iter()
            .zip(m)
            .map(|(&a, b)| u32::from(a.abs_diff(b)))
            .sum();
        let base = if ra == 15 { 0 } else { self.get(ra) };
        self.set(rd, base.wrapping_add(sum));
    }

    #[inline(always)]
    pub(crate) fn multiply_long(&mut self, op: LongMul, lo: Reg, hi: Reg, rn: Reg, rm: Reg) {
        let (n, m) = (self.get(rn), self.get(rm));
        let unsigned = u64::from(n) * u64::from(m);
        let signed = (i64::from(n as i32) * i64::from(m as i32)) as u64;
        let (l, h) = (u64::from(self.get(lo)), u64::from(self.get(hi)));
        let result = match op {
            LongMul::Umull => unsigned,
            LongMul::Smull => signed,
            LongMul::Umlal => unsigned.wrapping_add(h << 32 | l),
            LongMul::Smlal => signed.wrapping_add(h << 32 | l),
            LongMul::Umaal => unsigned + h + l,
        };
        self.set(lo, result as u32);
        self.set(hi, (result >> 32) as u32);
    }

    #[inline(always)]
    pub(crate) fn multiply_dsp(&mut self, op: DspMul, rd: Reg, rn: Reg, rm: Reg, ra: Reg) {
        let (n, m) = (self.get(rn), self.get(rm));
        let a = if ra == 15 {
            0
        } else {
            i64::from(self.get(ra) as i32)
        };
        let (exact, may_overflow) = match op {
            DspMul::Smlaxy(t) => (
                a + i64::from(half(n, t & 2 != 0) * half(m, t & 1 != 0)),
                true,
            ),
            DspMul::Smlaw(top) => (
                a + ((i64::from(n as i32) * i64::from(half(m, top))) >> 16),
                true,
            ),
            DspMul::Smlad(x) => {
                let m = exchanged(m, x);
                (
                    a + i64::from(low(n) * low(m)) + i64::from(high(n) * high(m)),
                    true,
                )
            }
            DspMul::Smlsd(x) => {
                let m = exchanged(m, x);
                (
                    a + i64::from(low(n) * low(m)) - i64::from(high(n) * high(m)),
                    true,
                )
            }
            DspMul::Smmla(round) | DspMul::Smmls(round) => {
                let product = i64::from(n as i32) * i64::from(m as i32);
                let sum = if let DspMul::Smmla(_) = op {
                    (a << 32).wrapping_add(product)
                } else {
                    (a << 32).wrapping_sub(product)
                };
                (sum.wrapping_add(i64::from(round) << 31) >> 32, false)
            }
        };
        self.set(rd, exact as u32);
        if may_overflow {
            self.q |= exact != i64::from(exact as i32);
        }
    }

    #[inline(always)]
    pub(crate) fn multiply_dsp_long(&mut self, op: DspLong, lo: Reg, hi: Reg, rn: Reg, rm: Reg) {
        let (n, m) = (self.get(rn), self.get(rm));
        let base = (u64::from(self.get(hi)) << 32 | u64::from(self.get(lo))) as i64;
        let add = match op {
            DspLong::Smlalxy(t) => i64::from(half(n, t & 2 != 0) * half(m, t & 1 != 0)),
            DspLong::Smlald(x) => {
                let m = exchanged(m, x);
                i64::from(low(n) * low(m)) + i64::from(high(n) * high(m))
            }
            DspLong::Smlsld(x) => {
                let m = exchanged(m, x);
                i64::from(low(n) * low(m)) - i64::from(high(n) * high(m))
            }
        };
        let result = base.wrapping_add(add);
        self.set(lo, result as u32);
        self.set(hi, (result >> 32) as u32);
    }
}
