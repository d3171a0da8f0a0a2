//! Random code and random states.

use crate::{
    case::{CODE, Case, IMAGES, PAGE, RAM, STACK, State},
    isa::{Encoding, Isa, Kind, Verdict},
    rng::Rng,
};

/// Values at which something happens.
const SPECIAL: [u32; 20] = [
    0,
    1,
    2,
    3,
    0x7f,
    0x80,
    0xff,
    0x100,
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
    0x8080_8080,
    0x7f7f_7f7f,
];
/// Singles at which something happens: zeros, denormals, limits of integers and of half precision.
const FLOATS: [u32; 32] = [
    0,
    0x8000_0000,
    1,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x8080_0000,
    0x0080_0001,
    0x3f80_0000,
    0xbf80_0000,
    0x3f80_0001,
    0x3f7f_ffff,
    0x3f00_0000,
    0x4049_0fdb,
    0x4eff_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0x4f7f_ffff,
    0x4f80_0000,
    0x7f7f_ffff,
    0xff7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0x7f80_0001,
    0xffc1_2345,
    0x477f_e000,
    0x477f_f000,
    0x4780_0000,
    0x3880_0000,
    0x3380_0000,
    0x3300_0001,
];

/// Code that is the same for several cases.
pub struct Program {
    /// Where it is.
    pub at: u32,
    /// Its halfwords.
    pub code: Vec<u16>,
    /// Its instructions: encoding and bits.
    pub instructions: Vec<(usize, u32)>,
}

/// The generator.
pub struct Generator<'a> {
    isa: &'a Isa,
    rng: Rng,
    /// The encoding that is next.
    next: usize,
}

impl<'a> Generator<'a> {
    /// A generator of the stream number `seed`.
    pub fn new(isa: &'a Isa, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let next = rng.below(isa.encodings.len() as u32) as usize;
        Self { isa, rng, next }
    }

    /// The next program: mostly one instruction, of each encoding in turn. Empty if none was found.
    pub fn program(&mut self) -> Program {
        self.next = (self.next + 1) % self.isa.encodings.len();
        let mut program = Program {
            at: CODE + 0x400 + self.rng.below(0x400) * 2,
            code: Vec::new(),
            instructions: Vec::new(),
        };
        let i = self.next;
        let encoding = &self.isa.encodings[i];
        if encoding.name == "IT T1"
            || (self.rng.chance(1, 8) && self.isa.find(0xbf08, false).is_some())
        {
            self.it_block(i, &mut program);
        } else if let Some(bits) = self.instruction(i, None) {
            push(&mut program, encoding, i, bits);
            if encoding.kind == Kind::Exclusive && encoding.name.starts_with("LDREX") {
                self.exclusive_store(&mut program, bits);
            }
        }
        program
    }

    /// An instruction that is encoding number `i` and not UNPREDICTABLE in IT state `it`.
    fn instruction(&mut self, i: usize, it: Option<bool>) -> Option<u32> {
        let encoding = &self.isa.encodings[i];
        for _ in 0..64 {
            let mut bits = encoding.fill(self.rng.word());
            let letters: Vec<u8> = encoding.letters().collect();
            for letter in letters {
                bits = self.tame(encoding, bits, letter);
            }
            let mine = self.isa.find(bits, encoding.wide) == Some(i);
            // MOV PC, SP and ADD PC, SP run what happens to lie in the data page.
            let runs_data = !encoding.wide && matches!(bits, 0x46ef | 0x44ef);
            if mine && !runs_data && encoding.unpredictable(bits, it).is_none() {
                return Some(bits);
            }
        }
        None
    }

