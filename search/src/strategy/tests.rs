use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use super::{AnyStrategy, Strategy, StrategyConfig, Told};
use crate::architecture::Architecture;
use crate::benchmark::{Problem, imagine, median, search};
use crate::metric::Metric;
use crate::objective::{Goals, Objective};
use crate::space::{Kind, Space};

type Vectors = AnyStrategy<Vec<f64>>;

fn strategy(config: &str, named: Vec<Vec<f64>>, seed: u64) -> Vectors {
    let config: StrategyConfig = serde_json::from_str(config).unwrap();
    // Metrics stand for the problems' numbers; both are scaled by what the population holds.
    let objectives = [Metric::Macs, Metric::Flash, Metric::Cycles]
        .map(Objective::new)
        .to_vec();
    let goals = Goals::new(objectives, vec![]).unwrap();
    AnyStrategy::new(&config, &goals, named, seed)
}

const EACH: [&str; 4] = [
    r#""random""#,
    r#"{"kind": "aging_evolution", "population": 12, "sample": 4}"#,
    r#"{"kind": "nsga2", "population": 12}"#,
    r#"{"kind": "weighted_sum", "population": 12, "sample": 4}"#,
];

/// What became of a point of DTLZ2 in a study where much goes wrong.
fn rough(x: &[f64]) -> Told {
    let problem = Problem::Dtlz2 { objectives: 3 };
    match (x[3] * 1e4) as u64 % 8 {
        0 => Told::failed(),
        1 => Told {
            objectives: None,
            violation: x[4],
        },
        2 => Told {
            objectives: None,
            violation: 0.0,
        },
        3 => Told {
            objectives: Some(vec![f64::NAN, 0.0, 1.0]),
            violation: 0.0,
        },
        4 => Told {
            objectives: Some(problem.evaluate(x)),
            violation: x[4],
        },
        _ => Told {
            objectives: Some(problem.evaluate(x)),
            violation: 0.0,
        },
    }
}

/// Runs with `window` points in flight, writing and reading the state before the steps at which
/// `stop` says so; gives what was asked for.
fn run(mut strategy: Vectors, window: usize, stop: impl Fn(usize) -> bool) -> Vec<Vec<f64>> {
    let problem = Problem::Dtlz2 { objectives: 3 };
    let mut asked: Vec<Vec<f64>> = Vec::new();
    for step in 0..60 {
        if stop(step) {
            let written = serde_json::to_string(&strategy).unwrap();
            strategy = serde_json::from_str(&written).unwrap();
        }
        if let Some(told) = step.checked_sub(window) {
            Strategy::<Problem>::tell(&mut strategy, &asked[told], &rough(&asked[told]));
        }
        asked.push(strategy.ask(&problem));
    }
    asked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_state_that_was_written_and_read_goes_on_the_same(
        kind in 0..EACH.len(), seed: u64, window in 1..9_usize, stops: u64,
    ) {
        let undisturbed = run(strategy(EACH[kind], vec![], seed), window, |_| false);
        let stopped = run(strategy(EACH[kind], vec![], seed), window, |s| stops >> s & 1 == 1);
        prop_assert_eq!(undisturbed, stopped);
    }
}

#[test]
fn named_points_come_first() {
    let named: Vec<Vec<f64>> = (0..15).map(|i| vec![f64::from(i) / 15.0; 12]).collect();
    for config in EACH {
        let asked = run(strategy(config, named.clone(), 1), 20, |_| false);
        assert_eq!(asked[..15], named, "{config}");
        assert!(!named.contains(&asked[15]), "{config}");
    }
}

/// The share of the true front's volume that is found.
fn share(problem: Problem, config: &str, trials: usize, seed: u64) -> f64 {
    let config: StrategyConfig = serde_json::from_str(config).unwrap();
    let metrics = [Metric::Macs, Metric::Flash, Metric::Cycles];
    let objectives = metrics[..problem.objectives()]
        .iter()
        .map(|&m| Objective::new(m))
        .collect();
    let goals = Goals::new(objectives, vec![]).unwrap();
    let mut strategy = AnyStrategy::new(&config, &goals, vec![], seed);
    let told = |x: &Vec<f64>| Told {
        objectives: Some(problem.evaluate(x)),
        violation: 0.0,
    };
    let found = search(&problem, &mut strategy, trials, &problem.reference(), told);
    found / problem.volume()
}

#[test]
fn nsga2_converges() {
    let config = r#"{"kind": "nsga2", "population": 40}"#;
    for (problem, trials, least) in [
        (Problem::Zdt1, 4000, 0.95),
        (Problem::Zdt2, 4000, 0.9),
        (Problem::Zdt3, 4000, 0.9),
        (Problem::Dtlz2 { objectives: 3 }, 2500, 0.9),
    ] {
        let found = share(problem, config, trials, 1);
        assert!(found > least && found <= 1.0, "{problem:?}: {found}");
    }
}

