//! From a TFLite [`Model`] to a [`Network`].

use std::collections::HashMap;

use super::error::{Error, Problem};
use super::{
    Activation, Add, Affine, Conv2d, DepthwiseConv2d, FullyConnected, Layer, Mean, Network, Op,
    Pad, Pool2d, Reshape, Softmax, Value, ValueId, Weights, Window,
};
use crate::model::options::{Activation as Fused, WeightsFormat};
use crate::model::{Model, Operator, Options, Subgraph, Tensor, TensorType};

impl Network {
    /// A model as a network.
    ///
    /// # Errors
    /// The model has several inputs, outputs or subgraphs, operators that no layer stands for, or
    /// tensors of other types than a network has.
    pub fn from_model(model: &Model) -> Result<Self, Error> {
        let [graph] = &model.subgraphs[..] else {
            return Err(Error::Several {
                what: "subgraphs",
                count: model.subgraphs.len(),
            });
        };
        let single = |what, list: &[i32]| match list {
            [one] => Ok(*one),
            _ => Err(Error::Several {
                what,
                count: list.len(),
            }),
        };
        let input = single("inputs", &graph.inputs)?;
        let mut lifting = Lifting {
            model,
            graph,
            values: HashMap::from([(input, ValueId::INPUT)]),
        };
        let value = lifting.value(input, 0).map_err(Error::Input)?;
        let mut network = Self::new(&graph.name, value);
        for (index, operator) in graph.operators.iter().enumerate() {
            let layer = lifting.layer(operator).map_err(|problem| {
                let op = model
                    .opcode(operator)
                    .map_or("UNKNOWN", |opcode| opcode.name());
                Error::Operator { index, op, problem }
            })?;
            lifting
                .values
                .insert(operator.outputs[0], ValueId::of_layer(index));
            network.layers.push(layer);
        }
        let layers = network.layers.len();
        let output = single("outputs", &graph.outputs)?;
        network.output = *lifting
            .values
            .get(&output)
            .ok_or(Error::Output { layers })?;
        network.check()?;
        Ok(network)
    }
}

struct Lifting<'m> {
    model: &'m Model,
    graph: &'m Subgraph,
    /// Tensors that are values.
    values: HashMap<i32, ValueId>,
}

