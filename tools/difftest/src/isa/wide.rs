//! The 32-bit encodings outside of floating point (A5.3).

use super::{
    pattern::{Encoding, Kind::*, Need, Need::*},
    rule::*,
};

pub(super) fn encodings() -> Vec<Encoding> {
    let mut list = multiple();
    list.extend(dual_exclusive_table());
    list.extend(shifted_register());
    list.extend(modified_immediate());
    list.extend(plain_immediate());
    list.extend(branches_system());
    list.extend(loads());
    list.extend(stores());
    list.extend(register());
    list.extend(parallel());
    list.extend(multiply());
    list
}

fn plain(name: &str, pattern: &str, rules: &[Rule]) -> Encoding {
    Encoding::new(name, pattern, V7, Plain, rules)
}

fn dsp(name: &str, pattern: &str, rules: &[Rule]) -> Encoding {
    Encoding::new(name, pattern, Dsp, Plain, rules)
}

/// A5.3.5.
fn multiple() -> Vec<Encoding> {
    let words = |name, pattern, rules| Encoding::new(name, pattern, V7, Words, rules);
    let load: &[Rule] = &[N_IS_PC, FEW, BOTH_PC_LR, LIST_PC_IN_IT, BASE_LISTED];
    let store: &[Rule] = &[N_IS_PC, FEW, BASE_LISTED];
    let pop: &[Rule] = &[FEW, BOTH_PC_LR, LIST_PC_IN_IT];
    vec![
        words("POP T2", "11101000 10111101 PMo rrrrrrrrrrrrr", pop),
        words("PUSH T2", "11101001 00101101 oMo rrrrrrrrrrrrr", &[FEW]),
        words("STM T2", "11101000 10W0 nnnn oMo rrrrrrrrrrrrr", store),
        words("LDM T2", "11101000 10W1 nnnn PMo rrrrrrrrrrrrr", load),
        words("STMDB T1", "11101001 00W0 nnnn oMo rrrrrrrrrrrrr", store),
        words("LDMDB T1", "11101001 00W1 nnnn PMo rrrrrrrrrrrrr", load),
    ]
}

/// A5.3.6.
fn dual_exclusive_table() -> Vec<Encoding> {
    let words = |name, pattern, rules| Encoding::new(name, pattern, V7, Words, rules);
    let exclusive = |name, pattern, rules| Encoding::new(name, pattern, V7, Exclusive, rules);
    let store: &[Rule] = &[BAD_D, BAD_T, N_IS_PC, STATUS_CLASH];
    let branch: &[Rule] = &[N_IS_SP, BAD_M, BRANCH_IN_IT];
    let neither = |v: &View<'_>| v.get(b'P') == 0 && v.get(b'W') == 0;
    vec![
        exclusive("STREX T1", "111010000100 nnnn tttt dddd iiiiiiii", store),
        exclusive(
            "LDREX T1",
            "111010000101 nnnn tttt xxxx iiiiiiii",
            &[BAD_T, N_IS_PC],
        ),
        exclusive("STREXB T1", "111010001100 nnnn tttt xxxx 0100 dddd", store),
        exclusive("STREXH T1", "111010001100 nnnn tttt xxxx 0101 dddd", store),
        exclusive(
            "LDREXB T1",
            "111010001101 nnnn tttt xxxx 0100 xxxx",
            &[BAD_T, N_IS_PC],
        ),
        exclusive(
            "LDREXH T1",
            "111010001101 nnnn tttt xxxx 0101 xxxx",
            &[BAD_T, N_IS_PC],
        ),
        Encoding::new(
            "TBB T1",
            "111010001101 nnnn xxxx oooo 0000 mmmm",
            V7,
            Memory,
            branch,
        ),
        Encoding::new(
            "TBH T1",
            "111010001101 nnnn xxxx oooo 0001 mmmm",
            V7,
            Memory,
            branch,
        ),
        words(
            "LDRD (literal) T1",
            "1110100 PU1W1 1111 tttt uuuu iiiiiiii",
            &[LITERAL_BACK, BAD_T, BAD_U, SAME_TARGETS],
        )
        .unless(neither),
        words(
            "STRD (immediate) T1",
            "1110100 PU1W0 nnnn tttt uuuu iiiiiiii",
            &[BACK_TO_EITHER, N_IS_PC, BAD_T, BAD_U],
        )
        .unless(neither),
        words(
            "LDRD (immediate) T1",
            "1110100 PU1W1 nnnn tttt uuuu iiiiiiii",
            &[BACK_TO_EITHER, BAD_T, BAD_U, SAME_TARGETS],
        )
        .unless(neither),
    ]
}

