//! From a [`Network`] to a TFLite [`Model`].

use super::error::Error;
use super::{Activation, Affine, Network, Op, Value, ValueId, Weights};
use crate::model::options::{
    Activation as Fused, AddOptions, Conv2DOptions, DepthwiseConv2DOptions, Empty,
    FullyConnectedOptions, Pool2DOptions, ReducerOptions, ReshapeOptions, SoftmaxOptions,
    WeightsFormat,
};
use crate::model::{
    Model, Opcode, Operator, OperatorCode, Options, Quantization, Subgraph, Tensor, TensorType,
};

impl Network {
    /// The network as a TFLite model. Equal networks give equal models.
    ///
    /// # Errors
    /// The network is [not well formed](Network::check).
    pub fn to_model(&self) -> Result<Model, Error> {
        self.check()?;
        let mut lowering = Lowering::default();
        lowering.model.description = "onchip".to_owned();
        lowering.model.buffers.push(Vec::new());
        lowering.graph.name.clone_from(&self.name);
        lowering.value("input".to_owned(), &self.input);
        for index in 0..self.layers.len() {
            lowering.layer(self, index);
        }
        let Lowering {
            mut model,
            mut graph,
            values,
        } = lowering;
        graph.inputs = vec![values[0]];
        graph.outputs = vec![values[self.output.0]];
        model.subgraphs.push(graph);
        Ok(model)
    }

    /// The network as a TFLite file. Equal networks give equal bytes.
    ///
    /// # Errors
    /// The network is [not well formed](Network::check).
    pub fn to_file(&self) -> crate::Result<Vec<u8>> {
        self.to_model()?.write()
    }
}

#[derive(Default)]
struct Lowering {
    model: Model,
    graph: Subgraph,
    /// The tensor of each value.
    values: Vec<i32>,
}

impl Lowering {
    fn layer(&mut self, network: &Network, index: usize) {
        let layer = &network.layers[index];
        let name = format!("{}_{index}", layer.op.name().to_lowercase());
        let mut inputs: Vec<_> = layer.op.inputs().map(|ValueId(i)| self.values[i]).collect();
        let scale = |id| network.value(id).quantization.scale;
        let outputs = layer.output.shape.last().copied().unwrap_or(1);
        let (opcode, version, options) = match &layer.op {
            Op::Conv2d(op) => {
                let [height, width] = op.window.size;
                let channels = network.value(op.input).shape.last().copied().unwrap_or(1);
                let shape = [outputs, height, width, channels];
                inputs.extend(self.weights(&name, &op.weights, &shape, 0, scale(op.input)));
                let options = Conv2DOptions {
                    padding: op.window.padding,
                    stride_h: int(op.window.stride[0]),
                    stride_w: int(op.window.stride[1]),
                    fused_activation_function: fused(op.activation),
                    dilation_h_factor: int(op.dilation[0]),
                    dilation_w_factor: int(op.dilation[1]),
                };
                (3, 3, Options::Conv2D(Box::new(options)))
            }
            Op::DepthwiseConv2d(op) => {
                let [height, width] = op.window.size;
                let shape = [1, height, width, outputs];
                inputs.extend(self.weights(&name, &op.weights, &shape, 3, scale(op.input)));
                let options = DepthwiseConv2DOptions {
                    padding: op.window.padding,
                    stride_h: int(op.window.stride[0]),
                    stride_w: int(op.window.stride[1]),
                    depth_multiplier: int(op.multiplier),
                    fused_activation_function: fused(op.activation),
                    dilation_h_factor: int(op.dilation[0]),
                    dilation_w_factor: int(op.dilation[1]),
                };
                (4, 3, Options::DepthwiseConv2D(Box::new(options)))
            }
            Op::FullyConnected(op) => {
                let shape = [outputs, op.inputs];
                inputs.extend(self.weights(&name, &op.weights, &shape, 0, scale(op.input)));
                let options = FullyConnectedOptions {
                    fused_activation_function: fused(op.activation),
                    weights_format: WeightsFormat::Default,
                    keep_num_dims: false,
                };
                (9, 4, Options::FullyConnected(Box::new(options)))
            }
            Op::AveragePool2d(op) | Op::MaxPool2d(op) => {
                let options = Pool2DOptions {
                    padding: op.window.padding,
                    stride_h: int(op.window.stride[0]),
                    stride_w: int(op.window.stride[1]),
                    filter_height: int(op.window.size[0]),
                    filter_width: int(op.window.size[1]),
                    fused_activation_function: fused(op.activation),
                };
                let opcode = if matches!(layer.op, Op::MaxPool2d(_)) {
                    17
                } else {
                    1
                };
                (opcode, 2, Options::Pool2D(Box::new(options)))
            }
            Op::Add(op) => {
                let fused_activation_function = fused(op.activation);
                let options = AddOptions {
                    fused_activation_function,
                    pot_scale_int16: false,
                };
                (0, 2, Options::Add(Box::new(options)))
            }
            Op::Softmax(op) => (
                25,
                2,
                Options::Softmax(Box::new(SoftmaxOptions { beta: op.beta })),
            ),
            Op::Reshape(op) => {
                let shape: Vec<_> = op.shape.iter().copied().map(int).collect();
                inputs.push(self.numbers(&name, "shape", &[shape.len()], &shape));
                let options = ReshapeOptions {
                    new_shape: Some(shape),
                };
                (22, 1, Options::Reshape(Box::new(options)))
            }
            Op::Pad(op) => {
                let margins: Vec<_> = op.margins.as_flattened().iter().copied().map(int).collect();
                inputs.push(self.numbers(&name, "margins", &[op.margins.len(), 2], &margins));
                (34, 2, Options::Pad(Box::new(Empty {})))
            }
            Op::Mean(op) => {
                let axes: Vec<_> = op.axes.iter().copied().map(int).collect();
                inputs.push(self.numbers(&name, "axes", &[axes.len()], &axes));
                let options = ReducerOptions {
                    keep_dims: op.keep_dims,
                };
                (40, 2, Options::Reducer(Box::new(options)))
            }
        };
        let code = self.code(Opcode(opcode), version);
        let output = self.value(name, &layer.output);
        self.graph.operators.push(Operator {
            code,
            inputs,
            outputs: vec![output],
            options: Some(options),
            custom_options: Vec::new(),
            mutating_inputs: Vec::new(),
            intermediates: Vec::new(),
        });
    }

