//! Damaged files: every one ends in a typed error or in an inference, never in a panic.
#![expect(clippy::unwrap_used, reason = "the undamaged models must run")]

use onchip_engine::{Error, Interpreter, Model};

const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");
const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");

fn run(file: &[u8], arena: &mut [u8]) -> Result<(), Error> {
    let model = Model::new(file)?;
    for i in 0..model.operator_count() {
        model.operator(i).unwrap();
    }
    let mut interpreter = Interpreter::new(&model, arena)?;
    interpreter.input_mut().fill(0x35);
    interpreter.invoke(&mut ())
}

/// Runs what may be damaged; an error must survive being sent as words, and must have a text.
fn check(file: &[u8], arena: &mut [u8]) -> bool {
    let Err(error) = run(file, arena) else {
        return true;
    };
    assert_eq!(Error::decode(error.encode()), Some(error));
    assert!(error.to_string().len() > 20, "{error}");
    false
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Damages `count` copies, each in one to four places, by bits, bytes or whole numbers.
fn check_damaged(file: &[u8], arena_bytes: usize, count: usize) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut arena = vec![0; arena_bytes];
    let mut sound = 0;
    for _ in 0..count {
        let mut damaged = file.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(damaged.len());
            match random.below(4) {
                0 => damaged[at] ^= 1 << random.below(8),
                1 => damaged[at] = random.below(256) as u8,
                2 => damaged[at] = [0, 0x7f, 0x80, 0xff][random.below(4)],
                // The metadata fills the end and beginning of these files; weights would only change results.
                _ => {
                    let at = random.below(damaged.len() / 8) / 4 * 4;
                    let at = if random.below(2) == 0 {
                        at
                    } else {
                        damaged.len() - 4 - at
                    };
                    let word = [0, 1, u32::MAX, 0x7fff_ffff, 0x8000_0000][random.below(5)];
                    damaged[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
                }
            }
        }
        sound += usize::from(check(&damaged, &mut arena));
    }
    assert!(sound > 0 && sound < count, "{sound} of {count} ran");
}

#[test]
fn truncated_at_every_length() {
    let mut arena = vec![0; 4096];
    for length in 0..HELLO.len() {
        check(&HELLO[..length], &mut arena);
    }
    assert!(check(HELLO, &mut arena));
}

#[test]
fn every_bit_flipped() {
    let mut arena = vec![0; 4096];
    for bit in 0..HELLO.len() * 8 {
        let mut damaged = HELLO.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check(&damaged, &mut arena);
    }
}

#[test]
fn damaged_hello_world() {
    check_damaged(HELLO, 4096, 20_000);
}

#[test]
fn damaged_keyword_spotting() {
    check_damaged(KWS, 1 << 16, 5_000);
}

#[test]
fn arenas_of_every_length() {
    let model = Model::new(HELLO).unwrap();
    let mut arena = vec![0; 4096];
    let needed = Interpreter::new(&model, &mut arena).unwrap().arena_used();
    let start = arena.as_ptr().align_offset(16);
    for length in 0..=needed {
        let plan = Interpreter::new(&model, &mut arena[start..][..length]).map(drop);
        match plan {
            Ok(()) => assert_eq!(length, needed),
            Err(error) => {
                assert!(
                    matches!(error, Error::Arena { needed: n, available } if n as usize <= needed && available as usize == length)
                );
            }
        }
    }
}
