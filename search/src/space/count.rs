//! How many networks there are.
//!
//! Which blocks may follow depends on nothing but the shape so far and the number of blocks still
//! to come; so the ways on from each shape are counted once (dynamic programming over shapes and
//! depth) instead of the networks one by one.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use onchip_tflite::topology::Dims;

use super::bind::{BoundSpace, Lists};

/// Numbers of ways.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// By shape, then by the number of blocks still to come.
    ways: BTreeMap<Dims, Vec<BigUint>>,
}

impl Counts {
    pub(super) fn new(lists: &Lists, input: Dims) -> Self {
        let deepest = lists.depths.last().copied().unwrap_or(0);
        let steps = explore(lists, input, deepest);
        let one = || vec![BigUint::from(1_u32)];
        let mut ways: BTreeMap<Dims, Vec<BigUint>> =
            steps.keys().map(|&shape| (shape, one())).collect();
        for blocks in 1..=deepest {
            let mut longer = Vec::new();
            for (&shape, (reached, next)) in &steps {
                if reached + blocks <= deepest {
                    let on = next.iter().filter_map(|(to, count)| {
                        let ways = ways.get(to)?.get(blocks - 1)?;
                        Some(ways * *count)
                    });
                    longer.push((shape, on.sum()));
                }
            }
            for (shape, total) in longer {
                ways.entry(shape).or_default().push(total);
            }
        }
        Self { ways }
    }

    /// In how many ways `blocks` more blocks can follow a value of that shape; `None` if in none.
    pub(super) fn ways(&self, shape: Dims, blocks: usize) -> Option<&BigUint> {
        let ways = self.ways.get(&shape)?.get(blocks)?;
        (*ways > BigUint::ZERO).then_some(ways)
    }
}

/// After how many blocks a shape first occurs, and how many blocks lead from it to which.
type Steps = BTreeMap<Dims, (usize, BTreeMap<Dims, u64>)>;

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
                    *next.entry(frame.output(shape)).or_insert(0) += free as u64;
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
    /// The exact number of architectures.
    ///
    /// Architectures are counted as they are written. A few of them may have the same layers, and
    /// then share one [`key`](crate::architecture::Architecture::key).
    pub fn size(&self) -> BigUint {
        let lists = &self.lists;
        let depths = lists.depths.iter();
        let blocks: BigUint = depths
            .filter_map(|&depth| self.counts.ways(self.input, depth))
            .sum();
        let one = BigUint::from(lists.dense_widths.len() * per_layer(lists));
        let depths = lists.dense_depths.iter();
        // Depths are at most 100, so that the exponent fits.
        let dense: BigUint = depths.map(|&depth| one.pow(depth as u32)).sum();
        blocks * lists.heads.len() * dense
    }
}