/// A5.3.11.
fn shifted_register() -> Vec<Encoding> {
    let three: &[Rule] = &[BAD_D, BAD_N, BAD_M];
    let logic: &[Rule] = &[D_SP_OR_PC, BAD_N, BAD_M];
    let or: &[Rule] = &[BAD_D, N_IS_SP, BAD_M];
    let arithmetic: &[Rule] = &[D_SP_OR_PC, N_IS_PC, BAD_M];
    let sp: &[Rule] = &[SP_SHIFT, D_PC, BAD_M];
    const D_PC: Rule = D_IS_PC;
    let tail = "oiii dddd iiss mmmm";
    let of = |name, head: &str, rules| plain(name, &format!("{head} {tail}"), rules);
    let test = |name, head: &str, rules| plain(name, &format!("{head} oiii 1111 iiss mmmm"), rules);
    let shift = |name, kind: &str| {
        plain(
            name,
            &format!("11101010 010S 1111 oiii dddd ii{kind} mmmm"),
            &[BAD_D, BAD_M],
        )
    };
    vec![
        test("TST (register) T2", "11101010 0001 nnnn", &[BAD_N, BAD_M]),
        of("AND (register) T2", "11101010 000S nnnn", logic),
        of("BIC (register) T2", "11101010 001S nnnn", three),
        plain(
            "MOV (register) T3",
            "11101010 010S 1111 o000 dddd 0000 mmmm",
            &[MOV_FLAGS, MOV_PLAIN],
        ),
        plain(
            "RRX T1",
            "11101010 010S 1111 o000 dddd 0011 mmmm",
            &[BAD_D, BAD_M],
        ),
        shift("LSL (immediate) T2", "00"),
        shift("LSR (immediate) T2", "01"),
        shift("ASR (immediate) T2", "10"),
        shift("ROR (immediate) T1", "11"),
        of("ORR (register) T2", "11101010 010S nnnn", or),
        of("MVN (register) T2", "11101010 011S 1111", &[BAD_D, BAD_M]),
        of("ORN (register) T1", "11101010 011S nnnn", or),
        test("TEQ (register) T1", "11101010 1001 nnnn", &[BAD_N, BAD_M]),
        of("EOR (register) T2", "11101010 100S nnnn", logic),
        // S or T set: UNDEFINED (A7.7.93).
        dsp("PKHBT T1", "11101010 1100 nnnn oiii dddd ii00 mmmm", three),
        dsp("PKHTB T1", "11101010 1100 nnnn oiii dddd ii10 mmmm", three),
        test("CMN (register) T2", "11101011 0001 nnnn", &[N_IS_PC, BAD_M]),
        of("ADD (SP plus register) T3", "11101011 000S 1101", sp),
        of("ADD (register) T3", "11101011 000S nnnn", arithmetic),
        of("ADC (register) T2", "11101011 010S nnnn", three),
        of("SBC (register) T2", "11101011 011S nnnn", three),
        test("CMP (register) T3", "11101011 1011 nnnn", &[N_IS_PC, BAD_M]),
        of("SUB (SP minus register) T1", "11101011 101S 1101", sp),
        of("SUB (register) T2", "11101011 101S nnnn", arithmetic),
        of("RSB (register) T1", "11101011 110S nnnn", three),
    ]
}

