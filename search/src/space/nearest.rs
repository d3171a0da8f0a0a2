//! The network of a space that is most like a given one.

use onchip_tflite::topology::Dims;

use super::bind::BoundSpace;
use super::sample::kind_type;
use crate::architecture::{Architecture, Block, BlockKind, Dense, Pool, Sides};

impl BoundSpace {
    /// The architecture of this space that is most like the given one, found block by block from
    /// the input on. What lies in the space stays as it is. Blocks beyond the largest depth are
    /// dropped; up to the smallest, the last one is repeated.
    pub fn nearest(&self, point: &Architecture) -> Architecture {
        if self.contains(point) {
            return point.clone();
        }
        let lists = &self.lists;
        let depth = closest(&self.depths(), point.blocks.len(), |a, b| a.abs_diff(*b));
        let mut shape = self.input;
        let mut blocks = Vec::with_capacity(depth);
        for index in 0..depth {
            let wanted = point.blocks.get(index).or(point.blocks.last());
            let block = self.nearest_block(wanted, shape, depth - index - 1);
            shape = block.output(shape);
            blocks.push(block);
        }
        let dense_depth = closest(&lists.dense_depths, point.dense.len(), |a, b| {
            a.abs_diff(*b)
        });
        let dense = (0..dense_depth).map(|index| {
            let wanted = point.dense.get(index).or(point.dense.last());
            let first = Dense {
                width: lists.dense_widths[0],
                norm: lists.norms[0],
                activation: lists.activations[0],
            };
            let wanted = *wanted.unwrap_or(&first);
            Dense {
                width: closest(&lists.dense_widths, wanted.width, |a, b| ratio(*a, *b)),
                norm: or_first(&lists.norms, wanted.norm),
                activation: or_first(&lists.activations, wanted.activation),
            }
        });
        Architecture {
            input: self.input,
            head: or_first(&lists.heads, point.head),
            dense: dense.collect(),
            blocks,
            classes: self.classes,
        }
    }

    /// The block most like the wanted one (or the first, if none is) that may read a value of that
    /// shape and be followed by that many.
    pub(super) fn nearest_block(
        &self,
        wanted: Option<&Block>,
        shape: Dims,
        following: usize,
    ) -> Block {
        let lists = &self.lists;
        let kernels: Vec<Sides> = lists.kernels_at(shape).collect();
        let first = Block {
            kind: lists.kinds[0],
            width: lists.widths[0],
            kernel: kernels[0],
            stride: Sides::one(),
            norm: lists.norms[0],
            activation: lists.activations[0],
            skip: false,
            pool: None,
        };
        let wanted = *wanted.unwrap_or(&first);
        let free = Block {
            kernel: closest(&kernels, wanted.kernel, |a, b| sides(*a, *b)),
            norm: or_first(&lists.norms, wanted.norm),
            activation: or_first(&lists.activations, wanted.activation),
            ..wanted
        };
        let frames = self.frames_on(shape, following);
        let blocks = frames.into_iter().map(|frame| frame.block(&free));
        let nearest = blocks.min_by_key(|block| distance(block, &wanted));
        nearest.unwrap_or(free)
    }
}

/// How unlike two blocks are; types weigh most, then what shrinks the map, then widths.
pub(super) fn distance(a: &Block, b: &Block) -> usize {
    let expansion = |kind| match kind {
        BlockKind::Inverted(by) => by,
        _ => 1,
    };
    let unlike = |differs: bool, weight: usize| if differs { weight } else { 0 };
    unlike(kind_type(a.kind) != kind_type(b.kind), 10_000)
        + 4 * sides(a.stride, b.stride)
        + 4 * pools(a.pool, b.pool)
        + ratio(a.width, b.width)
        + ratio(expansion(a.kind), expansion(b.kind))
        + unlike(a.skip != b.skip, 10)
}

fn pools(a: Option<Pool>, b: Option<Pool>) -> usize {
    match (a, b) {
        (None, None) => 0,
        (Some(a), Some(b)) => {
            let kinds = if a.kind == b.kind { 0 } else { 20 };
            kinds + sides(a.size, b.size) / 2 + sides(a.stride, b.stride)
        }
        (Some(pool), None) | (None, Some(pool)) => 20 + sides(pool.stride, Sides::one()),
    }
}

fn sides(a: Sides, b: Sides) -> usize {
    ratio(a.0[0], b.0[0]) + ratio(a.0[1], b.0[1])
}

/// By how many percent the larger exceeds the smaller.
fn ratio(a: usize, b: usize) -> usize {
    let (small, large) = (a.min(b).max(1), a.max(b).max(1));
    (large - small).saturating_mul(100) / small
}

fn closest<T: Copy>(values: &[T], wanted: T, distance: impl Fn(&T, &T) -> usize) -> T {
    let values = values.iter().copied();
    let closest = values.min_by_key(|value| distance(value, &wanted));
    closest.unwrap_or(wanted)
}

fn or_first<T: Copy + PartialEq>(values: &[T], wanted: T) -> T {
    if values.contains(&wanted) {
        wanted
    } else {
        values[0]
    }
}
