//! Drawing networks.

use rand::RngExt;

use super::bind::BoundSpace;
use super::frames::Frame;
use crate::architecture::{Architecture, Block, BlockKind, Dense};
use crate::domain::Rng;

/// One of the values, all equally likely.
pub(super) fn pick<'a, T>(values: &'a [T], rng: &mut Rng) -> &'a T {
    &values[rng.random_range(0..values.len())]
}

/// Keeps the values whose `attribute` is a drawn one, all occurring ones equally likely.
fn narrow<T: Copy, A: Ord + Copy>(values: &mut Vec<T>, attribute: impl Fn(&T) -> A, rng: &mut Rng) {
    let mut occurring: Vec<A> = values.iter().map(&attribute).collect();
    occurring.sort();
    occurring.dedup();
    let drawn = *pick(&occurring, rng);
    values.retain(|value| attribute(value) == drawn);
}

impl BoundSpace {
    pub(super) fn draw(&self, rng: &mut Rng) -> Architecture {
        let depth = *pick(&self.depths(), rng);
        let mut shape = self.input;
        let mut blocks = Vec::with_capacity(depth);
        for following in (0..depth).rev() {
            let mut frames = self.frames_on(shape, following);
            narrow(&mut frames, |frame| kind_type(frame.kind), rng);
            narrow(&mut frames, |frame| frame.kind, rng);
            narrow(&mut frames, |frame| frame.width, rng);
            narrow(&mut frames, |frame| frame.stride, rng);
            narrow(&mut frames, |frame| frame.pool, rng);
            let frame = *pick(&frames, rng);
            let kernels: Vec<_> = self.lists.kernels_at(shape).collect();
            blocks.push(Block {
                kind: frame.kind,
                width: frame.width,
                kernel: *pick(&kernels, rng),
                stride: frame.stride,
                norm: *pick(&self.lists.norms, rng),
                activation: *pick(&self.lists.activations, rng),
                skip: frame.skip,
                pool: frame.pool,
            });
            shape = frame.output(shape);
        }
        let head = *pick(&self.lists.heads, rng);
        let depth = *pick(&self.lists.dense_depths, rng);
        let dense = (0..depth).map(|_| Dense {
            width: *pick(&self.lists.dense_widths, rng),
            norm: *pick(&self.lists.norms, rng),
            activation: *pick(&self.lists.activations, rng),
        });
        Architecture {
            input: self.input,
            blocks,
            head,
            dense: dense.collect(),
            classes: self.classes,
        }
    }

    /// The frames that may read a value of that shape, if `following` blocks come after. There are
    /// some wherever [`leads_on`](Self::leads_on) says so for one block more.
    pub(super) fn frames_on(
        &self,
        shape: onchip_tflite::topology::Dims,
        following: usize,
    ) -> Vec<Frame> {
        let mut frames = self.lists.frames(shape);
        frames.retain(|frame| self.leads_on(frame.output(shape), following));
        frames
    }
}

/// The kind without its expansion.
pub(super) fn kind_type(kind: BlockKind) -> u8 {
    match kind {
        BlockKind::Conv => 0,
        BlockKind::Separable => 1,
        BlockKind::Inverted(_) => 2,
    }
}
