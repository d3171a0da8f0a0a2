//! Micro-kernels whose cycles follow from the rules as written: golden tables.

use proptest::prelude::*;

use super::Pipeline;
use crate::{
    core::{
        block::{BlockTiming, Fetch, PipelineState},
        insn::{Alu, Carry, Cond, FpBinary, FpUnary, Index, Insn, Op, Reg, SReg, Width},
    },
    timing::Cause,
};

/// An aligned address in flash.
const AT: u32 = 0x0800_0000;

fn narrow(op: Op) -> Insn {
    Insn {
        op,
        cond: Cond::Always,
        halfwords: 1,
        it: 0,
    }
}

fn wide(op: Op) -> Insn {
    Insn {
        halfwords: 2,
        ..narrow(op)
    }
}

fn alu_op(rd: Reg) -> Op {
    Op::AluImm {
        op: Alu::Add,
        s: true,
        rd,
        rn: rd,
        carry: Carry::Keep,
        imm: 1,
    }
}

/// ADDS rd, rd, #1.
fn alu(rd: Reg) -> Insn {
    narrow(alu_op(rd))
}

fn load(rt: Reg, rn: Reg) -> Insn {
    load_indexed(Index::Offset, rt, rn)
}

fn load_indexed(index: Index, rt: Reg, rn: Reg) -> Insn {
    narrow(Op::LoadImm {
        width: Width::Word,
        index,
        rt,
        rn,
        imm: 4,
    })
}

fn store(rt: Reg, rn: Reg) -> Insn {
    narrow(Op::StoreImm {
        width: Width::Word,
        index: Index::Offset,
        rt,
        rn,
        imm: 4,
    })
}

fn store_register(rm: Reg, rn: Reg) -> Insn {
    narrow(Op::StoreReg {
        width: Width::Word,
        rt: 0,
        rn,
        rm,
        lsl: 0,
    })
}

fn pop(list: u16) -> Insn {
    narrow(Op::LoadMultiple {
        rn: 13,
        writeback: true,
        before: false,
        list,
    })
}

fn push(list: u16) -> Insn {
    narrow(Op::StoreMultiple {
        rn: 13,
        writeback: true,
        before: true,
        list,
    })
}

fn branch_if() -> Insn {
    narrow(Op::BranchIf {
        cond: Cond::NotEqual,
        target: AT,
    })
}

fn fp(op: FpBinary, sd: SReg, sn: SReg, sm: SReg) -> Insn {
    wide(Op::FpBinary { op, sd, sn, sm })
}

pub(super) fn time(address: u32, insns: &[Insn]) -> BlockTiming {
    Pipeline::default().time_block(address, insns, PipelineState::BRANCHED)
}

/// The cycles that `insns` take in front of an instruction that hides nothing.
fn cycles(address: u32, insns: &[Insn]) -> u32 {
    let mut insns = insns.to_vec();
    insns.push(narrow(Op::Nop));
    time(address, &insns).fall.cycles - 1
}

fn check(what: &str, insns: &[Insn], expected: u32) {
    assert_eq!(cycles(AT, insns), expected, "{what}");
}

#[test]
fn loads_pipeline() {
    for n in 1..=8 {
        let loads: Vec<_> = (0..n).map(|i| load(i as Reg, 8)).collect();
        check(&format!("{n} loads"), &loads, n + 1);
    }
    check("load, ALU, load", &[load(0, 8), alu(1), load(2, 8)], 5);
    check("load, store (R3)", &[load(0, 8), store(0, 8)], 3);
    check("load, pop (R9)", &[load(0, 8), pop(0b110)], 2 + 3);
    check("load, address (R4)", &[load(0, 8), load(1, 0)], 3 + 2);
    check(
        "load, address of a store (R4)",
        &[load(0, 8), store(1, 0)],
        3 + 1,
    );
}

