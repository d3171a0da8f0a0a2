//! Floating-point steps: what the host's arithmetic does alike, moves, loads and stores.
//!
//! Each looks first whether the unit may be used as it is, and leaves everything else to the
//! general way: access, lazy stacking, unusual modes, and results that are not plain numbers.

use super::{Entered, Exit, Rest, Run, Step, any, next};
use crate::core::{
    insn::{Cond, FpBinary, FpConvert, FpUnary, Op, SReg, Width},
    system::{FloatRegisters, System},
};

/// By number, for functions that are compiled for each operation.
const BINARY: [FpBinary; 15] = [
    FpBinary::Add,
    FpBinary::Sub,
    FpBinary::Mul,
    FpBinary::Nmul,
    FpBinary::Div,
    FpBinary::MaxNum,
    FpBinary::MinNum,
    FpBinary::Mla,
    FpBinary::Mls,
    FpBinary::Nmla,
    FpBinary::Nmls,
    FpBinary::Fma,
    FpBinary::Fms,
    FpBinary::Fnma,
    FpBinary::Fnms,
];

/// The function for each operation.
macro_rules! for_each_binary {
    ($($op:literal)*) => {
        [$(binary::<$op> as Run),*]
    };
}

const RUN_BINARY: [Run; 15] = for_each_binary!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);

const MOVE: usize = 0;
const ABSOLUTE: usize = 1;
const NEGATE: usize = 2;
const ROOT: usize = 3;
const FROM_SIGNED: usize = 4;
const FROM_UNSIGNED: usize = 5;
const TO_SIGNED: usize = 6;
const TO_UNSIGNED: usize = 7;

/// The step for `op`, if it is one of these.
pub(super) fn specialise(op: &Op) -> Option<Step> {
    Some(match *op {
        Op::FpBinary {
            op: FpBinary::MaxNum | FpBinary::MinNum,
            ..
        } => return None,
        Op::FpBinary { op, sd, sn, sm } => Step {
            a: sd,
            b: sn,
            c: sm,
            ..Step::new(RUN_BINARY[op as usize])
        },
        Op::FpUnary { op, sd, sm } => Step {
            a: sd,
            c: sm,
            ..Step::new(match op {
                FpUnary::Mov => unary::<MOVE>,
                FpUnary::Abs => unary::<ABSOLUTE>,
                FpUnary::Neg => unary::<NEGATE>,
                FpUnary::Sqrt => unary::<ROOT>,
            })
        },
        Op::FpConvert { op, sd, sm } => Step {
            a: sd,
            c: sm,
            ..Step::new(match op {
                FpConvert::FromInt(true) => unary::<FROM_SIGNED>,
                FpConvert::FromInt(false) => unary::<FROM_UNSIGNED>,
                FpConvert::ToInt(true) => unary::<TO_SIGNED>,
                FpConvert::ToInt(false) => unary::<TO_UNSIGNED>,
                _ => return None,
            })
        },
        Op::FpSelect { cond, sd, sn, sm } => Step {
            imm: cond as u32,
            a: sd,
            b: sn,
            c: sm,
            ..Step::new(select)
        },
        Op::FpConstant { sd, bits } => Step {
            imm: bits,
            a: sd,
            ..Step::new(constant)
        },
        Op::FpCompare {
            sd, sm, zero: true, ..
        } => Step {
            a: sd,
            c: sm,
            ..Step::new(compare::<true>)
        },
        Op::FpCompare { sd, sm, .. } => Step {
            a: sd,
            c: sm,
            ..Step::new(compare::<false>)
        },
        Op::FpReadStatus { rt: 15 } => Step::new(read_flags),
        Op::FpMove { to_core, sn, rt } => Step {
            a: rt,
            b: sn,
            ..Step::new(if to_core { to_register } else { from_register })
        },
        Op::FpMovePair {
            to_core,
            sm,
            rt,
            rt2,
        } => Step {
            a: rt,
            b: sm,
            c: rt2,
            ..Step::new(if to_core {
                to_registers
            } else {
                from_registers
            })
        },
        Op::FpLoad {
            double,
            sd,
            rn,
            imm,
        } => Step {
            imm: i32::from(imm) as u32,
            a: sd,
            b: rn,
            ..Step::new(if double { load_two } else { load })
        },
        Op::FpLoadLiteral {
            double: false,
            sd,
            address,
        } => Step {
            imm: address,
            a: sd,
            ..Step::new(load_literal)
        },
        Op::FpStore {
            double,
            sd,
            rn,
            imm,
        } => Step {
            imm: i32::from(imm) as u32,
            a: sd,
            b: rn,
            ..Step::new(if double { store_two } else { store })
        },
        _ => return None,
    })
}

impl FloatRegisters {
    #[inline(always)]
    fn get(&self, reg: SReg) -> u32 {
        self.s[usize::from(reg & 31)]
    }

    #[inline(always)]
    fn set(&mut self, reg: SReg, value: u32) {
        self.s[usize::from(reg & 31)] = value;
    }
}