impl Lifting<'_> {
    fn layer(&self, operator: &Operator) -> Result<Layer, Problem> {
        let [output] = operator.outputs[..] else {
            let found = operator.outputs.len();
            return Err(Problem::Length {
                what: "outputs",
                found,
                wanted: 1,
            });
        };
        let output = self.value(output, operator.inputs.len())?;
        let op = self.op(operator, &output)?;
        Ok(Layer { op, output })
    }

    fn op(&self, operator: &Operator, output: &Value) -> Result<Op, Problem> {
        let opcode = self
            .model
            .opcode(operator)
            .map_or(u32::MAX, |opcode| opcode.0);
        let input = || self.input(operator, 0);
        Ok(match (opcode, &operator.options) {
            (3, Some(Options::Conv2D(o))) => Op::Conv2d(Conv2d {
                input: input()?,
                outputs: self.dim(operator, 1, 0)?,
                window: Window {
                    size: [self.dim(operator, 1, 1)?, self.dim(operator, 1, 2)?],
                    stride: [size(o.stride_h)?, size(o.stride_w)?],
                    padding: o.padding,
                },
                dilation: [size(o.dilation_h_factor)?, size(o.dilation_w_factor)?],
                weights: self.weights(operator, 0)?,
                activation: activation(o.fused_activation_function)?,
            }),
            (4, Some(Options::DepthwiseConv2D(o))) => Op::DepthwiseConv2d(DepthwiseConv2d {
                input: input()?,
                multiplier: self.dim(operator, 1, 3)? / self.dim(operator, 0, 3)?.max(1),
                window: Window {
                    size: [self.dim(operator, 1, 1)?, self.dim(operator, 1, 2)?],
                    stride: [size(o.stride_h)?, size(o.stride_w)?],
                    padding: o.padding,
                },
                dilation: [size(o.dilation_h_factor)?, size(o.dilation_w_factor)?],
                weights: self.weights(operator, 3)?,
                activation: activation(o.fused_activation_function)?,
            }),
            (9, Some(Options::FullyConnected(o))) => {
                if o.weights_format != WeightsFormat::Default {
                    return Err(Problem::Option {
                        option: "weights_format",
                    });
                }
                if o.keep_num_dims && output.shape.len() != 2 {
                    return Err(Problem::Option {
                        option: "keep_num_dims",
                    });
                }
                Op::FullyConnected(FullyConnected {
                    input: input()?,
                    inputs: self.dim(operator, 1, 1)?,
                    outputs: self.dim(operator, 1, 0)?,
                    weights: self.weights(operator, 0)?,
                    activation: activation(o.fused_activation_function)?,
                })
            }
            (code @ (1 | 17), Some(Options::Pool2D(o))) => {
                let pool = Pool2d {
                    input: input()?,
                    window: Window {
                        size: [size(o.filter_height)?, size(o.filter_width)?],
                        stride: [size(o.stride_h)?, size(o.stride_w)?],
                        padding: o.padding,
                    },
                    activation: activation(o.fused_activation_function)?,
                };
                if code == 17 {
                    Op::MaxPool2d(pool)
                } else {
                    Op::AveragePool2d(pool)
                }
            }
            (0, Some(Options::Add(o))) => Op::Add(Add {
                left: input()?,
                right: self.input(operator, 1)?,
                activation: activation(o.fused_activation_function)?,
            }),
            (25, Some(Options::Softmax(o))) => Op::Softmax(Softmax {
                input: input()?,
                beta: o.beta,
            }),
            // The shape is stated by the output, whatever way the operator states it.
            (22, _) => Op::Reshape(Reshape {
                input: input()?,
                shape: output.shape.clone(),
            }),
            (34, _) => {
                let margins = self.numbers(operator, 1)?;
                let pairs = margins.chunks_exact(2);
                let margins = pairs.map(|pair| Ok([size(pair[0])?, size(pair[1])?]));
                Op::Pad(Pad {
                    input: input()?,
                    margins: margins.collect::<Result<_, _>>()?,
                })
            }
            (40, Some(Options::Reducer(o))) => Op::Mean(Mean {
                input: input()?,
                axes: self.axes(operator)?,
                keep_dims: o.keep_dims,
            }),
            _ => return Err(Problem::Unsupported),
        })
    }

    /// A tensor that holds int8 with one scale.
    fn value(&self, tensor: i32, operand: usize) -> Result<Value, Problem> {
        let wanted = Problem::Operand {
            operand,
            wanted: "int8 with one scale and zero point",
        };
        let tensor = self.tensor(tensor).ok_or(wanted.clone())?;
        let quantization = tensor.quantization.as_ref().ok_or(wanted.clone())?;
        let ([scale], [zero_point]) = (&quantization.scale[..], &quantization.zero_point[..])
        else {
            return Err(wanted);
        };
        let zero_point = i8::try_from(*zero_point).ok();
        let is_int8 = tensor.ty == TensorType::Int8;
        let zero_point = zero_point.filter(|_| is_int8).ok_or(wanted)?;
        let shape = tensor
            .shape
            .iter()
            .map(|&dim| size(dim))
            .collect::<Result<_, _>>()?;
        Ok(Value {
            shape,
            quantization: Affine {
                scale: *scale,
                zero_point,
            },
        })
    }

    fn input(&self, operator: &Operator, operand: usize) -> Result<ValueId, Problem> {
        let wanted = Problem::Operand {
            operand,
            wanted: "computed",
        };
        let tensor = operator.inputs.get(operand).ok_or(wanted.clone())?;
        self.values.get(tensor).copied().ok_or(wanted)
    }

    fn weights(&self, operator: &Operator, axis: i32) -> Result<Weights, Problem> {
        let wanted = |operand, wanted| Problem::Operand { operand, wanted };
        let not_weights = wanted(1, "constant int8 with zero points of 0");
        let (tensor, data) = self.constant(operator, 1).ok_or(not_weights.clone())?;
        let quantization = tensor.quantization.as_ref().ok_or(not_weights.clone())?;
        let is_symmetric = quantization
            .zero_point
            .iter()
            .all(|&zero_point| zero_point == 0);
        if tensor.ty != TensorType::Int8 || !is_symmetric {
            return Err(not_weights);
        }
        if quantization.scale.len() > 1 && quantization.axis != axis {
            return Err(wanted(1, "quantized along its output channels"));
        }
        let bias = match operator.inputs.get(2) {
            None | Some(-1) => Vec::new(),
            Some(_) => self.numbers(operator, 2)?,
        };
        let values = data.iter().map(|&byte| byte as i8).collect();
        Ok(Weights {
            values,
            scales: quantization.scale.clone(),
            bias,
        })
    }

    fn axes(&self, operator: &Operator) -> Result<Vec<usize>, Problem> {
        let rank = self
            .operand(operator, 0)
            .map_or(0, |tensor| tensor.shape.len());
        let from_end = |axis: i32| {
            if axis < 0 {
                axis.saturating_add(rank as i32)
            } else {
                axis
            }
        };
        let axes = self.numbers(operator, 1)?;
        let axes: Result<Vec<_>, _> = axes.into_iter().map(|axis| size(from_end(axis))).collect();
        let mut axes = axes?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }

    /// A constant list of int32.
    fn numbers(&self, operator: &Operator, operand: usize) -> Result<Vec<i32>, Problem> {
        let constant = self.constant(operator, operand);
        let constant = constant.filter(|(tensor, _)| tensor.ty == TensorType::Int32);
        let wanted = "constant int32";
        let (_, data) = constant.ok_or(Problem::Operand { operand, wanted })?;
        let (words, _) = data.as_chunks();
        Ok(words.iter().copied().map(i32::from_le_bytes).collect())
    }

    fn constant(&self, operator: &Operator, operand: usize) -> Option<(&Tensor, &[u8])> {
        let tensor = self.operand(operator, operand)?;
        Some((tensor, self.model.constant(tensor)?))
    }

    fn dim(&self, operator: &Operator, operand: usize, axis: usize) -> Result<usize, Problem> {
        let tensor = self.operand(operator, operand);
        let dim = tensor.and_then(|tensor| tensor.shape.get(axis));
        size(*dim.ok_or(Problem::Operand {
            operand,
            wanted: "of more dimensions",
        })?)
    }

    fn operand(&self, operator: &Operator, operand: usize) -> Option<&Tensor> {
        self.tensor(*operator.inputs.get(operand)?)
    }

    fn tensor(&self, index: i32) -> Option<&Tensor> {
        self.graph.tensors.get(usize::try_from(index).ok()?)
    }
}

fn size(number: i32) -> Result<usize, Problem> {
    let negative = |_| Problem::Option { option: "a size" };
    usize::try_from(number).map_err(negative)
}

fn activation(fused: Fused) -> Result<Activation, Problem> {
    match fused {
        Fused::None => Ok(Activation::None),
        Fused::Relu => Ok(Activation::Relu),
        Fused::ReluN1To1 => Ok(Activation::ReluN1To1),
        Fused::Relu6 => Ok(Activation::Relu6),
        Fused::Tanh | Fused::SignBit => Err(Problem::Option {
            option: "fused_activation_function",
        }),
    }
}
