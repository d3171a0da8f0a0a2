//! Reading and writing real files, and damaged ones.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_engine::{Interpreter, Model as Engine};
use onchip_tflite::{Error, Model, Problem, options};

const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");
const IC: &[u8] = include_bytes!("../../../examples/models/ic_ref_model.tflite");
const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");
const ALL: [&[u8]; 3] = [KWS, IC, HELLO];

#[test]
fn what_is_written_reads_as_what_was_read() {
    for file in ALL {
        let model = Model::read(file).unwrap();
        let written = model.write().unwrap();
        assert_eq!(Model::read(&written).unwrap(), model);
        assert_eq!(Model::read(&written).unwrap().write().unwrap(), written);
    }
}

#[test]
fn constants_are_aligned_in_the_file() {
    for file in ALL {
        let model = Model::read(file).unwrap();
        let written = model.write().unwrap();
        assert_eq!(written.len() % 16, 0);
        for data in model.buffers.iter().filter(|data| data.len() >= 32) {
            let mut places = (0..written.len()).step_by(16);
            assert!(places.any(|place| written[place..].starts_with(data)));
        }
    }
}

#[test]
fn written_files_are_hardly_larger() {
    for file in ALL {
        let written = Model::read(file).unwrap().write().unwrap();
        let (wanted, found) = (file.len(), written.len());
        assert!(
            found <= wanted + wanted / 200,
            "{wanted} bytes became {found}"
        );
    }
}

