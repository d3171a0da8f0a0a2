//! The networks one step away.

use std::collections::BTreeSet;

use super::bind::{BoundSpace, plain};
use super::sample::kind_type;
use crate::architecture::{Architecture, Block, BlockKind, Dense};

impl BoundSpace {
    /// The architectures that differ from `point` by one step, each with layers of its own:
    ///
    /// - a block removed, or one of each type inserted anywhere, as like the block before it as
    ///   can be but without stride and pooling (where a depth is not listed, as many as lead to
    ///   the next one that is);
    /// - a block's type changed; its width, kernel, stride or expansion one further in the list;
    ///   its normalization, activation, pooling or branch another;
    /// - another head; a dense layer removed, inserted, or changed in the same ways.
    ///
    /// Where a step changes whether another block's branch is possible, that branch is changed as
    /// well; where it makes the network impossible otherwise, there is no such neighbour. So most
    /// steps can be undone by one, but not all.
    pub fn neighbours(&self, point: &Architecture) -> Vec<Architecture> {
        let mut steps = Vec::new();
        self.depth_steps(point, &mut steps);
        self.block_steps(point, &mut steps);
        self.head_steps(point, &mut steps);
        self.dense_steps(point, &mut steps);
        let mut seen = BTreeSet::from([point.key()]);
        for step in &mut steps {
            self.settle(step);
        }
        steps.retain(|step| self.contains(step) && seen.insert(step.key()));
        steps
    }

    fn depth_steps(&self, point: &Architecture, steps: &mut Vec<Architecture>) {
        let depth = point.blocks.len();
        let depths = self.depths();
        if let Some(less) = depths.iter().rev().find(|&&other| other < depth) {
            for start in 0..=*less {
                let mut step = point.clone();
                step.blocks.drain(start..start + depth - less);
                steps.push(step);
            }
        }
        if let Some(more) = depths.iter().find(|&&other| other > depth) {
            let mut shape = point.input;
            for place in 0..=depth {
                let like = place
                    .checked_sub(1)
                    .map_or(point.blocks.first(), |before| point.blocks.get(before));
                for block in self.one_of_each_type(like.copied().map(plain), shape) {
                    let mut step = point.clone();
                    let blocks = std::iter::repeat_n(block, more - depth);
                    step.blocks.splice(place..place, blocks);
                    steps.push(step);
                }
                if let Some(block) = point.blocks.get(place) {
                    shape = block.output(shape);
                }
            }
        }
    }

    /// For each type, the block of it that is most like the given one.
    fn one_of_each_type(
        &self,
        like: Option<Block>,
        shape: onchip_tflite::topology::Dims,
    ) -> Vec<Block> {
        if !self.leads_on(shape, 1) && self.lists.frames(shape).is_empty() {
            return Vec::new();
        }
        let mut types: Vec<BlockKind> = self.lists.kinds.clone();
        types.dedup_by_key(|kind| kind_type(*kind));
        let blocks = types.into_iter().map(|kind| {
            let like = like.map(|block| Block { kind, ..block });
            match like {
                Some(like) => self.nearest_block(Some(&like), shape, 0),
                None => {
                    let first = self.nearest_block(None, shape, 0);
                    self.nearest_block(Some(&Block { kind, ..first }), shape, 0)
                }
            }
        });
        blocks.collect()
    }

    fn block_steps(&self, point: &Architecture, steps: &mut Vec<Architecture>) {
        let lists = &self.lists;
        for (index, block) in point.blocks.iter().enumerate() {
            let mut to = |block: Block| {
                let mut step = point.clone();
                step.blocks[index] = block;
                steps.push(step);
            };
            for kind in self.kinds_from(block.kind) {
                to(Block { kind, ..*block });
            }
            for width in adjacent(&lists.widths, block.width) {
                to(Block { width, ..*block });
            }
            for kernel in adjacent(&lists.kernels, block.kernel) {
                to(Block { kernel, ..*block });
            }
            for stride in adjacent(&lists.strides, block.stride) {
                to(Block { stride, ..*block });
            }
            for norm in others(&lists.norms, block.norm) {
                to(Block { norm, ..*block });
            }
            for activation in others(&lists.activations, block.activation) {
                to(Block {
                    activation,
                    ..*block
                });
            }
            for pool in others(&lists.pools, block.pool) {
                to(Block { pool, ..*block });
            }
            for skip in others(&lists.skips, block.skip) {
                to(Block { skip, ..*block });
            }
        }
    }

    /// Other types with each of their expansions, and the next expansions of the same type.
    fn kinds_from(&self, kind: BlockKind) -> Vec<BlockKind> {
        let kinds = self.lists.kinds.iter().copied();
        let (same, mut result): (Vec<_>, Vec<_>) =
            kinds.partition(|&other| kind_type(other) == kind_type(kind));
        result.extend(adjacent(&same, kind));
        result
    }

    fn head_steps(&self, point: &Architecture, steps: &mut Vec<Architecture>) {
        for head in others(&self.lists.heads, point.head) {
            let mut step = point.clone();
            step.head = head;
            steps.push(step);
        }
    }

    fn dense_steps(&self, point: &Architecture, steps: &mut Vec<Architecture>) {
        let lists = &self.lists;
        let depth = point.dense.len();
        let depths = &lists.dense_depths;
        if let Some(less) = depths.iter().rev().find(|&&other| other < depth) {
            for start in 0..=*less {
                let mut step = point.clone();
                step.dense.drain(start..start + depth - less);
                steps.push(step);
            }
        }
        if let Some(more) = depths.iter().find(|&&other| other > depth) {
            for place in 0..=depth {
                for &width in &lists.dense_widths {
                    let like = point.dense.get(place.saturating_sub(1));
                    let dense = Dense {
                        width,
                        norm: like.map_or(lists.norms[0], |dense| dense.norm),
                        activation: like.map_or(lists.activations[0], |dense| dense.activation),
                    };
                    let mut step = point.clone();
                    let layers = std::iter::repeat_n(dense, more - depth);
                    step.dense.splice(place..place, layers);
                    steps.push(step);
                }
            }
        }
        for (index, dense) in point.dense.iter().enumerate() {
            let mut to = |dense: Dense| {
                let mut step = point.clone();
                step.dense[index] = dense;
                steps.push(step);
            };
            for width in adjacent(&lists.dense_widths, dense.width) {
                to(Dense { width, ..*dense });
            }
            for norm in others(&lists.norms, dense.norm) {
                to(Dense { norm, ..*dense });
            }
            for activation in others(&lists.activations, dense.activation) {
                to(Dense {
                    activation,
                    ..*dense
                });
            }
        }
    }
}

/// The values before and after this one.
fn adjacent<T: Copy + PartialEq>(values: &[T], value: T) -> Vec<T> {
    let Some(place) = values.iter().position(|&other| other == value) else {
        return Vec::new();
    };
    let before = place.checked_sub(1).map(|before| values[before]);
    before
        .into_iter()
        .chain(values.get(place + 1).copied())
        .collect()
}

/// The values but this one.
fn others<T: Copy + PartialEq>(values: &[T], value: T) -> Vec<T> {
    let values = values.iter().copied();
    values.filter(|&other| other != value).collect()
}