    /// Makes what is mostly UNPREDICTABLE, or mostly out of reach, less frequent.
    fn tame(&mut self, encoding: &Encoding, bits: u32, letter: u8) -> u32 {
        let (width, value) = (
            encoding.width(letter),
            encoding.field(bits, letter).unwrap_or(0),
        );
        match letter {
            b'd' | b'n' | b'm' | b't' | b'u' | b'a' | b'q' | b'h'
                if width == 4 && encoding.kind != Kind::Float && value >= 13 =>
            {
                let value = if self.rng.chance(1, 4) {
                    value
                } else {
                    self.rng.below(13)
                };
                encoding.with(bits, letter, value)
            }
            b'i' if width > 5 && encoding.kind != Kind::Plain && self.rng.chance(3, 4) => {
                encoding.with(bits, letter, self.rng.below(64))
            }
            b'k' if encoding.kind == Kind::System => encoding.with(
                bits,
                letter,
                self.rng
                    .pick(&[0, 1, 2, 3, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20]),
            ),
            _ => bits,
        }
    }

    /// The store that belongs to the exclusive load `bits`.
    fn exclusive_store(&mut self, program: &mut Program, load: u32) {
        let (i, load_encoding) = (
            program.instructions[0].0,
            &self.isa.encodings[program.instructions[0].0],
        );
        let name = load_encoding.name.replace("LD", "ST");
        debug_assert_eq!(self.isa.find(load, true), Some(i));
        let Some(j) = self.isa.encodings.iter().position(|e| e.name == name) else {
            return;
        };
        let base = load_encoding.field(load, b'n').unwrap_or(0);
        let imm = load_encoding.field(load, b'i').unwrap_or(0);
        // The load may have overwritten the base.
        if load_encoding.field(load, b't') == Some(base) || self.rng.chance(1, 4) {
            return;
        }
        for _ in 0..16 {
            let Some(bits) = self.instruction(j, None) else {
                return;
            };
            let encoding = &self.isa.encodings[j];
            let bits = encoding.with(encoding.with(bits, b'n', base), b'i', imm);
            if encoding.unpredictable(bits, None).is_none() {
                return push(program, encoding, j, bits);
            }
        }
    }

    /// An IT block of one to four instructions, the first of them encoding `i` if it may be.
    fn it_block(&mut self, i: usize, program: &mut Program) {
        let Some(it) = self.isa.find(0xbf08, false) else {
            return;
        };
        let size = 1 + self.rng.below(4);
        let cond = self.rng.below(15);
        let low = cond & 1;
        // Each further instruction is a "then" or an "else"; after AL there is no else.
        let mut mask = 0;
        for _ in 1..size {
            let bit = if cond == 14 || self.rng.chance(1, 2) {
                low
            } else {
                1 - low
            };
            mask = mask << 1 | bit;
        }
        let mask = (mask << 1 | 1) << (4 - size);
        let bits = 0xbf00 | cond << 4 | mask & 15;
        if self.isa.verdict(bits, false, None) != Verdict::Defined {
            return;
        }
        push(program, &self.isa.encodings[it], it, bits);
        for n in 0..size {
            let before = program.instructions.len();
            let last = n + 1 == size;
            for attempt in 0..16 {
                let j = if n == 0 && attempt == 0 {
                    i
                } else {
                    self.rng.below(self.isa.encodings.len() as u32) as usize
                };
                let encoding = &self.isa.encodings[j];
                let waits = matches!(encoding.kind, Kind::Event | Kind::System | Kind::Exclusive);
                if waits || encoding.kind == Kind::Branch && !last {
                    continue;
                }
                if let Some(bits) = self.instruction(j, Some(last)) {
                    push(program, encoding, j, bits);
                    break;
                }
            }
            if program.instructions.len() == before {
                // Nothing fits here: no program.
                program.code.clear();
                program.instructions.clear();
                return;
            }
        }
    }

    /// A state in which `program` does something worth looking at.
    pub fn case(&mut self, program: &Program) -> Case {
        let mut state = State::default();
        for r in &mut state.r {
            *r = self.value(&SPECIAL);
        }
        state.r[13] = STACK + self.rng.below(64) * 4 - 128;
        state.apsr = self.rng.word() & self.isa.flags;
        if self.isa.fpu {
            self.float_state(&mut state);
        }
        for &(i, bits) in &program.instructions {
            self.point(&self.isa.encodings[i], bits, &mut state);
        }
        Case {
            at: program.at,
            code: program.code.clone(),
            state,
            image: 1 + self.rng.below(u32::from(IMAGES) - 1) as u8,
        }
    }

