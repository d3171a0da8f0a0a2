//! Executing decoded instructions.

mod block;
mod float;
mod multiple;
mod rare;
mod steps;

pub(crate) use steps::{Exit, Step, lower};

use super::{
    access::Place,
    alu::{extend, low_mask, shift_constant, unary},
    insn::{Index, LongMul, Op, Width},
    system::System,
};
use crate::timing::Cause;

/// How an instruction that completed leaves the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The next instruction follows.
    Next,
    /// It branched.
    Jump(u32),
    /// It returned from an exception, by this EXC_RETURN.
    Return(u32),
}

/// Why an instruction did not complete, or (the last four) what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trap {
    Undefined,
    InvalidState,
    NoCoprocessor,
    Unaligned,
    DivideByZero,
    /// A data read failed at [`System::fault_address`].
    DataBus,
    /// The MPU forbids a data access at [`System::fault_address`].
    DataProtection,
    /// Storing the FP registers lazily failed.
    LazyStacking,
    /// The MPU forbids storing the FP registers lazily.
    LazyProtection,
    /// There is no code.
    Fetch,
    /// The encoding is UNPREDICTABLE.
    Unpredictable(u32),
    /// The machine has stopped: [`System::error`].
    Stop,
    /// It accesses what is watched and has to be executed alone.
    Watched,
    Breakpoint,
    Supervisor,
    /// A semihosting call: the owner of the machine answers it.
    Semihosting,
    /// The owner wants to know that the core is here.
    Mark,
    /// Nothing has happened yet: the block is to go on here, noting what cycles are spent on.
    Tracked,
}

pub(crate) type Outcome = Result<Flow, Trap>;

