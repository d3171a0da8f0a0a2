//! The 16-bit encodings (A5.2).

use super::{
    pattern::{Encoding, Kind::*, Need::*},
    rule::*,
};

pub(super) fn encodings() -> Vec<Encoding> {
    let mut list = shift_add_compare();
    list.extend(data_processing());
    list.extend(special());
    list.extend(memory());
    list.extend(miscellaneous());
    list.extend(branches());
    list
}

/// A5.2.1.
fn shift_add_compare() -> Vec<Encoding> {
    let plain = |name, pattern, rules| Encoding::new(name, pattern, V6, Plain, rules);
    vec![
        plain("MOV (register) T2", "0000000000 mmm ddd", &[NOT_IN_IT]),
        plain("LSL (immediate) T1", "00000 iiiii mmm ddd", &[]),
        plain("LSR (immediate) T1", "00001 iiiii mmm ddd", &[]),
        plain("ASR (immediate) T1", "00010 iiiii mmm ddd", &[]),
        plain("ADD (register) T1", "0001100 mmm nnn ddd", &[]),
        plain("SUB (register) T1", "0001101 mmm nnn ddd", &[]),
        plain("ADD (immediate) T1", "0001110 iii nnn ddd", &[]),
        plain("SUB (immediate) T1", "0001111 iii nnn ddd", &[]),
        plain("MOV (immediate) T1", "00100 ddd iiiiiiii", &[]),
        plain("CMP (immediate) T1", "00101 nnn iiiiiiii", &[]),
        plain("ADD (immediate) T2", "00110 ddd iiiiiiii", &[]),
        plain("SUB (immediate) T2", "00111 ddd iiiiiiii", &[]),
    ]
}

/// A5.2.2.
fn data_processing() -> Vec<Encoding> {
    let names = [
        "AND (register) T1",
        "EOR (register) T1",
        "LSL (register) T1",
        "LSR (register) T1",
        "ASR (register) T1",
        "ADC (register) T1",
        "SBC (register) T1",
        "ROR (register) T1",
        "TST (register) T1",
        "RSB (immediate) T1",
        "CMP (register) T1",
        "CMN (register) T1",
        "ORR (register) T1",
        "MUL T1",
        "BIC (register) T1",
        "MVN (register) T1",
    ];
    let encoding = |(op, name): (usize, &&str)| {
        Encoding::new(name, &format!("010000 {op:04b} mmm ddd"), V6, Plain, &[])
    };
    names.iter().enumerate().map(encoding).collect()
}

/// A5.2.3.
fn special() -> Vec<Encoding> {
    const ADD_PC_PC: Rule = Rule {
        why: "d == 15 && m == 15 (A7.7.4)",
        when: |v| v.get(b'd') == 15 && v.get(b'm') == 15,
    };
    const CMP_LOW: Rule = Rule {
        why: "n < 8 && m < 8 (A7.7.28)",
        when: |v| v.get(b'n') < 8 && v.get(b'm') < 8,
    };
    const CMP_PC: Rule = Rule {
        why: "n == 15 || m == 15 (A7.7.28)",
        when: |v| v.get(b'n') == 15 || v.get(b'm') == 15,
    };
    const M_IS_PC: Rule = Rule {
        why: "m == 15 (A7.7.19)",
        when: |v| v.get(b'm') == 15,
    };
    let branch = |name, pattern, rules| Encoding::new(name, pattern, V6, Branch, rules);
    vec![
        branch(
            "ADD (register) T2",
            "01000100 d mmmm ddd",
            &[ADD_PC_PC, D_PC_IN_IT],
        ),
        Encoding::new(
            "CMP (register) T2",
            "01000101 n mmmm nnn",
            V6,
            Plain,
            &[CMP_LOW, CMP_PC],
        ),
        branch("MOV (register) T1", "01000110 d mmmm ddd", &[D_PC_IN_IT]),
        branch("BX T1", "010001110 mmmm ooo", &[BRANCH_IN_IT]),
        branch(
            "BLX (register) T1",
            "010001111 mmmm ooo",
            &[M_IS_PC, BRANCH_IN_IT],
        ),
    ]
}

