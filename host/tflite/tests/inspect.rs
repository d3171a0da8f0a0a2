//! What is said about models.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail like the test")]

use onchip_engine::Model as Engine;
use onchip_tflite::{Inspection, Model, Opcode, inspect};

const KWS: &[u8] = include_bytes!("../../../examples/models/kws_ref_model.tflite");
const IC: &[u8] = include_bytes!("../../../examples/models/ic_ref_model.tflite");
const HELLO: &[u8] = include_bytes!("../../../examples/models/hello_world_int8.tflite");

#[test]
fn numbers_are_the_engines() {
    for file in [KWS, IC, HELLO] {
        let found = inspect(file).unwrap();
        let engine = Engine::new(file).unwrap();
        assert_eq!(found.operators.len(), engine.operator_count());
        for (found, wanted) in found.operators.iter().zip(engine.operators()) {
            assert_eq!(found.op, wanted.name());
            assert_eq!(found.macs, wanted.macs);
            assert_eq!(found.parameters, wanted.parameters as u64);
            assert_eq!(found.parameter_bytes, wanted.weight_bytes as u64);
        }
        assert_eq!(found.totals.macs, engine.macs());
        assert!(found.runs() && found.problems.is_empty());
    }
}

#[test]
fn known_models_have_their_known_sizes() {
    let kws = inspect(KWS).unwrap();
    assert_eq!(kws.totals.macs, 2_656_768);
    assert_eq!(kws.inputs[0].shape, [1, 49, 10, 1]);
    assert_eq!(kws.outputs[0].shape, [1, 12]);
    assert_eq!(inspect(IC).unwrap().totals.macs, 12_501_632);
}

#[test]
fn the_table_is_readable() {
    let mut found = inspect(HELLO).unwrap();
    found.arena = Some(1024);
    let wanted = "\
#  operator         input  weights  output  type     scale  zero  scales  MACs  params  bytes  options
0  FULLY_CONNECTED  1x1    16x1     1x16    int8   0.01333  -128       1    16      32     80  relu
1  FULLY_CONNECTED  1x16   16x16    1x16    int8   0.01278  -128       1   256     272    320  relu
2  FULLY_CONNECTED  1x16   1x16     1x1     int8  0.008291     5       1    16      17     20
   total                                                                   288     321    420

input    1x1 int8, 1 byte, scale 0.024480116, zero point -128
output   1x1 int8, 1 byte, scale 0.008290957, zero point 5
file     2,704 bytes
arena    1,024 bytes
";
    assert_eq!(found.to_string(), wanted);
}

#[test]
fn json_round_trips() {
    let found = inspect(KWS).unwrap();
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Inspection>(&json).unwrap(), found);
}

/// A changed kws; the operators that have a problem, and how many there are besides.
fn problems(change: impl FnOnce(&mut Model)) -> (Vec<usize>, usize, String) {
    let mut model = Model::read(KWS).unwrap();
    change(&mut model);
    let found = inspect(&model.write().unwrap()).unwrap();
    assert!(!found.runs());
    let broken = found
        .operators
        .iter()
        .filter(|operator| operator.problem.is_some());
    (
        broken.map(|operator| operator.index).collect(),
        found.problems.len(),
        found.to_string(),
    )
}

#[test]
fn every_operator_that_cannot_run_is_named() {
    let (broken, besides, text) = problems(|model| {
        // All depthwise convolutions become an operator that the engine does not know, and one
        // convolution loses its scales.
        let depthwise = model
            .codes
            .iter_mut()
            .find(|code| code.opcode == Opcode(4))
            .unwrap();
        depthwise.opcode = Opcode(118);
        let graph = &mut model.subgraphs[0];
        for operator in &mut graph.operators {
            if operator.code == 1 {
                operator.options = None;
            }
        }
        let weights = graph.operators[2].inputs[1] as usize;
        graph.tensors[weights].quantization = None;
    });
    assert_eq!(broken, [1, 2, 3, 5, 7], "{text}");
    assert_eq!(besides, 0, "{text}");
    let line = "problem  operator 7 (IF): this operator is not supported";
    assert!(text.lines().any(|found| found == line), "{text}");
    assert!(text.contains("IF (!)"), "{text}");
}

#[test]
fn tensors_and_graphs_that_cannot_run_are_named() {
    let (broken, besides, text) = problems(|model| {
        let graph = &mut model.subgraphs[0];
        graph.outputs.push(graph.inputs[0]);
        let weights = graph.operators[4].inputs[1] as usize;
        graph.tensors[weights].is_variable = true;
    });
    assert_eq!((broken, besides), (vec![4], 2), "{text}");
}

#[test]
fn damaged_files_never_panic() {
    let mut file = HELLO.to_vec();
    for place in 0..file.len() {
        for flip in [0x01, 0x80] {
            file[place] ^= flip;
            if let Ok(found) = inspect(&file) {
                assert!(!found.to_string().is_empty());
                let says_why = !found.problems.is_empty()
                    || found
                        .operators
                        .iter()
                        .any(|operator| operator.problem.is_some());
                assert_eq!(found.runs(), !says_why, "byte {place}");
            }
            file[place] ^= flip;
        }
    }
}

#[test]
fn products_of_any_size_are_counted() {
    let (broken, _, text) = problems(|model| {
        let dense = model.codes.iter().position(|code| code.opcode == Opcode(9));
        model.codes[dense.unwrap()].opcode = Opcode(126);
        let graph = &mut model.subgraphs[0];
        let mut operators = graph.operators.iter_mut();
        let product = operators.find(|operator| Some(operator.code as usize) == dense);
        let product = product.unwrap();
        product.options = None;
        let output = &mut graph.tensors[product.outputs[0] as usize];
        (output.shape, output.shape_signature) = (vec![1 << 16; 2], vec![]);
    });
    assert!(!broken.is_empty(), "{text}");
}
