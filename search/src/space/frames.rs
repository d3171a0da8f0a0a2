//! Which blocks may stand where: the rules of a space, in one place.

use onchip_tflite::topology::Dims;

use super::bind::BoundSpace;
use super::bind::Lists;
use super::choices::fits;
use crate::architecture::{Architecture, Block, BlockKind, Pool, Sides};

/// Most elements of a value, as in [`onchip_tflite::topology`].
const MAX_ELEMENTS: usize = i32::MAX as usize;

/// What of a block decides its shapes; kernel, normalization and activation are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) kind: BlockKind,
    pub(super) width: usize,
    pub(super) stride: Sides,
    pub(super) pool: Option<Pool>,
    pub(super) skip: bool,
}

impl Frame {
    /// A block in that frame, the rest taken from `like`.
    pub(super) fn block(self, like: &Block) -> Block {
        Block {
            kind: self.kind,
            width: self.width,
            stride: self.stride,
            pool: self.pool,
            skip: self.skip,
            ..*like
        }
    }

    fn bare(self) -> Block {
        self.block(&Block {
            kind: self.kind,
            width: self.width,
            kernel: Sides::one(),
            stride: self.stride,
            norm: false,
            activation: crate::architecture::Activation::None,
            skip: false,
            pool: None,
        })
    }

    /// The shape of the output.
    pub(super) fn output(self, input: Dims) -> Dims {
        self.bare().output(input)
    }
}

impl From<&Block> for Frame {
    fn from(block: &Block) -> Self {
        Self {
            kind: block.kind,
            width: block.width,
            stride: block.stride,
            pool: block.pool,
            skip: block.skip,
        }
    }
}

impl Lists {
    /// All frames that may read a value of that shape.
    pub(super) fn frames(&self, input: Dims) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.kernels_at(input).next().is_none() {
            return frames;
        }
        for &kind in &self.kinds {
            for &width in &self.widths {
                for &stride in self.strides.iter().filter(|&&s| fits(s, input)) {
                    for &pool in &self.pools {
                        let frame = Frame {
                            kind,
                            width,
                            stride,
                            pool,
                            skip: false,
                        };
                        if self.stands(frame, input) {
                            let skips = self.skips_of(&frame.bare(), input);
                            frames.extend(skips.iter().map(|&skip| Frame { skip, ..frame }));
                        }
                    }
                }
            }
        }
        frames
    }

    /// Kernels of which every place meets data somewhere.
    pub(super) fn kernels_at(&self, [height, width, _]: Dims) -> impl Iterator<Item = Sides> {
        let kernels = self.kernels.iter().copied();
        kernels.filter(move |kernel| kernel.0[0] < 2 * height && kernel.0[1] < 2 * width)
    }

    /// Whether there may be an identity branch: where the shapes allow it, what the list says.
    pub(super) fn skips_of(&self, block: &Block, input: Dims) -> &[bool] {
        if block.before_pool(input) == input {
            &self.skips
        } else {
            &[false]
        }
    }

    fn stands(&self, frame: Frame, input: Dims) -> bool {
        let block = frame.bare();
        let shape = block.before_pool(input);
        let inner = block.inner_channels(input[2]);
        let is_small = |dims: Dims| {
            let product = dims
                .iter()
                .try_fold(1_usize, |product, &dim| product.checked_mul(dim));
            product.is_some_and(|elements| elements <= MAX_ELEMENTS)
        };
        fits(frame.stride, input)
            && frame.pool.is_none_or(|pool| fits(pool.size, shape))
            && is_small(shape)
            && is_small([input[0], input[1], inner])
            && (!self.is_npu || inner.is_multiple_of(4))
    }

    /// Whether the block may read a value of that shape.
    fn allows(&self, block: &Block, input: Dims) -> bool {
        let frame = Frame::from(block);
        self.kinds.contains(&block.kind)
            && self.widths.contains(&block.width)
            && self.strides.contains(&block.stride)
            && self.pools.contains(&block.pool)
            && self.norms.contains(&block.norm)
            && self.activations.contains(&block.activation)
            && self.kernels_at(input).any(|kernel| kernel == block.kernel)
            && self.stands(frame, input)
            && self.skips_of(block, input).contains(&block.skip)
    }
}

impl BoundSpace {
    /// Whether the architecture is one of this space.
    pub fn contains(&self, point: &Architecture) -> bool {
        let lists = &self.lists;
        let mut shape = point.input;
        let mut blocks = point.blocks.iter();
        point.input == self.input
            && point.classes == self.classes
            && lists.depths.contains(&point.blocks.len())
            && blocks.all(|block| {
                let is_allowed = lists.allows(block, shape);
                shape = block.output(shape);
                is_allowed
            })
            && lists.heads.contains(&point.head)
            && lists.dense_depths.contains(&point.dense.len())
            && point.dense.iter().all(|dense| {
                lists.dense_widths.contains(&dense.width)
                    && lists.norms.contains(&dense.norm)
                    && lists.activations.contains(&dense.activation)
            })
    }

    /// Sets every identity branch to what its place allows, if that is another than it has.
    pub(super) fn settle(&self, point: &mut Architecture) {
        let mut shape = point.input;
        for block in &mut point.blocks {
            let skips = self.lists.skips_of(block, shape);
            if !skips.contains(&block.skip) {
                block.skip = skips[0];
            }
            shape = block.output(shape);
        }
    }
}
