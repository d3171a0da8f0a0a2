//! Steps that compute.

use super::{Entered, Exit, Rest, Run, Step, next};
use crate::core::{
    alu::{extend, low_mask, shift_constant, unary},
    insn::{Alu, Carry, Extend, Op, Shift, Unary},
    system::System,
};

/// By number, for functions that are compiled for each operation.
const ALU: [Alu; 16] = [
    Alu::And,
    Alu::Bic,
    Alu::Orr,
    Alu::Orn,
    Alu::Eor,
    Alu::Add,
    Alu::Adc,
    Alu::Sbc,
    Alu::Sub,
    Alu::Rsb,
    Alu::Mov,
    Alu::Mvn,
    Alu::Tst,
    Alu::Teq,
    Alu::Cmp,
    Alu::Cmn,
];

/// The function for each operation, without and with setting flags.
macro_rules! for_each_alu {
    ($function:ident) => {
        for_each_alu!($function: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($function:ident: $($op:literal)*) => {
        [$([$function::<$op, false> as Run, $function::<$op, true> as Run]),*]
    };
}

const IMMEDIATE: [[Run; 2]; 16] = for_each_alu!(alu_immediate);
const REGISTER: [[Run; 2]; 16] = for_each_alu!(alu_register);
const SHIFTED: [[Run; 2]; 16] = for_each_alu!(alu_shifted);

/// The step for `op`, if it is one of these.
pub(super) fn specialise(op: &Op) -> Option<Step> {
    Some(match *op {
        Op::AluImm {
            op,
            s,
            rd,
            rn,
            carry,
            imm,
        } => Step {
            imm,
            a: rd,
            b: rn,
            c: carry as u8,
            ..Step::new(IMMEDIATE[op as usize][usize::from(s)])
        },
        Op::AluReg { op, s, rd, rn, rm } => Step {
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(REGISTER[op as usize][usize::from(s)])
        },
        Op::AluShift {
            op: Alu::Mov,
            s,
            rd,
            rm,
            shift,
            amount,
            ..
        } => Step {
            imm: amount.into(),
            a: rd,
            c: rm,
            ..Step::new(match (shift, s) {
                (Shift::Lsl, false) => move_shifted::<0, false>,
                (Shift::Lsl, true) => move_shifted::<0, true>,
                (Shift::Lsr, false) => move_shifted::<1, false>,
                (Shift::Lsr, true) => move_shifted::<1, true>,
                (Shift::Asr, false) => move_shifted::<2, false>,
                (Shift::Asr, true) => move_shifted::<2, true>,
                (Shift::Ror, false) => move_shifted::<3, false>,
                (Shift::Ror, true) => move_shifted::<3, true>,
                (Shift::Rrx, _) => return None,
            })
        },
        Op::AluShift {
            op,
            s,
            rd,
            rn,
            rm,
            shift,
            amount,
        } => Step {
            imm: u32::from(amount) << 8 | shift as u32,
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(SHIFTED[op as usize][usize::from(s)])
        },
        Op::ShiftReg {
            shift: Shift::Rrx, ..
        } => return None,
        Op::ShiftReg {
            shift,
            s,
            rd,
            rn,
            rm,
        } => Step {
            imm: s.into(),
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(match shift {
                Shift::Lsl => shift_register::<0>,
                Shift::Lsr => shift_register::<1>,
                Shift::Asr => shift_register::<2>,
                Shift::Ror | Shift::Rrx => shift_register::<3>,
            })
        },
        Op::MovTop { rd, imm } => Step {
            imm: imm.into(),
            a: rd,
            ..Step::new(move_top)
        },
        Op::Unary { op, rd, rm } => Step {
            a: rd,
            c: rm,
            ..Step::new(match op {
                Unary::Clz => single::<0>,
                Unary::Rbit => single::<1>,
                Unary::Rev => single::<2>,
                Unary::Rev16 => single::<3>,
                Unary::Revsh => single::<4>,
            })
        },
        Op::Extend {
            op,
            rd,
            rn,
            rm,
            rotate,
        } => Step {
            imm: rotate.into(),
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(match op {
                Extend::Sxtb => extended::<0>,
                Extend::Sxth => extended::<1>,
                Extend::Sxtb16 => extended::<2>,
                Extend::Uxtb => extended::<3>,
                Extend::Uxth => extended::<4>,
                Extend::Uxtb16 => extended::<5>,
            })
        },
        Op::Extract {
            signed,
            rd,
            rn,
            lsb,
            width,
        } => {
            let up = 32 - u32::from(lsb) - u32::from(width);
            let down = 32 - u32::from(width);
            Step {
                imm: up << 8 | down,
                a: rd,
                b: rn,
                ..Step::new(if signed {
                    extract::<true>
                } else {
                    extract::<false>
                })
            }
        }
        Op::Insert { rd, rn, lsb, width } if rn != 15 => Step {
            imm: low_mask(width) << lsb,
            a: rd,
            b: rn,
            c: lsb,
            ..Step::new(insert)
        },
        // BFC.
        Op::Insert { rd, lsb, width, .. } => Step {
            imm: low_mask(width) << lsb,
            a: rd,
            ..Step::new(clear)
        },
        Op::Pack {
            top,
            rd,
            rn,
            rm,
            amount,
        } => Step {
            imm: amount.into(),
            a: rd,
            b: rn,
            c: rm,
            ..Step::new(if top { pack_top } else { pack_bottom })
        },
        Op::Saturate {
            signed,
            rd,
            rn,
            bits,
            asr,
            amount,
        } => Step {
            imm: u32::from(asr) << 8 | u32::from(amount),
            a: rd,
            b: rn,
            c: bits,
            ..Step::new(if signed {
                saturate::<true>
            } else {
                saturate::<false>
            })
        },
        _ => return None,
    })
}

fn alu_immediate<const OP: usize, const S: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let regs = &mut system.regs;
    let carry = match step.c {
        0 => regs.c,
        set => set == Carry::Set as u8,
    };
    regs.alu(ALU[OP], S, step.a, step.b, step.imm, carry);
    next(system, rest, at)
}

fn alu_register<const OP: usize, const S: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let regs = &mut system.regs;
    regs.alu(ALU[OP], S, step.a, step.b, regs.get(step.c), regs.c);
    next(system, rest, at)
}