    /// Index of an operator code. The versions are those from which on the operators are defined
    /// for int8.
    fn code(&mut self, opcode: Opcode, version: i32) -> u32 {
        let codes = &mut self.model.codes;
        let known = codes.iter().position(|code| code.opcode == opcode);
        let index = known.unwrap_or_else(|| {
            codes.push(OperatorCode {
                opcode,
                custom: None,
                version,
            });
            codes.len() - 1
        });
        index as u32
    }

    fn value(&mut self, name: String, value: &Value) -> i32 {
        let Affine { scale, zero_point } = value.quantization;
        let quantization = affine(vec![scale], zero_point.into(), 0);
        let tensor = self.tensor(
            name,
            &value.shape,
            TensorType::Int8,
            Some(quantization),
            None,
        );
        self.values.push(tensor);
        tensor
    }

    /// Adds weights, and bias if there is one.
    fn weights(
        &mut self,
        layer: &str,
        weights: &Weights,
        shape: &[usize],
        axis: i32,
        input_scale: f32,
    ) -> Vec<i32> {
        let data = weights.values.iter().map(|&value| value as u8).collect();
        let quantization = affine(weights.scales.clone(), 0, axis);
        let name = format!("{layer}/weights");
        let ty = TensorType::Int8;
        let mut tensors = vec![self.tensor(name, shape, ty, Some(quantization), Some(data))];
        if !weights.bias.is_empty() {
            let scales = weights
                .scales
                .iter()
                .map(|scale| scale * input_scale)
                .collect();
            let data = words(&weights.bias);
            let (shape, ty) = ([weights.bias.len()], TensorType::Int32);
            let name = format!("{layer}/bias");
            let quantization = Some(affine(scales, 0, 0));
            tensors.push(self.tensor(name, &shape, ty, quantization, Some(data)));
        }
        tensors
    }

    fn numbers(&mut self, layer: &str, what: &str, shape: &[usize], values: &[i32]) -> i32 {
        let name = format!("{layer}/{what}");
        self.tensor(name, shape, TensorType::Int32, None, Some(words(values)))
    }

    fn tensor(
        &mut self,
        name: String,
        shape: &[usize],
        ty: TensorType,
        quantization: Option<Quantization>,
        data: Option<Vec<u8>>,
    ) -> i32 {
        let buffer = data.map_or(0, |data| {
            self.model.buffers.push(data);
            self.model.buffers.len() - 1
        });
        self.graph.tensors.push(Tensor {
            name,
            shape: shape.iter().copied().map(int).collect(),
            shape_signature: Vec::new(),
            has_rank: true,
            ty,
            buffer: buffer as u32,
            quantization,
            is_variable: false,
        });
        int(self.graph.tensors.len() - 1)
    }
}

fn affine(scale: Vec<f32>, zero_point: i64, axis: i32) -> Quantization {
    let zero_point = vec![zero_point; scale.len()];
    let axis = if scale.len() > 1 { axis } else { 0 };
    Quantization {
        scale,
        zero_point,
        axis,
        ..Quantization::default()
    }
}

fn words(values: &[i32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Sizes as the format has them; larger ones than it can state do not fit into any memory.
fn int(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn fused(activation: Activation) -> Fused {
    match activation {
        Activation::None => Fused::None,
        Activation::Relu => Fused::Relu,
        Activation::ReluN1To1 => Fused::ReluN1To1,
        Activation::Relu6 => Fused::Relu6,
    }
}
