//! Operators whose outputs nobody reads.

use onchip_tflite::Model;

use crate::graph::{Links, has_effects, indices, main, main_mut, name};

pub(super) fn run(model: &mut Model, links: &Links, index: usize) -> Option<String> {
    let operator = &main(model).operators[index];
    let is_wanted = |tensor: usize| links.is_fixed[tensor] || !links.readers[tensor].is_empty();
    if has_effects(model, operator) || indices(&operator.outputs).any(is_wanted) {
        return None;
    }
    let what = format!(
        "{} taken out: nobody reads what it makes",
        name(model, index)
    );
    main_mut(model).operators.remove(index);
    Some(what)
}