#[test]
fn addresses_wait() {
    check(
        "ALU, load by another register",
        &[alu(0), load(1, 8)],
        1 + 2,
    );
    check("ALU, address (R5)", &[alu(8), load(1, 8)], 1 + 1 + 2);
    check(
        "multiply, address (R5)",
        &[
            wide(Op::Mul {
                s: false,
                rd: 8,
                rn: 1,
                rm: 2,
            }),
            store(1, 8),
        ],
        1 + 1 + 1,
    );
    check(
        "ALU, other, address (R5b)",
        &[alu(8), alu(1), load(1, 8)],
        1 + 1 + 1 + 2,
    );
    check(
        "written again between (R5, once)",
        &[alu(8), alu(8), load(1, 8)],
        1 + 1 + 1 + 2,
    );
    check(
        "three before: no wait",
        &[alu(8), alu(1), alu(2), load(1, 8)],
        3 + 2,
    );
    check(
        "stack pointer, push (R5)",
        &[alu(13), push(0b11)],
        1 + 1 + 3,
    );
}

#[test]
fn write_back_chains_wait() {
    let post = |rt, rn| load_indexed(Index::Post, rt, rn);
    check("alone", &[post(0, 8)], 2);
    check(
        "two, first of a chain (R6)",
        &[post(0, 8), post(1, 8)],
        2 + 2 + 2,
    );
    check(
        "three",
        &[post(0, 8), post(1, 8), post(2, 8)],
        2 + 2 + 2 + 1 + 2,
    );
    check("store ends a chain", &[post(0, 8), store(1, 8)], 2 + 2 + 1);
    check(
        "alternating bases pipeline",
        &[post(0, 8), post(1, 9), post(2, 8), post(3, 9)],
        5,
    );
    check(
        "ALU between: no wait",
        &[post(0, 8), alu(1), post(2, 8)],
        2 + 1 + 2,
    );
}

#[test]
fn stores_share_a_buffer() {
    check("one", &[store(0, 8)], 1);
    for n in 2..=8 {
        check(
            &format!("{n} stores"),
            &vec![store(0, 8); n as usize],
            n + (n - 2),
        );
    }
    check("store, ALU, store", &[store(0, 8), alu(1), store(0, 8)], 3);
    check("store, load", &[store(0, 8), load(1, 8)], 1 + 1 + 2);
    check(
        "store, ALU, load",
        &[store(0, 8), alu(0), load(1, 8)],
        1 + 1 + 2,
    );
    check(
        "store, store, load",
        &[store(0, 8), store(1, 8), load(2, 8)],
        2 + 2 + 2,
    );
    check("register offset (R7)", &[store_register(9, 8)], 2);
    check(
        "push, load: the bus is taken for one cycle more",
        &[push(0b1), load(1, 8)],
        2 + 1 + 2,
    );
}

#[test]
fn multiple_transfers_take_their_words() {
    for n in 1..=8u8 {
        let list = (1 << n) - 1;
        check("pop", &[pop(list)], 1 + u32::from(n));
        check("push", &[push(list)], 1 + u32::from(n));
    }
    let dual = Op::LoadDual {
        index: Index::Offset,
        rt: 0,
        rt2: 1,
        rn: 8,
        imm: 0,
    };
    check("LDRD", &[wide(dual)], 3);
    check("LDRD, LDRD", &[wide(dual), wide(dual)], 6);
    check(
        "VLDR",
        &[wide(Op::FpLoad {
            double: false,
            sd: 0,
            rn: 8,
            imm: 0,
        })],
        2,
    );
    check(
        "VLDR of a double",
        &[wide(Op::FpLoad {
            double: true,
            sd: 0,
            rn: 8,
            imm: 0,
        })],
        3,
    );
}