/// What `$attempt` gives. If it gives nothing, or the unit is not ready, goes the general way.
macro_rules! or_any {
    ($attempt:expr, $system:expr, $step:expr, $rest:expr, $at:expr) => {{
        if !$system.float.ready {
            return any($system, $step, $rest, $at);
        }
        match $attempt {
            Some(value) => value,
            None => return any($system, $step, $rest, $at),
        }
    }};
}

/// `a = [a +-] b op c`.
fn binary<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let float = &system.float;
    let (acc, n, m) = (float.get(step.a), float.get(step.b), float.get(step.c));
    let result = or_any!(
        system.float.fpscr.quick_binary(BINARY[OP], acc, n, m),
        system,
        step,
        rest,
        at
    );
    system.float.set(step.a, result);
    next(system, rest, at)
}

/// `a = op c`.
fn unary<const OP: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let float = &system.float;
    let m = float.get(step.c);
    let result = or_any!(
        match OP {
            MOVE => Some(m),
            ABSOLUTE => Some(m & 0x7fff_ffff),
            NEGATE => Some(m ^ 0x8000_0000),
            ROOT => system.float.fpscr.quick_square_root(m),
            FROM_SIGNED => system.float.fpscr.quick_single(m, true),
            FROM_UNSIGNED => system.float.fpscr.quick_single(m, false),
            TO_SIGNED => system.float.fpscr.quick_truncate(m, true),
            _ => system.float.fpscr.quick_truncate(m, false),
        },
        system,
        step,
        rest,
        at
    );
    system.float.set(step.a, result);
    next(system, rest, at)
}

/// `a` with `c` or zero.
fn compare<const ZERO: bool>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let float = &system.float;
    let m = if ZERO { 0 } else { float.get(step.c) };
    let d = float.get(step.a);
    or_any!(
        system.float.fpscr.quick_compare(d, m),
        system,
        step,
        rest,
        at
    );
    next(system, rest, at)
}

/// `imm`: the condition for `b`; else `c`.
fn select(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let chosen = if system.regs.passes(Cond::from_bits(step.imm)) {
        step.b
    } else {
        step.c
    };
    let value = Some(system.float.get(chosen));
    let value = or_any!(value, system, step, rest, at);
    system.float.set(step.a, value);
    next(system, rest, at)
}

fn constant(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let bits = or_any!(Some(step.imm), system, step, rest, at);
    system.float.set(step.a, bits);
    next(system, rest, at)
}

/// FPSCR's flags become the core's.
fn read_flags(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let fpscr = or_any!(Some(system.float.fpscr.0), system, step, rest, at);
    system.regs.set_nzcv(fpscr);
    next(system, rest, at)
}

/// Core register `a` from single `b`.
fn to_register(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let value = or_any!(Some(system.float.get(step.b)), system, step, rest, at);
    system.regs.set(step.a, value);
    next(system, rest, at)
}

/// The other way.
fn from_register(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let value = or_any!(Some(system.regs.get(step.a)), system, step, rest, at);
    system.float.set(step.b, value);
    next(system, rest, at)
}

/// Core registers `a` and `c` from single `b` and the next.
fn to_registers(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let pair = Some((system.float.get(step.b), system.float.get(step.b + 1)));
    let (low, high) = or_any!(pair, system, step, rest, at);
    system.regs.set(step.a, low);
    system.regs.set(step.c, high);
    next(system, rest, at)
}

/// The other way.
fn from_registers(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let pair = Some((system.regs.get(step.a), system.regs.get(step.c)));
    let (low, high) = or_any!(pair, system, step, rest, at);
    system.float.set(step.b, low);
    system.float.set(step.b + 1, high);
    next(system, rest, at)
}

/// The address `[b, #imm]`.
#[inline(always)]
fn address(system: &System, step: &Step) -> u32 {
    system.regs.get(step.b).wrapping_add(step.imm)
}

/// Loads `a` from RAM.
fn load(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let loaded = system.load_ram(Width::Word, address(system, step));
    let value = or_any!(loaded, system, step, rest, at);
    system.float.set(step.a, value);
    next(system, rest, at)
}

/// Loads `a` from the address `imm` in flash.
fn load_literal(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let value = or_any!(
        system.load_flash(step.place(at), Width::Word, step.imm),
        system,
        step,
        rest,
        at
    );
    system.float.set(step.a, value);
    next(system, rest, at)
}

/// Loads `a` and the next from RAM.
fn load_two(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let loaded = system.load_pair_at_hand(address(system, step));
    let [low, high] = or_any!(loaded, system, step, rest, at);
    system.float.set(step.a, low);
    system.float.set(step.a + 1, high);
    next(system, rest, at)
}

/// Stores `a` to RAM.
fn store(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let (address, value) = (address(system, step), system.float.get(step.a));
    or_any!(
        system
            .store_at_hand(Width::Word, address, value)
            .then_some(()),
        system,
        step,
        rest,
        at
    );
    next(system, rest, at)
}

/// Stores `a` and the next to RAM.
fn store_two(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let address = address(system, step);
    let pair = [system.float.get(step.a), system.float.get(step.a + 1)];
    or_any!(
        system.store_pair_at_hand(address, pair).then_some(()),
        system,
        step,
        rest,
        at
    );
    next(system, rest, at)
}
