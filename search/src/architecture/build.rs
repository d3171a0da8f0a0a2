//! From blocks to layers.

use onchip_tflite::hex;
use onchip_tflite::ir::{self, Padding, ValueId, Window};
use onchip_tflite::topology::{Dims, Error, Layer, Topology};
use sha2::{Digest, Sha256};

use super::{Activation, Architecture, Block, BlockKind, Dense, Head, Pool, PoolKind, Sides};

impl Architecture {
    /// The layers. What would do nothing is left out, so that networks that mean the same have the
    /// same layers: no activation, and the head of what is a vector already.
    ///
    /// # Errors
    /// A layer does not fit what it reads.
    pub fn topology(&self) -> Result<Topology, Error> {
        let mut topology = Topology::new(self.input);
        for block in &self.blocks {
            block.build(&mut topology)?;
        }
        let [height, width, _] = topology.shape(topology.output());
        if [height, width] != [1, 1] {
            topology.then(match self.head {
                Head::GlobalAverage => Layer::GlobalAveragePool,
                Head::Flatten => Layer::Flatten,
            })?;
        }
        for dense in &self.dense {
            dense.build(&mut topology)?;
        }
        let units = self.classes;
        topology.then(Layer::Dense { units })?;
        Ok(topology)
    }

    /// The same text for architectures with the same layers, whatever they are made of; else
    /// another one: a digest (SHA-256, in hexadecimal) of the layers and of what each reads. The
    /// order of summands makes no difference.
    pub fn key(&self) -> String {
        let text = self.topology().map_or_else(
            // What cannot be built is equal to itself only.
            |_| self.to_string(),
            |topology| canonical(&topology),
        );
        hex(&Sha256::digest(text.as_bytes()))
    }
}

/// One line per layer.
fn canonical(topology: &Topology) -> String {
    let mut text = format!("{:?}\n", topology.input());
    for node in topology.nodes() {
        let mut inputs: Vec<usize> = node
            .inputs
            .iter()
            .map(|value| value.layer().map_or(0, |layer| layer + 1))
            .collect();
        inputs.sort_unstable();
        text += &format!("{:?} {inputs:?}\n", node.layer);
    }
    text
}

impl Block {
    /// Channels of the depthwise convolution, or of the output if there is none.
    pub(crate) fn inner_channels(&self, input: usize) -> usize {
        match self.kind {
            BlockKind::Conv => self.width,
            BlockKind::Separable => input,
            BlockKind::Inverted(expansion) => input.saturating_mul(expansion),
        }
    }

    /// The shape before the pooling.
    pub(crate) fn before_pool(&self, [height, width, _]: Dims) -> Dims {
        let Sides([down, across]) = self.stride;
        let height = height.div_ceil(down.max(1));
        [height, width.div_ceil(across.max(1)), self.width]
    }

    /// The shape of the output; 0 where the pooling does not fit.
    pub(crate) fn output(&self, input: Dims) -> Dims {
        let shape @ [height, width, channels] = self.before_pool(input);
        let Some(Pool { size, stride, .. }) = self.pool else {
            return shape;
        };
        let places = |length: usize, axis: usize| {
            length
                .saturating_add(1)
                .saturating_sub(size.0[axis])
                .div_ceil(stride.0[axis].max(1))
        };
        [places(height, 0), places(width, 1), channels]
    }

    fn build(&self, topology: &mut Topology) -> Result<(), Error> {
        let input = topology.output();
        let window = |size: Sides, stride: Sides| Window {
            size: size.0,
            stride: stride.0,
            padding: Padding::Same,
        };
        let pointwise = |filters| Layer::Conv {
            filters,
            window: window(Sides::one(), Sides::one()),
        };
        let spatial = window(self.kernel, self.stride);
        let inner = self.inner_channels(topology.shape(input)[2]);
        let last_activation = match self.kind {
            BlockKind::Conv => {
                let filters = self.width;
                let window = spatial;
                self.layer(topology, Layer::Conv { filters, window })?;
                self.activation
            }
            BlockKind::Separable => {
                self.layer(topology, Layer::Depthwise { window: spatial })?;
                self.activation.build(topology)?;
                self.layer(topology, pointwise(self.width))?;
                self.activation
            }
            BlockKind::Inverted(expansion) => {
                if expansion != 1 {
                    self.layer(topology, pointwise(inner))?;
                    self.activation.build(topology)?;
                }
                self.layer(topology, Layer::Depthwise { window: spatial })?;
                self.activation.build(topology)?;
                self.layer(topology, pointwise(self.width))?;
                Activation::None
            }
        };
        if self.skip {
            let output: ValueId = topology.output();
            topology.push(Layer::Add, &[input, output])?;
        }
        last_activation.build(topology)?;
        if let Some(pool) = self.pool {
            topology.then(pool.layer())?;
        }
        Ok(())
    }

    fn layer(&self, topology: &mut Topology, layer: Layer) -> Result<(), Error> {
        topology.then(layer)?;
        if self.norm {
            topology.then(Layer::BatchNorm)?;
        }
        Ok(())
    }
}

impl Pool {
    fn layer(self) -> Layer {
        let window = Window {
            size: self.size.0,
            stride: self.stride.0,
            padding: Padding::Valid,
        };
        match self.kind {
            PoolKind::Max => Layer::MaxPool(window),
            PoolKind::Average => Layer::AveragePool(window),
        }
    }
}

impl Dense {
    fn build(self, topology: &mut Topology) -> Result<(), Error> {
        topology.then(Layer::Dense { units: self.width })?;
        if self.norm {
            topology.then(Layer::BatchNorm)?;
        }
        self.activation.build(topology)
    }
}

impl Activation {
    fn build(self, topology: &mut Topology) -> Result<(), Error> {
        let activation = match self {
            Self::None => return Ok(()),
            Self::Relu => ir::Activation::Relu,
            Self::Relu6 => ir::Activation::Relu6,
        };
        topology.then(Layer::Activation(activation)).map(drop)
    }
}