#[test]
fn branches_refill() {
    let taken = |insn: Insn| time(AT, &[insn]).taken.cycles;
    assert_eq!(taken(narrow(Op::Branch { target: AT })), 2);
    assert_eq!(taken(branch_if()), 2);
    assert_eq!(
        taken(narrow(Op::CompareBranch {
            nonzero: true,
            rn: 0,
            target: AT
        })),
        2
    );
    assert_eq!(taken(wide(Op::Call { target: AT })), 3);
    assert_eq!(taken(narrow(Op::BranchReg { rm: 14 })), 3);
    assert_eq!(taken(narrow(Op::CallReg { rm: 3 })), 3);
    assert_eq!(taken(pop(0x8010)), 1 + 2 + 3);
    let load_pc = Op::LoadLiteral {
        width: Width::Word,
        rt: 15,
        address: 0x2000_0000,
    };
    assert_eq!(taken(wide(load_pc)), 5);
    assert_eq!(
        taken(wide(Op::TableBranch {
            half: false,
            rn: 15,
            rm: 0
        })),
        6
    );

    let fall = time(AT, &[branch_if()]).fall;
    assert_eq!(fall.cycles, 1);
    let predicated = Insn {
        cond: Cond::Equal,
        it: 8,
        ..narrow(Op::BranchReg { rm: 14 })
    };
    let timing = time(AT, &[predicated]);
    assert_eq!(
        (timing.fall.cycles, timing.taken.cycles, timing.skip[0]),
        (1, 3, 0)
    );
}

/// The loop SUBS; BNE takes 3 cycles a round, as everybody's delay loop shows.
#[test]
fn the_delay_loop_takes_three_cycles() {
    let timing = time(AT, &[alu(0), branch_if()]);
    assert_eq!(timing.taken.cycles, 3);
}

#[test]
fn the_fetch_queue_starves_on_straddling_instructions() {
    let wides = |n: usize| vec![wide(alu_op(0)); n];
    for n in 1..40 {
        check("aligned wide instructions never stall", &wides(n), n as u32);
        check("narrow ones neither", &vec![alu(0); n], n as u32);
    }
    assert_eq!(
        cycles(AT + 2, &wides(1)),
        2,
        "a misaligned wide target costs one more"
    );
    // Worked out by hand from the rule: the second halfword of each comes with the next
    // word, so every second one waits, until the cap on stalls ends it.
    let expected = [2, 3, 5, 6, 8, 9, 11, 12, 13, 14, 15];
    for (n, expected) in (1..).zip(expected) {
        assert_eq!(cycles(AT + 2, &wides(n)), expected, "{n} behind a branch");
    }
    let after_narrow = |n: usize| {
        let mut insns = vec![alu(0)];
        insns.extend(wides(n));
        cycles(AT, &insns) - 1
    };
    assert_eq!(after_narrow(1), 1);
    assert_eq!(after_narrow(2), 2, "two are free");
    assert_eq!(after_narrow(3), 4, "the third stalls");
}

#[test]
fn floating_point_follows_the_manual() {
    use FpBinary::{Add, Div, Fma, Mul};
    check("VADD", &[fp(Add, 0, 1, 2)], 1);
    check(
        "VADD, VADD of others",
        &[fp(Add, 0, 1, 2), fp(Add, 3, 4, 5)],
        2,
    );
    check(
        "VADD, use of the result",
        &[fp(Add, 0, 1, 2), fp(Mul, 3, 0, 5)],
        3,
    );
    check(
        "VADD, other, use",
        &[fp(Add, 0, 1, 2), alu(0), fp(Mul, 3, 0, 5)],
        3,
    );
    check("VFMA", &[fp(Fma, 0, 1, 2)], 3);
    check(
        "VFMA, VFMA into the same sum",
        &[fp(Fma, 0, 1, 2), fp(Fma, 0, 3, 4)],
        6,
    );
    check(
        "VMUL, VFMA with it as addend",
        &[fp(Mul, 0, 1, 2), fp(Fma, 0, 3, 4)],
        4,
    );
    check(
        "VMUL, VFMA with it as factor",
        &[fp(Mul, 3, 1, 2), fp(Fma, 0, 3, 4)],
        5,
    );
    check(
        "VDIV alone: integer work goes on",
        &[fp(Div, 0, 1, 2), alu(0)],
        2,
    );
    check(
        "VDIV, VADD of others",
        &[fp(Div, 0, 1, 2), fp(Add, 3, 4, 5)],
        14 + 1,
    );
    check(
        "VDIV, use",
        &[fp(Div, 0, 1, 2), fp(Add, 3, 0, 5)],
        14 + 1 + 1,
    );
    let root = wide(Op::FpUnary {
        op: FpUnary::Sqrt,
        sd: 0,
        sm: 1,
    });
    check("VSQRT, VSQRT", &[root, root], 14 + 1);
    let mut overlapped = vec![fp(Div, 0, 1, 2)];
    overlapped.extend(vec![alu(0); 14]);
    overlapped.push(fp(Add, 3, 0, 5));
    check("VDIV, 14 others, use", &overlapped, 1 + 14 + 1);
}