    /// FPSCR and S0 to S31.
    fn float_state(&mut self, state: &mut State) {
        state.fpscr = self.modes();
        let close = self.rng.chance(1, 3);
        let exponent = 1 + self.rng.below(253) as i32;
        for s in &mut state.s {
            *s = if close {
                self.near(exponent)
            } else {
                self.value(&FLOATS)
            };
        }
    }

    /// Makes the registers of `encoding` point to where it can do something.
    fn point(&mut self, encoding: &Encoding, bits: u32, state: &mut State) {
        let field = |letter| encoding.field(bits, letter).filter(|&r| r < 15 && r != 13);
        match encoding.kind {
            Kind::Memory | Kind::Words | Kind::Exclusive => {
                let aligned = match encoding.kind {
                    Kind::Memory => self.rng.chance(1, 2),
                    _ => self.rng.chance(15, 16),
                };
                let small = self.rng.below(64);
                if encoding.kind == Kind::Memory
                    && let Some(m) = field(b'm')
                {
                    state.r[m as usize] = small;
                }
                if let Some(n) = field(b'n')
                    && !self.rng.chance(1, 16)
                {
                    let base = match self.rng.below(16) {
                        // Where memory begins and ends.
                        0 => RAM.wrapping_sub(64) + self.rng.below(128),
                        1 => RAM + PAGE as u32 - 64 + self.rng.below(128),
                        _ => RAM + 0x400 + self.rng.below(0x800),
                    };
                    state.r[n as usize] = if aligned { base & !3 } else { base };
                }
            }
            Kind::Branch => {
                if let Some(m) = field(b'm')
                    && !self.rng.chance(1, 8)
                {
                    let target = CODE + 0x200 + self.rng.below(0x700) * 2;
                    let relative = encoding.name.starts_with("ADD");
                    let target = if relative {
                        target.wrapping_sub(CODE + 0x800) & 0x3fe
                    } else {
                        target
                    };
                    state.r[m as usize] = target | u32::from(!self.rng.chance(1, 16));
                }
            }
            Kind::Float | Kind::Plain | Kind::System | Kind::Event => {}
        }
    }

    fn value(&mut self, table: &[u32]) -> u32 {
        match self.rng.below(8) {
            0..=2 => self.rng.pick(table),
            3 => self.rng.below(256),
            4 => {
                let near = self.rng.pick(table);
                near.wrapping_add(self.rng.below(5)).wrapping_sub(2)
            }
            _ => self.rng.word(),
        }
    }

    /// FPSCR: often the plain modes, often any, now and then flags that are set already.
    fn modes(&mut self) -> u32 {
        match self.rng.below(4) {
            0 | 1 => 0,
            2 => self.rng.word() & 0x07c0_0000,
            _ => self.rng.word() & 0xf7c0_009f,
        }
    }

    /// A single of a magnitude near 2^`exponent`: sums cancel, products are exact.
    fn near(&mut self, exponent: i32) -> u32 {
        let exponent = (exponent + self.rng.below(28) as i32 - 25).clamp(0, 254) as u32;
        let fraction = match self.rng.below(4) {
            0 => 0x7f_ffff - self.rng.below(8),
            1 => self.rng.below(16),
            2 => 0x40_0000 + self.rng.below(5) - 2,
            _ => self.rng.word() >> 9,
        };
        self.rng.word() & 0x8000_0000 | exponent << 23 | fraction
    }
}

fn push(program: &mut Program, encoding: &Encoding, i: usize, bits: u32) {
    if encoding.wide {
        program.code.push((bits >> 16) as u16);
    }
    program.code.push(bits as u16);
    program.instructions.push((i, bits));
}
