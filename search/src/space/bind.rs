//! A space for an input: defaults filled in, lists checked, what cannot be left out.

use onchip_tflite::topology::Dims;
use serde::Serialize;

use super::choices::{Choices, Extent, PoolChoice};
use super::count::Counts;
use super::{BlockType, Kind, Space};
use crate::architecture::{Activation, Block, BlockKind, Head, Pool, Sides};
use crate::domain::{Domain, Rng};
use crate::wording::counted;

/// Most blocks, and most dense layers.
const MAX_LAYERS: usize = 100;

/// Architectures for one input and number of classes.
#[derive(Debug, Clone)]
pub struct BoundSpace {
    pub(super) input: Dims,
    pub(super) classes: usize,
    /// What the lists say, each in ascending order.
    pub(super) lists: Lists,
    /// How many ways there are to go on from a shape.
    pub(super) counts: Counts,
}

/// What there is to choose from. None is empty; none lists a value twice.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    pub(super) kinds: Vec<BlockKind>,
    pub(super) depths: Vec<usize>,
    pub(super) widths: Vec<usize>,
    pub(super) kernels: Vec<Sides>,
    pub(super) strides: Vec<Sides>,
    pub(super) norms: Vec<bool>,
    pub(super) activations: Vec<Activation>,
    pub(super) pools: Vec<Option<Pool>>,
    pub(super) skips: Vec<bool>,
    pub(super) heads: Vec<Head>,
    pub(super) dense_depths: Vec<usize>,
    pub(super) dense_widths: Vec<usize>,
    pub(super) is_npu: bool,
}

/// Why a space cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// A list without values, as written or after `npu: true` left some out.
    #[error("space: `{key}` lists nothing{}", if *npu { " that suits `npu: true`" } else { "" })]
    Nothing {
        /// The key.
        key: &'static str,
        /// Whether there was something before the NPU's rules.
        npu: bool,
    },
    /// A value twice.
    #[error("space: `{key}` lists {value} twice; list it once")]
    Twice {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// A value that means nothing.
    #[error("space: `{key}` lists {value}; {remedy}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What may stand there.
        remedy: &'static str,
    },
    /// A key of convolutions in a space without.
    #[error("space: kind `mlp` has no `{key}`; remove it, or take `cnn1d` or `cnn2d`")]
    NotInMlp {
        /// The key.
        key: &'static str,
    },
    /// An image in a space of series.
    #[error("space: kind `cnn1d` reads [length, 1, channels], the input is {0:?}; take `cnn2d`")]
    NotASeries(Dims),
    /// No elements or no classes.
    #[error(
        "space: the input is {input:?}, in {}; neither may be empty",
        counted(.classes, "class")
    )]
    NoData {
        /// Height, width, channels.
        input: Dims,
        /// Their number.
        classes: usize,
    },
    /// Nothing can be built.
    #[error(
        "space: no network of it can be built for the input {0:?}: every choice of kernels, strides and poolings outgrows it; list smaller ones, or a smaller `depth`"
    )]
    Empty(Dims),
}

impl Space {
    /// The space for that input and number of classes.
    ///
    /// What can be built is decided here and while drawing, by rules instead of trials: a block
    /// stands where its stride and its pooling are no larger than the map, where every place of
    /// its kernel can meet data (at most 2 n − 1 along a side of n), and where there is a way
    /// on to one of the depths. So drawing never fails and always ends.
    ///
    /// # Errors
    /// A list is empty or has a senseless value, the kind does not suit the input, or nothing
    /// can be built.
    pub fn bind(&self, input: Dims, classes: usize) -> Result<BoundSpace, SpaceError> {
        if input.contains(&0) || classes == 0 {
            return Err(SpaceError::NoData { input, classes });
        }
        if self.kind == Kind::Cnn1d && input[1] != 1 {
            return Err(SpaceError::NotASeries(input));
        }
        let lists = self.lists()?;
        let counts = Counts::new(&lists, input);
        let space = BoundSpace {
            input,
            classes,
            lists,
            counts,
        };
        if space.depths().is_empty() {
            return Err(SpaceError::Empty(input));
        }
        Ok(space)
    }