impl System {
    #[inline(always)]
    fn execute(&mut self, op: &Op, place: Place<'_>) -> Outcome {
        let regs = &mut self.regs;
        match *op {
            Op::AluImm {
                op,
                s,
                rd,
                rn,
                carry,
                imm,
            } => {
                let carry = regs.immediate_carry(carry);
                regs.alu(op, s, rd, rn, imm, carry);
            }
            Op::AluReg { op, s, rd, rn, rm } => regs.alu(op, s, rd, rn, regs.get(rm), regs.c),
            Op::AluShift {
                op,
                s,
                rd,
                rn,
                rm,
                shift,
                amount,
            } => {
                let (value, carry) = shift_constant(shift, regs.get(rm), amount, regs.c);
                regs.alu(op, s, rd, rn, value, carry);
            }
            Op::ShiftReg {
                shift,
                s,
                rd,
                rn,
                rm,
            } => regs.shift(shift, s, rd, rn, rm),
            Op::MovTop { rd, imm } => {
                regs.set(rd, regs.get(rd) & 0xffff | u32::from(imm) << 16);
            }
            Op::Unary { op, rd, rm } => regs.set(rd, unary(op, regs.get(rm))),
            Op::Extend {
                op,
                rd,
                rn,
                rm,
                rotate,
            } => {
                let base = if rn == 15 { 0 } else { regs.get(rn) };
                let value = regs.get(rm).rotate_right(u32::from(rotate));
                regs.set(rd, extend(op, base, value));
            }
            Op::Extract {
                signed,
                rd,
                rn,
                lsb,
                width,
            } => {
                let up = regs.get(rn) << (32 - u32::from(lsb) - u32::from(width));
                let down = 32 - u32::from(width);
                let value = if signed {
                    (up as i32 >> down) as u32
                } else {
                    up >> down
                };
                regs.set(rd, value);
            }
            Op::Insert { rd, rn, lsb, width } => {
                let mask = low_mask(width) << lsb;
                let value = if rn == 15 { 0 } else { regs.get(rn) << lsb };
                regs.set(rd, regs.get(rd) & !mask | value & mask);
            }
            Op::Pack {
                top,
                rd,
                rn,
                rm,
                amount,
            } => {
                let (n, m) = (regs.get(rn), regs.get(rm));
                let value = if top {
                    let m = (m as i32).unbounded_shr(u32::from(amount)) as u32;
                    n & 0xffff_0000 | m & 0xffff
                } else {
                    n & 0xffff | m << amount & 0xffff_0000
                };
                regs.set(rd, value);
            }
            Op::Select { rd, rn, rm } => regs.select(rd, rn, rm),
            Op::Saturate {
                signed,
                rd,
                rn,
                bits,
                asr,
                amount,
            } => {
                regs.saturate(signed, rd, rn, bits, asr, amount);
            }
            Op::Saturate16 {
                signed,
                rd,
                rn,
                bits,
            } => regs.saturate16(signed, rd, rn, bits),
            Op::SatArith { op, rd, rn, rm } => regs.saturating(op, rd, rn, rm),
            Op::Parallel {
                op,
                mode,
                rd,
                rn,
                rm,
            } => regs.parallel(op, mode, rd, rn, rm),
            Op::Usad8 { rd, rn, rm, ra } => regs.usad8(rd, rn, rm, ra),

            Op::Mul { s, rd, rn, rm } => regs.multiply(s, rd, rn, rm),
            Op::Mla {
                subtract,
                rd,
                rn,
                rm,
                ra,
            } => regs.multiply_add(subtract, rd, rn, rm, ra),
            Op::MulLong { op, lo, hi, rn, rm } => self.multiply_long(op, lo, hi, rn, rm),
            Op::MulDsp { op, rd, rn, rm, ra } => regs.multiply_dsp(op, rd, rn, rm, ra),
            Op::MulDspLong { op, lo, hi, rn, rm } => regs.multiply_dsp_long(op, lo, hi, rn, rm),
            Op::Divide { signed, rd, rn, rm } => return self.divide(signed, rd, rn, rm),

            Op::LoadImm {
                width,
                index,
                rt,
                rn,
                imm,
            } => {
                let base = regs.get(rn);
                let moved = base.wrapping_add_signed(imm);
                let address = if index == Index::Post { base } else { moved };
                let value = self.load(place, width, address)?;
                if index != Index::Offset {
                    self.regs.set(rn, moved);
                }
                return self.finish_load(rt, value);
            }
            Op::LoadReg {
                width,
                rt,
                rn,
                rm,
                lsl,
            } => {
                let address = regs.get(rn).wrapping_add(regs.get(rm) << lsl);
                let value = self.load(place, width, address)?;
                return self.finish_load(rt, value);
            }
            Op::LoadLiteral { width, rt, address } => {
                let value = self.load(place, width, address)?;
                return self.finish_load(rt, value);
            }
            Op::StoreImm {
                width,
                index,
                rt,
                rn,
                imm,
            } => {
                let base = regs.get(rn);
                let moved = base.wrapping_add_signed(imm);
                let address = if index == Index::Post { base } else { moved };
                let value = regs.get(rt);
                self.store(place, width, address, value)?;
                if index != Index::Offset {
                    self.regs.set(rn, moved);
                }
            }
            Op::StoreReg {
                width,
                rt,
                rn,
                rm,
                lsl,
            } => {
                let address = regs.get(rn).wrapping_add(regs.get(rm) << lsl);
                let value = regs.get(rt);
                self.store(place, width, address, value)?;
            }
            Op::LoadDual {
                index,
                rt,
                rt2,
                rn,
                imm,
            } => {
                let base = regs.get(rn);
                let moved = base.wrapping_add_signed(i32::from(imm));
                let address = if index == Index::Post { base } else { moved };
                let [a, b] = self.load_pair(place, address)?;
                if index != Index::Offset {
                    self.regs.set(rn, moved);
                }
                self.regs.set(rt, a);
                self.regs.set(rt2, b);
            }
            Op::LoadDualLiteral { rt, rt2, address } => {
                let [a, b] = self.load_pair(place, address)?;
                self.regs.set(rt, a);
                self.regs.set(rt2, b);
            }
            Op::StoreDual {
                index,
                rt,
                rt2,
                rn,
                imm,
            } => {
                let base = regs.get(rn);
                let moved = base.wrapping_add_signed(i32::from(imm));
                let address = if index == Index::Post { base } else { moved };
                let values = [regs.get(rt), regs.get(rt2)];
                self.store_words(place, address, &values)?;
                if index != Index::Offset {
                    self.regs.set(rn, moved);
                }
            }
            Op::LoadMultiple {
                rn,
                writeback,
                before,
                list,
            } => {
                return self.load_multiple(place, rn, writeback, before, list);
            }
            Op::StoreMultiple {
                rn,
                writeback,
                before,
                list,
            } => {
                self.store_multiple(place, rn, writeback, before, list)?;
            }

            Op::Branch { target } => return Ok(Flow::Jump(target)),
            Op::BranchIf { cond, target } => {
                if regs.passes(cond) {
                    return Ok(Flow::Jump(target));
                }
            }
            Op::Call { target } => {
                regs.r[14] = place.next() | 1;
                return Ok(Flow::Jump(target));
            }
            Op::CallReg { rm } => {
                let target = regs.get(rm);
                regs.r[14] = place.next() | 1;
                return self.exchange(target);
            }
            Op::BranchReg { rm } => {
                let target = if rm == 15 {
                    place.pc().wrapping_add(4)
                } else {
                    regs.get(rm)
                };
                return self.branch_to_loaded(target);
            }
            Op::CompareBranch {
                nonzero,
                rn,
                target,
            } => {
                if (regs.get(rn) != 0) == nonzero {
                    return Ok(Flow::Jump(target));
                }
            }
            Op::TableBranch { half, rn, rm } => return self.table_branch(place, half, rn, rm),
            Op::MovPc { rm } => {
                let target = if rm == 15 {
                    place.pc().wrapping_add(4)
                } else {
                    regs.get(rm)
                };
                return Ok(Flow::Jump(target & !1));
            }
            Op::AddPc { rm } => {
                let target = place.pc().wrapping_add(4).wrapping_add(regs.get(rm));
                return Ok(Flow::Jump(target & !1));
            }

            Op::IfThen { .. } | Op::Nop | Op::Preload | Op::DataMemoryBarrier => {}
            Op::InstructionSyncBarrier | Op::DataSyncBarrier => {}
            _ => return self.execute_rare(op, place),
        }
        Ok(Flow::Next)
    }

