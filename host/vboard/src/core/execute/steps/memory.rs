//! Steps that load and store.

use super::{Entered, Exit, Rest, Run, Step, any, next, trap};
use crate::core::{
    insn::{Index, Op, Width},
    system::System,
};

/// By number, for functions that are compiled for each width.
const WIDTH: [Width; 5] = [
    Width::Word,
    Width::Half,
    Width::Byte,
    Width::SignedHalf,
    Width::SignedByte,
];

/// The function for each width and form of address.
macro_rules! for_each_form {
    ($function:ident: $($width:literal)*) => {
        [$([
            $function::<$width, OFFSET> as Run,
            $function::<$width, PRE> as Run,
            $function::<$width, POST> as Run,
        ]),*]
    };
}

const OFFSET: usize = Index::Offset as usize;
const PRE: usize = Index::Pre as usize;
const POST: usize = Index::Post as usize;

const LOAD: [[Run; 3]; 5] = for_each_form!(load: 0 1 2 3 4);
const STORE: [[Run; 3]; 3] = for_each_form!(store: 0 1 2);
const LOAD_REGISTER: [Run; 5] = [
    load_register::<0>,
    load_register::<1>,
    load_register::<2>,
    load_register::<3>,
    load_register::<4>,
];
const STORE_REGISTER: [Run; 3] = [
    store_register::<0>,
    store_register::<1>,
    store_register::<2>,
];

/// The step for `op`, if it is one of these. Loads into the PC are not.
pub(super) fn specialise(op: &Op) -> Option<Step> {
    Some(match *op {
        Op::LoadImm { rt: 15, .. }
        | Op::LoadReg { rt: 15, .. }
        | Op::LoadLiteral { rt: 15, .. } => {
            return None;
        }
        Op::LoadImm {
            width,
            index,
            rt,
            rn,
            imm,
        } => Step {
            imm: imm as u32,
            a: rt,
            b: rn,
            ..Step::new(LOAD[width as usize][index as usize])
        },
        Op::LoadReg {
            width,
            rt,
            rn,
            rm,
            lsl,
        } => Step {
            imm: lsl.into(),
            a: rt,
            b: rn,
            c: rm,
            ..Step::new(LOAD_REGISTER[width as usize])
        },
        Op::LoadLiteral {
            width: Width::Word,
            rt,
            address,
        } => Step {
            imm: address,
            a: rt,
            ..Step::new(load_literal)
        },
        Op::StoreImm {
            width,
            index,
            rt,
            rn,
            imm,
        } => Step {
            imm: imm as u32,
            a: rt,
            b: rn,
            ..Step::new(STORE.get(width as usize)?[index as usize])
        },
        Op::StoreReg {
            width,
            rt,
            rn,
            rm,
            lsl,
        } => Step {
            imm: lsl.into(),
            a: rt,
            b: rn,
            c: rm,
            ..Step::new(*STORE_REGISTER.get(width as usize)?)
        },
        Op::LoadDual {
            index,
            rt,
            rt2,
            rn,
            imm,
        } => Step {
            imm: i32::from(imm) as u32,
            a: rt,
            b: rn,
            c: rt2,
            ..Step::new(match index {
                Index::Offset => load_dual::<OFFSET>,
                Index::Pre => load_dual::<PRE>,
                Index::Post => load_dual::<POST>,
            })
        },
        Op::LoadMultiple {
            rn,
            writeback,
            before,
            list,
        } if list >> 15 == 0 => Step {
            imm: list.into(),
            a: writeback.into(),
            b: rn,
            c: before.into(),
            ..Step::new(load_multiple)
        },
        Op::StoreMultiple {
            rn,
            writeback,
            before,
            list,
        } => Step {
            imm: list.into(),
            a: writeback.into(),
            b: rn,
            c: before.into(),
            ..Step::new(store_multiple)
        },
        Op::StoreDual {
            index,
            rt,
            rt2,
            rn,
            imm,
        } => Step {
            imm: i32::from(imm) as u32,
            a: rt,
            b: rn,
            c: rt2,
            ..Step::new(match index {
                Index::Offset => store_dual::<OFFSET>,
                Index::Pre => store_dual::<PRE>,
                Index::Post => store_dual::<POST>,
            })
        },
        _ => return None,
    })
}

/// What `$attempt` gives, or leaves the block by its trap.
macro_rules! or_trap {
    ($attempt:expr, $system:expr, $step:expr, $at:expr) => {
        match $attempt {
            Ok(value) => value,
            Err(cause) => return trap($system, cause, $step.index, $at),
        }
    };
}

/// The address, and what becomes of the base.
#[inline(always)]
fn address<const INDEX: usize>(system: &System, step: &Step) -> (u32, u32) {
    let base = system.regs.get(step.b);
    let moved = base.wrapping_add(step.imm);
    (if INDEX == POST { base } else { moved }, moved)
}

