//! A network as the search for an order sees it: what each operator needs, makes and gives free.

use onchip_tflite::Model;

use crate::graph::{Links, has_effects, indices, kind, kind_of, main};

/// What lies in memory starts at multiples of this.
const ALIGNMENT: u64 = 16;

/// Whether an output can take the memory of an input that nothing needs any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// It never can.
    None,
    /// That of an operator's first input can, as far as it reaches.
    Inputs,
}

/// An operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Task {
    /// The values it reads, each once.
    pub(super) reads: Vec<usize>,
    /// The values it makes.
    pub(super) makes: Vec<usize>,
    /// A value among those it reads whose memory its outputs can take.
    pub(super) covers: Option<usize>,
    /// Operators that it must not run before, besides those that make what it reads.
    pub(super) follows: Vec<usize>,
}

/// A value that is computed or given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// Bytes in memory.
    pub(super) bytes: u64,
    /// Who makes it; it is given if nobody does.
    pub(super) maker: Option<usize>,
    /// Who reads it.
    pub(super) readers: Vec<usize>,
    /// Whether it is needed when all have run.
    pub(super) stays: bool,
}

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tasks {
    pub(super) tasks: Vec<Task>,
    pub(super) values: Vec<Value>,
}

impl Tasks {
    pub(super) fn of(model: &Model, sharing: Sharing) -> Self {
        let graph = main(model);
        let links = Links::new(model);
        let is_value = |&i: &usize| {
            model.constant(&graph.tensors[i]).is_none() && !graph.tensors[i].is_variable
        };
        let mut tasks = Self::default();
        for (i, tensor) in graph.tensors.iter().enumerate() {
            let is_kept = graph.outputs.contains(&(i as i32));
            let bytes = if is_value(&i) {
                tensor.bytes().unwrap_or(0)
            } else {
                0
            };
            tasks.values.push(Value {
                bytes: bytes.next_multiple_of(ALIGNMENT),
                maker: links.writer[i],
                readers: links.readers[i].clone(),
                stays: is_kept,
            });
        }
        let mut latest = None;
        for (index, operator) in graph.operators.iter().enumerate() {
            let mut reads: Vec<_> = indices(&operator.inputs).filter(is_value).collect();
            let first = reads.first().copied();
            reads.sort_unstable();
            reads.dedup();
            let shares = sharing == Sharing::Inputs && !has_parts(kind_of(model, operator));
            let mut task = Task {
                covers: first.filter(|_| shares),
                reads,
                makes: indices(&operator.outputs).collect(),
                follows: Vec::new(),
            };
            // What is remembered must be read and written in the present order.
            if has_effects(model, operator) {
                task.follows.extend(latest);
                latest = Some(index);
            }
            tasks.tasks.push(task);
        }
        tasks
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether `task` can run when those of which `is_done` have.
    pub(super) fn is_ready(&self, task: usize, is_done: impl Fn(usize) -> bool) -> bool {
        let task = &self.tasks[task];
        let makers = task
            .reads
            .iter()
            .filter_map(|&value| self.values[value].maker);
        makers.chain(task.follows.iter().copied()).all(is_done)
    }

    /// Bytes of what is given.
    pub(super) fn given(&self) -> u64 {
        let is_given =
            |value: &&Value| value.maker.is_none() && (value.stays || !value.readers.is_empty());
        self.values
            .iter()
            .filter(is_given)
            .map(|value| value.bytes)
            .sum()
    }

    /// What `task` does to memory of which `live` bytes are taken, when those of which `is_done` have run: the bytes
    /// while it runs, and those that are left.
    pub(super) fn effect(&self, task: usize, live: u64, is_done: impl Fn(usize) -> bool) -> Effect {
        let is_last = |value: &Value| {
            !value.stays
                && value
                    .readers
                    .iter()
                    .all(|&reader| reader == task || is_done(reader))
        };
        let Task {
            reads,
            makes,
            covers,
            ..
        } = &self.tasks[task];
        let sum =
            |values: &mut dyn Iterator<Item = &Value>| values.map(|value| value.bytes).sum::<u64>();
        let made = sum(&mut makes.iter().map(|&i| &self.values[i]));
        let freed = sum(&mut reads
            .iter()
            .map(|&i| &self.values[i])
            .filter(|value| is_last(value)));
        // What nobody reads is gone at once.
        let unread = sum(&mut makes
            .iter()
            .map(|&i| &self.values[i])
            .filter(|value| !value.stays && value.readers.is_empty()));
        let covered = covers
            .map(|i| &self.values[i])
            .filter(|value| is_last(value));
        let covered = covered.map_or(0, |value| value.bytes.min(made));
        Effect {
            peak: live + made - covered,
            left: live + made - freed - unread,
        }
    }

    /// The most bytes in memory while an order runs.
    pub(super) fn peak(&self, order: &[usize]) -> u64 {
        let mut is_done = vec![false; self.len()];
        let (mut live, mut peak) = (self.given(), 0);
        for &task in order {
            let effect = self.effect(task, live, |i| is_done[i]);
            is_done[task] = true;
            (live, peak) = (effect.left, peak.max(effect.peak));
        }
        peak
    }
}

/// What running an operator does to memory, in bytes.
pub(super) struct Effect {
    /// Taken while it runs.
    pub(super) peak: u64,
    /// Taken when it has run.
    pub(super) left: u64,
}

/// Operators whose output the engine lays apart from what they read.
fn has_parts(kind: u32) -> bool {
    [kind::FULLY_CONNECTED, kind::CONCATENATION, kind::TRANSPOSE].contains(&kind)
}