    #[inline(always)]
    fn multiply_long(&mut self, op: LongMul, lo: u8, hi: u8, rn: u8, rm: u8) {
        let (n, m) = (self.regs.get(rn), self.regs.get(rm));
        self.spend(Cause::Compute, self.pipeline.multiply_extra(op, n, m));
        self.regs.multiply_long(op, lo, hi, rn, rm);
    }

    #[inline(always)]
    fn divide(&mut self, signed: bool, rd: u8, rn: u8, rm: u8) -> Outcome {
        let (n, m) = (self.regs.get(rn), self.regs.get(rm));
        if m == 0 && self.scb.traps_zero_division() {
            return Err(Trap::DivideByZero);
        }
        self.spend(Cause::Compute, self.pipeline.divide_extra(signed, n, m));
        let quotient = match (m, signed) {
            (0, _) => 0,
            (_, true) => (n as i32).wrapping_div(m as i32) as u32,
            (_, false) => n / m,
        };
        self.regs.set(rd, quotient);
        Ok(Flow::Next)
    }

    #[inline(always)]
    fn finish_load(&mut self, rt: u8, value: u32) -> Outcome {
        if rt == 15 {
            return self.branch_to_loaded(value);
        }
        self.regs.set(rt, value);
        Ok(Flow::Next)
    }

    /// BX, and loads into the PC.
    #[inline(always)]
    pub(crate) fn branch_to_loaded(&mut self, target: u32) -> Outcome {
        if target >= 0xf000_0000 && self.regs.in_handler() {
            return Ok(Flow::Return(target));
        }
        self.exchange(target)
    }

    /// BLX: bit 0 of the target is the new EPSR.T.
    #[inline(always)]
    fn exchange(&mut self, target: u32) -> Outcome {
        if target & 1 == 0 {
            self.regs.thumb = false;
            self.attend();
        }
        Ok(Flow::Jump(target & !1))
    }

    #[inline(always)]
    fn table_branch(&mut self, place: Place<'_>, half: bool, rn: u8, rm: u8) -> Outcome {
        let next = place.pc().wrapping_add(4);
        let base = if rn == 15 { next } else { self.regs.get(rn) };
        let index = self.regs.get(rm);
        let distance = if half {
            self.load(place, Width::Half, base.wrapping_add(index << 1))?
        } else {
            self.load(place, Width::Byte, base.wrapping_add(index))?
        };
        Ok(Flow::Jump(next.wrapping_add(2 * distance)))
    }
}