/// Writes the base back, if the form of address does.
#[inline(always)]
fn write_back<const INDEX: usize>(system: &mut System, step: &Step, moved: u32) {
    if INDEX != OFFSET {
        system.regs.set(step.b, moved);
    }
}

/// The address of a register offset; `imm`: how far it is shifted.
#[inline(always)]
fn indexed(system: &System, step: &Step) -> u32 {
    let index = system.regs.get(step.c) << (step.imm & 31);
    system.regs.get(step.b).wrapping_add(index)
}

/// Loads from RAM; from elsewhere by [`load_flash`], so that each has little to keep in
/// registers.
fn load<const WIDTH_OF: usize, const INDEX: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (address, moved) = address::<INDEX>(system, step);
    let Some(value) = system.load_ram(WIDTH[WIDTH_OF], address) else {
        return load_flash::<WIDTH_OF, INDEX>(system, step, rest, at);
    };
    write_back::<INDEX>(system, step, moved);
    system.regs.set(step.a, value);
    next(system, rest, at)
}

/// Loads from flash.
#[inline(never)]
fn load_flash<const WIDTH_OF: usize, const INDEX: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (address, moved) = address::<INDEX>(system, step);
    let Some(value) = system.load_flash(step.place(at), WIDTH[WIDTH_OF], address) else {
        return any(system, step, rest, at);
    };
    write_back::<INDEX>(system, step, moved);
    system.regs.set(step.a, value);
    next(system, rest, at)
}

fn load_register<const WIDTH_OF: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let address = indexed(system, step);
    let Some(value) = system.load_ram(WIDTH[WIDTH_OF], address) else {
        return load_flash_register::<WIDTH_OF>(system, step, rest, at);
    };
    system.regs.set(step.a, value);
    next(system, rest, at)
}

/// Loads from flash.
#[inline(never)]
fn load_flash_register<const WIDTH_OF: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let address = indexed(system, step);
    let Some(value) = system.load_flash(step.place(at), WIDTH[WIDTH_OF], address) else {
        return any(system, step, rest, at);
    };
    system.regs.set(step.a, value);
    next(system, rest, at)
}

/// `imm`: the address.
fn load_literal(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let Some(value) = system.load_flash(step.place(at), Width::Word, step.imm) else {
        return any(system, step, rest, at);
    };
    system.regs.set(step.a, value);
    next(system, rest, at)
}

fn store<const WIDTH_OF: usize, const INDEX: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (address, moved) = address::<INDEX>(system, step);
    let value = system.regs.get(step.a);
    if !system.store_at_hand(WIDTH[WIDTH_OF], address, value) {
        return any(system, step, rest, at);
    }
    write_back::<INDEX>(system, step, moved);
    next(system, rest, at)
}

fn store_register<const WIDTH_OF: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let address = indexed(system, step);
    let value = system.regs.get(step.a);
    if !system.store_at_hand(WIDTH[WIDTH_OF], address, value) {
        return any(system, step, rest, at);
    }
    next(system, rest, at)
}

/// `a` and `c`: the registers loaded.
fn load_dual<const INDEX: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (address, moved) = address::<INDEX>(system, step);
    let Some([first, second]) = system.load_pair_at_hand(address) else {
        return any(system, step, rest, at);
    };
    write_back::<INDEX>(system, step, moved);
    system.regs.set(step.a, first);
    system.regs.set(step.c, second);
    next(system, rest, at)
}

/// `a` and `c`: the registers stored.
fn store_dual<const INDEX: usize>(
    system: &mut System,
    step: &Step,
    rest: Rest<'_>,
    at: &Entered<'_>,
) -> Exit {
    let (address, moved) = address::<INDEX>(system, step);
    let pair = [system.regs.get(step.a), system.regs.get(step.c)];
    if !system.store_pair_at_hand(address, pair) {
        return any(system, step, rest, at);
    }
    write_back::<INDEX>(system, step, moved);
    next(system, rest, at)
}

/// `imm`: the list; `a` and `c`: whether the base is written back, and lies above.
fn load_multiple(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let (writeback, before) = (step.a != 0, step.c != 0);
    let loaded = system.load_multiple(step.place(at), step.b, writeback, before, step.imm as u16);
    or_trap!(loaded, system, step, at);
    next(system, rest, at)
}

/// The same.
fn store_multiple(system: &mut System, step: &Step, rest: Rest<'_>, at: &Entered<'_>) -> Exit {
    let (writeback, before) = (step.a != 0, step.c != 0);
    let stored = system.store_multiple(step.place(at), step.b, writeback, before, step.imm as u16);
    or_trap!(stored, system, step, at);
    next(system, rest, at)
}
