//! What the host rules out before a board is touched, each as its own error.

use crate::common::{IC, KWS, OUTPUTS, board, flipped, image, model, prepare};
use onchip_harness::{Candidate, CandidateFailure as C, Input, InputError, PrepareError};
use onchip_tflite::{Model, Opcode};

/// The failure of a model that cannot run.
fn refused(model: &[u8]) -> C {
    match prepare(model) {
        Err(PrepareError::Candidate(failure)) => failure,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it can run"),
    }
}

#[test]
fn the_host_engine_knows_the_outputs() {
    for (name, hex) in OUTPUTS {
        let output = prepare(&model(name)).unwrap();
        assert_eq!(onchip_tflite::hex(output.expected_output()), hex, "{name}");
    }
}

#[test]
fn truncated_models_are_malformed() {
    let kws = model(KWS);
    for length in (0..kws.len()).step_by(997) {
        let failure = refused(&kws[..length]);
        assert!(
            matches!(failure, C::Malformed(_)),
            "{length} bytes: {failure}"
        );
    }
}

#[test]
fn a_flipped_bit_is_never_more_than_a_typed_failure() {
    let mut refused = 0;
    for flipped in flipped(&model(KWS)).chain(flipped(&model(IC))) {
        match prepare(&flipped) {
            // A weight that is another weight.
            Ok(_) => {}
            Err(PrepareError::Candidate(_)) => refused += 1,
            // The input tensor has become another one.
            Err(PrepareError::Input(error)) => panic!("lcg fits any input: {error}"),
            Err(PrepareError::Preparation(error)) => panic!("nothing was prepared: {error}"),
        }
    }
    assert!(refused < 200, "weights are most of a model");
}

#[test]
fn an_operator_that_the_engine_lacks_is_named_with_its_index() {
    let mut kws = Model::read(&model(KWS)).unwrap();
    let softmax = kws
        .codes
        .iter_mut()
        .find(|code| code.opcode == Opcode(25))
        .unwrap();
    // ATAN2, which is far from any inference.
    softmax.opcode = Opcode(156);
    let failure = refused(&kws.write().unwrap());
    assert!(matches!(failure, C::Unsupported(_)), "{failure}");
    let text = failure.to_string();
    assert!(
        text.contains("operator 12") && text.contains("ATAN2"),
        "{text}"
    );
}

#[test]
fn a_model_larger_than_the_partition_does_not_fit_into_flash() {
    // Bytes behind the flatbuffer belong to the file.
    let mut large = model(KWS);
    large.resize(1 << 20, 0);
    let failure = refused(&large);
    assert!(matches!(failure, C::Partition(_)), "{failure}");
    assert!(failure.to_string().contains("1048576"), "{failure}");
}

#[test]
fn activations_larger_than_the_arena_do_not_fit_into_ram() {
    let mut image = image();
    image.info.arena = 10_000;
    let prepared = Candidate::prepare("ic", &model(IC), &Input::Lcg, &board(), &image);
    let Err(PrepareError::Candidate(failure)) = prepared else {
        panic!("10 kB are too few");
    };
    assert!(matches!(failure, C::Arena(_)), "{failure}");
}

#[test]
fn an_input_of_another_length_is_the_callers_mistake() {
    let input = Input::Bytes(vec![0; 3]);
    let prepared = Candidate::prepare("kws", &model(KWS), &input, &board(), &image());
    let expected = InputError {
        found: 3,
        wanted: 490,
    };
    assert!(matches!(prepared, Err(PrepareError::Input(error)) if error == expected));
}