/// A5.2.4.
fn memory() -> Vec<Encoding> {
    let memory = |name, pattern| Encoding::new(name, pattern, V6, Memory, &[]);
    let words = |name, pattern, rules| Encoding::new(name, pattern, V6, Words, rules);
    vec![
        memory("LDR (literal) T1", "01001 ttt iiiiiiii"),
        memory("STR (register) T1", "0101000 mmm nnn ttt"),
        memory("STRH (register) T1", "0101001 mmm nnn ttt"),
        memory("STRB (register) T1", "0101010 mmm nnn ttt"),
        memory("LDRSB (register) T1", "0101011 mmm nnn ttt"),
        memory("LDR (register) T1", "0101100 mmm nnn ttt"),
        memory("LDRH (register) T1", "0101101 mmm nnn ttt"),
        memory("LDRB (register) T1", "0101110 mmm nnn ttt"),
        memory("LDRSH (register) T1", "0101111 mmm nnn ttt"),
        memory("STR (immediate) T1", "01100 iiiii nnn ttt"),
        memory("LDR (immediate) T1", "01101 iiiii nnn ttt"),
        memory("STRB (immediate) T1", "01110 iiiii nnn ttt"),
        memory("LDRB (immediate) T1", "01111 iiiii nnn ttt"),
        memory("STRH (immediate) T1", "10000 iiiii nnn ttt"),
        memory("LDRH (immediate) T1", "10001 iiiii nnn ttt"),
        memory("STR (immediate) T2", "10010 ttt iiiiiiii"),
        memory("LDR (immediate) T2", "10011 ttt iiiiiiii"),
        words("STM T1", "11000 nnn rrrrrrrr", &[EMPTY, BASE_NOT_LOWEST]),
        words("LDM T1", "11001 nnn rrrrrrrr", &[EMPTY]),
    ]
}

/// A5.2.5, ADR and ADD (SP plus immediate).
fn miscellaneous() -> Vec<Encoding> {
    let plain = |name, pattern| Encoding::new(name, pattern, V6, Plain, &[]);
    let hint = |name, pattern, kind| Encoding::new(name, pattern, V6, kind, &[]);
    vec![
        plain("ADR T1", "10100 ddd iiiiiiii"),
        plain("ADD (SP plus immediate) T1", "10101 ddd iiiiiiii"),
        plain("ADD (SP plus immediate) T2", "101100000 iiiiiii"),
        plain("SUB (SP minus immediate) T1", "101100001 iiiiiii"),
        Encoding::new("CBZ T1", "101100 i 1 iiiii nnn", V7, Plain, &[NOT_IN_IT]),
        Encoding::new("CBNZ T1", "101110 i 1 iiiii nnn", V7, Plain, &[NOT_IN_IT]),
        plain("SXTH T1", "1011001000 mmm ddd"),
        plain("SXTB T1", "1011001001 mmm ddd"),
        plain("UXTH T1", "1011001010 mmm ddd"),
        plain("UXTB T1", "1011001011 mmm ddd"),
        Encoding::new("PUSH T1", "1011010 M rrrrrrrr", V6, Words, &[EMPTY]),
        Encoding::new(
            "POP T1",
            "1011110 P rrrrrrrr",
            V6,
            Words,
            &[EMPTY, LIST_PC_IN_IT],
        ),
        // DDI 0419C, B4.2.1: there is no FAULTMASK.
        Encoding::new("CPS T1", "10110110011 i ooxo", V6Only, System, &[]),
        Encoding::new("CPS T1", "10110110011 i oo AF", V7, System, &[NOT_IN_IT]),
        plain("REV T1", "1011101000 mmm ddd"),
        plain("REV16 T1", "1011101001 mmm ddd"),
        plain("REVSH T1", "1011101011 mmm ddd"),
        Encoding::new("BKPT T1", "10111110 iiiiiiii", V6, Event, &[]),
        hint("NOP T1", "1011111100000000", Plain),
        hint("YIELD T1", "1011111100010000", Event),
        hint("WFE T1", "1011111100100000", Event),
        hint("WFI T1", "1011111100110000", Event),
        hint("SEV T1", "1011111101000000", Plain),
        // A5.2.5: "other encodings in this space are unallocated hints. They execute as NOPs".
        hint("unallocated hint T1", "10111111 iiii 0000", Plain),
        Encoding::new(
            "IT T1",
            "10111111 cccc kkkk",
            V7,
            Plain,
            &[IT_ALWAYS, NOT_IN_IT],
        ),
    ]
}

/// A5.2.6 and B T2.
fn branches() -> Vec<Encoding> {
    vec![
        Encoding::new("UDF T1", "11011110 iiiiiiii", V6, Event, &[]).undefined(),
        Encoding::new("SVC T1", "11011111 iiiiiiii", V6, Event, &[]),
        Encoding::new("B T1", "1101 cccc iiiiiiii", V6, Plain, &[NOT_IN_IT])
            .unless(|v| v.get(b'c') >= 14),
        Encoding::new("B T2", "11100 iiiiiiiiiii", V6, Plain, &[BRANCH_IN_IT]),
    ]
}
