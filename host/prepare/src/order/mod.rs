//! The order of operators with the least peak of memory.
//!
//! An order's peak is the most that lies in memory while any operator runs. Liberis and Lane ("Neural networks on
//! microcontrollers: saving memory at inference via operator reordering", 2019) find the least one over all orders by
//! dynamic programming over sets of operators; here the sets are visited best first, and none that cannot beat the
//! best order known (see `search`). What memory an order needs in fact is for the engine's own planner to say, which
//! lays outputs over inputs and fills gaps: an order that it does not find better is not taken.

mod greedy;
mod search;
mod tasks;

use onchip_tflite::{Model, Operator};

use crate::cost;
use crate::graph::{main, main_mut};
use tasks::{Sharing, Tasks};

/// Up to so many operators the least peak of all orders is looked for; above, operators are taken one by one.
const MOST_EXACT: usize = 40;

/// Puts the operators in the best order found.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let arena = |model: &Model| Some(cost::of(&model.write().ok()?).ok()?.arena);
    let Some(before) = arena(model) else {
        return Vec::new();
    };
    let mut best: Option<(usize, Model, bool)> = None;
    for sharing in [Sharing::Inputs, Sharing::None] {
        let tasks = Tasks::of(model, sharing);
        let Some(Found { order, is_least }) = find(&tasks) else {
            continue;
        };
        let mut changed = model.clone();
        let operators = &main(model).operators;
        let ordered: Vec<Operator> = order.iter().map(|&task| operators[task].clone()).collect();
        main_mut(&mut changed).operators = ordered;
        if let Some(arena) = arena(&changed)
            && arena < best.as_ref().map_or(before, |&(least, ..)| least)
        {
            best = Some((arena, changed, is_least));
        }
    }
    let Some((after, changed, is_least)) = best else {
        return Vec::new();
    };
    let moved = main(model).operators.iter().zip(&main(&changed).operators);
    let moved = moved.filter(|(before, after)| before != after).count();
    let kind = if is_least {
        "least peak of all orders"
    } else {
        "a lower peak"
    };
    *model = changed;
    vec![format!(
        "{moved} operators in another order ({kind}): arena {before} to {after} bytes"
    )]
}

/// An order, and whether no other one has a lower peak.
struct Found {
    order: Vec<usize>,
    is_least: bool,
}

/// An order with a lower peak than the present one, if one is found.
fn find(tasks: &Tasks) -> Option<Found> {
    let present: Vec<_> = (0..tasks.len()).collect();
    let greedy = greedy::order(tasks);
    let is_better = tasks.peak(&greedy) < tasks.peak(&present);
    let known = if is_better { greedy } else { present };
    let found = match tasks.len() <= MOST_EXACT {
        true => search::better(tasks, tasks.peak(&known)),
        false => search::Outcome::Unknown,
    };
    match found {
        search::Outcome::Better(order) => Some(Found {
            order,
            is_least: true,
        }),
        outcome if is_better => Some(Found {
            order: known,
            is_least: matches!(outcome, search::Outcome::None),
        }),
        _ => None,
    }
}
