//! Replays one line of `cases.txt`; its format is described in `generate.py`.

use std::{collections::BTreeMap, fmt::Write};

use onchip_vboard::machine::Machine;

use crate::common::{load_code, machine, read, register, set_register, step, write};

const CODE: u32 = 0x0800_1000;
const WINDOW: u32 = 0x2000_4000;
const SIZE: u32 = 0x400;
const NOP: u16 = 0xbf00;

/// Indices of a state's values.
const PC: u32 = 15;
const APSR: u32 = 0x10;
const FPSCR: u32 = 0x11;
const S0: u32 = 0x20;
const MEMORY: u32 = 0x100;

const SPECIAL: [u32; 16] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fffe,
    0xffff_ffff,
    0x7fff_8000,
];
const FLOATS: [u32; 25] = [
    0,
    0x8000_0000,
    1,
    0x007f_ffff,
    0x0080_0000,
    0x0080_0001,
    0x3f80_0000,
    0xbf80_0000,
    0x3f80_0001,
    0x4049_0fdb,
    0x4eff_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0x4f7f_ffff,
    0x7f7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0x7f80_0001,
    0xffc1_2345,
    0x477f_e000,
    0x4780_0000,
    0x3880_0000,
    0x3380_0000,
    0x3300_0001,
];

type State = BTreeMap<u32, u32>;

/// The generator of initial states.
struct Draw(u32);

impl Draw {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn value(&mut self, table: &[u32]) -> u32 {
        let kind = self.next() & 7;
        let value = self.next();
        if kind < 3 {
            table[value as usize % table.len()]
        } else {
            value
        }
    }

    fn state(seed: u32) -> State {
        let mut draw = Self(seed.wrapping_mul(2_654_435_761).max(1));
        let mut state: State = (0..15).map(|i| (i, draw.value(&SPECIAL))).collect();
        state.insert(13, WINDOW + SIZE / 2);
        state.insert(PC, CODE);
        state.insert(APSR, draw.next() & 0xf80f_0000);
        state.insert(FPSCR, 0);
        state.extend((S0..S0 + 32).map(|i| (i, draw.value(&FLOATS))));
        state
    }
}

fn word_at(address: u32) -> u32 {
    address.wrapping_mul(2_654_435_761)
}

fn selector(index: u32) -> u32 {
    match index {
        APSR => 16,
        FPSCR => 0x21,
        0x20..0x40 => index + 0x20,
        _ => index,
    }
}

/// `Err` says what differs.
pub(crate) fn check(line: &str) -> Result<(), String> {
    let (before, after) = line.split_once(':').ok_or("no colon")?;
    let mut words = before.split_whitespace();
    let mut word = || words.next().ok_or("line too short");
    let (_class, code, count, seed) = (word()?, word()?, word()?, word()?);
    let hex = |text: &str| u32::from_str_radix(text, 16).map_err(|e| format!("{text:?}: {e}"));
    let values = |words: &mut dyn Iterator<Item = &str>| {
        words
            .map(|word| {
                let (index, value) = word.split_once('=').ok_or(format!("{word:?}"))?;
                Ok((hex(index)?, hex(value)?))
            })
            .collect::<Result<State, String>>()
    };
    let mut state = Draw::state(hex(seed)?);
    state.extend(values(&mut words)?);
    let expected = values(&mut after.split_whitespace())?;
    let count: u32 = count.parse().map_err(|e| format!("{count:?}: {e}"))?;
    let code = (0..code.len() / 4).map(|i| hex(&code[4 * i..4 * i + 4]).map(|h| h as u16));
    let code = code.collect::<Result<Vec<u16>, _>>()?;

    let mut machine = machine();
    load_code(&mut machine, CODE, &[NOP; 0x40]);
    load_code(&mut machine, CODE, &code);
    enter(&mut machine, &state);
    for _ in 0..count {
        step(&mut machine);
        if let Some(error) = machine.error() {
            return Err(format!("{line}\n    {error}"));
        }
    }
    state.extend(expected);
    compare(&mut machine, &state).map_err(|difference| format!("{line}\n   {difference}"))
}

fn enter(machine: &mut Machine, state: &State) {
    // The FPU on; its context created before FPSCR is set.
    write(machine, 0xe000_ed88, 0x00f0_0000);
    for address in (WINDOW..WINDOW + SIZE).step_by(4) {
        write(machine, address, word_at(address));
    }
    set_register(machine, 20, 4 << 24);
    for (&index, &value) in state {
        let value = if index == APSR {
            value | 1 << 24
        } else {
            value
        };
        set_register(machine, selector(index), value);
    }
}

fn compare(machine: &mut Machine, state: &State) -> Result<(), String> {
    let mut difference = String::new();
    let mut expect = |index: u32, got: u32, want: u32| {
        if got != want {
            let _ = write!(difference, " {index:x}={got:x} (not {want:x})");
        }
    };
    for (&index, &want) in state.iter().filter(|(i, _)| **i < MEMORY) {
        let got = register(machine, selector(index));
        expect(
            index,
            if index == APSR {
                got & 0xf80f_0000
            } else {
                got
            },
            want,
        );
    }
    for i in 0..SIZE / 4 {
        let address = WINDOW + 4 * i;
        let want = state
            .get(&(MEMORY + i))
            .copied()
            .unwrap_or(word_at(address));
        expect(MEMORY + i, read(machine, address), want);
    }
    if difference.is_empty() {
        Ok(())
    } else {
        Err(difference)
    }
}
