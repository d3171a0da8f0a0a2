//! Makes a case that differs as simple as it can be while it differs in the same way.

use crate::{
    bench::{Bench, Verdict},
    case::{CODE, Case, State},
    isa::{Isa, is_wide},
};

/// A simpler case that still differs, in the respects that `kind` names.
pub fn shrink(bench: &mut Bench, isa: &Isa, case: &Case, kind: &str) -> Case {
    let mut best = case.clone();
    // Each round may make room for further steps.
    for _ in 0..4 {
        let before = best.clone();
        for candidate in candidates(isa, &best) {
            attempt(bench, &mut best, candidate, kind);
        }
        simplify_values(bench, &mut best, kind);
        if best == before {
            break;
        }
    }
    best
}

fn attempt(bench: &mut Bench, best: &mut Case, candidate: Case, kind: &str) {
    if candidate == *best {
        return;
    }
    if let Verdict::Different { kind: found, .. } = bench.judge(&candidate)
        && found == kind
    {
        *best = candidate;
    }
}

/// The case with its code, place or memory made simpler.
fn candidates(isa: &Isa, case: &Case) -> Vec<Case> {
    let mut list = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut candidate = case.clone();
        change(&mut candidate);
        list.push(candidate);
    };
    with(&|c| c.image = 0);
    with(&|c| c.at = CODE + 0x400);
    with(&|c| c.state.apsr = 0);
    with(&|c| c.state.fpscr = 0);
    with(&|c| c.state.s = [0; 32]);
    with(&|c| c.state.r = State::default().r);
    // One instruction alone: for those in IT blocks.
    let mut at = 0;
    while at < case.code.len() {
        let len = 1 + usize::from(is_wide(case.code[at]));
        let end = (at + len).min(case.code.len());
        with(&|c| c.code = case.code[at..end].to_vec());
        with(&|c| drop(c.code.drain(at..end)));
        at = end;
    }
    if let [first, rest @ ..] = case.code.as_slice()
        && rest.len() == usize::from(is_wide(*first))
    {
        let wide = !rest.is_empty();
        let bits = rest
            .iter()
            .fold(u32::from(*first), |bits, &h| bits << 16 | u32::from(h));
        if let Some(i) = isa.find(bits, wide) {
            let encoding = &isa.encodings[i];
            for letter in encoding.letters() {
                for value in [0, 1] {
                    let simpler = encoding.with(bits, letter, value);
                    let same = isa.find(simpler, wide) == Some(i);
                    if same && encoding.unpredictable(simpler, None).is_none() {
                        with(&|c| {
                            c.code = match wide {
                                true => vec![(simpler >> 16) as u16, simpler as u16],
                                false => vec![simpler as u16],
                            }
                        });
                    }
                }
            }
        }
    }
    list.retain(|c| !c.code.is_empty());
    list
}

/// Each register to its default, or to something round; flags one by one.
fn simplify_values(bench: &mut Bench, best: &mut Case, kind: &str) {
    let default = State::default();
    for i in 0..15 {
        for value in [
            default.r[i],
            1,
            best.state.r[i] & 0xffff_0000,
            best.state.r[i] & 0xff,
        ] {
            let mut candidate = best.clone();
            candidate.state.r[i] = value;
            candidate.state.r[13] &= !3;
            let simpler =
                value == default.r[i] || value.count_ones() < best.state.r[i].count_ones();
            if simpler {
                attempt(bench, best, candidate, kind);
            }
        }
    }
    for i in 0..32 {
        for value in [
            0,
            0x3f80_0000,
            best.state.s[i] & 0xff80_0000,
            best.state.s[i] & 0x7fff_ffff,
        ] {
            let mut candidate = best.clone();
            candidate.state.s[i] = value;
            if value.count_ones() < best.state.s[i].count_ones() {
                attempt(bench, best, candidate, kind);
            }
        }
    }
    for bit in 0..32 {
        let mut candidate = best.clone();
        candidate.state.apsr &= !(1 << bit);
        attempt(bench, best, candidate, kind);
        let mut candidate = best.clone();
        candidate.state.fpscr &= !(1 << bit);
        attempt(bench, best, candidate, kind);
    }
}