#[test]
fn what_evolves_beats_chance() {
    let problem = Problem::Dtlz2 { objectives: 2 };
    let typical = |config| median((0..10).map(|seed| share(problem, config, 300, seed)));
    let [random, aging, nsga2, _] = EACH.map(typical);
    assert!(aging > 1.1 * random, "{aging} against {random}");
    assert!(nsga2 > 1.1 * random, "{nsga2} against {random}");
}

#[test]
fn what_evolves_finds_better_networks_than_chance() {
    let space = Space::new(Kind::Cnn2d).bind([16, 16, 1], 10).unwrap();
    let metrics = [Metric::ValidationError, Metric::Macs, Metric::Parameters];
    let limit = "parameters < 20 k".parse().unwrap();
    let goals = Goals::new(metrics.map(Objective::new).to_vec(), vec![limit]).unwrap();
    let typical = |config: &str| {
        let config: StrategyConfig = serde_json::from_str(config).unwrap();
        let told = |network: &Architecture| goals.told(&imagine(&network.topology().unwrap()));
        median((0..5).map(|seed| {
            let mut strategy = AnyStrategy::new(&config, &goals, vec![], seed);
            search(&space, &mut strategy, 200, &[0.107, 80e3, 3.8e3], told)
        }))
    };
    let random = typical(EACH[0]);
    for config in [
        r#"{"kind": "aging_evolution", "population": 40, "sample": 10}"#,
        r#"{"kind": "nsga2", "population": 40}"#,
    ] {
        let evolved = typical(config);
        assert!(
            evolved > 1.05 * random,
            "{config}: {evolved} against {random}"
        );
    }
}

#[test]
fn the_oldest_dies_however_good_it_is() {
    let problem = Problem::Zdt1;
    let mut aging = strategy(EACH[1], vec![], 1);
    let best = vec![0.0; 30];
    let good = Told {
        objectives: Some(vec![0.0; 3]),
        violation: 0.0,
    };
    let bad = Told {
        objectives: Some(vec![1.0; 3]),
        violation: 0.0,
    };
    let holds = |strategy: &Vectors| {
        let written = serde_json::to_value(strategy).unwrap();
        let population = written["aging_evolution"]["population"]
            .as_array()
            .unwrap()
            .clone();
        assert!(population.len() <= 12);
        population
            .iter()
            .any(|member| member["point"] == serde_json::json!(best))
    };
    Strategy::<Problem>::tell(&mut aging, &best, &good);
    for _ in 0..12 {
        assert!(holds(&aging));
        let point = aging.ask(&problem);
        Strategy::<Problem>::tell(&mut aging, &point, &bad);
    }
    assert!(!holds(&aging));
}

#[test]
fn settings_are_names_or_maps() {
    let read = |json: &str| serde_json::from_str::<StrategyConfig>(json);
    let evolution = |population, sample| StrategyConfig::AgingEvolution { population, sample };
    for (json, config) in [
        (r#""random""#, StrategyConfig::Random {}),
        (r#""aging_evolution""#, evolution(100, 25)),
        (
            r#"{"kind": "aging_evolution", "population": 20}"#,
            evolution(20, 5),
        ),
        (
            r#"{"kind": "aging_evolution", "population": 18446744073709551615}"#,
            evolution(usize::MAX, usize::MAX.div_ceil(4)),
        ),
        (
            r#"{"kind": "nsga2"}"#,
            StrategyConfig::Nsga2 {
                population: 100,
                crossover: 0.9,
            },
        ),
    ] {
        let config_read = read(json).unwrap();
        assert_eq!(config_read, config);
        assert_eq!(
            read(&serde_json::to_string(&config).unwrap()).unwrap(),
            config
        );
    }
    for (json, error) in [
        (
            r#""evolution""#,
            "there is no strategy `evolution`; there are random, aging_evolution",
        ),
        (
            r#"{"kind": "random", "population": 3}"#,
            "strategy random has no `population`",
        ),
        (
            r#"{"kind": "nsga2", "sample": 3}"#,
            "strategy nsga2 has no `sample`",
        ),
        (r#"{"kind": "nsga2", "size": 3}"#, "unknown field `size`"),
        (
            r#"{"kind": "nsga2", "crossover": 1.5}"#,
            "between 0 and 1, not 1.5",
        ),
        (
            r#"{"kind": "nsga2", "population": 1}"#,
            "a population of 1 is too small",
        ),
        (
            r#"{"kind": "aging_evolution", "population": 9, "sample": 10}"#,
            "a sample of 10",
        ),
    ] {
        let shown = read(json).unwrap_err().to_string();
        assert!(shown.contains(error), "{shown}");
    }
}

#[test]
fn the_schema_knows_names_and_maps() {
    let schema = schemars::schema_for!((StrategyConfig, Objective, crate::objective::Constraint));
    let schema = schema.to_value();
    for name in [
        "StrategyKind",
        "StrategySettings",
        "ObjectiveSettings",
        "SoftConstraint",
    ] {
        assert!(schema["$defs"][name].is_object(), "{schema:#}");
    }
}
