//! Random movements against the plainest way to say where each element goes.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::batches;
use super::batches::Batches;
use super::copy::Copy;
use super::gather::Gather;
use super::mirror_pad::{Border, MirrorPad};
use super::sides::Side;
use super::strided_slice::Along;
use crate::op::tests::run_two as run;
use crate::tensor::MAX_RANK;

/// Different bytes, as many as there are.
fn bytes(count: usize) -> Vec<i8> {
    (0..count).map(|i| (i * 7 + i / 251) as i8).collect()
}

/// All positions in a tensor, in order.
fn positions(dims: &[usize]) -> Vec<Vec<usize>> {
    dims.iter().fold(vec![vec![]], |all, &dim| {
        let longer = |position: &Vec<usize>| {
            let position = position.clone();
            (0..dim).map(move |i| [&*position, &[i]].concat())
        };
        all.iter().flat_map(longer).collect()
    })
}

fn index(position: &[usize], dims: &[usize]) -> usize {
    position
        .iter()
        .zip(dims)
        .fold(0, |index, (&i, &dim)| index * dim + i)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn permutations_either_way(
        dims in prop::collection::vec(1..4_usize, 0..=MAX_RANK),
        keys in prop::array::uniform6(any::<u8>()),
        element in prop::sample::select(vec![1_usize, 2, 4, 8]),
    ) {
        let mut order: Vec<usize> = (0..dims.len()).collect();
        order.sort_by_key(|&i| keys[i]);
        let to: Vec<usize> = order.iter().map(|&i| dims[i]).collect();
        let (from_side, to_side) = (Side::new(&dims, element), Side::new(&to, element));
        let mut copy = Copy::run(element);
        for (i, &from) in order.iter().enumerate().rev() {
            copy.repeat(to[i], from_side.stride(from), to_side.stride(i));
        }
        let input = bytes(dims.iter().product::<usize>() * element);
        let mut output = vec![0; input.len()];
        copy.copy(&input, &mut output);
        for position in positions(&to) {
            let mut source = vec![0; dims.len()];
            order.iter().zip(&position).for_each(|(&from, &i)| source[from] = i);
            let (from, to) = (index(&source, &dims) * element, index(&position, &to) * element);
            prop_assert_eq!(&output[to..to + element], &input[from..from + element]);
        }
        let mut back = vec![0; input.len()];
        copy.reverse();
        copy.copy(&output, &mut back);
        prop_assert_eq!(back, input);
    }

    #[test]
    fn blocks_cut_out_and_put_in(
        dims in prop::collection::vec((1..4_usize, 0..3_usize, 0..3_usize), 1..=MAX_RANK),
        element in prop::sample::select(vec![1_usize, 2, 3, 4]),
    ) {
        let inner: Vec<usize> = dims.iter().map(|&(dim, ..)| dim).collect();
        let outer: Vec<usize> = dims.iter().map(|&(dim, before, after)| dim + before + after).collect();
        let (small, large) = (Side::new(&inner, element), Side::new(&outer, element));
        let mut copy = Copy::run(element);
        for (i, &(dim, before, _)) in dims.iter().enumerate().rev() {
            copy.repeat(dim, small.stride(i), large.stride(i));
            copy.start(0, before * large.stride(i) as usize);
        }
        let input = bytes(inner.iter().product::<usize>() * element);
        let mut padded = vec![-99; outer.iter().product::<usize>() * element];
        copy.copy(&input, &mut padded);
        for position in positions(&outer) {
            let inside: Option<Vec<usize>> = position
                .iter()
                .zip(&dims)
                .map(|(&i, &(dim, before, _))| i.checked_sub(before).filter(|&i| i < dim))
                .collect();
            let at = index(&position, &outer) * element;
            match inside {
                Some(inside) => {
                    let from = index(&inside, &inner) * element;
                    prop_assert_eq!(&padded[at..at + element], &input[from..from + element]);
                }
                None => prop_assert!(padded[at..at + element].iter().all(|&byte| byte == -99)),
            }
        }
        let mut back = vec![0; input.len()];
        copy.reverse();
        copy.copy(&padded, &mut back);
        prop_assert_eq!(back, input);
    }

    #[test]
    fn slices_step_as_the_reference_does(
        dim in 1..9_usize,
        (begin, end) in (-12..12_i32, -12..12_i32),
        stride in (-4..5_i32).prop_filter("0 is tested apart", |&stride| stride != 0),
        (begin_mask, end_mask, offset) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let along = Along { begin, end, stride, begin_mask, end_mask, shrink: false, offset };
        // TFLite `StridedSlice`: from the start, in steps, until the end is reached or passed.
        let dim_i = dim as i32;
        let (low, high) = if stride > 0 { (0, dim_i) } else { (-1, dim_i - 1) };
        let wrap = |i: i32| if i < 0 { i + dim_i } else { i };
        let mut start = wrap(begin).clamp(low, high);
        if begin_mask {
            start = if stride > 0 { 0 } else { dim_i - 1 };
        }
        let mut stop = wrap(if offset { end + start } else { end }).clamp(low, high);
        if end_mask {
            stop = if stride > 0 { dim_i } else { -1 };
        }
        let mut expected = vec![];
        let mut i = start;
        while if stride > 0 { i < stop } else { i > stop } {
            expected.push(i);
            i += stride;
        }
        let range = along.range(dim);
        let found: Vec<i32> = range.map_or(vec![], |(start, count)| {
            (0..count as i32).map(|i| start as i32 + i * stride).collect()
        });
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn mirrors(
        dims in prop::collection::vec((1..5_usize, 0..5_usize, 0..5_usize), 1..5),
        symmetric in any::<bool>(),
        element in prop::sample::select(vec![1_usize, 2, 4]),
    ) {
        let mirror = usize::from(!symmetric);
        let dims: Vec<_> = dims
            .into_iter()
            .map(|(dim, before, after)| (dim, before.min(dim - mirror), after.min(dim - mirror)))
            .collect();
        let inner: Vec<usize> = dims.iter().map(|&(dim, ..)| dim).collect();
        let outer: Vec<usize> = dims.iter().map(|&(dim, before, after)| dim + before + after).collect();
        let (small, large) = (Side::new(&inner, element), Side::new(&outer, element));
        let mut copy = Copy::run(element);
        let mut borders = [Border::default(); MAX_RANK];
        for ((i, &(length, before, after)), border) in dims.iter().enumerate().rev().zip(&mut borders) {
            let stride = large.stride(i) as usize;
            copy.repeat(length, small.stride(i), large.stride(i));
            copy.start(0, before * stride);
            *border = Border { before, after, length, stride };
        }
        let input = bytes(inner.iter().product::<usize>() * element);
        let pad = MirrorPad { copy, borders, mirror };
        let output = run(&pad, [&input, &[]], outer.iter().product::<usize>() * element);
        for position in positions(&outer) {
            // TFLite `GetInputDimension`.
            let source: Vec<usize> = position
                .iter()
                .zip(&dims)
                .map(|(&i, &(dim, before, _))| {
                    if i < before {
                        before + mirror - 1 - i
                    } else if i < before + dim {
                        i - before
                    } else {
                        2 * dim + before - mirror - 1 - i
                    }
                })
                .collect();
            let (to, from) = (index(&position, &outer) * element, index(&source, &inner) * element);
            prop_assert_eq!(&output[to..to + element], &input[from..from + element]);
        }
    }

    #[test]
    fn gathers(
        (batches, outer, length, run_bytes) in (1..4_usize, 1..4_usize, 1..6_usize, 1..6_usize),
        indices in prop::collection::vec(prop_oneof![0..6_i32, any::<i32>()], 1..5),
    ) {
        let each = indices.len();
        let all: Vec<i32> = (0..batches as i32).flat_map(|b| indices.iter().map(move |&i| i ^ (b & 1))).collect();
        let raw: Vec<i8> = all.iter().flat_map(|i| i.to_le_bytes()).map(|byte| byte as i8).collect();
        let input = bytes(batches * outer * length * run_bytes);
        let gather = Gather { indices: each, outer, length, run: run_bytes };
        let output = run(&gather, [&input, &raw], batches * outer * each * run_bytes);
        for position in positions(&[batches, outer, each]) {
            let (line, i) = (position[0] * outer + position[1], position[2]);
            // What is out of range counts as the nearest in range.
            let chosen = all[position[0] * each + i].clamp(0, length as i32 - 1) as usize;
            let (to, from) = ((line * each + i) * run_bytes, (line * length + chosen) * run_bytes);
            prop_assert_eq!(&output[to..to + run_bytes], &input[from..from + run_bytes]);
        }
    }

    #[test]
    fn images_to_batches_and_back(
        (count, pixel) in (1..3_usize, 1..4_usize),
        sides in prop::array::uniform2((1..4_usize, 1..4_usize, 0..4_usize, 0..4_usize)),
    ) {
        // Blocks and paddings that leave something of the large image.
        let [y, x] = sides.map(|(block, small, before, after)| {
            let before = before.min(block * small - 1);
            let after = after.min(block * small - 1 - before);
            batches::Along { block, large: block * small - before - after, before, after, small }
        });
        let images = y.block * x.block;
        let (large, small) = ([count, y.large, x.large], [images * count, y.small, x.small]);
        let input = bytes(large.iter().product::<usize>() * pixel);
        let to_batch = |to_batch| Batches { to_batch, batches: count, y, x, pixel, zero: -3 };
        let spread = run(&to_batch(true), [&input, &[]], small.iter().product::<usize>() * pixel);
        for position in positions(&small) {
            // TFLite `SpaceToBatchND`.
            let (block, batch) = (position[0] / count, position[0] % count);
            let row = (position[1] * y.block + block / x.block).wrapping_sub(y.before);
            let column = (position[2] * x.block + block % x.block).wrapping_sub(x.before);
            let out = &spread[index(&position, &small) * pixel..][..pixel];
            if row < y.large && column < x.large {
                let from = index(&[batch, row, column], &large) * pixel;
                prop_assert_eq!(out, &input[from..from + pixel]);
            } else {
                prop_assert!(out.iter().all(|&byte| byte == -3));
            }
        }
        prop_assert_eq!(run(&to_batch(false), [&spread, &[]], input.len()), input);
    }
}

#[test]
fn a_stride_of_zero_is_no_slice() {
    let along = Along {
        begin: 0,
        end: 3,
        stride: 0,
        begin_mask: false,
        end_mask: false,
        shrink: false,
        offset: false,
    };
    assert_eq!(along.range(5), None);
}