    fn lists(&self) -> Result<Lists, SpaceError> {
        let is_mlp = self.kind == Kind::Mlp;
        if is_mlp {
            self.check_mlp()?;
        }
        let is_series = self.kind == Kind::Cnn1d;
        let (npu, sides) = (self.npu, |extent: &Extent| extent.sides(is_series));
        let small: &[usize] = if is_mlp { &[0] } else { &[1, 2, 3, 4] };
        let kernels: &[usize] = if is_series { &[3, 5, 7] } else { &[3, 5] };
        let heads = if is_mlp {
            Head::Flatten
        } else {
            Head::GlobalAverage
        };
        let dense: &[usize] = if is_mlp { &[0, 1, 2, 3] } else { &[0, 1] };
        let pools = [PoolChoice::None, max_of_2()];
        let numbers = |values: &[usize]| -> Vec<Extent> {
            values.iter().map(|&value| Extent::Number(value)).collect()
        };
        let lists = Lists {
            kinds: self.kinds()?,
            depths: list("depth", &self.depth, small, |n| n <= MAX_LAYERS, |&n| n)?,
            widths: filtered(
                list("widths", &self.widths, &[8, 16, 24, 32], |n| n > 0, |&n| n)?,
                ("widths", npu),
                |width| width.is_multiple_of(4),
            )?,
            kernels: filtered(
                list("kernels", &self.kernels, &numbers(kernels), positive, sides)?,
                ("kernels", npu),
                |kernel| kernel.0[0] <= 7,
            )?,
            strides: filtered(
                list("strides", &self.strides, &numbers(&[1, 2]), positive, sides)?,
                ("strides", npu),
                |stride| stride.0.iter().all(|&side| side <= 2),
            )?,
            norms: list("norm", &self.norm, &[!is_mlp], |_| true, |&norm| norm)?,
            activations: list(
                "activations",
                &self.activations,
                &[Activation::Relu],
                |_| true,
                |&activation| activation,
            )?,
            pools: list("pools", &self.pools, &pools, is_pooling, |pool| {
                pool.pool(is_series)
            })?,
            skips: list("skip", &self.skip, &[false, true], |_| true, |&skip| skip)?,
            heads: list("head", &self.head, &[heads], |_| true, |&head| head)?,
            dense_depths: list("dense", &self.dense, dense, |n| n <= MAX_LAYERS, |&n| n)?,
            dense_widths: list(
                "dense_widths",
                &self.dense_widths,
                &[16, 32, 64],
                |n| n > 0,
                |&n| n,
            )?,
            is_npu: npu,
        };
        Ok(lists)
    }

    fn kinds(&self) -> Result<Vec<BlockKind>, SpaceError> {
        let all = [BlockType::Conv, BlockType::Separable, BlockType::Inverted];
        let types = list(
            "blocks",
            &self.blocks,
            &all,
            |_| true,
            |&kind| all.iter().position(|&known| known == kind),
        )?;
        let expansions = list("expansions", &self.expansions, &[2, 4], |n| n > 0, |&n| n)?;
        let mut kinds = Vec::new();
        for kind in types.into_iter().flatten() {
            match all[kind] {
                BlockType::Conv => kinds.push(BlockKind::Conv),
                BlockType::Separable => kinds.push(BlockKind::Separable),
                BlockType::Inverted => {
                    kinds.extend(expansions.iter().map(|&by| BlockKind::Inverted(by)));
                }
            }
        }
        Ok(kinds)
    }

    fn check_mlp(&self) -> Result<(), SpaceError> {
        let keys = [
            ("blocks", self.blocks.is_some()),
            ("depth", self.depth.is_some()),
            ("widths", self.widths.is_some()),
            ("kernels", self.kernels.is_some()),
            ("strides", self.strides.is_some()),
            ("expansions", self.expansions.is_some()),
            ("pools", self.pools.is_some()),
            ("skip", self.skip.is_some()),
            ("head", self.head.is_some()),
        ];
        match keys.into_iter().find(|&(_, is_given)| is_given) {
            Some((key, _)) => Err(SpaceError::NotInMlp { key }),
            None => Ok(()),
        }
    }
}

pub(super) fn max_of_2() -> PoolChoice {
    PoolChoice::Window {
        kind: crate::architecture::PoolKind::Max,
        size: Extent::Number(2),
        stride: Extent::Number(2),
    }
}

