//! The floating-point encodings (chapter A6): FPv4-SP, and FPv5's additions in single precision.

use super::{
    pattern::{Encoding, Kind::*, Need::*},
    rule::*,
};

pub(super) fn encodings() -> Vec<Encoding> {
    let mut list = data_processing();
    list.extend(fpv5());
    list.extend(memory());
    list.extend(transfers());
    list
}

/// A6.4.
fn data_processing() -> Vec<Encoding> {
    let float = |name, pattern| Encoding::new(name, pattern, Fp, Float, &[]);
    vec![
        float("VMLA", "11101110 0D00 nnnn dddd 1010 N0M0 mmmm"),
        float("VMLS", "11101110 0D00 nnnn dddd 1010 N1M0 mmmm"),
        float("VNMLS", "11101110 0D01 nnnn dddd 1010 N0M0 mmmm"),
        float("VNMLA", "11101110 0D01 nnnn dddd 1010 N1M0 mmmm"),
        float("VMUL", "11101110 0D10 nnnn dddd 1010 N0M0 mmmm"),
        float("VNMUL", "11101110 0D10 nnnn dddd 1010 N1M0 mmmm"),
        float("VADD", "11101110 0D11 nnnn dddd 1010 N0M0 mmmm"),
        float("VSUB", "11101110 0D11 nnnn dddd 1010 N1M0 mmmm"),
        float("VDIV", "11101110 1D00 nnnn dddd 1010 N0M0 mmmm"),
        float("VFNMS", "11101110 1D01 nnnn dddd 1010 N0M0 mmmm"),
        float("VFNMA", "11101110 1D01 nnnn dddd 1010 N1M0 mmmm"),
        float("VFMA", "11101110 1D10 nnnn dddd 1010 N0M0 mmmm"),
        float("VFMS", "11101110 1D10 nnnn dddd 1010 N1M0 mmmm"),
        float("VMOV (immediate)", "11101110 1D11 iiii dddd 1010 o0o0 jjjj"),
        float("VMOV (register)", "11101110 1D11 0000 dddd 1010 01M0 mmmm"),
        float("VABS", "11101110 1D11 0000 dddd 1010 11M0 mmmm"),
        float("VNEG", "11101110 1D11 0001 dddd 1010 01M0 mmmm"),
        float("VSQRT", "11101110 1D11 0001 dddd 1010 11M0 mmmm"),
        float(
            "VCVTB (from half)",
            "11101110 1D11 0010 dddd 1010 01M0 mmmm",
        ),
        float(
            "VCVTT (from half)",
            "11101110 1D11 0010 dddd 1010 11M0 mmmm",
        ),
        float("VCVTB (to half)", "11101110 1D11 0011 dddd 1010 01M0 mmmm"),
        float("VCVTT (to half)", "11101110 1D11 0011 dddd 1010 11M0 mmmm"),
        float("VCMP", "11101110 1D11 0100 dddd 1010 01M0 mmmm"),
        float("VCMPE", "11101110 1D11 0100 dddd 1010 11M0 mmmm"),
        float("VCMP (zero)", "11101110 1D11 0101 dddd 1010 01o0 oooo"),
        float("VCMPE (zero)", "11101110 1D11 0101 dddd 1010 11o0 oooo"),
        float("VCVT (from U32)", "11101110 1D11 1000 dddd 1010 01M0 mmmm"),
        float("VCVT (from S32)", "11101110 1D11 1000 dddd 1010 11M0 mmmm"),
        Encoding::new(
            "VCVT (from fixed)",
            "11101110 1D11 101U dddd 1010 z1i0 jjjj",
            Fp,
            Float,
            &[FRACTION],
        ),
        Encoding::new(
            "VCVT (to fixed)",
            "11101110 1D11 111U dddd 1010 z1i0 jjjj",
            Fp,
            Float,
            &[FRACTION],
        ),
        float("VCVTR (to U32)", "11101110 1D11 1100 dddd 1010 01M0 mmmm"),
        float("VCVT (to U32)", "11101110 1D11 1100 dddd 1010 11M0 mmmm"),
        float("VCVTR (to S32)", "11101110 1D11 1101 dddd 1010 01M0 mmmm"),
        float("VCVT (to S32)", "11101110 1D11 1101 dddd 1010 11M0 mmmm"),
    ]
}

