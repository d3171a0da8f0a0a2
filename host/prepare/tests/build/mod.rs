//! Networks made operator by operator.

#![allow(
    clippy::allow_attributes,
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use onchip_tflite::options::{
    Activation, Conv2DOptions, DepthwiseConv2DOptions, FullyConnectedOptions, Padding,
    Pool2DOptions,
};
use onchip_tflite::{
    Model, Opcode, Operator, OperatorCode, Options, Quantization, Subgraph, Tensor, TensorType,
};

/// A network that grows.
pub struct Build {
    model: Model,
    /// Of the next weights.
    seed: u32,
}

impl Build {
    /// A network whose tensor 0 is its input.
    pub fn new(shape: &[i32], scale: f32, zero_point: i64) -> Self {
        let model = Model {
            buffers: vec![Vec::new()],
            subgraphs: vec![Subgraph {
                inputs: vec![0],
                ..Subgraph::default()
            }],
            ..Model::default()
        };
        let mut build = Self { model, seed: 1 };
        build.value(shape, scale, zero_point);
        build
    }

    /// The model, once it has outputs.
    pub fn model(self) -> Model {
        self.model
    }

    /// Names the output.
    pub fn output(mut self, tensor: i32) -> Self {
        self.graph().outputs = vec![tensor];
        self
    }

    fn graph(&mut self) -> &mut Subgraph {
        &mut self.model.subgraphs[0]
    }

    fn tensor(
        &mut self,
        shape: &[i32],
        ty: TensorType,
        quantization: Option<(Vec<f32>, i64, i32)>,
        data: Vec<u8>,
    ) -> i32 {
        let buffer = if data.is_empty() {
            0
        } else {
            self.model.buffers.len() as u32
        };
        if buffer > 0 {
            self.model.buffers.push(data);
        }
        let graph = self.graph();
        let quantization = quantization.map(|(scale, zero_point, axis)| Quantization {
            zero_point: vec![zero_point; scale.len()],
            scale,
            axis,
            ..Quantization::default()
        });
        graph.tensors.push(Tensor {
            name: format!("tensor {}", graph.tensors.len()),
            shape: shape.to_vec(),
            shape_signature: Vec::new(),
            has_rank: true,
            ty,
            buffer,
            quantization,
            is_variable: false,
        });
        graph.tensors.len() as i32 - 1
    }

    /// A tensor that is computed.
    pub fn value(&mut self, shape: &[i32], scale: f32, zero_point: i64) -> i32 {
        self.tensor(
            shape,
            TensorType::Int8,
            Some((vec![scale], zero_point, 0)),
            Vec::new(),
        )
    }

    /// A constant.
    pub fn int8(&mut self, shape: &[i32], scale: f32, zero_point: i64, data: &[i8]) -> i32 {
        let data = data.iter().map(|&value| value as u8).collect();
        self.tensor(
            shape,
            TensorType::Int8,
            Some((vec![scale], zero_point, 0)),
            data,
        )
    }

    /// A constant.
    pub fn int32(&mut self, shape: &[i32], data: &[i32]) -> i32 {
        let data = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(shape, TensorType::Int32, None, data)
    }

    /// An operator of one output.
    pub fn operator(&mut self, opcode: u32, inputs: &[i32], output: i32, options: Option<Options>) {
        let opcode = Opcode(opcode);
        let known = self
            .model
            .codes
            .iter()
            .position(|code| code.opcode == opcode);
        let code = known.unwrap_or_else(|| {
            self.model.codes.push(OperatorCode {
                opcode,
                custom: None,
                version: 1,
            });
            self.model.codes.len() - 1
        });
        self.graph().operators.push(Operator {
            code: code as u32,
            inputs: inputs.to_vec(),
            outputs: vec![output],
            options,
            custom_options: Vec::new(),
            mutating_inputs: Vec::new(),
            intermediates: Vec::new(),
        });
    }

    /// Gives the last operator, a convolution, an activation.
    pub fn activate(&mut self, activation: Activation) {
        if let Some(Options::Conv2D(options)) = self
            .graph()
            .operators
            .last_mut()
            .and_then(|last| last.options.as_mut())
        {
            options.fused_activation_function = activation;
        }
    }

    /// The scales of a tensor.
    pub fn scales(&mut self, tensor: i32) -> &mut [f32] {
        let quantization = &mut self.graph().tensors[tensor as usize].quantization;
        quantization
            .as_mut()
            .map_or(&mut [], |quantization| &mut quantization.scale)
    }

