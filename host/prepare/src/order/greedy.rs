//! An order made one operator at a time.

use super::tasks::Tasks;

/// Always takes the operator after which the least is left in memory; among equals the one that takes the least while
/// it runs, then the first of the present order.
pub(super) fn order(tasks: &Tasks) -> Vec<usize> {
    let mut is_done = vec![false; tasks.len()];
    let mut order = Vec::with_capacity(tasks.len());
    let mut live = tasks.given();
    loop {
        let ready =
            (0..tasks.len()).filter(|&task| !is_done[task] && tasks.is_ready(task, |i| is_done[i]));
        let effects = ready.map(|task| (tasks.effect(task, live, |i| is_done[i]), task));
        let Some((effect, task)) =
            effects.min_by_key(|(effect, task)| (effect.left, effect.peak, *task))
        else {
            return order;
        };
        live = effect.left;
        is_done[task] = true;
        order.push(task);
    }
}