/// A5.3.1.
fn modified_immediate() -> Vec<Encoding> {
    let of = |name, head: &str, rules: &[Rule]| {
        let rules = [rules, &[IMMEDIATE]].concat();
        plain(name, &format!("11110i0 {head} 0iii dddd jjjjjjjj"), &rules)
    };
    let test = |name, head: &str, rules: &[Rule]| {
        let rules = [rules, &[IMMEDIATE]].concat();
        plain(name, &format!("11110i0 {head} 0iii 1111 jjjjjjjj"), &rules)
    };
    vec![
        test("TST (immediate) T1", "00001 nnnn", &[BAD_N]),
        of("AND (immediate) T1", "0000S nnnn", &[D_SP_OR_PC, BAD_N]),
        of("BIC (immediate) T1", "0001S nnnn", &[BAD_D, BAD_N]),
        of("MOV (immediate) T2", "0010S 1111", &[BAD_D]),
        of("ORR (immediate) T1", "0010S nnnn", &[BAD_D, N_IS_SP]),
        of("MVN (immediate) T1", "0011S 1111", &[BAD_D]),
        of("ORN (immediate) T1", "0011S nnnn", &[BAD_D, N_IS_SP]),
        test("TEQ (immediate) T1", "01001 nnnn", &[BAD_N]),
        of("EOR (immediate) T1", "0100S nnnn", &[D_SP_OR_PC, BAD_N]),
        test("CMN (immediate) T1", "10001 nnnn", &[N_IS_PC]),
        of("ADD (SP plus immediate) T3", "1000S 1101", &[D_IS_PC]),
        of("ADD (immediate) T3", "1000S nnnn", &[D_SP_OR_PC, N_IS_PC]),
        of("ADC (immediate) T1", "1010S nnnn", &[BAD_D, BAD_N]),
        of("SBC (immediate) T1", "1011S nnnn", &[BAD_D, BAD_N]),
        test("CMP (immediate) T2", "11011 nnnn", &[N_IS_PC]),
        of("SUB (SP minus immediate) T2", "1101S 1101", &[D_IS_PC]),
        of("SUB (immediate) T3", "1101S nnnn", &[D_SP_OR_PC, N_IS_PC]),
        of("RSB (immediate) T2", "1110S nnnn", &[BAD_D, BAD_N]),
    ]
}

/// A5.3.3.
fn plain_immediate() -> Vec<Encoding> {
    let two: &[Rule] = &[BAD_D, BAD_N];
    let extract: &[Rule] = &[BAD_D, BAD_N, EXTRACT];
    vec![
        plain("ADR T3", "11110i10 0000 1111 0iii dddd jjjjjjjj", &[BAD_D]),
        plain(
            "ADD (SP plus immediate) T4",
            "11110i10 0000 1101 0iii dddd jjjjjjjj",
            &[D_IS_PC],
        ),
        plain(
            "ADD (immediate) T4",
            "11110i10 0000 nnnn 0iii dddd jjjjjjjj",
            &[BAD_D],
        ),
        plain(
            "MOV (immediate) T3",
            "11110i10 0100 kkkk 0iii dddd jjjjjjjj",
            &[BAD_D],
        ),
        plain("ADR T2", "11110i10 1010 1111 0iii dddd jjjjjjjj", &[BAD_D]),
        plain(
            "SUB (SP minus immediate) T3",
            "11110i10 1010 1101 0iii dddd jjjjjjjj",
            &[D_IS_PC],
        ),
        plain(
            "SUB (immediate) T4",
            "11110i10 1010 nnnn 0iii dddd jjjjjjjj",
            &[BAD_D],
        ),
        plain("MOVT T1", "11110i10 1100 kkkk 0iii dddd jjjjjjjj", &[BAD_D]),
        dsp("SSAT16 T1", "11110o11 0010 nnnn 0000 dddd 00oo kkkk", two),
        plain("SSAT T1", "11110o11 00z0 nnnn 0iii dddd iio kkkkk", two)
            .unless(|v| v.get(b'z') == 1 && v.get(b'i') == 0),
        plain("SBFX T1", "11110o11 0100 nnnn 0iii dddd iio wwwww", extract),
        plain(
            "BFC T1",
            "11110o11 0110 1111 0iii dddd iio wwwww",
            &[BAD_D, INSERT],
        ),
        plain(
            "BFI T1",
            "11110o11 0110 nnnn 0iii dddd iio wwwww",
            &[BAD_D, N_IS_SP, INSERT],
        ),
        dsp("USAT16 T1", "11110o11 1010 nnnn 0000 dddd 00oo kkkk", two),
        plain("USAT T1", "11110o11 10z0 nnnn 0iii dddd iio kkkkk", two)
            .unless(|v| v.get(b'z') == 1 && v.get(b'i') == 0),
        plain("UBFX T1", "11110o11 1100 nnnn 0iii dddd iio wwwww", extract),
    ]
}