#[test]
fn literals_contend_with_the_fetch() {
    let literal = |address| {
        narrow(Op::LoadLiteral {
            width: Width::Word,
            rt: 0,
            address,
        })
    };
    check("in flash (R12)", &[literal(AT)], 3);
    check("elsewhere", &[literal(0x2000_0000)], 2);
}

#[test]
fn code_in_ram_is_fetched_every_other_cycle() {
    let ram = 0x2000_0000;
    let wides = |n: usize| vec![wide(alu_op(0)); n];
    let between = |n: usize, m: usize| cycles(ram, &wides(m)) - cycles(ram, &wides(n));
    assert_eq!(between(10, 20), 20, "a word each two cycles");
    assert_eq!(cycles(ram, &[alu(0); 20]) - cycles(ram, &[alu(0); 10]), 10);
}

#[test]
fn a_failed_predicate_costs_one_cycle() {
    let predicated = |op| Insn {
        cond: Cond::Equal,
        it: 8,
        ..narrow(op)
    };
    let it = narrow(Op::IfThen { firstcond_mask: 8 });
    let skipped = |op: Op| {
        let timing = time(AT, &[it, predicated(op), alu(0), alu(1)]);
        timing.fall.cycles as i32 + i32::from(timing.skip[1])
    };
    assert_eq!(skipped(alu(3).op), 4);
    assert_eq!(skipped(load(3, 8).op), 4);
    assert_eq!(skipped(pop(0xff).op), 4);
}

#[test]
fn division_ends_early() {
    let pipeline = Pipeline::default();
    let total = |n: u32, d: u32| 2 + pipeline.divide_extra(false, n, d);
    assert_eq!(total(7, 0), 2);
    assert_eq!(total(7, 8), 2);
    assert_eq!(total(u32::MAX, 1), 12);
    assert_eq!(2 + pipeline.divide_extra(true, (-7i32) as u32, 8), 2);
    assert_eq!(
        2 + pipeline.divide_extra(true, i32::MIN as u32, u32::MAX),
        12
    );
}

fn any_insn() -> impl Strategy<Value = Insn> {
    let reg = 0u8..4;
    let op = prop_oneof![
        reg.clone().prop_map(alu_op),
        (reg.clone(), 4u8..8).prop_map(|(rt, rn)| load(rt, rn).op),
        (reg.clone(), 0u8..8).prop_map(|(rt, rn)| load_indexed(Index::Post, rt, rn).op),
        (reg.clone(), 0u8..8).prop_map(|(rt, rn)| store(rt, rn).op),
        (reg.clone(), 0u8..8).prop_map(|(rm, rn)| store_register(rm, rn).op),
        (1u16..256).prop_map(|list| push(list).op),
        (1u16..256).prop_map(|list| pop(list).op),
        (0u8..3, 0u8..3, 0u8..3).prop_map(|(sd, sn, sm)| fp(FpBinary::Add, sd, sn, sm).op),
        (0u8..3, 0u8..3, 0u8..3).prop_map(|(sd, sn, sm)| fp(FpBinary::Div, sd, sn, sm).op),
        reg.prop_map(|rd| Op::Divide {
            signed: false,
            rd,
            rn: 1,
            rm: 2
        }),
        Just(Op::Nop),
    ];
    (op, any::<bool>()).prop_map(|(op, long)| if long { wide(op) } else { narrow(op) })
}

