//! The memory that the engine says it uses, against what painting shows; and files that carry what it would keep there.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_engine::{Error, GraphProblem, Interpreter, KEPT, Model as Engine, kept};
use onchip_tflite::random::{Limits, network};
use onchip_tflite::{Metadata, Model};

const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");
const IC: &[u8] = include_bytes!("../../../examples/models/ic_ref_model.tflite");
const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");

/// Real networks, and random ones of one branch and of several.
fn files() -> Vec<Vec<u8>> {
    let small = Limits::default();
    let large = Limits {
        size: 20,
        channels: 40,
        steps: 12,
    };
    let random = (0..48)
        .map(|seed| network(seed, small))
        .chain((0..16).map(|seed| network(seed, large)))
        .map(|network| network.to_file().unwrap());
    let real = [KWS, IC, HELLO].map(<[u8]>::to_vec);
    real.into_iter().chain(random).collect()
}

/// What [`kept`] says of a file.
fn kept_of(file: &[u8]) -> Vec<u8> {
    let mut arena = vec![0; 1 << 20];
    kept(&Engine::new(file).unwrap(), &mut arena)
        .unwrap()
        .to_vec()
}

/// The file with such metadata.
fn carrying(file: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut model = Model::read(file).unwrap();
    model.metadata.push(Metadata {
        name: KEPT.to_owned(),
        buffer: model.buffers.len() as u32,
    });
    model.buffers.push(bytes.to_vec());
    model.write().unwrap()
}

struct Run {
    output: Vec<u8>,
    /// As the engine says, and up to the last byte that two paints have lost.
    used: usize,
    painted: usize,
}

fn run(file: &[u8]) -> Result<Run, Error> {
    let model = Engine::new(file)?;
    let mut run = Run {
        output: Vec::new(),
        used: 0,
        painted: 0,
    };
    for paint in [0x5A, 0xA5] {
        let mut memory = vec![paint; (1 << 16) + 16];
        let skip = memory.as_ptr().align_offset(16);
        let arena = &mut memory[skip..];
        let mut interpreter = Interpreter::new(&model, arena)?;
        let mut state = 12345_u32;
        for byte in interpreter.input_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        interpreter.invoke(&mut ())?;
        run.output = interpreter.output().to_vec();
        run.used = interpreter.arena_used();
        let last = arena.iter().rposition(|&byte| byte != paint).unwrap();
        run.painted = run.painted.max(last + 1);
    }
    Ok(run)
}

#[test]
fn as_much_is_used_as_predicted() {
    for (i, file) in files().iter().enumerate() {
        let plain = run(file).unwrap();
        assert_eq!(plain.used, plain.painted, "file {i}");
    }
}

#[test]
fn what_a_file_carries_saves_memory_and_changes_nothing() {
    for (i, file) in files().iter().enumerate() {
        let bytes = kept_of(file);
        let plain = run(file).unwrap();
        let carrying = carrying(file, &bytes);
        let carried = run(&carrying).unwrap();
        assert_eq!(carried.output, plain.output, "file {i}");
        assert!(carried.used < plain.used, "file {i}");
        // Operators may leave the last bytes of their working memory alone, of which they take whole words.
        assert!(carried.painted <= carried.used, "file {i}");
        assert!(carried.used - carried.painted < 16, "file {i}");
        assert_eq!(kept_of(&carrying), bytes, "file {i}");
    }
}

/// The file with one number of what it carries changed.
fn damaged(file: &[u8], bytes: &[u8], at: usize, change: impl Fn(u32) -> u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let number = bytes[at..].first_chunk_mut::<4>().unwrap();
    *number = change(u32::from_le_bytes(*number)).to_le_bytes();
    carrying(file, &bytes)
}

#[test]
fn no_plan_that_does_harm_is_accepted() {
    let (mut refused, mut accepted) = (0, 0);
    for file in files().iter().skip(2).step_by(3) {
        let model = Engine::new(file).unwrap();
        let numbers = model.tensor_count() + 3 * model.operator_count();
        let (bytes, output) = (kept_of(file), run(file).unwrap().output);
        let changes: [fn(u32) -> u32; 7] = [
            |_| 0,
            |_| u32::MAX,
            |number| number.wrapping_add(1),
            |number| number.wrapping_add(16),
            |number| number.wrapping_sub(16),
            |number| number / 32 * 16,
            |number| number ^ 1 << 31,
        ];
        // Behind the numbers are factors, whatever they are; and the arena's size may be any that is large enough.
        let numbers = (0..16 + 4 * numbers).step_by(4).filter(|&at| at != 8);
        for at in numbers {
            for change in changes {
                match run(&damaged(file, &bytes, at, change)) {
                    Ok(run) => {
                        // Tables are told by what they were made of, not by where they are.
                        let is_table = at >= 16 + 4 * model.tensor_count()
                            && (at / 4 - 4 - model.tensor_count()) % 3 == 2;
                        assert!(run.output == output || is_table, "number at {at}");
                        accepted += 1;
                    }
                    Err(Error::Graph { .. }) => refused += 1,
                    Err(error) => panic!("number at {at}: {error}"),
                }
            }
        }
    }
    assert!(refused > accepted, "{refused} refused, {accepted} accepted");
}

#[test]
fn what_does_not_fit_is_refused() {
    use GraphProblem as P;
    let bytes = kept_of(KWS);
    let model = Engine::new(KWS).unwrap();
    let (tensors, operators) = (model.tensor_count(), model.operator_count());
    let tables = 16 + 4 * (tensors + 3 * operators);
    let check = |file: &[u8], expected: Result<(), P>| {
        let found = match run(file).map(drop) {
            Err(Error::Graph { problem, .. }) => Err(problem),
            Ok(()) => Ok(()),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found, expected);
    };
    check(&carrying(KWS, &bytes), Ok(()));
    check(&carrying(IC, &bytes), Err(P::KeptCounts));
    for (length, problem) in [
        (0, P::KeptLayout),
        (15, P::KeptLayout),
        (16, P::KeptCounts),
        (tables - 1, P::KeptCounts),
        (tables, P::KeptTable),
        (bytes.len() - 1, P::KeptTable),
    ] {
        check(&carrying(KWS, &bytes[..length]), Err(problem));
    }
    let work = 16 + 4 * tensors;
    let input = 16 + 4 * model.input().index;
    for (at, value, problem) in [
        (0, 2, P::KeptLayout),
        (12, 0, P::KeptScales),
        (input, 1 << 20, P::KeptTensor),
        (input, 8, P::KeptTensor),
        (work, 1 << 20, P::KeptWork),
        (work + 4, 1 << 20, P::KeptWork),
        (work + 8, u32::MAX, P::KeptTable),
        // A factor's sign, and shifts out of range.
        (tables, u32::MAX, P::KeptTable),
        (tables + 4 * 64, 0x1f1f_1f1f, P::KeptTable),
    ] {
        check(&damaged(KWS, &bytes, at, |_| value), Err(problem));
    }

    // Another scale, but the same plan.
    let mut other = Model::read(KWS).unwrap();
    let tensors = &mut other.subgraphs[0].tensors;
    let weights = tensors
        .iter_mut()
        .filter_map(|tensor| tensor.quantization.as_mut());
    let scale = weights.filter(|q| q.scale.len() > 1).last().unwrap();
    scale.scale[0] *= 1.5;
    check(
        &carrying(&other.write().unwrap(), &bytes),
        Err(P::KeptScales),
    );
}
