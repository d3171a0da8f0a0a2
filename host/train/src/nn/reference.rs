//! Inference layer by layer in the plainest way: what the fused stages are judged by.

use onchip_tflite::ir::{Activation, Padding, ValueId, Window};
use onchip_tflite::topology::{Dims, Layer};

use super::{EPSILON, FloatNetwork, Parameters};

impl FloatNetwork {
    /// Shows every value on the way: the input, then what each layer makes.
    pub(super) fn reference(&self, batch: &[f32], n: usize, tap: &mut dyn FnMut(ValueId, &[f32])) {
        let size = |dims: Dims| dims.iter().product::<usize>();
        assert_eq!(batch.len(), n * size(self.topology.input()));
        tap(ValueId::INPUT, batch);
        let mut values = vec![batch.to_vec()];
        for (index, node) in self.topology.nodes().iter().enumerate() {
            let place = |value: ValueId| value.layer().map_or(0, |layer| layer + 1);
            let from = self.topology.shape(node.inputs[0]);
            let input = &values[place(node.inputs[0])];
            let made: Vec<f32> = if node.layer == Layer::Add {
                let other = &values[place(node.inputs[1])];
                input.iter().zip(other).map(|(a, b)| a + b).collect()
            } else {
                let examples = input.chunks_exact(size(from));
                let parameters = &self.parameters[index];
                examples
                    .flat_map(|x| layer(node.layer, parameters, x, from, node.shape))
                    .collect()
            };
            tap(ValueId::of_layer(index), &made);
            values.push(made);
        }
    }
}

fn layer(layer: Layer, parameters: &Parameters, x: &[f32], from: Dims, to: Dims) -> Vec<f32> {
    let whole = Window {
        size: [from[0], from[1]],
        stride: [1, 1],
        padding: Padding::Valid,
    };
    let pool = |window, reduce: &dyn Fn(&[f32]) -> f32| {
        places(window, from, to)
            .flat_map(|seen| {
                (0..to[2]).map(move |c| {
                    let values: Vec<_> = seen.iter().map(|&(_, at)| x[at * from[2] + c]).collect();
                    reduce(&values)
                })
            })
            .collect()
    };
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let max = |values: &[f32]| values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    match (layer, parameters) {
        (Layer::Conv { window, .. }, Parameters::Weights { weights, bias }) => {
            let taps = window.size[0] * window.size[1];
            let filter = |seen: &[(usize, usize)], f: usize| {
                let products = seen.iter().flat_map(|&(tap, at)| {
                    (0..from[2])
                        .map(move |c| weights[(f * taps + tap) * from[2] + c] * x[at * from[2] + c])
                });
                products.sum::<f32>() + bias[f]
            };
            let places = places(window, from, to);
            let rows = places.map(|seen| (0..to[2]).map(|f| filter(&seen, f)).collect::<Vec<_>>());
            rows.flatten().collect()
        }
        (Layer::Depthwise { window }, Parameters::Weights { weights, bias }) => {
            let places = places(window, from, to);
            let filter = |seen: &[(usize, usize)], c: usize| {
                let products = seen.iter();
                let products =
                    products.map(|&(tap, at)| weights[tap * to[2] + c] * x[at * to[2] + c]);
                products.sum::<f32>() + bias[c]
            };
            let rows = places.map(|seen| (0..to[2]).map(|c| filter(&seen, c)).collect::<Vec<_>>());
            rows.flatten().collect()
        }
        (Layer::Dense { .. }, Parameters::Weights { weights, bias }) => {
            let rows = weights.chunks_exact(x.len()).zip(bias);
            let dot = |row: &[f32]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
            rows.map(|(row, bias)| dot(row) + bias).collect()
        }
        (
            Layer::BatchNorm,
            Parameters::Norm {
                gamma,
                beta,
                mean,
                variance,
            },
        ) => {
            let normal = |(i, x): (usize, &f32)| {
                let c = i % to[2];
                gamma[c] * (x - mean[c]) / (variance[c] + EPSILON).sqrt() + beta[c]
            };
            x.iter().enumerate().map(normal).collect()
        }
        (Layer::Activation(activation), _) => {
            let (low, high) = match activation {
                Activation::None => (f32::NEG_INFINITY, f32::INFINITY),
                Activation::Relu => (0.0, f32::INFINITY),
                Activation::ReluN1To1 => (-1.0, 1.0),
                Activation::Relu6 => (0.0, 6.0),
            };
            x.iter().map(|x| x.clamp(low, high)).collect()
        }
        (Layer::MaxPool(window), _) => pool(window, &max),
        (Layer::AveragePool(window), _) => pool(window, &mean),
        (Layer::GlobalAveragePool, _) => pool(whole, &mean),
        (Layer::Flatten, _) => x.to_vec(),
        (layer, parameters) => panic!("{layer:?} has {parameters:?}"),
    }
}

/// What a window sees at each place: which of its taps are inside the image, and on which pixel.
fn places(window: Window, from: Dims, to: Dims) -> impl Iterator<Item = Vec<(usize, usize)>> {
    let before = |axis: usize| match window.padding {
        Padding::Valid => 0,
        Padding::Same => {
            let reach = (to[axis] - 1) * window.stride[axis] + window.size[axis];
            reach.saturating_sub(from[axis]) / 2
        }
    };
    let before = [before(0), before(1)];
    (0..to[0] * to[1]).map(move |place| {
        let corner = [
            place / to[1] * window.stride[0],
            place % to[1] * window.stride[1],
        ];
        let taps = 0..window.size[0] * window.size[1];
        let pixel = |tap: usize| {
            let y = (corner[0] + tap / window.size[1]).checked_sub(before[0])?;
            let x = (corner[1] + tap % window.size[1]).checked_sub(before[1])?;
            (y < from[0] && x < from[1]).then_some((tap, y * from[1] + x))
        };
        taps.filter_map(pixel).collect()
    })
}
