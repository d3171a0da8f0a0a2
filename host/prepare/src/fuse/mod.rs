//! Operators laid together, and those taken out that change nothing or that nobody listens to.

mod activation;
mod constant;
mod identity;
mod pad;
mod unused;

use onchip_tflite::Model;

use crate::graph::{self, Links, main, main_mut};
use crate::witness;

/// A change at operator `index`: says what it did, or `None` if there is nothing to do there.
type Change = fn(&mut Model, &Links, index: usize) -> Option<String>;

const CHANGES: [Change; 6] = [
    unused::run,
    constant::run,
    identity::run,
    identity::chain,
    activation::run,
    pad::run,
];

/// Makes changes until none is left to make. One after which the engine refuses the model is not made.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let mut done = Vec::new();
    while let Some((changed, what)) = next(model) {
        *model = changed;
        done.push(what);
    }
    done
}

fn next(model: &Model) -> Option<(Model, String)> {
    let links = Links::new(model);
    for index in 0..main(model).operators.len() {
        for change in CHANGES {
            let mut changed = model.clone();
            if let Some(what) = change(&mut changed, &links, index)
                && witness::runs(&changed)
            {
                return Some((changed, what));
            }
        }
    }
    None
}

/// Takes operator `index` out, which gives `from` on as `to`: whoever read `to` reads `from`. What is wanted from
/// outside keeps its place: then whoever makes `from` makes `to` instead. `false` if neither can be done.
fn bypass(model: &mut Model, links: &Links, index: usize, [from, to]: [usize; 2]) -> bool {
    let replace = |list: &mut Vec<i32>, old: usize, new: usize| {
        for i in list.iter_mut().filter(|i| **i == old as i32) {
            *i = new as i32;
        }
    };
    let operators = &mut main_mut(model).operators;
    if links.is_fixed[to] {
        let Some(writer) = links.writer[from].filter(|_| links.is_private(from)) else {
            return false;
        };
        replace(&mut operators[writer].outputs, from, to);
    } else {
        for &reader in &links.readers[to] {
            replace(&mut operators[reader].inputs, to, from);
        }
    }
    operators.remove(index);
    true
}

/// Input 0 and output 0 of an operator that has one output.
fn ends(model: &Model, index: usize) -> Option<[usize; 2]> {
    let operator = &main(model).operators[index];
    match operator.outputs.len() {
        1 => Some([
            graph::at(&operator.inputs, 0)?,
            graph::at(&operator.outputs, 0)?,
        ]),
        _ => None,
    }
}
