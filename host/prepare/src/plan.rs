//! A memory plan for TensorFlow Lite Micro.
//!
//! Its allocator takes each tensor's place from metadata of the name [`NAME`], as `memory_management.md` of its
//! documentation has it: 32-bit numbers, little-endian; the version of the format, the number of subgraphs, the number
//! of offsets, and for each tensor of all subgraphs its offset from the arena's start, or -1 for what is constant or
//! is to be placed at run time. Its kernels write outputs before they have read all inputs, so that no two tensors
//! overlap that are needed at the same time.

use onchip_tflite::Model;

use crate::graph::{Links, main};
use crate::metadata;

/// What the plan is called in the file.
pub(crate) const NAME: &str = "OfflineMemoryAllocation";

const VERSION: i32 = 1;
const AT_RUN_TIME: i32 = -1;

/// Tensors start at multiples of this.
const ALIGNMENT: usize = 16;

/// Adds a plan, if one can be made.
pub(crate) fn run(model: &mut Model) -> Vec<String> {
    let Some(Plan { places, bytes }) = Plan::of(model) else {
        return Vec::new();
    };
    let placed = places.iter().flatten().count();
    let numbers = [VERSION, model.subgraphs.len() as i32, model_tensors(model)].into_iter();
    let rest = model_tensors(model) as usize - places.len();
    let offset = |place: &Option<usize>| place.map_or(AT_RUN_TIME, |place| place as i32);
    let numbers = numbers
        .chain(places.iter().map(offset))
        .chain(std::iter::repeat_n(AT_RUN_TIME, rest));
    let data = numbers.flat_map(i32::to_le_bytes).collect();
    metadata::set(model, NAME, data);
    vec![format!(
        "{NAME} for {placed} tensors in {bytes} bytes, for TensorFlow Lite Micro"
    )]
}

fn model_tensors(model: &Model) -> i32 {
    let tensors = model.subgraphs.iter().map(|graph| graph.tensors.len());
    tensors.sum::<usize>() as i32
}

/// Where tensors lie.
struct Plan {
    /// For each tensor of the network, if it has a place.
    places: Vec<Option<usize>>,
    /// The end of the last one.
    bytes: usize,
}

/// A tensor to be placed.
#[derive(Clone, Copy)]
struct Block {
    tensor: usize,
    bytes: usize,
    /// The first and the last operator that it is needed for.
    first: usize,
    last: usize,
}

impl Block {
    fn is_live_with(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl Plan {
    /// The best of four plans: each gives the blocks their lowest free places one after the other, from the largest
    /// down ("greedy by size", Pisarchyk and Lee 2020), or in another order. `None` if a tensor's size is not known.
    fn of(model: &Model) -> Option<Self> {
        let blocks = blocks(model)?;
        let count = main(model).tensors.len();
        type Order = fn(&Block) -> (usize, usize);
        let orders: [Order; 4] = [
            |block| (usize::MAX - block.bytes, block.first),
            |block| {
                (
                    usize::MAX - (block.last - block.first),
                    usize::MAX - block.bytes,
                )
            },
            |block| (block.first, usize::MAX - block.bytes),
            |block| (usize::MAX - block.last, usize::MAX - block.bytes),
        ];
        let plan = |order: Order| {
            let mut blocks = blocks.clone();
            blocks.sort_by_key(order);
            Self::place(&blocks, count)
        };
        orders.map(plan).into_iter().min_by_key(|plan| plan.bytes)
    }

    fn place(blocks: &[Block], count: usize) -> Self {
        let mut plan = Self {
            places: vec![None; count],
            bytes: 0,
        };
        let mut placed: Vec<(Block, usize)> = Vec::new();
        for &block in blocks {
            let mut others: Vec<_> = placed
                .iter()
                .filter(|(other, _)| other.is_live_with(&block))
                .collect();
            others.sort_by_key(|(_, place)| *place);
            let mut place = 0;
            for (other, start) in others {
                if *start >= place + block.bytes {
                    break;
                }
                place = place.max(start + other.bytes);
            }
            plan.places[block.tensor] = Some(place);
            plan.bytes = plan.bytes.max(place + block.bytes);
            placed.push((block, place));
        }
        plan
    }
}

/// What has to be placed. Variables are the runtime's.
fn blocks(model: &Model) -> Option<Vec<Block>> {
    let graph = main(model);
    let links = Links::new(model);
    let mut blocks = Vec::new();
    for (tensor, info) in graph.tensors.iter().enumerate() {
        let index = tensor as i32;
        let (is_given, is_wanted) = (
            graph.inputs.contains(&index),
            graph.outputs.contains(&index),
        );
        let is_used = links.writer[tensor].is_some() || is_given;
        if model.constant(info).is_some() || info.is_variable || !is_used {
            continue;
        }
        let first = links.writer[tensor].filter(|_| !is_given).unwrap_or(0);
        let last = if is_wanted {
            graph.operators.len()
        } else {
            links.readers[tensor].last().copied().unwrap_or(first)
        };
        let bytes = usize::try_from(info.bytes()?)
            .ok()
            .filter(|&bytes| i32::try_from(bytes).is_ok())?;
        let bytes = bytes.next_multiple_of(ALIGNMENT);
        blocks.push(Block {
            tensor,
            bytes,
            first,
            last,
        });
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use onchip_tflite::random::{Limits, network};

    use super::*;

    #[test]
    fn tensors_that_are_needed_together_lie_apart() {
        for seed in 0..60 {
            let mut model = network(seed, Limits::default()).to_model().unwrap();
            let blocks = blocks(&model).unwrap();
            let plan = Plan::of(&model).unwrap();
            let place = |block: &Block| plan.places[block.tensor].unwrap();
            for (i, a) in blocks.iter().enumerate() {
                assert!(place(a) % ALIGNMENT == 0 && place(a) + a.bytes <= plan.bytes);
                for b in blocks[i + 1..].iter().filter(|b| a.is_live_with(b)) {
                    let apart = place(a) + a.bytes <= place(b) || place(b) + b.bytes <= place(a);
                    assert!(apart, "seed {seed}: tensors {} and {}", a.tensor, b.tensor);
                }
            }
            let live = |time| {
                blocks
                    .iter()
                    .filter(move |block| (block.first..=block.last).contains(&time))
            };
            let operators = main(&model).operators.len();
            let peak = (0..operators)
                .map(|time| live(time).map(|block| block.bytes).sum::<usize>())
                .max();
            assert!(plan.bytes >= peak.unwrap(), "seed {seed}");

            assert_eq!(run(&mut model).len(), 1);
            let again = Model::read(&model.write().unwrap()).unwrap();
            let data = &again.buffers[again.metadata.last().unwrap().buffer as usize];
            let words: Vec<_> = data
                .as_chunks()
                .0
                .iter()
                .map(|&word| i32::from_le_bytes(word))
                .collect();
            assert_eq!(words[..3], [1, 1, again.subgraphs[0].tensors.len() as i32]);
            let offsets: Vec<_> = plan
                .places
                .iter()
                .map(|place| place.map_or(-1, |place| place as i32))
                .collect();
            assert_eq!(words[3..], offsets);
        }
    }
}