    /// Takes the bias from the last operator.
    pub fn drop_bias(&mut self) {
        if let Some(last) = self.graph().operators.last_mut() {
            last.inputs[2] = -1;
        }
    }

    /// The shape of a tensor.
    pub fn shape(&self, tensor: i32) -> &[i32] {
        &self.model.subgraphs[0].tensors[tensor as usize].shape
    }

    fn random(&mut self) -> i8 {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        (self.seed >> 24) as i8
    }

    /// Weights with a scale for each index of `axis`, and biases with the scales that go with them.
    pub fn weights(&mut self, input: i32, shape: &[i32], axis: usize) -> [i32; 2] {
        let outputs = shape[axis];
        let count: i32 = shape.iter().product();
        let data = (0..count).map(|_| self.random().max(-127) as u8).collect();
        let scales: Vec<_> = (0..outputs)
            .map(|i| 0.002 + 0.0007 * (i % 5) as f32)
            .collect();
        let given = self.graph().tensors[input as usize]
            .quantization
            .as_ref()
            .map_or(1.0, |q| q.scale[0]);
        let bias_scales = scales.iter().map(|scale| scale * given).collect();
        let bias = (0..outputs)
            .flat_map(|_| (i32::from(self.random()) * 30).to_le_bytes())
            .collect();
        [
            self.tensor(
                shape,
                TensorType::Int8,
                Some((scales, 0, axis as i32)),
                data,
            ),
            self.tensor(
                &[outputs],
                TensorType::Int32,
                Some((bias_scales, 0, 0)),
                bias,
            ),
        ]
    }

    /// The bytes of a constant.
    pub fn data(&mut self, tensor: i32) -> &mut Vec<u8> {
        let buffer = self.graph().tensors[tensor as usize].buffer;
        &mut self.model.buffers[buffer as usize]
    }

    /// What the last operator has at place `i` of its inputs.
    pub fn last_input(&self, i: usize) -> i32 {
        self.model.subgraphs[0]
            .operators
            .last()
            .map_or(-1, |last| last.inputs[i])
    }
}

/// A convolution of `size` × `size`.
pub fn conv(
    build: &mut Build,
    input: i32,
    output: i32,
    size: i32,
    padding: Padding,
    stride: i32,
    dilation: i32,
) {
    let (given, made) = (build.shape(input)[3], build.shape(output)[3]);
    let [weights, bias] = build.weights(input, &[made, size, size, given], 0);
    let options = Conv2DOptions {
        padding,
        stride_w: stride,
        stride_h: stride,
        fused_activation_function: Activation::None,
        dilation_w_factor: dilation,
        dilation_h_factor: dilation,
    };
    build.operator(
        3,
        &[input, weights, bias],
        output,
        Some(Options::Conv2D(Box::new(options))),
    );
}

/// A depthwise convolution of `size` × `size`.
pub fn depthwise(
    build: &mut Build,
    input: i32,
    output: i32,
    size: i32,
    padding: Padding,
    stride: i32,
    dilation: i32,
) {
    let (given, made) = (build.shape(input)[3], build.shape(output)[3]);
    let [weights, bias] = build.weights(input, &[1, size, size, made], 3);
    let options = DepthwiseConv2DOptions {
        padding,
        stride_w: stride,
        stride_h: stride,
        depth_multiplier: made / given,
        fused_activation_function: Activation::None,
        dilation_w_factor: dilation,
        dilation_h_factor: dilation,
    };
    build.operator(
        4,
        &[input, weights, bias],
        output,
        Some(Options::DepthwiseConv2D(Box::new(options))),
    );
}

/// A pooling over 3 × 3, without padding.
pub fn pool(build: &mut Build, opcode: u32, input: i32, output: i32, stride: i32) {
    let options = Pool2DOptions {
        padding: Padding::Valid,
        stride_w: stride,
        stride_h: stride,
        filter_width: 3,
        filter_height: 3,
        fused_activation_function: Activation::None,
    };
    build.operator(
        opcode,
        &[input],
        output,
        Some(Options::Pool2D(Box::new(options))),
    );
}

/// A dense layer.
pub fn dense(build: &mut Build, input: i32, output: i32, inputs: i32) {
    let made = build.shape(output)[1];
    let [weights, bias] = build.weights(input, &[made, inputs], 0);
    let options = FullyConnectedOptions::default();
    build.operator(
        9,
        &[input, weights, bias],
        output,
        Some(Options::FullyConnected(Box::new(options))),
    );
}
