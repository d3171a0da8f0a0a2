//! Small spaces are listed in full and compared with what counting and stepping say of them.

use std::collections::BTreeSet;

use super::*;
use crate::architecture::{Block, Dense};

/// All architectures whose every part is in its list, whether or not they can be built.
fn all(space: &BoundSpace) -> Vec<Architecture> {
    let lists = &space.lists;
    let mut options = Vec::new();
    for &kind in &lists.kinds {
        for &width in &lists.widths {
            for &kernel in &lists.kernels {
                for &stride in &lists.strides {
                    for &norm in &lists.norms {
                        for &activation in &lists.activations {
                            for &pool in &lists.pools {
                                for skip in [false, true] {
                                    options.push(Block {
                                        kind,
                                        width,
                                        kernel,
                                        stride,
                                        norm,
                                        activation,
                                        skip,
                                        pool,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    let mut layers = Vec::new();
    for &width in &lists.dense_widths {
        for &norm in &lists.norms {
            for &activation in &lists.activations {
                layers.push(Dense {
                    width,
                    norm,
                    activation,
                });
            }
        }
    }
    let mut result = Vec::new();
    // Prefixes that cannot be built are not continued.
    for blocks in words(&options, &lists.depths, |blocks| is_sound(space, blocks)) {
        for &head in &lists.heads {
            for dense in words(&layers, &lists.dense_depths, |_| true) {
                result.push(Architecture {
                    input: space.input,
                    blocks: blocks.clone(),
                    head,
                    dense,
                    classes: space.classes,
                });
            }
        }
    }
    result
}

fn words<T: Copy>(letters: &[T], lengths: &[usize], goes_on: impl Fn(&[T]) -> bool) -> Vec<Vec<T>> {
    let mut result = Vec::new();
    let mut words = vec![Vec::new()];
    for length in 0..=*lengths.last().unwrap() {
        if lengths.contains(&length) {
            result.extend(words.iter().cloned());
        }
        let mut longer = Vec::new();
        for word in &words {
            for &letter in letters {
                let word: Vec<T> = word.iter().copied().chain([letter]).collect();
                if goes_on(&word) {
                    longer.push(word);
                }
            }
        }
        words = longer;
    }
    result
}

/// The rules once more, from the layers' point of view.
fn is_sound(space: &BoundSpace, blocks: &[Block]) -> bool {
    let mut shape = space.input;
    blocks.iter().all(|block| {
        let [height, width, channels] = shape;
        let fits = |sides: Sides, by: [usize; 2]| sides.0[0] <= by[0] && sides.0[1] <= by[1];
        let mut architecture = Architecture {
            input: shape,
            blocks: vec![Block {
                skip: false,
                ..*block
            }],
            head: Head::Flatten,
            dense: Vec::new(),
            classes: 2,
        };
        let without = architecture.topology();
        architecture.blocks[0].skip = true;
        let may_skip = architecture.topology().is_ok();
        let skip = if !may_skip {
            !block.skip
        } else {
            space.lists.skips.contains(&block.skip)
        };
        let inner = match block.kind {
            BlockKind::Conv => 4,
            BlockKind::Separable => channels,
            BlockKind::Inverted(by) => by * channels,
        };
        let npu = !space.lists.is_npu
            || (inner % 4 == 0 && block.width % 4 == 0 && block.kernel.0[0] <= 7);
        let kernel = fits(block.kernel, [2 * height - 1, 2 * width - 1]);
        let sound = without.is_ok() && skip && npu && kernel && fits(block.stride, [height, width]);
        shape = block.output(shape);
        sound
    })
}

#[test]
fn the_size_is_the_number_of_what_can_be_listed() {
    for (space, input) in small() {
        let bound = space.bind(input, 3).unwrap();
        let all = all(&bound);
        assert_eq!(bound.size(), BigUint::from(all.len()), "{space:?}");
        for architecture in &all {
            assert!(bound.contains(architecture), "{architecture}");
            let topology = architecture.topology().unwrap();
            assert_eq!(topology.shape(topology.output()), [1, 1, 3]);
        }
        let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), all.len());
    }
}

#[test]
fn large_sizes_are_exact() {
    for depth in [20, 50, 100] {
        let mlp = serde_json::json!({
            "kind": "mlp", "dense": depth, "dense_widths": {"from": 1, "to": 10}
        });
        let size = space(mlp).bind([1, 1, 4], 2).unwrap().size();
        assert_eq!(size, BigUint::from(10_u32).pow(depth));
    }
    // A width and a kernel per block, whatever came before.
    let json = serde_json::json!({
        "kind": "cnn1d", "blocks": "conv", "depth": {"from": 1, "to": 100}, "kernels": [1, 3],
        "widths": {"from": 1, "to": 20}, "pools": "none", "strides": 1, "skip": false, "dense": 0,
        "norm": true, "activations": "relu", "head": "flatten"
    });
    let bound = space(json).bind([8, 1, 4], 2).unwrap();
    let each = BigUint::from(40_u32);
    let sum: BigUint = (1..=100).map(|depth| each.pow(depth)).sum();
    assert_eq!(bound.size(), sum);
}

/// The ways on are counted per shape, and the networks one by one: both must come to the same.
#[test]
fn sizes_beyond_128_bits_follow_from_smaller_ones() {
    let of = |depth: serde_json::Value| {
        let json = serde_json::json!({
            "kind": "cnn1d", "blocks": ["conv", "separable"], "depth": depth, "dense": [0, 1],
            "widths": [4, 8], "kernels": [3, 5], "strides": [1, 2], "pools": ["none", "max 2"]
        });
        space(json).bind([64, 1, 4], 3).unwrap().size()
    };
    let sum: BigUint = (1..=60).map(|depth| of(depth.into())).sum();
    assert_eq!(of(serde_json::json!({"from": 1, "to": 60})), sum);
    assert!(sum.bits() > 128, "{sum}");
}

/// From any network, steps lead to every other one that has layers of its own.
#[test]
fn steps_lead_everywhere() {
    for (space, input) in small() {
        let bound = space.bind(input, 3).unwrap();
        let keys: BTreeSet<String> = all(&bound).iter().map(Architecture::key).collect();
        if keys.len() > 3000 {
            continue;
        }
        let start = bound.sample(&mut Rng::seed_from_u64(7));
        let mut seen = BTreeSet::from([start.key()]);
        let mut open = vec![start];
        while let Some(point) = open.pop() {
            for next in bound.neighbours(&point) {
                if seen.insert(next.key()) {
                    open.push(next);
                }
            }
        }
        assert_eq!(seen.len(), keys.len(), "{space:?}");
    }
}

/// Where no branch is in play, a step that keeps the number of layers is undone by a step.
#[test]
fn steps_can_be_undone() {
    let json = serde_json::json!({
        "kind": "cnn2d", "depth": [1, 2], "skip": false, "pools": ["none", "max 2", "average 3/2"],
        "activations": ["relu", "relu6", "none"], "norm": [true, false],
        "head": ["flatten", "global_average"]
    });
    let bound = space(json).bind([12, 12, 3], 4).unwrap();
    let mut rng = Rng::seed_from_u64(3);
    for _ in 0..4 {
        let point = bound.sample(&mut rng);
        for next in bound.neighbours(&point) {
            let same = |f: fn(&Architecture) -> usize| f(&next) == f(&point);
            let kinds = |a: &Architecture| a.blocks.iter().map(|b| b.kind).collect::<Vec<_>>();
            if same(|a| a.blocks.len()) && same(|a| a.dense.len()) && kinds(&next) == kinds(&point)
            {
                let back = bound.neighbours(&next);
                let keys: Vec<String> = back.iter().map(Architecture::key).collect();
                assert!(keys.contains(&point.key()), "{point} to {next}");
            }
        }
    }
}
