//! Crossing two networks.

use super::bind::BoundSpace;
use super::sample::pick;
use crate::architecture::Architecture;
use crate::domain::Rng;

impl BoundSpace {
    pub(super) fn cross(
        &self,
        left: &Architecture,
        right: &Architecture,
        rng: &mut Rng,
    ) -> Architecture {
        let (blocks, rest) = (&left.blocks, &right.blocks);
        let (kept, skipped) = cut(blocks.len(), rest.len(), &self.depths(), rng);
        let blocks = blocks[..kept].iter().chain(&rest[skipped..]).copied();
        let (dense, others) = (&left.dense, &right.dense);
        let depths = &self.lists.dense_depths;
        let (kept, skipped) = cut(dense.len(), others.len(), depths, rng);
        let dense = dense[..kept].iter().chain(&others[skipped..]).copied();
        self.nearest(&Architecture {
            input: self.input,
            blocks: blocks.collect(),
            head: *pick(&[left.head, right.head], rng),
            dense: dense.collect(),
            classes: self.classes,
        })
    }
}

/// How much of a first list to keep and how much of a second to skip, so that the rest has one of
/// the lengths; all such cuts are equally likely.
fn cut(first: usize, second: usize, lengths: &[usize], rng: &mut Rng) -> (usize, usize) {
    let mut cuts = Vec::new();
    for kept in 0..=first {
        for skipped in 0..=second {
            if lengths.contains(&(kept + second - skipped)) {
                cuts.push((kept, skipped));
            }
        }
    }
    match cuts.len() {
        // Neither is of this space.
        0 => (first, second),
        _ => *pick(&cuts, rng),
    }
}
