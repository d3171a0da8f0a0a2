//! The least peak over all orders of up to 64 operators.
//!
//! What lies in memory depends on the set of operators that have run, not on their order. So the orders are paths
//! through sets, from the empty one to that of all, and wanted is one whose greatest step is least. Sets are visited
//! from the lowest peak up (Dijkstra's algorithm for the bottleneck of a path); the first visit to the whole set
//! ends the search, and sets behind a step as high as the best known peak are never entered.
//!
//! Most sets need no visit at all: an operator that can run, fits below a peak that has been reached anyway, and
//! leaves no more in memory than there was, can as well run at once. Whatever runs later finds no more in memory for
//! it, since all that it gives free it gives free then, too.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::tasks::Tasks;

/// Sets that are entered at most.
const MOST_SETS: usize = 1 << 18;

/// How a search ended.
pub(super) enum Outcome {
    /// This order has a lower peak than the known one, and none has a lower one than it.
    Better(Vec<usize>),
    /// No order has a lower peak than the known one.
    None,
    /// There are too many sets to tell.
    Unknown,
}

/// An order whose peak is below `known`.
pub(super) fn better(tasks: &Tasks, known: u64) -> Outcome {
    let all = match tasks.len() {
        0 => return Outcome::None,
        count @ 1..=64 => u64::MAX >> (64 - count),
        _ => return Outcome::Unknown,
    };
    let mut search = Search {
        tasks,
        known,
        ways: HashMap::new(),
        open: BinaryHeap::new(),
    };
    search.enter(
        State {
            peak: 0,
            live: tasks.given(),
            set: 0,
        },
        Vec::new(),
        0,
    );
    while let Some(Reverse((peak, _, set, live))) = search.open.pop() {
        if search.ways.get(&set).is_some_and(|way| way.peak < peak) {
            continue;
        }
        if set == all {
            return Outcome::Better(search.order(set));
        }
        for task in 0..tasks.len() {
            if contains(set, task) || !tasks.is_ready(task, |i| contains(set, i)) {
                continue;
            }
            if let Some(next) = search.run(State { peak, live, set }, task) {
                search.enter(next, vec![task], set);
            }
        }
        if search.ways.len() > MOST_SETS {
            return Outcome::Unknown;
        }
    }
    Outcome::None
}

fn contains(set: u64, task: usize) -> bool {
    set >> task & 1 == 1
}

/// A set of operators that have run.
#[derive(Clone, Copy)]
struct State {
    peak: u64,
    live: u64,
    set: u64,
}

/// The best way known to a set: from which one, by which operators.
struct Way {
    peak: u64,
    from: u64,
    by: Vec<usize>,
}

/// Peak, operators that have not run, their complement, bytes in memory: the lowest is visited first.
type Entry = Reverse<(u64, u32, u64, u64)>;

struct Search<'a> {
    tasks: &'a Tasks,
    known: u64,
    ways: HashMap<u64, Way>,
    open: BinaryHeap<Entry>,
}

