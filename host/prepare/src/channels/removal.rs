//! Which channels every reader can do without.

use onchip_tflite::Model;

use super::classes::Classes;
use super::constants::Constants;
use super::layer::{Layer, Mixing, channels};
use crate::graph::{Links, affine, at, integers, main};

/// For each tensor the channels that stay, if some go.
pub(super) struct Removal(pub(super) Vec<Option<Vec<usize>>>);

/// A layer that mixes channels, and what decides whether it can do without some.
struct Reader {
    input: usize,
    output: usize,
    layer: Mixing,
    weights: Vec<i64>,
    bias: Option<Vec<i64>>,
    zero_point: i64,
}

/// Kernels take channels in groups of so many; those of a group that is not full cost as much as a full one.
const GROUP: usize = 4;

/// Whether a tensor has to have more channels than those that stay: at least one, and whole groups.
fn is_short(classes: &Classes, tensor: usize, count: usize) -> bool {
    let kept = (0..count)
        .filter(|&channel| classes.stays(tensor, channel))
        .count();
    kept < count && (kept == 0 || (count > GROUP && !kept.is_multiple_of(GROUP)))
}

impl Removal {
    /// The most that can go. At first everything goes that is not wanted from outside; then channels stay that some
    /// reader needs for what stays, until no reader misses any and no tensor has a group that is not full.
    pub(super) fn of(model: &Model, constants: &Constants) -> Self {
        let graph = main(model);
        let links = Links::new(model);
        let mut classes = Classes::of(model);
        let readers: Vec<_> = (0..graph.operators.len())
            .filter_map(|index| Reader::of(model, index))
            .collect();
        let is_computed = |tensor: usize| links.writer[tensor].is_some();
        loop {
            let mut is_changed = false;
            for reader in &readers {
                is_changed |= reader.keep_needed(&mut classes, constants);
            }
            if is_changed {
                continue;
            }
            let short = |tensor: &usize| {
                is_computed(*tensor) && is_short(&classes, *tensor, channels(model, *tensor))
            };
            let missing = (0..graph.tensors.len()).find(short).and_then(|tensor| {
                let mut all = 0..channels(model, tensor);
                Some((
                    tensor,
                    all.find(|&channel| !classes.stays(tensor, channel))?,
                ))
            });
            match missing {
                Some((tensor, channel)) => classes.keep(tensor, channel),
                None => break,
            };
        }
        // Constants go with what is computed channel by channel from them; those of layers are cut on their own.
        let goes_along = |tensor: usize| is_computed(tensor) || is_operand(model, &links, tensor);
        let kept = |tensor: usize| {
            let count = channels(model, tensor);
            let kept: Vec<_> = (0..count)
                .filter(|&channel| classes.stays(tensor, channel))
                .collect();
            (kept.len() < count && goes_along(tensor)).then_some(kept)
        };
        Self((0..graph.tensors.len()).map(kept).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// Whether a constant is read channel by channel, and by nobody otherwise.
fn is_operand(model: &Model, links: &Links, tensor: usize) -> bool {
    let is_per_channel = |&reader: &usize| match Layer::of(model, reader) {
        Layer::PerChannel { inputs, .. } => inputs.contains(&tensor),
        Layer::Concatenation => true,
        _ => false,
    };
    let readers = &links.readers[tensor];
    model.constant(&main(model).tensors[tensor]).is_some()
        && !readers.is_empty()
        && readers.iter().all(is_per_channel)
}

impl Reader {
    fn of(model: &Model, index: usize) -> Option<Self> {
        let operator = &main(model).operators[index];
        let Layer::Mixing(layer) = Layer::of(model, index) else {
            return None;
        };
        let input = at(&operator.inputs, 0)?;
        Some(Self {
            input,
            output: at(&operator.outputs, 0)?,
            weights: integers(model, layer.weights)?,
            bias: layer.bias.and_then(|bias| integers(model, bias)),
            zero_point: affine(&main(model).tensors[input])?.1,
            layer,
        })
    }

    /// Makes the input channels stay that this layer needs for the outputs that stay. Returns whether any is new.
    fn keep_needed(&self, classes: &mut Classes, constants: &Constants) -> bool {
        let inputs = &constants[self.input];
        let mut is_changed = false;
        for output in 0..self.layer.outputs {
            if !classes.stays(self.output, output) {
                continue;
            }
            let mut bias = self.bias.as_ref().map_or(0, |bias| bias[output]);
            for (channel, &constant) in inputs.iter().enumerate() {
                if classes.stays(self.input, channel) {
                    continue;
                }
                let folded = self
                    .added(output, channel, inputs.len(), constant)
                    .filter(|&added| added == 0 || self.bias.is_some())
                    .map(|added| bias + added)
                    .filter(|&bias| i32::try_from(bias).is_ok());
                match folded {
                    Some(sum) => bias = sum,
                    None => is_changed |= classes.keep(self.input, channel),
                }
            }
        }
        is_changed
    }

    fn added(
        &self,
        output: usize,
        channel: usize,
        given: usize,
        constant: Option<i8>,
    ) -> Option<i64> {
        let Self {
            layer,
            weights,
            zero_point,
            ..
        } = self;
        added(
            layer,
            weights,
            output,
            channel,
            given,
            constant,
            *zero_point,
        )
    }
}

/// What an input channel adds to an output's sum at every place; `None` if that is not the same everywhere.
pub(super) fn added(
    layer: &Mixing,
    weights: &[i64],
    output: usize,
    channel: usize,
    given: usize,
    constant: Option<i8>,
    zero_point: i64,
) -> Option<i64> {
    let mut seen = layer.weights_for(weights, output, channel, given);
    if seen.all(|weight| weight == 0) {
        return Some(0);
    }
    let distance = i64::from(constant?) - zero_point;
    let sum: i64 = layer.weights_for(weights, output, channel, given).sum();
    (distance == 0 || !layer.is_padded).then_some(distance * sum)
}
