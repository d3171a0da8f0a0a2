//! Batch normalization as part of the layer before it.

use onchip_tflite::ir::ValueId;
use onchip_tflite::topology::{Layer, Node, Topology};

use super::error::QuantizeError;
use super::plan::place;
use super::range::GREATEST;
use super::weights::Order;
use crate::nn::{EPSILON, FloatNetwork, Parameters, fan_in};

/// A network without batch normalization.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) network: FloatNetwork,
    /// The place that each of its layers had before.
    pub(super) origins: Vec<usize>,
}

/// A topology without batch normalization.
///
/// # Errors
/// What is normalized is read by another layer too.
pub(super) fn topology(topology: &Topology) -> Result<Topology, QuantizeError> {
    drop_norms(topology).map(|folded| folded.topology)
}

/// A network that computes the same without batch normalization.
///
/// What a convolution or dense layer makes of weights w and bias b, normalization turns to
/// (wx + b − mean) × gamma ÷ √(variance + ε) + beta, which is again such a layer.
///
/// # Errors
/// What is normalized is read by another layer too, parameters do not fit their layers, or are not
/// numbers that can be computed with.
pub(super) fn network(network: &FloatNetwork) -> Result<Folded, QuantizeError> {
    let Dropped {
        topology,
        values,
        origins,
    } = drop_norms(&network.topology)?;
    let mut parameters: Vec<Parameters> = Vec::new();
    for layer in 0..network.topology.nodes().len() {
        let node = &network.topology.nodes()[layer];
        let kind = node.layer;
        let given = network.parameters.get(layer);
        let given = given.filter(|given| fits(given, &network.topology, layer));
        let given = given.ok_or(QuantizeError::Parameters { layer, kind })?;
        if kind != Layer::BatchNorm {
            parameters.push(given.clone());
        } else if let Some(folded) = values[place(node.inputs[0])].layer() {
            let order = Order::of(topology.nodes()[folded].layer);
            fold(&mut parameters[folded], given, order);
        }
        let folded = values[layer + 1].layer().map(|folded| &parameters[folded]);
        if let Some(value) = folded.and_then(unsound) {
            return Err(QuantizeError::Weight { layer, kind, value });
        }
    }
    let network = FloatNetwork {
        topology,
        parameters,
    };
    Ok(Folded { network, origins })
}

/// A topology without its batch normalization.
struct Dropped {
    topology: Topology,
    /// The value in it that stands for each of the other's, the input first.
    values: Vec<ValueId>,
    /// The place that each of its layers had in the other.
    origins: Vec<usize>,
}

fn drop_norms(topology: &Topology) -> Result<Dropped, QuantizeError> {
    let nodes = topology.nodes();
    let mut folded = Topology::new(topology.input());
    let mut values = vec![ValueId::INPUT];
    let mut origins = Vec::new();
    for (layer, node) in nodes.iter().enumerate() {
        let read = |&value: &ValueId| values[place(value)];
        let inputs: Vec<_> = node.inputs.iter().map(read).collect();
        if node.layer != Layer::BatchNorm {
            values.push(folded.push(node.layer, &inputs)?);
            origins.push(layer);
            continue;
        }
        let reads = |(reader, other): &(usize, &Node)| {
            *reader != layer && other.inputs.contains(&node.inputs[0])
        };
        if let Some((reader, _)) = nodes.iter().enumerate().find(reads) {
            return Err(QuantizeError::Unfoldable { layer, reader });
        }
        values.push(inputs[0]);
    }
    Ok(Dropped {
        topology: folded,
        values,
        origins,
    })
}

/// Whether these are the parameters that a layer needs, in number.
fn fits(parameters: &Parameters, topology: &Topology, layer: usize) -> bool {
    let node = &topology.nodes()[layer];
    let [.., channels] = node.shape;
    match (parameters, fan_in(topology, node)) {
        (Parameters::Weights { weights, bias }, Some(each)) => {
            weights.len() == each * channels && bias.len() == channels
        }
        (
            Parameters::Norm {
                gamma,
                beta,
                mean,
                variance,
            },
            None,
        ) => {
            let all = [gamma, beta, mean, variance];
            node.layer == Layer::BatchNorm && all.iter().all(|list| list.len() == channels)
        }
        (Parameters::None, None) => node.layer != Layer::BatchNorm,
        _ => false,
    }
}

