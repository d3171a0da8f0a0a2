//! Architectures that have a name: where a search may start.

use onchip_tflite::topology::{self, Dims};

use super::{Activation, Architecture, Block, BlockKind, Head, Pool, PoolKind, Sides};
use BlockKind::{Conv, Separable};

/// A row of a stack: kind, width, kernel, stride along time; then a max pooling of 3 by 2 or none.
type Row = (BlockKind, usize, usize, usize, bool);

/// Stacks of convolution, batch normalization and ReLU with a mean over time as head, by the names
/// of the classifiers in Texas Instruments' model zoo for time series
/// (<https://github.com/TexasInstruments/tinyml-modelzoo>, `docs` and model descriptions): a name
/// tells about how many parameters there are. The stacks are onchip's own and keep to the same
/// rules: channels are multiples of 4, kernels at most 7 long, strides 1 or 2.
const STACKS: &[(&str, &[Row])] = &[
    ("CLS_100", &[(Conv, 4, 3, 2, false), (Conv, 4, 5, 2, false)]),
    (
        "CLS_500",
        &[(Conv, 8, 5, 2, false), (Conv, 12, 5, 2, false)],
    ),
    (
        "CLS_1k",
        &[
            (Conv, 8, 5, 2, false),
            (Conv, 12, 5, 1, true),
            (Conv, 16, 3, 1, false),
        ],
    ),
    (
        "CLS_2k",
        &[
            (Conv, 8, 5, 2, false),
            (Conv, 16, 5, 1, true),
            (Conv, 24, 3, 2, false),
        ],
    ),
    (
        "CLS_4k",
        &[
            (Conv, 8, 5, 2, false),
            (Conv, 16, 5, 1, true),
            (Conv, 24, 5, 2, false),
            (Conv, 24, 3, 1, false),
        ],
    ),
    (
        "CLS_6k",
        &[
            (Conv, 16, 5, 2, true),
            (Separable, 32, 5, 1, true),
            (Separable, 48, 3, 1, false),
            (Conv, 24, 3, 1, false),
        ],
    ),
    (
        "CLS_8k",
        &[
            (Conv, 16, 5, 2, true),
            (Separable, 32, 5, 1, true),
            (Separable, 56, 5, 1, false),
            (Conv, 32, 3, 1, false),
        ],
    ),
    (
        "CLS_13k",
        &[
            (Conv, 8, 5, 2, false),
            (Conv, 16, 3, 2, false),
            (Conv, 24, 3, 1, false),
            (Conv, 32, 3, 2, false),
            (Conv, 36, 3, 1, false),
            (Conv, 44, 3, 2, false),
        ],
    ),
    (
        "CLS_20k",
        &[
            (Conv, 16, 5, 2, false),
            (Conv, 32, 3, 2, true),
            (Separable, 48, 5, 1, false),
            (Conv, 48, 3, 2, false),
            (Conv, 56, 3, 1, false),
        ],
    ),
    (
        "CLS_55k",
        &[
            (Conv, 16, 5, 2, false),
            (Conv, 32, 5, 2, true),
            (Conv, 48, 5, 1, false),
            (Conv, 64, 5, 2, false),
            (Conv, 92, 5, 1, false),
        ],
    ),
];

/// Why there is no such network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamedError {
    /// No such name.
    #[error("no architecture is named `{name}`; there are {}", names().join(", "))]
    Unknown {
        /// As given.
        name: String,
    },
    /// Not a series.
    #[error("`{name}` is for series [length, 1, channels]; the input is {input:?}")]
    NotASeries {
        /// As given.
        name: String,
        /// As given.
        input: Dims,
    },
    /// The series is too short for so many strides, or there are no classes.
    #[error("`{name}` cannot be built for the input {input:?}; take a smaller one")]
    Build {
        /// As given.
        name: String,
        /// As given.
        input: Dims,
        /// The layer that does not fit.
        source: Box<topology::Error>,
    },
}

/// All names, from the smallest to the largest network.
pub fn names() -> Vec<String> {
    let names = STACKS.iter().map(|(name, _)| format!("{name}_NPU"));
    names.collect()
}

/// The network of that name for series of the given shape [length, 1, channels]. `CLS_1k` is
/// `CLS_1k_NPU`: what suits the NPU runs everywhere.
///
/// # Errors
/// The name is unknown (the error lists all), or the input does not suit it.
pub fn named(name: &str, input: Dims, classes: usize) -> Result<Architecture, NamedError> {
    let base = name.strip_suffix("_NPU").unwrap_or(name);
    let stack = STACKS.iter().find(|(known, _)| *known == base);
    let name = name.to_owned();
    let Some((_, rows)) = stack else {
        return Err(NamedError::Unknown { name });
    };
    if input[1] != 1 {
        return Err(NamedError::NotASeries { name, input });
    }
    let architecture = Architecture {
        input,
        blocks: rows.iter().map(|&row| block(row)).collect(),
        head: Head::GlobalAverage,
        dense: Vec::new(),
        classes,
    };
    match architecture.topology() {
        Ok(_) => Ok(architecture),
        Err(source) => Err(NamedError::Build {
            name,
            input,
            source: Box::new(source),
        }),
    }
}

fn block((kind, width, kernel, stride, pools): Row) -> Block {
    let pool = Pool {
        kind: PoolKind::Max,
        size: Sides([3, 1]),
        stride: Sides([2, 1]),
    };
    Block {
        kind,
        width,
        kernel: Sides([kernel, 1]),
        stride: Sides([stride, 1]),
        norm: true,
        activation: Activation::Relu,
        skip: false,
        pool: pools.then_some(pool),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_parameters() {
        for name in names() {
            let architecture = named(&name, [128, 1, 1], 3).unwrap();
            let digits = name.trim_start_matches("CLS_").trim_end_matches("_NPU");
            let wanted = match digits.strip_suffix('k') {
                Some(thousands) => thousands.parse::<u64>().unwrap() * 1000,
                None => digits.parse().unwrap(),
            };
            let found = architecture.topology().unwrap().parameters();
            let share = found * 100 / wanted;
            assert!((80..=125).contains(&share), "{name}: {found}");
            assert_eq!(architecture.to_string().parse(), Ok(architecture));
        }
    }

    #[test]
    fn wrong_names_and_inputs_are_told() {
        let error = named("CLS_3k_NPU", [128, 1, 1], 3).unwrap_err().to_string();
        assert!(error.contains("CLS_2k_NPU, CLS_4k_NPU"), "{error}");
        let error = named("CLS_1k", [8, 8, 1], 3).unwrap_err();
        assert!(matches!(error, NamedError::NotASeries { .. }));
        let error = named("CLS_1k", [3, 1, 1], 3).unwrap_err();
        assert!(matches!(error, NamedError::Build { .. }));
    }
}