impl Search<'_> {
    /// The state after a task has run, unless its peak is not below the known one.
    fn run(&self, state: State, task: usize) -> Option<State> {
        let effect = self
            .tasks
            .effect(task, state.live, |i| contains(state.set, i));
        let peak = state.peak.max(effect.peak);
        (peak < self.known).then_some(State {
            peak,
            live: effect.left,
            set: state.set | 1 << task,
        })
    }

    /// Notes a state that was reached from the set `from`, with all that can as well run at once.
    fn enter(&mut self, mut state: State, mut by: Vec<usize>, from: u64) {
        while let Some((next, task)) = self.free(state) {
            state = next;
            by.push(task);
        }
        let State { peak, live, set } = state;
        if self.ways.get(&set).is_some_and(|way| way.peak <= peak) {
            return;
        }
        self.ways.insert(set, Way { peak, from, by });
        let rest = self.tasks.len() as u32 - set.count_ones();
        self.open.push(Reverse((peak, rest, set, live)));
    }

    /// An operator that raises neither the peak nor what is left.
    fn free(&self, state: State) -> Option<(State, usize)> {
        let is_done = |i| contains(state.set, i);
        let mut ready = (0..self.tasks.len())
            .filter(|&task| !is_done(task) && self.tasks.is_ready(task, is_done));
        ready.find_map(|task| {
            let next = self.run(state, task)?;
            (next.peak == state.peak && next.live <= state.live).then_some((next, task))
        })
    }

    /// The operators on the best way to a set.
    fn order(&self, mut set: u64) -> Vec<usize> {
        let mut order = Vec::new();
        while set != 0 {
            let Some(way) = self.ways.get(&set) else {
                break;
            };
            order.extend(way.by.iter().rev());
            set = way.from;
        }
        order.reverse();
        order
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::tasks::{Task, Value};

    /// The least peak, by trying all orders.
    fn least(tasks: &Tasks, order: &mut Vec<usize>) -> u64 {
        if order.len() == tasks.len() {
            return tasks.peak(order);
        }
        let mut least_peak = u64::MAX;
        for task in 0..tasks.len() {
            let is_ready = tasks.is_ready(task, |i| order.contains(&i));
            if !order.contains(&task) && is_ready {
                order.push(task);
                least_peak = least_peak.min(least(tasks, order));
                order.pop();
            }
        }
        least_peak
    }

    /// A network whose tasks each make one value and read up to three made before; value 0 is given.
    fn tasks(shapes: &[(u64, [usize; 3], bool, bool)]) -> Tasks {
        let mut tasks = Tasks {
            tasks: Vec::new(),
            values: vec![Value {
                bytes: 64,
                ..Value::default()
            }],
        };
        for (i, &(bytes, reads, covers, follows)) in shapes.iter().enumerate() {
            let mut reads: Vec<_> = reads.iter().map(|read| read % (i + 1)).collect();
            reads.sort_unstable();
            reads.dedup();
            for &read in &reads {
                tasks.values[read].readers.push(i);
            }
            tasks.values.push(Value {
                bytes,
                maker: Some(i),
                ..Value::default()
            });
            let covers = reads.first().copied().filter(|_| covers);
            let follows = if follows && i > 0 {
                vec![i - 1]
            } else {
                Vec::new()
            };
            tasks.tasks.push(Task {
                reads,
                makes: vec![i + 1],
                covers,
                follows,
            });
        }
        if let Some(last) = tasks.values.last_mut() {
            last.stays = true;
        }
        tasks
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn no_order_is_better(
            shapes in prop::collection::vec(
                (1..100_u64, any::<[usize; 3]>(), any::<bool>(), prop::bool::weighted(0.1)), 1..8,
            ),
        ) {
            let tasks = tasks(&shapes);
            let present = tasks.peak(&(0..tasks.len()).collect::<Vec<_>>());
            let wanted = least(&tasks, &mut Vec::new());
            match better(&tasks, present) {
                Outcome::Better(order) => {
                    prop_assert!(wanted < present);
                    prop_assert_eq!(tasks.peak(&order), wanted);
                    let mut sorted = order.clone();
                    sorted.sort_unstable();
                    prop_assert_eq!(sorted, (0..tasks.len()).collect::<Vec<_>>());
                    for (place, &task) in order.iter().enumerate() {
                        prop_assert!(tasks.is_ready(task, |i| order[..place].contains(&i)));
                    }
                }
                Outcome::None => prop_assert_eq!(wanted, present),
                Outcome::Unknown => prop_assert!(false, "too many sets for {} tasks", tasks.len()),
            }
        }
    }

    #[test]
    fn forty_operators_are_few() {
        // Three branches of thirteen operators from one value, whose ends are joined by the last one.
        let shapes: Vec<_> = (0..40_usize)
            .map(|i| match i {
                39 => (16, [13, 26, 39], false, false),
                0 | 13 | 26 => (500, [0; 3], false, false),
                _ => (16 * (i as u64 * 7 % 13), [i; 3], true, false),
            })
            .collect();
        let tasks = tasks(&shapes);
        let present = tasks.peak(&(0..40).collect::<Vec<_>>());
        assert!(!matches!(better(&tasks, present + 1), Outcome::Unknown));
    }
}
