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

use crate::graph::{Links, name};
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
    let links = Links::new(model);
    let computed =
        (0..links.writer.len()).filter_map(|tensor| Some((tensor, links.writer[tensor]?)));
    let cut = computed.filter(|&(tensor, _)| removal.0[tensor].is_some());
    let done = cut
        .map(|(tensor, writer)| {
            let [before, after] = [&*model, &changed].map(|model| layer::channels(model, tensor));
            format!("{}: {before} channels cut to {after}", name(model, writer))
        })
        .collect();
    *model = changed;
    done
}