/// What FPv5 adds; none of it may be in an IT block (but for VRINTR, VRINTX and VRINTZ).
fn fpv5() -> Vec<Encoding> {
    let alone = |name, pattern| Encoding::new(name, pattern, Fp5, Float, &[NOT_IN_IT]);
    let float = |name, pattern| Encoding::new(name, pattern, Fp5, Float, &[]);
    vec![
        alone("VSEL", "11111110 0Dcc nnnn dddd 1010 N0M0 mmmm"),
        alone("VMAXNM", "11111110 1D00 nnnn dddd 1010 N0M0 mmmm"),
        alone("VMINNM", "11111110 1D00 nnnn dddd 1010 N1M0 mmmm"),
        alone("VRINTA", "11111110 1D11 1000 dddd 1010 01M0 mmmm"),
        alone("VRINTN", "11111110 1D11 1001 dddd 1010 01M0 mmmm"),
        alone("VRINTP", "11111110 1D11 1010 dddd 1010 01M0 mmmm"),
        alone("VRINTM", "11111110 1D11 1011 dddd 1010 01M0 mmmm"),
        alone("VCVTA", "11111110 1D11 1100 dddd 1010 U1M0 mmmm"),
        alone("VCVTN", "11111110 1D11 1101 dddd 1010 U1M0 mmmm"),
        alone("VCVTP", "11111110 1D11 1110 dddd 1010 U1M0 mmmm"),
        alone("VCVTM", "11111110 1D11 1111 dddd 1010 U1M0 mmmm"),
        float("VRINTR", "11101110 1D11 0110 dddd 1010 01M0 mmmm"),
        float("VRINTZ", "11101110 1D11 0110 dddd 1010 11M0 mmmm"),
        float("VRINTX", "11101110 1D11 0111 dddd 1010 01M0 mmmm"),
    ]
}

/// A6.6.
fn memory() -> Vec<Encoding> {
    let words =
        |name: &str, pattern: &str, rules: &[Rule]| Encoding::new(name, pattern, Fp, Words, rules);
    let mut list = Vec::new();
    let modes = [("IA", "010"), ("IA!", "011"), ("DB!", "101")];
    for (operation, load) in [("VSTM", 0), ("VLDM", 1)] {
        for (mode, puw) in modes {
            let (pu, w) = puw.split_at(2);
            let (p, u) = pu.split_at(1);
            let w = if w == "1" { "1" } else { "0" };
            let pattern =
                |precision| format!("1110110{p} {u}D{w}{load} nnnn dddd {precision} iiiiiiii");
            let name = |precision| format!("{operation}{mode} ({precision})");
            list.push(words(&name("singles"), &pattern("1010"), &[FP_LIST]));
            list.push(words(
                &name("doubles"),
                &pattern("1011"),
                &[NO_SUCH_DOUBLE, FP_LIST_DOUBLE],
            ));
        }
    }
    list.extend([
        words(
            "VSTR (single)",
            "11101101 UD00 nnnn dddd 1010 iiiiiiii",
            &[N_IS_PC],
        ),
        words(
            "VSTR (double)",
            "11101101 UD00 nnnn dddd 1011 iiiiiiii",
            &[N_IS_PC, NO_SUCH_DOUBLE],
        ),
        words(
            "VLDR (single, literal)",
            "11101101 UD01 1111 dddd 1010 iiiiiiii",
            &[],
        ),
        words(
            "VLDR (double, literal)",
            "11101101 UD01 1111 dddd 1011 iiiiiiii",
            &[NO_SUCH_DOUBLE],
        ),
        words(
            "VLDR (single)",
            "11101101 UD01 nnnn dddd 1010 iiiiiiii",
            &[],
        ),
        words(
            "VLDR (double)",
            "11101101 UD01 nnnn dddd 1011 iiiiiiii",
            &[NO_SUCH_DOUBLE],
        ),
    ]);
    list
}

/// A6.5 and A6.7.
fn transfers() -> Vec<Encoding> {
    const FLAGS_OR_REGISTER: Rule = Rule {
        why: "t == 13 (A7.7.246)",
        when: |v| v.get(b't') == 13,
    };
    let float = |name, pattern, rules| Encoding::new(name, pattern, Fp, Float, rules);
    let pair: &[Rule] = &[BAD_T, BAD_U, LAST_SINGLE, MOVE_TWICE];
    let double: &[Rule] = &[BAD_T, BAD_U, NO_SUCH_DOUBLE_M, MOVE_TWICE];
    vec![
        float(
            "VMOV (core to single)",
            "11101110 0000 nnnn tttt 1010 Noo1 oooo",
            &[BAD_T],
        ),
        float(
            "VMOV (single to core)",
            "11101110 0001 nnnn tttt 1010 Noo1 oooo",
            &[BAD_T],
        ),
        float(
            "VMOV (core to scalar)",
            "11101110 00i0 nnnn tttt 1011 N001 oooo",
            &[NO_SUCH_DOUBLE_N, BAD_T],
        ),
        float(
            "VMOV (scalar to core)",
            "11101110 00i1 nnnn tttt 1011 N001 oooo",
            &[NO_SUCH_DOUBLE_N, BAD_T],
        ),
        float("VMSR", "11101110 1110 0001 tttt 1010 ooo1 oooo", &[BAD_T]),
        float(
            "VMRS",
            "11101110 1111 0001 tttt 1010 ooo1 oooo",
            &[FLAGS_OR_REGISTER],
        ),
        float(
            "VMOV (two singles)",
            "11101100 010p uuuu tttt 1010 00M1 mmmm",
            pair,
        ),
        float(
            "VMOV (double)",
            "11101100 010p uuuu tttt 1011 00M1 mmmm",
            double,
        ),
    ]
}