/// A5.3.4.
fn branches_system() -> Vec<Encoding> {
    let of = Encoding::new;
    let hint = |name, code, kind| {
        Encoding::new(
            name,
            &format!("111100111010 xxxx 10o0 o000 {code}"),
            V7,
            kind,
            &[],
        )
    };
    let barrier = |name, code| {
        Encoding::new(
            name,
            &format!("111100111011 xxxx 10o0 xxxx {code}"),
            V6,
            Plain,
            &[],
        )
    };
    vec![
        of(
            "MSR T1",
            "11110011100o nnnn 10o0 xooo kkkkkkkk",
            V6Only,
            System,
            &[BAD_N, NO_SPECIAL_V6],
        ),
        of(
            "MSR T1",
            "11110011100o nnnn 10o0 ccoo kkkkkkkk",
            V7Only,
            System,
            &[BAD_N, NO_SPECIAL, MSR_MASK, MSR_NO_GE],
        ),
        of(
            "MSR T1",
            "11110011100o nnnn 10o0 ccoo kkkkkkkk",
            Dsp,
            System,
            &[BAD_N, NO_SPECIAL, MSR_MASK],
        ),
        of(
            "MRS T1",
            "11110011111o xxxx 10o0 dddd kkkkkkkk",
            V6Only,
            System,
            &[BAD_D, NO_SPECIAL_V6],
        ),
        of(
            "MRS T1",
            "11110011111o xxxx 10o0 dddd kkkkkkkk",
            V7,
            System,
            &[BAD_D, NO_SPECIAL],
        ),
        hint("NOP T2", "00000000", Plain),
        hint("YIELD T2", "00000001", Event),
        hint("WFE T2", "00000010", Event),
        hint("WFI T2", "00000011", Event),
        hint("SEV T2", "00000100", Plain),
        hint("DBG T1", "1111 iiii", Plain),
        // A5.3.4: "other encodings in this space are unallocated hints that execute as NOPs".
        hint("unallocated hint T2", "iiiiiiii", Plain),
        of(
            "CLREX T1",
            "111100111011 xxxx 10o0 xxxx 0010 xxxx",
            V7,
            Exclusive,
            &[],
        ),
        barrier("DSB T1", "0100 iiii"),
        barrier("DMB T1", "0101 iiii"),
        barrier("ISB T1", "0110 iiii"),
        of(
            "UDF T2",
            "111101111111 iiii 1010 iiiiiiiiiiii",
            V6,
            Event,
            &[],
        )
        .undefined(),
        of(
            "B T3",
            "11110 S cccc iiiiii 10 j 0 k iiiiiiiiiii",
            V7,
            Plain,
            &[NOT_IN_IT],
        )
        .unless(|v| v.get(b'c') >= 14),
        of(
            "B T4",
            "11110 S iiiiiiiiii 10 j 1 k iiiiiiiiiii",
            V7,
            Plain,
            &[BRANCH_IN_IT],
        ),
        of(
            "BL T1",
            "11110 S iiiiiiiiii 11 j 1 k iiiiiiiiiii",
            V6,
            Plain,
            &[BRANCH_IN_IT],
        ),
    ]
}

/// One width of loads: the mnemonic, its bits, whether t == 15 is a hint.
const LOADS: [(&str, &str, bool); 5] = [
    ("LDRB", "000", true),
    ("LDRSB", "100", true),
    ("LDRH", "001", true),
    ("LDRSH", "101", true),
    ("LDR", "010", false),
];

/// A5.3.7 to A5.3.9.
fn loads() -> Vec<Encoding> {
    let of =
        |name: &str, pattern: &str, rules: &[Rule]| Encoding::new(name, pattern, V7, Memory, rules);
    let unprivileged = |v: &View<'_>| {
        let (p, u, w) = (v.get(b'P'), v.get(b'U'), v.get(b'W'));
        p == 0 && w == 0 || (p, u, w) == (1, 1, 0)
    };
    let mut list = Vec::new();
    for (name, code, hint) in LOADS {
        let (sign, size) = code.split_at(1);
        let start = format!("1111100{sign}");
        let target = if hint { T_IS_SP } else { PC_IN_IT };
        list.push(of(
            &format!("{name} (literal)"),
            &format!("{start} U{size}1 1111 tttt iiiiiiiiiiii"),
            &[target],
        ));
        list.push(of(
            &format!("{name} (immediate, 12 bits)"),
            &format!("{start} 1{size}1 nnnn tttt iiiiiiiiiiii"),
            &[target],
        ));
        list.push(of(
            &format!("{name}T"),
            &format!("{start} 0{size}1 nnnn tttt 1110 iiiiiiii"),
            &[BAD_T],
        ));
        let back: &[Rule] = if hint {
            &[T_IS_SP, HINT_BACK, BACK_TO_BASE]
        } else {
            &[BACK_TO_BASE, PC_IN_IT]
        };
        list.push(
            of(
                &format!("{name} (immediate, 8 bits)"),
                &format!("{start} 0{size}1 nnnn tttt 1PUW iiiiiiii"),
                back,
            )
            .unless(unprivileged),
        );
        list.push(of(
            &format!("{name} (register)"),
            &format!("{start} 0{size}1 nnnn tttt 0000 00ii mmmm"),
            &[target, BAD_M],
        ));
    }
    list
}

