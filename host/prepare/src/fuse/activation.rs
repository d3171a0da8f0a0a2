//! RELU and its like, laid into the operator before them.

use onchip_tflite::Model;
use onchip_tflite::options::Activation;

use super::ends;
use crate::graph::{self, Links, is_same_kind, kind, kind_of, main, main_mut, name};

/// An operator's outputs are clamped to the range of its activation where they are rounded; a RELU that keeps scale
/// and zero point multiplies by exactly 1 and clamps to the same range: `CalculateActivationRangeQuantized` and
/// `CalculateReluOpData` of TFLite round the ends alike.
pub(super) fn run(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let wanted = match kind_of(model, &main(model).operators[index]) {
        kind::RELU => Activation::Relu,
        kind::RELU6 => Activation::Relu6,
        kind::RELU_N1_TO_1 => Activation::ReluN1To1,
        _ => return None,
    };
    let [from, to] = ends(model, index)?;
    let tensors = &main(model).tensors;
    let writer = links.writer[from].filter(|_| links.is_private(from))?;
    if !is_same_kind(&tensors[from], &tensors[to]) || tensors[from].shape != tensors[to].shape {
        return None;
    }
    let what = format!("{} laid into {}", name(model, index), name(model, writer));
    let operator = &mut main_mut(model).operators[writer];
    let activation = graph::activation(operator)?;
    *activation = both(*activation, wanted)?;
    operator.outputs[0] = to as i32;
    main_mut(model).operators.remove(index);
    Some(what)
}

/// The one activation that does what two do, one after the other.
fn both(first: Activation, second: Activation) -> Option<Activation> {
    use Activation as A;
    Some(match (first, second) {
        (A::None, second) => second,
        (A::Relu, A::Relu) => A::Relu,
        (A::Relu6 | A::Relu, A::Relu6) | (A::Relu6, A::Relu) => A::Relu6,
        (A::ReluN1To1, A::ReluN1To1) => A::ReluN1To1,
        _ => return None,
    })
}
