//! Executing floating-point instructions.

use super::Trap;
use crate::core::{
    access::Place,
    exception::CPACR_FULL,
    float::{Fpscr, Rounding},
    insn::{FpConvert, FpUnary, Op},
    system::System,
};
use crate::memory::{AccessError, Size};
use crate::timing::Cause;

impl System {
    /// Executes a floating-point instruction (anything else is UNDEFINED).
    pub(super) fn execute_float(&mut self, op: &Op, place: Place<'_>) -> Result<(), Trap> {
        if !self.float.ready {
            self.prepare_float(place)?;
        }
        let float = &mut self.float;
        let s = |r: u8| usize::from(r & 31);
        match *op {
            Op::FpBinary { op, sd, sn, sm } => {
                let (acc, n, m) = (float.s[s(sd)], float.s[s(sn)], float.s[s(sm)]);
                float.s[s(sd)] = float.fpscr.binary(op, acc, n, m);
            }
            Op::FpUnary { op, sd, sm } => {
                let m = float.s[s(sm)];
                float.s[s(sd)] = match op {
                    FpUnary::Mov => m,
                    FpUnary::Abs => m & 0x7fff_ffff,
                    FpUnary::Neg => m ^ 0x8000_0000,
                    FpUnary::Sqrt => float.fpscr.square_root(m),
                };
            }
            Op::FpRound { how, sd, sm } => {
                let m = float.s[s(sm)];
                float.s[s(sd)] = float.fpscr.integral(m, how);
            }
            Op::FpSelect { cond, sd, sn, sm } => {
                let chosen = if self.regs.passes(cond) { sn } else { sm };
                float.s[s(sd)] = float.s[s(chosen)];
            }
            Op::FpConstant { sd, bits } => float.s[s(sd)] = bits,
            Op::FpCompare {
                sd,
                sm,
                zero,
                quiet_raises,
            } => {
                let m = if zero { 0 } else { float.s[s(sm)] };
                float.fpscr.compare(float.s[s(sd)], m, quiet_raises);
            }
            Op::FpConvert { op, sd, sm } => {
                let m = float.s[s(sm)];
                let old = float.s[s(sd)];
                let fpscr = &mut float.fpscr;
                float.s[s(sd)] = match op {
                    FpConvert::FromInt(signed) => fpscr.single_of_integer(m, signed),
                    FpConvert::ToIntRounded(signed) => {
                        fpscr.integer_of(m, signed, fpscr.rounding())
                    }
                    FpConvert::ToInt(signed) => fpscr.integer_of(m, signed, Rounding::Zero),
                    FpConvert::ToIntDirected(direction, signed) => {
                        fpscr.integer_of(m, signed, direction.into())
                    }
                    FpConvert::FromHalf(false) => fpscr.single_of_half(m as u16),
                    FpConvert::FromHalf(true) => fpscr.single_of_half((m >> 16) as u16),
                    FpConvert::ToHalf(false) => old & 0xffff_0000 | u32::from(fpscr.half_of(m)),
                    FpConvert::ToHalf(true) => old & 0xffff | u32::from(fpscr.half_of(m)) << 16,
                };
            }
            Op::FpFixed {
                to_fixed,
                signed,
                bits,
                fraction,
                sd,
            } => {
                let d = float.s[s(sd)];
                float.s[s(sd)] = if to_fixed {
                    float.fpscr.fixed_of(d, signed, bits, fraction)
                } else {
                    float.fpscr.single_of_fixed(d, signed, bits, fraction)
                };
            }
            Op::FpMove {
                to_core: true,
                sn,
                rt,
            } => self.regs.set(rt, float.s[s(sn)]),
            Op::FpMove {
                to_core: false,
                sn,
                rt,
            } => float.s[s(sn)] = self.regs.get(rt),
            Op::FpMovePair {
                to_core: true,
                sm,
                rt,
                rt2,
            } => {
                self.regs.set(rt, float.s[s(sm)]);
                self.regs.set(rt2, float.s[s(sm + 1)]);
            }
            Op::FpMovePair {
                to_core: false,
                sm,
                rt,
                rt2,
            } => {
                float.s[s(sm)] = self.regs.get(rt);
                float.s[s(sm + 1)] = self.regs.get(rt2);
            }
            Op::FpReadStatus { rt: 15 } => self.regs.set_nzcv(float.fpscr.0),
            Op::FpReadStatus { rt } => self.regs.set(rt, float.fpscr.0),
            Op::FpWriteStatus { rt } => {
                float.fpscr = Fpscr(self.regs.get(rt) & Fpscr::WRITABLE);
            }
            Op::FpLoad {
                double,
                sd,
                rn,
                imm,
            } => {
                let address = self.regs.get(rn).wrapping_add_signed(i32::from(imm));
                self.load_singles(place, address, sd, 1 + u8::from(double))?;
            }
            Op::FpLoadLiteral {
                double,
                sd,
                address,
            } => {
                self.load_singles(place, address, sd, 1 + u8::from(double))?;
            }
            Op::FpStore {
                double,
                sd,
                rn,
                imm,
            } => {
                let address = self.regs.get(rn).wrapping_add_signed(i32::from(imm));
                self.store_singles(place, address, sd, 1 + u8::from(double))?;
            }
            Op::FpLoadMultiple {
                sd,
                words,
                rn,
                writeback,
                before,
            } => {
                let (address, moved) = self.multiple_addresses(rn, words, before);
                self.load_singles(place, address, sd, words)?;
                if writeback {
                    self.regs.set(rn, moved);
                }
            }
            Op::FpStoreMultiple {
                sd,
                words,
                rn,
                writeback,
                before,
            } => {
                let (address, moved) = self.multiple_addresses(rn, words, before);
                self.store_singles(place, address, sd, words)?;
                if writeback {
                    self.regs.set(rn, moved);
                }
            }
            _ => return Err(Trap::Undefined),
        }
        Ok(())
    }