/// A5.3.10.
fn stores() -> Vec<Encoding> {
    let of = |name: &str, pattern: &str, rules: &[Rule]| {
        Encoding::new(name, pattern, V7, Memory, rules).unless(|v| v.get(b'n') == 15)
    };
    let mut list = Vec::new();
    for (name, size) in [("STRB", "00"), ("STRH", "01"), ("STR", "10")] {
        let target = if size == "10" { T_IS_PC } else { BAD_T };
        list.push(of(
            &format!("{name} (immediate, 12 bits)"),
            &format!("11111000 1{size}0 nnnn tttt iiiiiiiiiiii"),
            &[target],
        ));
        list.push(of(
            &format!("{name}T"),
            &format!("11111000 0{size}0 nnnn tttt 1110 iiiiiiii"),
            &[BAD_T],
        ));
        list.push(
            Encoding::new(
                &format!("{name} (immediate, 8 bits)"),
                &format!("11111000 0{size}0 nnnn tttt 1PUW iiiiiiii"),
                V7,
                Memory,
                &[target, BACK_TO_BASE],
            )
            .unless(|v| {
                let (p, u, w) = (v.get(b'P'), v.get(b'U'), v.get(b'W'));
                v.get(b'n') == 15 || p == 0 && w == 0 || (p, u, w) == (1, 1, 0)
            }),
        );
        list.push(of(
            &format!("{name} (register)"),
            &format!("11111000 0{size}0 nnnn tttt 0000 00ii mmmm"),
            &[target, BAD_M],
        ));
    }
    list
}

/// A5.3.12 and A5.3.15.
fn register() -> Vec<Encoding> {
    let three: &[Rule] = &[BAD_D, BAD_N, BAD_M];
    let two: &[Rule] = &[BAD_D, BAD_M];
    let add: &[Rule] = &[BAD_D, N_IS_SP, BAD_M];
    let twice: &[Rule] = &[BAD_D, BAD_M, TWICE_M];
    let of = |name, need, head: &str, tail: &str, rules| {
        Encoding::new(
            name,
            &format!("11111010 {head} 1111 dddd {tail} mmmm"),
            need,
            Plain,
            rules,
        )
    };
    vec![
        of("LSL (register) T2", V7, "000S nnnn", "0000", three),
        of("LSR (register) T2", V7, "001S nnnn", "0000", three),
        of("ASR (register) T2", V7, "010S nnnn", "0000", three),
        of("ROR (register) T2", V7, "011S nnnn", "0000", three),
        of("SXTH T2", V7, "0000 1111", "1oii", two),
        of("SXTAH T1", Dsp, "0000 nnnn", "1oii", add),
        of("UXTH T2", V7, "0001 1111", "1oii", two),
        of("UXTAH T1", Dsp, "0001 nnnn", "1oii", add),
        of("SXTB16 T1", Dsp, "0010 1111", "1oii", two),
        of("SXTAB16 T1", Dsp, "0010 nnnn", "1oii", add),
        of("UXTB16 T1", Dsp, "0011 1111", "1oii", two),
        of("UXTAB16 T1", Dsp, "0011 nnnn", "1oii", add),
        of("SXTB T2", V7, "0100 1111", "1oii", two),
        of("SXTAB T1", Dsp, "0100 nnnn", "1oii", add),
        of("UXTB T2", V7, "0101 1111", "1oii", two),
        of("UXTAB T1", Dsp, "0101 nnnn", "1oii", add),
        of("QADD T1", Dsp, "1000 nnnn", "1000", three),
        of("QDADD T1", Dsp, "1000 nnnn", "1001", three),
        of("QSUB T1", Dsp, "1000 nnnn", "1010", three),
        of("QDSUB T1", Dsp, "1000 nnnn", "1011", three),
        of("REV T2", V7, "1001 nnnn", "1000", twice),
        of("REV16 T2", V7, "1001 nnnn", "1001", twice),
        of("RBIT T1", V7, "1001 nnnn", "1010", twice),
        of("REVSH T2", V7, "1001 nnnn", "1011", twice),
        of("SEL T1", Dsp, "1010 nnnn", "1000", three),
        of("CLZ T1", V7, "1011 nnnn", "1000", twice),
    ]
}

