//! Compares the strategies where an evaluation costs nothing.
//!
//! ```text
//! cargo run --release -p onchip-search --example strategies
//! ```
//!
//! Every strategy searches with ten seeds; the table shows the median, least and greatest
//! hypervolume as a share of a fixed volume: for published problems that of the true front, for
//! networks that of the whole box between nothing and the median random network. Fails unless what evolves is
//! above random in the median.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;

use onchip_search::architecture::Architecture;
use onchip_search::benchmark::{Problem, imagine, median, search};
use onchip_search::domain::Domain;
use onchip_search::metric::Metric;
use onchip_search::objective::{Goals, Objective};
use onchip_search::space::{Kind, Space};
use onchip_search::strategy::{AnyStrategy, StrategyConfig, Told};

const SEEDS: u64 = 10;
const TRIALS: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    // Chance stays far from this front: with room above it, up to f₂ = 6, there is something to
    // compare. All but the area below 1 − √f₁ is dominated.
    let zdt1 = problem(Problem::Zdt1, (vec![1.1, 6.0], 1.1 * 6.0 - 1.0 / 3.0))?;
    let sphere = Problem::Dtlz2 { objectives: 3 };
    let dtlz2 = problem(sphere, (sphere.reference(), sphere.volume()))?;
    let networks = networks()?;
    if zdt1 && dtlz2 && networks {
        Ok(())
    } else {
        Err("random is not the worst".into())
    }
}

/// A published problem. Metrics stand for its numbers.
fn problem(problem: Problem, whole: (Vec<f64>, f64)) -> Result<bool, Box<dyn Error>> {
    let metrics = &[Metric::Macs, Metric::Flash, Metric::Cycles][..problem.objectives()];
    let goals = Goals::new(
        metrics.iter().copied().map(Objective::new).collect(),
        Vec::new(),
    )?;
    let told = |x: &Vec<f64>| Told {
        objectives: Some(problem.evaluate(x)),
        violation: 0.0,
    };
    compare(&format!("{problem:?}"), &problem, &goals, whole, told)
}

/// Networks for 16 × 16 images, by an imagined error and what they cost.
fn networks() -> Result<bool, Box<dyn Error>> {
    let space = Space::new(Kind::Cnn2d).bind([16, 16, 1], 10)?;
    let metrics = [Metric::ValidationError, Metric::Macs, Metric::Parameters];
    let goals = Goals::new(
        metrics.map(Objective::new).to_vec(),
        vec!["parameters < 20 k".parse()?],
    )?;
    // The medians of random networks: only what beats a typical one in everything counts.
    let reference = vec![0.107, 80e3, 3.8e3];
    let volume = reference.iter().product();
    let told = |network: &Architecture| match network.topology() {
        Ok(topology) => goals.told(&imagine(&topology)),
        Err(_) => Told::failed(),
    };
    let name = "networks: imagined error, MACs, parameters < 20 k";
    compare(name, &space, &goals, (reference, volume), told)
}

/// Prints a table; says whether what evolves is above chance.
fn compare<D: Domain>(
    name: &str,
    domain: &D,
    goals: &Goals,
    (reference, volume): (Vec<f64>, f64),
    told: impl Fn(&D::Point) -> Told,
) -> Result<bool, Box<dyn Error>> {
    println!("{name}; {TRIALS} trials, {SEEDS} seeds");
    println!(
        "{:<16} {:>8} {:>8} {:>8}",
        "strategy", "median", "least", "greatest"
    );
    let mut medians = Vec::new();
    for strategy in ["random", "aging_evolution", "nsga2"] {
        let config: StrategyConfig = strategy.parse()?;
        let share = |seed| {
            let mut state = AnyStrategy::new(&config, goals, Vec::new(), seed);
            search(domain, &mut state, TRIALS, &reference, &told) / volume
        };
        let mut shares: Vec<f64> = (0..SEEDS).map(share).collect();
        shares.sort_by(f64::total_cmp);
        let middle = median(shares.iter().copied());
        println!(
            "{strategy:<16} {middle:>8.4} {:>8.4} {:>8.4}",
            shares[0],
            shares[shares.len() - 1]
        );
        medians.push(middle);
    }
    println!();
    Ok(medians[1..].iter().all(|&evolved| evolved > medians[0]))
}
