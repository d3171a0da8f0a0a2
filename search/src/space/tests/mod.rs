//! What spaces are made of, what is drawn from them, and what is refused.

mod listed;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::SeedableRng;

use super::*;
use crate::architecture::{Architecture, BlockKind, PoolKind, Sides, named};
use crate::domain::{Domain, Rng};

fn space(json: serde_json::Value) -> Space {
    serde_json::from_value(json).unwrap()
}

/// Spaces of every kind, small enough to list.
fn small() -> Vec<(Space, [usize; 3])> {
    let list = [
        (
            serde_json::json!({
                "kind": "cnn2d", "depth": {"from": 0, "to": 2}, "widths": [2, 4], "kernels": 3,
                "head": ["global_average", "flatten"], "dense_widths": [8, 16], "pools": "none",
                "expansions": [1, 2]
            }),
            [5, 4, 2],
        ),
        (
            serde_json::json!({
                "kind": "cnn1d", "blocks": "conv", "depth": [1, 3], "widths": [4, 8], "kernels": [3, 5],
                "strides": [1, 2], "pools": ["none", "max 2", "average 3/2"], "skip": true, "dense": 0
            }),
            [7, 1, 4],
        ),
        (
            serde_json::json!({
                "kind": "cnn1d", "blocks": ["separable", "conv"], "depth": [2], "widths": [3, 4, 8],
                "kernels": [3, 9], "npu": true, "activations": ["relu", "none"], "norm": [true, false],
                "skip": [false, true], "strides": 1, "pools": "none", "dense": [0, 1]
            }),
            [6, 1, 1],
        ),
        (
            serde_json::json!({
                "kind": "mlp", "dense": [0, 2], "dense_widths": [4, 8, 12], "norm": [true, false],
                "activations": ["relu", "relu6"]
            }),
            [3, 3, 1],
        ),
    ];
    list.into_iter()
        .map(|(json, input)| (space(json), input))
        .collect()
}

/// Chi-square against uniform, with a bound that a right generator breaks once in some 10⁵ tests.
fn check_uniform(counts: &BTreeMap<String, usize>, kinds: usize, what: &str) {
    assert_eq!(counts.len(), kinds, "{what}: {counts:?}");
    let total: usize = counts.values().sum();
    let expected = total as f64 / kinds as f64;
    let chi: f64 = counts
        .values()
        .map(|&count| (count as f64 - expected).powi(2) / expected)
        .sum();
    let freedom = (kinds - 1) as f64;
    assert!(
        chi < freedom + 6.0 * (2.0 * freedom).sqrt() + 6.0,
        "{what}: {counts:?}"
    );
}

#[test]
fn both_ends_of_every_list_are_drawn_equally_often() {
    let json = serde_json::json!({
        "kind": "cnn1d", "depth": {"from": 1, "to": 4}, "widths": {"from": 4, "to": 32, "step": 4},
        "kernels": [1, 3, 5, 7], "expansions": [2, 3, 4], "activations": ["relu", "relu6", "none"],
        "norm": [true, false], "head": ["flatten", "global_average"], "dense": [0, 1, 2],
        "dense_widths": [8, 16, 32], "strides": [1, 2, 3], "pools": ["none", "max 2", "average 2"]
    });
    // So long that nothing outgrows it.
    let bound = space(json).bind([4096, 1, 2], 4).unwrap();
    let mut counts: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    let mut rng = Rng::seed_from_u64(11);
    for _ in 0..3000 {
        let point = bound.sample(&mut rng);
        let mut count = |what, value: String| {
            *counts.entry(what).or_default().entry(value).or_default() += 1;
        };
        count("depth", point.blocks.len().to_string());
        count("head", format!("{:?}", point.head));
        count("dense", point.dense.len().to_string());
        let block = point.blocks.last().unwrap();
        count("type", sample::kind_type(block.kind).to_string());
        count("width", block.width.to_string());
        count("kernel", block.kernel.to_string());
        count("stride", block.stride.to_string());
        count("activation", format!("{:?}", block.activation));
        count("norm", block.norm.to_string());
        count("pool", format!("{:?}", block.pool));
        if let BlockKind::Inverted(by) = block.kind {
            count("expansion", by.to_string());
        }
        if let Some(dense) = point.dense.last() {
            count("dense width", dense.width.to_string());
        }
    }
    let kinds = [
        ("depth", 4),
        ("head", 2),
        ("dense", 3),
        ("type", 3),
        ("width", 8),
        ("kernel", 4),
        ("stride", 3),
        ("activation", 3),
        ("norm", 2),
        ("pool", 3),
        ("expansion", 3),
        ("dense width", 3),
    ];
    for (what, kinds) in kinds {
        check_uniform(&counts[what], kinds, what);
    }
}