/// A5.3.13 and A5.3.14.
fn parallel() -> Vec<Encoding> {
    let operations = [
        ("ADD8", "000"),
        ("ADD16", "001"),
        ("ASX", "010"),
        ("SUB8", "100"),
        ("SUB16", "101"),
        ("SAX", "110"),
    ];
    let prefixes = [
        ("S", "0000"),
        ("Q", "0001"),
        ("SH", "0010"),
        ("U", "0100"),
        ("UQ", "0101"),
        ("UH", "0110"),
    ];
    let mut list = Vec::new();
    for (operation, op1) in operations {
        for (prefix, op2) in prefixes {
            let pattern = format!("11111010 1{op1} nnnn 1111 dddd {op2} mmmm");
            list.push(dsp(
                &format!("{prefix}{operation} T1"),
                &pattern,
                &[BAD_D, BAD_N, BAD_M],
            ));
        }
    }
    list
}

/// A5.3.16 and A5.3.17.
fn multiply() -> Vec<Encoding> {
    let three: &[Rule] = &[BAD_D, BAD_N, BAD_M];
    let four: &[Rule] = &[BAD_D, BAD_N, BAD_M, BAD_A];
    let sum: &[Rule] = &[BAD_D, BAD_N, BAD_M, A_IS_SP];
    let long: &[Rule] = &[BAD_LO, BAD_HI, BAD_N, BAD_M, SAME_LO_HI];
    let of = |name, need: Need, op1: &str, ra: &str, op2: &str, rules| {
        let pattern = format!("111110110 {op1} nnnn {ra} dddd {op2} mmmm");
        Encoding::new(name, &pattern, need, Plain, rules)
    };
    let both = |name, need: Need, op1: &str, op2: &str| {
        let pattern = format!("111110111 {op1} nnnn qqqq hhhh {op2} mmmm");
        Encoding::new(name, &pattern, need, Plain, long)
    };
    let divide = |name, op1: &str| {
        plain(
            name,
            &format!("111110111 {op1} nnnn xxxx dddd 1111 mmmm"),
            three,
        )
    };
    vec![
        of("MUL T2", V7, "000", "1111", "0000", three),
        of("MLA T1", V7, "000", "aaaa", "0000", sum),
        of("MLS T1", V7, "000", "aaaa", "0001", four),
        of("SMULxy T1", Dsp, "001", "1111", "00yz", three),
        of("SMLAxy T1", Dsp, "001", "aaaa", "00yz", sum),
        of("SMUAD T1", Dsp, "010", "1111", "000z", three),
        of("SMLAD T1", Dsp, "010", "aaaa", "000z", sum),
        of("SMULWy T1", Dsp, "011", "1111", "000z", three),
        of("SMLAWy T1", Dsp, "011", "aaaa", "000z", sum),
        of("SMUSD T1", Dsp, "100", "1111", "000z", three),
        of("SMLSD T1", Dsp, "100", "aaaa", "000z", sum),
        of("SMMUL T1", Dsp, "101", "1111", "000z", three),
        of("SMMLA T1", Dsp, "101", "aaaa", "000z", sum),
        of("SMMLS T1", Dsp, "110", "aaaa", "000z", four),
        of("USAD8 T1", Dsp, "111", "1111", "0000", three),
        of("USADA8 T1", Dsp, "111", "aaaa", "0000", sum),
        both("SMULL T1", V7, "000", "0000"),
        divide("SDIV T1", "001"),
        both("UMULL T1", V7, "010", "0000"),
        divide("UDIV T1", "011"),
        both("SMLAL T1", V7, "100", "0000"),
        both("SMLALxy T1", Dsp, "100", "10yz"),
        both("SMLALD T1", Dsp, "100", "110z"),
        both("SMLSLD T1", Dsp, "101", "110z"),
        both("UMLAL T1", V7, "110", "0000"),
        both("UMAAL T1", Dsp, "110", "0110"),
    ]
}