/// Multiplies and shifts each channel as the normalization would what is made of it.
fn fold(layer: &mut Parameters, norm: &Parameters, order: Order) {
    if let Parameters::Weights { weights, bias } = layer
        && let Parameters::Norm {
            gamma,
            beta,
            mean,
            variance,
        } = norm
    {
        for (channel, bias) in bias.iter_mut().enumerate() {
            let factor = gamma[channel] / (variance[channel] + EPSILON).sqrt();
            let channels = gamma.len();
            for i in order.of_channel(channel, channels, weights.len()) {
                weights[i] *= factor;
            }
            *bias = (*bias - mean[channel]) * factor + beta[channel];
        }
    }
}

/// A number that cannot be computed with, if there is one.
fn unsound(parameters: &Parameters) -> Option<f32> {
    let Parameters::Weights { weights, bias } = parameters else {
        return None;
    };
    let is_sound = |value: &&f32| value.abs() <= GREATEST;
    let mut numbers = weights.iter().chain(bias);
    numbers.find(|value| !is_sound(value)).copied()
}

#[cfg(test)]
mod tests {
    use onchip_tflite::ir::{Padding, Window};
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Window = Window {
        size: [3, 2],
        stride: [1, 1],
        padding: Padding::Same,
    };

    fn normalized(layer: Layer) -> FloatNetwork {
        let mut topology = Topology::new([4, 4, 3]);
        if matches!(layer, Layer::Dense { .. }) {
            topology.then(Layer::Flatten).unwrap();
        }
        topology.then(layer).unwrap();
        topology.then(Layer::BatchNorm).unwrap();
        FloatNetwork::init(topology, 1)
    }

    fn norm(network: &mut FloatNetwork) -> [&mut Vec<f32>; 4] {
        let Some(Parameters::Norm {
            gamma,
            beta,
            mean,
            variance,
        }) = network.parameters.last_mut()
        else {
            panic!("the last layer normalizes");
        };
        [gamma, beta, mean, variance]
    }

    proptest! {
        #[test]
        fn folding_changes_no_output(
            layer in prop::sample::select(vec![
                Layer::Conv { filters: 2, window: WINDOW },
                Layer::Depthwise { window: WINDOW },
                Layer::Dense { units: 2 },
            ]),
            numbers in prop::collection::vec(0.01_f32..2.0, 4 * 3),
            input in prop::collection::vec(-1_f32..1.0, 4 * 4 * 3),
        ) {
            let mut network = normalized(layer);
            for (list, numbers) in norm(&mut network).into_iter().zip(numbers.chunks(3)) {
                list.iter_mut().zip(numbers).for_each(|(to, &from)| *to = from);
            }
            let folded = super::network(&network).unwrap().network;
            prop_assert_eq!(folded.topology.nodes().len() + 1, network.topology.nodes().len());
            let wanted = network.forward(&input, 1);
            let found = folded.forward(&input, 1);
            let greatest = wanted.iter().fold(1_f32, |most, x| most.max(x.abs()));
            for (wanted, found) in wanted.iter().zip(&found) {
                prop_assert!((wanted - found).abs() <= 1e-5 * greatest, "{wanted} {found}");
            }
        }
    }

    #[test]
    fn odd_parameters_are_refused() {
        let check = |change: fn(&mut FloatNetwork), text: &str| {
            let mut network = normalized(Layer::Dense { units: 2 });
            change(&mut network);
            let error = super::network(&network).unwrap_err().to_string();
            assert!(error.starts_with(text), "{error}");
        };
        check(
            |n| n.parameters[0] = n.parameters[1].clone(),
            "layer 0 (Flatten)",
        );
        check(
            |n| n.parameters.truncate(2),
            "layer 2 (BatchNorm): its parameters do not fit",
        );
        check(
            |n| norm(n)[2].clear(),
            "layer 2 (BatchNorm): its parameters do not fit",
        );
        check(
            |n| norm(n)[3][0] = f32::NAN,
            "layer 2 (BatchNorm): a weight or bias is NaN",
        );
        check(
            |n| norm(n)[3][0] = -1.0,
            "layer 2 (BatchNorm): a weight or bias is NaN",
        );
        check(
            |n| norm(n)[0][0] = 1e30,
            "layer 2 (BatchNorm): a weight or bias is",
        );
    }
}