/// The values of a key, in ascending order and each once.
fn list<T: Copy + Serialize, U: Ord + Copy>(
    key: &'static str,
    given: &Option<Choices<T>>,
    default: &[T],
    is_valid: impl Fn(U) -> bool,
    meaning: impl Fn(&T) -> U,
) -> Result<Vec<U>, SpaceError> {
    let given = given.as_ref().map_or(default, |choices| &choices.0);
    let mut values: Vec<(U, &T)> = given.iter().map(|value| (meaning(value), value)).collect();
    values.sort_by_key(|(value, _)| *value);
    if values.is_empty() {
        return Err(SpaceError::Nothing { key, npu: false });
    }
    if let Some((_, written)) = values.iter().find(|(value, _)| !is_valid(*value)) {
        let value = as_written(written);
        let remedy = match key {
            "depth" | "dense" => "100 layers are the most",
            "pools" => "windows are larger than 1, strides at least 1 and no larger than windows",
            _ => "it must be 1 or more",
        };
        return Err(SpaceError::Value { key, value, remedy });
    }
    match values.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(SpaceError::Twice {
            key,
            value: as_written(pair[1].1),
        }),
        None => Ok(values.into_iter().map(|(value, _)| value).collect()),
    }
}

/// A value as a study file writes it.
fn as_written(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

fn filtered<T>(
    mut values: Vec<T>,
    (key, npu): (&'static str, bool),
    suits: impl Fn(&T) -> bool,
) -> Result<Vec<T>, SpaceError> {
    if npu {
        values.retain(suits);
    }
    if values.is_empty() {
        return Err(SpaceError::Nothing { key, npu });
    }
    Ok(values)
}

fn positive(Sides([height, width]): Sides) -> bool {
    height > 0 && width > 0
}

/// Whether a pooling sees every element and does something.
fn is_pooling(pool: Option<Pool>) -> bool {
    pool.is_none_or(|Pool { size, stride, .. }| {
        let sides = size.0.into_iter().zip(stride.0);
        positive(stride) && !size.is_one() && sides.into_iter().all(|(size, stride)| stride <= size)
    })
}

impl BoundSpace {
    /// The shape of what networks read.
    pub fn input(&self) -> Dims {
        self.input
    }

    /// Numbers of blocks for which there are networks.
    pub(super) fn depths(&self) -> Vec<usize> {
        let depths = self.lists.depths.iter().copied();
        depths
            .filter(|&depth| self.leads_on(self.input, depth))
            .collect()
    }

    /// Whether `blocks` more blocks can follow a value of that shape.
    pub(super) fn leads_on(&self, shape: Dims, blocks: usize) -> bool {
        self.counts.ways(shape, blocks).is_some()
    }
}

impl Domain for BoundSpace {
    type Point = crate::architecture::Architecture;

    /// Uniform choice by choice: the number of blocks, then block by block its type, expansion,
    /// width, stride, pooling, branch, kernel, normalization and activation, then head and dense
    /// layers. Each is drawn uniformly from those values that, after the choices before, still
    /// lead to a network. So short and deep networks, and all types, are equally likely; drawing
    /// uniformly from all networks would give the deepest nearly always.
    fn sample(&self, rng: &mut Rng) -> Self::Point {
        self.draw(rng)
    }

    /// One of [`neighbours`](BoundSpace::neighbours), uniformly; any network if there are none.
    fn neighbour(&self, point: &Self::Point, rng: &mut Rng) -> Self::Point {
        let neighbours = self.neighbours(point);
        match neighbours.len() {
            0 => self.draw(rng),
            _ => super::sample::pick(&neighbours, rng).clone(),
        }
    }

    /// The first blocks of the one and the last of the other, head and dense layers of either; what
    /// does not fit there is changed as in [`nearest`](BoundSpace::nearest).
    fn crossover(&self, left: &Self::Point, right: &Self::Point, rng: &mut Rng) -> Self::Point {
        self.cross(left, right, rng)
    }

    fn key(&self, point: &Self::Point) -> String {
        point.key()
    }
}

/// The same block without stride and pooling: what keeps the map's size.
pub(super) fn plain(block: Block) -> Block {
    Block {
        stride: Sides::one(),
        pool: None,
        skip: false,
        ..block
    }
}
