//! Spaces as TI's tools describe them: convolutions, poolings, dense layers.

use onchip_search::architecture::{Activation, Architecture, BlockKind, Head, PoolKind};
use onchip_search::space::{BlockType, Choice, Choices, Extent, Kind, PoolChoice, Space};

use super::SearchSpace;

/// The space of a search. What a file does not list is as in TI's description of it: number of
/// layers, channels, kernels, strides, normalization, max and average pooling.
pub(super) fn searched(kind: Kind, lists: &SearchSpace, npu: bool) -> Space {
    let pool = |kind, size, stride| PoolChoice::Window {
        kind,
        size: Extent::Number(size),
        stride: Extent::Number(stride),
    };
    let or = |list: &Option<Vec<usize>>, usual: &[usize]| {
        Some(Choices(list.clone().unwrap_or_else(|| usual.to_vec())))
    };
    let kernels = lists.conv_kernels.clone().unwrap_or_else(|| vec![3, 5, 7]);
    let has_dense = lists.fc_features.is_some();
    Space {
        blocks: Some(Choices(vec![BlockType::Conv])),
        depth: or(&lists.num_conv_layers, &[1, 2, 3, 4]),
        widths: or(&lists.conv_channels, &[4, 8, 16, 24, 32]),
        kernels: Some(Choices(kernels.into_iter().map(Extent::Number).collect())),
        strides: Some(Choices(vec![Extent::Number(1), Extent::Number(2)])),
        norm: Some(Choices(vec![true])),
        activations: Some(Choices(vec![Activation::Relu])),
        pools: Some(Choices(vec![
            PoolChoice::None,
            pool(PoolKind::Max, 2, 2),
            pool(PoolKind::Max, 3, 2),
            pool(PoolKind::Average, 2, 2),
        ])),
        skip: Some(Choices(vec![false])),
        head: Some(Choices(vec![Head::GlobalAverage, Head::Flatten])),
        dense: Some(Choices(if has_dense { vec![1] } else { vec![0, 1] })),
        dense_widths: or(&lists.fc_features, &[16, 32, 64]),
        npu,
        ..Space::new(kind)
    }
}

/// A space that holds a network: of all that it is made of, what occurs in it.
pub(super) fn around(kind: Kind, network: &Architecture) -> Space {
    let of_sides = |[height, width]: [usize; 2]| Extent::Sides([height, width]);
    let blocks = || network.blocks.iter();
    let dense = || network.dense.iter();
    let expansion = |kind: &BlockKind| match kind {
        BlockKind::Inverted(expansion) => Some(*expansion),
        _ => None,
    };
    let block_type = |kind: BlockKind| match kind {
        BlockKind::Conv => BlockType::Conv,
        BlockKind::Separable => BlockType::Separable,
        BlockKind::Inverted(_) => BlockType::Inverted,
    };
    let pool = |pool: Option<onchip_search::architecture::Pool>| match pool {
        None => PoolChoice::None,
        Some(pool) => PoolChoice::Window {
            kind: pool.kind,
            size: of_sides(pool.size.0),
            stride: of_sides(pool.stride.0),
        },
    };
    Space {
        blocks: distinct(blocks().map(|block| block_type(block.kind))),
        depth: distinct([blocks().count()]),
        widths: distinct(blocks().map(|block| block.width)),
        kernels: distinct(blocks().map(|block| of_sides(block.kernel.0))),
        strides: distinct(blocks().map(|block| of_sides(block.stride.0))),
        expansions: distinct(blocks().filter_map(|block| expansion(&block.kind))),
        norm: distinct((blocks().map(|block| block.norm)).chain(dense().map(|dense| dense.norm))),
        activations: distinct(
            (blocks().map(|block| block.activation)).chain(dense().map(|dense| dense.activation)),
        ),
        pools: distinct(blocks().map(|block| pool(block.pool))),
        skip: distinct(blocks().map(|block| block.skip)),
        head: distinct([network.head]),
        dense: distinct([dense().count()]),
        dense_widths: distinct(dense().map(|dense| dense.width)),
        ..Space::new(kind)
    }
}

/// Each value once, in the order of their first occurrence; the default where there is none.
fn distinct<T: Choice + PartialEq>(values: impl IntoIterator<Item = T>) -> Option<Choices<T>> {
    let mut kept: Vec<T> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    (!kept.is_empty()).then_some(Choices(kept))
}
