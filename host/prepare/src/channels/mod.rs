//! Channels that need not be computed: constant ones, and those that nothing depends on.
//!
//! A filter of zeros, or one whose sums vary too little to be seen, makes a channel that is the same number everywhere, whatever the input. So does all that goes
//! over it channel by channel, up to the next operator that mixes channels, whose bias can take in what the channel
//! adds to its sums, exactly: a sum of integers has no order. A filter that reads a channel with zeros only does not
//! need it at all. Channels that every reader can do without are taken out of weights, biases and tensors.
//!
//! 1. `constants` and `settled`: which channels are constant, and as what, by the engine's own word;
//! 2. `classes`: which channels can only go together, since operators go over them channel by channel;
//! 3. `removal`: which classes every reader can do without;
//! 4. `cut`: the model without them.

mod classes;
mod constants;
mod cut;
mod layer;
mod removal;
mod settled;

use onchip_tflite::Model;

use crate::graph::main;
use crate::witness;
use removal::Removal;

/// Takes out the channels that can be.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let constants = constants::of(model);
    let removal = Removal::of(model, &constants);
    if removal.is_empty() {
        return Vec::new();
    }
    let Some(changed) = cut::run(model, &removal, &constants).filter(witness::runs) else {
        return Vec::new();
    };
    let tensors = main(model).tensors.iter().zip(&main(&changed).tensors);
    let channels = |shape: &[i32]| i64::from(shape.last().copied().unwrap_or(0));
    let computed = tensors
        .filter(|(before, after)| model.constant(before).is_none() && before.shape != after.shape);
    let list = computed.map(|(before, after)| {
        let [before_count, after_count] = [before, after].map(|tensor| channels(&tensor.shape));
        format!(
            "{before_count} channels of {} cut to {after_count}",
            before.name
        )
    });
    let done = list.collect();
    *model = changed;
    done
}