#[test]
fn everything_that_can_be_listed_can_be_drawn() {
    let json = serde_json::json!({
        "kind": "cnn1d", "depth": [1, 2], "widths": [4, 8], "kernels": [3], "blocks": "conv",
        "pools": ["none", "max 2"], "dense": 0
    });
    let bound = space(json).bind([4, 1, 4], 2).unwrap();
    let mut rng = Rng::seed_from_u64(5);
    let drawn: BTreeSet<String> = (0..20_000)
        .map(|_| bound.sample(&mut rng).to_string())
        .collect();
    assert_eq!(BigUint::from(drawn.len()), bound.size());
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let check = |json: serde_json::Value, input, part: &str| {
        let error = space(json).bind(input, 3).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    use serde_json::json;
    let image = [8, 8, 1];
    check(json!({"kind": "cnn1d"}), image, "cnn2d");
    check(
        json!({"kind": "cnn2d", "widths": []}),
        image,
        "`widths` lists nothing",
    );
    check(
        json!({"kind": "cnn2d", "widths": [8, 4, 8]}),
        image,
        "lists 8 twice",
    );
    check(json!({"kind": "cnn2d", "widths": 0}), image, "1 or more");
    check(
        json!({"kind": "cnn2d", "widths": [2, 6], "npu": true}),
        image,
        "npu",
    );
    check(json!({"kind": "cnn2d", "depth": 101}), image, "100");
    check(
        json!({"kind": "cnn2d", "pools": "max 2/3"}),
        image,
        "no larger",
    );
    // A value is quoted as it was written.
    check(
        json!({"kind": "cnn2d", "blocks": ["conv", "conv"]}),
        image,
        "`blocks` lists conv twice",
    );
    check(
        json!({"kind": "cnn2d", "kernels": [3, [3, 3]]}),
        image,
        "`kernels` lists [3,3] twice",
    );
    check(
        json!({"kind": "cnn2d", "pools": "max 1"}),
        image,
        "`pools` lists max 1;",
    );
    check(json!({"kind": "mlp", "kernels": 3}), image, "`kernels`");
    check(
        json!({"kind": "cnn2d", "depth": 5, "strides": 2}),
        image,
        "no network",
    );
    check(json!({"kind": "mlp"}), [0, 8, 1], "empty");
    let wrong = [
        json!({"kind": "cnn2d", "width": 8}),
        json!({"kind": "cnn2d", "norm": {"from": 0, "to": 1}}),
        json!({"kind": "cnn2d", "pools": "min 2"}),
        json!({"kind": "cnn2d", "depth": {"from": 3, "to": 1}}),
    ];
    for json in wrong {
        assert!(
            serde_json::from_value::<Space>(json.clone()).is_err(),
            "{json}"
        );
    }
}

#[test]
fn a_section_is_short() {
    let yaml = "
kind: cnn1d
blocks: [conv, inverted]
depth: [2, 3, 4]
widths: {from: 4, to: 16, step: 4}
kernels: [3, [5, 1]]
pools: [none, max 2, average 3/2]
norm: true
skip: false
dense_widths: 16
";
    let space: Space = serde_saphyr::from_str(yaml).unwrap();
    assert_eq!(space.widths, Some(vec![4, 8, 12, 16].into()));
    let bound = space.bind([64, 1, 3], 2).unwrap();
    assert_eq!(bound.lists.kernels, [Sides([3, 1]), Sides([5, 1])]);
    assert_eq!(bound.lists.pools.len(), 3);
    let mlp: Space = serde_saphyr::from_str("kind: mlp").unwrap();
    assert_eq!(mlp, Space::new(Kind::Mlp));
    let yaml = serde_saphyr::to_string(&space).unwrap();
    assert_eq!(serde_saphyr::from_str::<Space>(&yaml).unwrap(), space);
}

#[test]
fn the_schema_describes_and_refuses() {
    let schema = serde_json::to_value(schemars::schema_for!(Space)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["kind"]));
    let properties = schema["properties"].as_object().unwrap();
    assert!(
        properties
            .values()
            .all(|key| key["description"].is_string()),
        "{schema:#}"
    );
}

#[test]
fn the_section_reads_back() {
    for (space, _) in small() {
        let json = serde_json::to_value(&space).unwrap();
        assert_eq!(serde_json::from_value::<Space>(json).unwrap(), space);
    }
}

#[test]
fn the_nearest_of_a_named_one_looks_like_it() {
    let json = serde_json::json!({
        "kind": "cnn1d", "blocks": "conv", "widths": [4, 8, 16, 32], "kernels": [3, 5, 7],
        "depth": [2, 3, 4], "dense_widths": [16, 32, 64], "npu": true
    });
    let bound = space(json).bind([128, 1, 1], 3).unwrap();
    for name in crate::architecture::names() {
        let given = named(&name, [128, 1, 1], 3).unwrap();
        let nearest = bound.nearest(&given);
        assert!(bound.contains(&nearest), "{nearest}");
        let pairs = nearest.blocks.iter().zip(&given.blocks);
        assert!(
            pairs.into_iter().all(|(a, b)| a.kernel == b.kernel),
            "{nearest}"
        );
    }
    let text = "[in(128x1x1),conv(1,8,5,s2),bn,relu,max(2),conv(8,32,3),bn,relu,gap,fc(32,3)]";
    let given: Architecture = text.parse().unwrap();
    assert_eq!(bound.nearest(&given), given);
}