/// Runs a file on an input of zeros.
fn run(file: &[u8]) -> Vec<u8> {
    let model = Engine::new(file).unwrap();
    let mut arena = vec![0; 1 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    interpreter.input_mut().fill(0);
    interpreter.invoke(&mut ()).unwrap();
    interpreter.output().to_vec()
}

#[test]
fn written_files_run_like_those_that_were_read() {
    for file in ALL {
        assert_eq!(run(&Model::read(file).unwrap().write().unwrap()), run(file));
    }
}

#[test]
fn content_is_understood() {
    let model = Model::read(KWS).unwrap();
    let graph = &model.subgraphs[0];
    let first = &graph.operators[0];
    assert_eq!(model.opcode(first).unwrap().name(), "CONV_2D");
    let Some(onchip_tflite::Options::Conv2D(conv)) = &first.options else {
        panic!("{:?}", first.options);
    };
    assert_eq!(conv.padding, options::Padding::Same);
    assert_eq!((conv.stride_h, conv.stride_w), (2, 2));
    assert_eq!(
        graph.tensors[graph.inputs[0] as usize].shape,
        [1, 49, 10, 1]
    );
}

#[test]
fn contradictions_are_named() {
    let check = |change: fn(&mut Model), wanted: fn(&Problem) -> bool, text: &str| {
        let mut model = Model::read(HELLO).unwrap();
        change(&mut model);
        for result in [model.verify(), model.write().map(drop)] {
            let error = result.unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
            let Error::Invalid { problem, .. } = error else {
                panic!("{error:?}")
            };
            assert!(wanted(&problem), "{problem:?}");
        }
    };
    check(
        |m| m.subgraphs.clear(),
        |p| *p == Problem::NoSubgraph,
        "the model: it has no subgraph",
    );
    check(
        |m| m.buffers[0].push(0),
        |p| matches!(p, Problem::FirstBuffer { len: 1 }),
        "buffer 0 has 1 bytes",
    );
    check(
        |m| m.subgraphs[0].operators[1].inputs[0] = 99,
        |p| {
            matches!(
                p,
                Problem::Index {
                    what: "tensor",
                    index: 99,
                    ..
                }
            )
        },
        "operator 1 (FULLY_CONNECTED): it names tensor 99",
    );
    check(
        |m| m.subgraphs[0].operators[1].code = 9,
        |p| {
            matches!(
                p,
                Problem::Index {
                    what: "operator code",
                    index: 9,
                    ..
                }
            )
        },
        "operator 1 (unknown)",
    );
    check(
        |m| m.subgraphs[0].inputs[0] = -1,
        |p| matches!(p, Problem::Index { index: -1, .. }),
        "subgraph 0: it names tensor -1",
    );
    check(
        |m| m.subgraphs[0].tensors[0].buffer = 99,
        |p| matches!(p, Problem::Index { what: "buffer", .. }),
        "tensor 0",
    );
    check(
        |m| m.subgraphs[0].tensors[2].shape[0] += 1,
        |p| matches!(p, Problem::ConstantLength { .. }),
        "tensor 2",
    );
    check(
        |m| m.subgraphs[0].tensors[2].shape[0] = -1,
        |p| matches!(p, Problem::Shape { .. }),
        "negative dimension",
    );
    check(
        |m| {
            m.subgraphs[0].tensors[0]
                .quantization
                .as_mut()
                .unwrap()
                .scale
                .push(1.0);
        },
        |p| {
            matches!(
                p,
                Problem::QuantizationLength {
                    scales: 2,
                    zero_points: 1,
                    ..
                }
            )
        },
        "2 scales and 1 zero points",
    );
}

#[test]
fn options_that_were_not_read_are_not_lost_silently() {
    let mut model = Model::read(HELLO).unwrap();
    let unread = Box::new(options::Unread {});
    model.subgraphs[0].operators[0].options = Some(onchip_tflite::Options::Cast(unread));
    assert!(model.verify().is_ok());
    let error = model.write().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Invalid {
                problem: Problem::UnreadOptions,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn equal_constants_share_their_bytes_up_to_a_limit() {
    let mut model = Model::read(HELLO).unwrap();
    model.buffers.extend(vec![vec![7; 1 << 20]; 40]);
    let written = model.write().unwrap();
    assert!(written.len() < 2 << 20);
    assert!(Model::read(&written).unwrap() == model);
    model.buffers.extend(vec![vec![7; 1 << 20]; 40]);
    let error = Model::read(&model.write().unwrap()).unwrap_err();
    assert!(matches!(error, Error::Inflated { .. }), "{error}");
}

#[test]
fn other_files_are_told_apart() {
    assert!(matches!(Model::read(b""), Err(Error::Identifier)));
    assert!(matches!(
        Model::read(b"\x7fELF and so on"),
        Err(Error::Identifier)
    ));
    let mut other = HELLO.to_vec();
    other[7] = b'4';
    assert!(matches!(Model::read(&other), Err(Error::Identifier)));
}

/// Reads what may be damaged; if it reads, it must write and read again.
fn survive(file: &[u8]) -> bool {
    let Ok(model) = Model::read(file) else {
        return false;
    };
    if let Ok(written) = model.write() {
        let again = Model::read(&written).unwrap();
        // Numbers that are not equal to themselves are told apart by their bytes only.
        assert_eq!(again.write().unwrap(), written);
    }
    true
}

#[test]
fn truncated_files_are_errors() {
    for file in [HELLO, KWS] {
        for len in (0..file.len()).step_by(1 + file.len() / 2000) {
            survive(&file[..len]);
        }
    }
}

#[test]
fn flipped_bits_never_panic() {
    let mut state = 12345_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * below as u64) >> 32) as usize
    };
    for file in [HELLO, KWS] {
        let mut damaged = file.to_vec();
        let mut rejected = 0;
        for _ in 0..10_000 {
            // Half of the flips hit the tables, which lie at both ends of a file.
            let place = match random(4) {
                0 => random(600),
                1 => file.len() - 1 - random(600),
                _ => random(file.len()),
            };
            let bit = 1 << random(8);
            damaged[place] ^= bit;
            rejected += usize::from(!survive(&damaged));
            damaged[place] ^= bit;
        }
        assert!(rejected > 100, "{rejected}");
    }
}