/// `imm`: the amount, and in its low byte the shift's number.
fn alu_shifted<const OP: usize, const S: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    const SHIFTS: [Shift; 5] = [Shift::Lsl, Shift::Lsr, Shift::Asr, Shift::Ror, Shift::Rrx];
    let regs = &mut system.regs;
    let shift = SHIFTS[(step.imm & 0xff) as usize];
    let (value, carry) = shift_constant(shift, regs.get(step.c), (step.imm >> 8) as u8, regs.c);
    regs.alu(ALU[OP], S, step.a, step.b, value, carry);
    next(system, rest, at)
}

/// By number: those that take an amount.
const SHIFT: [Shift; 4] = [Shift::Lsl, Shift::Lsr, Shift::Asr, Shift::Ror];

fn move_shifted<const SHIFT_BY: usize, const S: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let regs = &mut system.regs;
    let (value, carry) = shift_constant(SHIFT[SHIFT_BY], regs.get(step.c), step.imm as u8, regs.c);
    regs.alu(Alu::Mov, S, step.a, 0, value, carry);
    next(system, rest, at)
}

fn shift_register<const SHIFT_BY: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    system
        .regs
        .shift(SHIFT[SHIFT_BY], step.imm != 0, step.a, step.b, step.c);
    next(system, rest, at)
}

fn move_top(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let regs = &mut system.regs;
    regs.set(step.a, regs.get(step.a) & 0xffff | step.imm << 16);
    next(system, rest, at)
}

fn single<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    const UNARY: [Unary; 5] = [
        Unary::Clz,
        Unary::Rbit,
        Unary::Rev,
        Unary::Rev16,
        Unary::Revsh,
    ];
    let regs = &mut system.regs;
    regs.set(step.a, unary(UNARY[OP], regs.get(step.c)));
    next(system, rest, at)
}

fn extended<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    const EXTEND: [Extend; 6] = [
        Extend::Sxtb,
        Extend::Sxth,
        Extend::Sxtb16,
        Extend::Uxtb,
        Extend::Uxth,
        Extend::Uxtb16,
    ];
    let regs = &mut system.regs;
    let base = if step.b == 15 { 0 } else { regs.get(step.b) };
    regs.set(
        step.a,
        extend(EXTEND[OP], base, regs.get(step.c).rotate_right(step.imm)),
    );
    next(system, rest, at)
}

/// `imm`: how far to shift up, and in its low byte how far down.
fn extract<const SIGNED: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let regs = &mut system.regs;
    let up = regs.get(step.b) << (step.imm >> 8 & 31);
    let down = step.imm & 31;
    regs.set(
        step.a,
        if SIGNED {
            (up as i32 >> down) as u32
        } else {
            up >> down
        },
    );
    next(system, rest, at)
}

/// `imm`: the bits cleared.
fn clear(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let value = system.regs.get(step.a) & !step.imm;
    system.regs.set(step.a, value);
    next(system, rest, at)
}

/// `imm`: the mask; `c`: the lowest bit.
fn insert(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let regs = &mut system.regs;
    let value = regs.get(step.b) << (step.c & 31);
    regs.set(step.a, regs.get(step.a) & !step.imm | value & step.imm);
    next(system, rest, at)
}

fn pack_top(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let regs = &mut system.regs;
    let m = (regs.get(step.c) as i32).unbounded_shr(step.imm) as u32;
    regs.set(step.a, regs.get(step.b) & 0xffff_0000 | m & 0xffff);
    next(system, rest, at)
}

fn pack_bottom(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let regs = &mut system.regs;
    let m = regs.get(step.c) << (step.imm & 31);
    regs.set(step.a, regs.get(step.b) & 0xffff | m & 0xffff_0000);
    next(system, rest, at)
}

/// `c`: bits to keep; `imm`: the amount, above it whether it is to the right.
fn saturate<const SIGNED: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (right, amount) = (step.imm & 0x100 != 0, step.imm as u8);
    system
        .regs
        .saturate(SIGNED, step.a, step.b, step.c, right, amount);
    next(system, rest, at)
}