fn any_space() -> impl Strategy<Value = (Space, [usize; 3])> {
    let pool = PoolChoice::Window {
        kind: PoolKind::Average,
        size: Extent::Number(3),
        stride: Extent::Number(2),
    };
    let lists = (
        prop::sample::subsequence(vec![0, 1, 2, 3, 5], 1..=3),
        prop::sample::subsequence(vec![2, 4, 6, 8, 12], 1..=3),
        prop::sample::subsequence(vec![1, 3, 5, 9], 1..=3),
        prop::sample::subsequence(vec![1, 2, 3], 1..=2),
        prop::sample::subsequence(vec![false, true], 1..=2),
        prop::sample::subsequence(vec![PoolChoice::None, bind::max_of_2(), pool], 1..=3),
        prop::sample::subsequence(vec![Head::GlobalAverage, Head::Flatten], 1..=2),
        prop::sample::subsequence(vec![0, 1, 3], 1..=2),
    );
    let input = (1_usize..20, 1_usize..20, 1_usize..5);
    (lists, input, 0_u8..3, any::<bool>()).prop_map(
        |(lists, (height, width, channels), kind, npu)| {
            let (depths, widths, kernels, strides, toggles, pools, heads, dense) = lists;
            let numbers =
                |list: Vec<usize>| Choices(list.into_iter().map(Extent::Number).collect());
            let is_series = kind == 1;
            let kinds = [Kind::Cnn2d, Kind::Cnn1d, Kind::Mlp];
            let mut space = Space::new(kinds[usize::from(kind)]);
            space.norm = Some(Choices(toggles.clone()));
            space.dense = Some(Choices(dense));
            space.npu = npu;
            if kind != 2 {
                space.depth = Some(Choices(depths));
                space.widths = Some(Choices(widths));
                space.kernels = Some(numbers(kernels));
                space.strides = Some(numbers(strides));
                space.skip = Some(Choices(toggles));
                space.pools = Some(Choices(pools));
                space.head = Some(Choices(heads));
            }
            (space, [height, if is_series { 1 } else { width }, channels])
        },
    )
}

/// What holds of every network of a space.
fn check_point(space: &BoundSpace, point: &Architecture) {
    assert!(space.contains(point), "{point}");
    assert!(point.topology().is_ok(), "{point}");
    assert_eq!(&point.to_string().parse::<Architecture>().unwrap(), point);
    let json = serde_json::to_string(point).unwrap();
    assert_eq!(&serde_json::from_str::<Architecture>(&json).unwrap(), point);
    assert_eq!(&space.nearest(point), point);
    if space.lists.is_npu {
        for block in &point.blocks {
            assert!(
                block.width.is_multiple_of(4) && block.kernel.0[0] <= 7,
                "{point}"
            );
            assert!(block.stride.0.iter().all(|&side| side <= 2), "{point}");
        }
        use onchip_tflite::topology::Layer;
        for node in point.topology().unwrap().nodes() {
            if matches!(node.layer, Layer::Conv { .. } | Layer::Depthwise { .. }) {
                assert!(node.shape[2].is_multiple_of(4), "{point}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_made_is_in_the_space((space, input) in any_space(), seed: u64) {
        let Ok(bound) = space.bind(input, 3) else { return Ok(()) };
        let mut rng = Rng::seed_from_u64(seed);
        let (left, right) = (bound.sample(&mut rng), bound.sample(&mut rng));
        check_point(&bound, &left);
        check_point(&bound, &bound.crossover(&left, &right, &mut rng));
        let neighbours = bound.neighbours(&left);
        for neighbour in &neighbours {
            check_point(&bound, neighbour);
        }
        let keys: BTreeSet<String> = neighbours.iter().map(Architecture::key).collect();
        prop_assert_eq!(keys.len(), neighbours.len());
        prop_assert!(!keys.contains(&left.key()));
        let next = bound.neighbour(&left, &mut rng);
        prop_assert!(neighbours.contains(&next) || neighbours.is_empty());
    }

    #[test]
    fn the_nearest_of_anything_is_in_the_space(
        (space, input) in any_space(), (other, other_input) in any_space(), seed: u64
    ) {
        let (Ok(bound), Ok(other)) = (space.bind(input, 3), other.bind(other_input, 5)) else {
            return Ok(());
        };
        let mut rng = Rng::seed_from_u64(seed);
        let (own, stranger) = (bound.sample(&mut rng), other.sample(&mut rng));
        check_point(&bound, &bound.nearest(&stranger));
        check_point(&bound, &bound.crossover(&own, &stranger, &mut rng));
        check_point(&bound, &bound.neighbour(&stranger, &mut rng));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\[in\\(9x[19]x2\\)(,(conv|sep|ir|max|fc|gap|bn|relu|skip)(\\([0-9xes,]{0,9}\\))?){0,6}\\]?") {
        if let Ok(architecture) = text.parse::<Architecture>() {
            prop_assert_eq!(architecture.to_string(), text);
        }
    }
}