pub(super) fn any_block() -> impl Strategy<Value = (u32, Vec<Insn>)> {
    (
        (0u32..2).prop_map(|a| AT + 2 * a),
        prop::collection::vec(any_insn(), 1..24),
    )
}

fn length(insns: &[Insn]) -> u32 {
    insns.iter().map(|insn| 2 * u32::from(insn.halfwords)).sum()
}

proptest! {
    /// Where a run of instructions is cut into blocks makes no difference: the exit state
    /// carries all that matters, however often it is asked for.
    #[test]
    fn cutting_a_block_changes_nothing((address, insns) in any_block(), cut in 0usize..24) {
        let cut = cut.min(insns.len());
        let mut pipeline = Pipeline::default();
        let whole = pipeline.time_block(address, &insns, PipelineState::BRANCHED);
        let (head, tail) = insns.split_at(cut);
        let first = pipeline.time_block(address, head, PipelineState::BRANCHED);
        if cut > 0 && cut < insns.len() {
            let second = pipeline.time_block(address + length(head), tail, first.fall.state);
            prop_assert_eq!(first.fall.cycles + second.fall.cycles, whole.fall.cycles);
            prop_assert_eq!(second.fall.state, whole.fall.state);
            let again = pipeline.time_block(address + length(head), tail, first.fall.state);
            prop_assert_eq!(&again, &second);
            for (index, &start) in second.start.iter().enumerate() {
                let at = address + length(head);
                let before = pipeline.causes_before(at, tail, first.fall.state, index);
                prop_assert_eq!(before.total(), i64::from(start));
            }
        }
    }

    /// Every instruction takes time, and starts after the one before.
    #[test]
    fn time_goes_forward((address, insns) in any_block()) {
        let timing = time(address, &insns);
        prop_assert!(timing.start.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(timing.fall.cycles > *timing.start.last().unwrap());
        prop_assert_eq!(timing.start.len(), insns.len());
        // And every cycle has its cause.
        prop_assert_eq!(timing.causes.fall.total(), i64::from(timing.fall.cycles));
        prop_assert_eq!(timing.causes.taken.total(), i64::from(timing.taken.cycles));
        prop_assert_eq!(timing.skip.len(), insns.len());
        let pipeline = Pipeline::default();
        for (index, &start) in timing.start.iter().enumerate() {
            let before =
                pipeline.causes_before(address, &insns, PipelineState::BRANCHED, index);
            prop_assert_eq!(before.total(), i64::from(start));
            prop_assert!(before.iter().all(|(_, cycles)| cycles >= 0));
            // Each instruction has one cycle that is nobody else's.
            prop_assert_eq!(before[Cause::Issue], index as i64);
        }
        let predicated: Vec<_> = insns
            .iter()
            .map(|&insn| Insn { cond: Cond::Equal, ..insn })
            .collect();
        let timing = time(address, &predicated);
        for (index, &skip) in timing.skip.iter().enumerate() {
            let saved = timing.causes.saved(index).copied().unwrap_or_default();
            prop_assert_eq!(saved.total(), -i64::from(skip));
            prop_assert!(saved.iter().all(|(_, cycles)| cycles >= 0));
        }
    }

    /// Every word of the block is fetched, in order, before it is needed.
    #[test]
    fn words_are_fetched_before_they_are_needed((address, insns) in any_block()) {
        let timing = time(address, &insns);
        let words = ((address & 2) + length(&insns)).div_ceil(4) as usize;
        prop_assert!(timing.fetches.len() >= words);
        prop_assert!(timing.fetches.len() <= words + 3);
        for (i, fetch) in timing.fetches.iter().enumerate() {
            prop_assert_eq!(fetch.need != Fetch::NEVER, i < words);
            prop_assert!(fetch.ready <= fetch.need);
        }
        prop_assert!(timing.fetches.windows(2).all(|pair| pair[0].ready <= pair[1].ready));
    }
}
