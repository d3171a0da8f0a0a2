//! How many networks there are.
//!
//! Which blocks may follow depends on nothing but the shape so far and the number of blocks still
//! to come; so the ways on from each shape are counted once (dynamic programming over shapes and
//! depth) instead of the networks one by one.

use std::collections::BTreeMap;

use onchip_tflite::topology::Dims;

use super::bind::{BoundSpace, Lists};

/// Numbers of ways. `u128::MAX` stands for itself and all larger numbers.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// By shape, then by the number of blocks still to come.
    ways: BTreeMap<Dims, Vec<u128>>,
}

impl Counts {
    pub(super) fn new(lists: &Lists, input: Dims) -> Self {
        let deepest = lists.depths.last().copied().unwrap_or(0);
        let steps = explore(lists, input, deepest);
        let mut ways: BTreeMap<Dims, Vec<u128>> =
            steps.keys().map(|&shape| (shape, vec![1])).collect();
        for blocks in 1..=deepest {
            let mut longer = Vec::new();
            for (&shape, (reached, next)) in &steps {
                if reached + blocks <= deepest {
                    let total = next.iter().fold(0_u128, |total, (to, count)| {
                        let on = ways.get(to).and_then(|ways| ways.get(blocks - 1));
                        total.saturating_add(count.saturating_mul(on.copied().unwrap_or(0)))
                    });
                    longer.push((shape, total));
                }
            }
            for (shape, total) in longer {
                ways.entry(shape).or_default().push(total);
            }
        }
        Self { ways }
    }

    /// In how many ways `blocks` more blocks can follow a value of that shape.
    pub(super) fn ways(&self, shape: Dims, blocks: usize) -> u128 {
        let ways = self.ways.get(&shape);
        let ways = ways.and_then(|ways| ways.get(blocks));
        ways.copied().unwrap_or(0)
    }
}

/// After how many blocks a shape first occurs, and how many blocks lead from it to which.
type Steps = BTreeMap<Dims, (usize, BTreeMap<Dims, u128>)>;

fn explore(lists: &Lists, input: Dims, deepest: usize) -> Steps {
    let mut steps = Steps::new();
    let mut shapes = vec![input];
    for reached in 0..=deepest {
        let mut found = Vec::new();
        for shape in shapes {
            if steps.contains_key(&shape) {
                continue;
            }
            let mut next = BTreeMap::new();
            if reached < deepest {
                let free = lists.kernels_at(shape).count() * per_layer(lists);
                for frame in lists.frames(shape) {
                    *next.entry(frame.output(shape)).or_insert(0) += free as u128;
                }
            }
            found.extend(next.keys().copied());
            steps.insert(shape, (reached, next));
        }
        shapes = found;
    }
    steps
}

/// Choices of normalization and activation.
fn per_layer(lists: &Lists) -> usize {
    lists.norms.len() * lists.activations.len()
}

impl BoundSpace {
    /// The exact number of architectures; `None` if it is 2¹²⁸ − 1 or more.
    ///
    /// Architectures are counted as they are written. A few of them may have the same layers, and
    /// then share one [`key`](crate::architecture::Architecture::key).
    pub fn size(&self) -> Option<u128> {
        let lists = &self.lists;
        let blocks = lists.depths.iter().fold(0_u128, |total, &depth| {
            total.saturating_add(self.counts.ways(self.input, depth))
        });
        let one = (lists.dense_widths.len() * per_layer(lists)) as u128;
        let dense = lists.dense_depths.iter().fold(0_u128, |total, &depth| {
            let exponent = u32::try_from(depth).unwrap_or(u32::MAX);
            total.saturating_add(one.saturating_pow(exponent))
        });
        let size = blocks
            .saturating_mul(lists.heads.len() as u128)
            .saturating_mul(dense);
        (size < u128::MAX).then_some(size)
    }
}