    fn multiple_addresses(&self, rn: u8, words: u8, before: bool) -> (u32, u32) {
        let base = self.regs.get(rn);
        let bytes = 4 * u32::from(words);
        if before {
            (base.wrapping_sub(bytes), base.wrapping_sub(bytes))
        } else {
            (base, base.wrapping_add(bytes))
        }
    }

    fn load_singles(
        &mut self,
        place: Place<'_>,
        address: u32,
        sd: u8,
        words: u8,
    ) -> Result<(), Trap> {
        let (first, count) = (usize::from(sd), usize::from(words));
        let mut values = [0; 32];
        self.load_words(place, address, &mut values[..count])?;
        self.float.s[first..first + count].copy_from_slice(&values[..count]);
        Ok(())
    }

    fn store_singles(
        &mut self,
        place: Place<'_>,
        address: u32,
        sd: u8,
        words: u8,
    ) -> Result<(), Trap> {
        let (first, count) = (usize::from(sd), usize::from(words));
        let values = self.float.s;
        self.store_words(place, address, &values[first..first + count])
    }

    /// ExecuteFPCheck: access, lazy stacking, a new context.
    #[cold]
    fn prepare_float(&mut self, place: Place<'_>) -> Result<(), Trap> {
        let access = self.scb.cpacr >> 20 & 3;
        if access != CPACR_FULL && !(access == 1 && self.regs.privileged()) {
            return Err(Trap::NoCoprocessor);
        }
        if self.scb.lazy_pending() {
            self.store_lazily(place)?;
        }
        if self.scb.automatic_fp() && !self.regs.fp_active {
            let modes = self.scb.fpdscr & Fpscr::MODES;
            self.float.fpscr.0 = self.float.fpscr.0 & !Fpscr::MODES | modes;
            self.regs.fp_active = true;
        }
        self.float.ready = true;
        Ok(())
    }

    fn store_lazily(&mut self, place: Place<'_>) -> Result<(), Trap> {
        let address = self.scb.fpcar;
        let mut frame = [0; 17];
        frame[..16].copy_from_slice(&self.float.s[..16]);
        frame[16] = self.float.fpscr.0;
        self.spend(Cause::Exception, self.pipeline.lazy_stacking());
        for (word, at) in frame.into_iter().zip((address..).step_by(4)) {
            if !self.may_store_lazily(at) {
                return Err(Trap::LazyProtection);
            }
            match self.bus_write(at, Size::Word, word, self.cycles, false) {
                Ok(()) => {}
                Err(AccessError::Fault) => return Err(Trap::LazyStacking),
                Err(AccessError::Unmodelled(what)) => {
                    return Err(self.unmodelled(place, what, at, Size::Word, Some(word)));
                }
            }
        }
        self.scb.set_lazy_pending(false);
        Ok(())
    }
}
