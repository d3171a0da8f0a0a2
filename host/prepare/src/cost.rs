//! What a model costs where it runs.

use onchip_engine::{Error, Interpreter, Model};
use serde::{Deserialize, Serialize};

/// The largest arena that is tried, in bytes.
const MOST: usize = 1 << 31;

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Multiply-accumulates of an inference.
    pub macs: u64,
    /// Operators of an inference.
    pub operators: usize,
    /// Bytes of the file, all of which lie in flash.
    pub bytes: usize,
    /// Bytes of the arena that the engine plans for.
    pub arena: usize,
}

impl Cost {
    /// Whether it needs less of anything, and not more time or RAM. Some bytes of flash are a price for these two.
    pub fn is_better_than(&self, other: &Self) -> bool {
        let work = |cost: &Self| (cost.macs, cost.operators, cost.arena);
        let ((macs, operators, arena), before) = (work(self), work(other));
        let is_no_worse = macs <= before.0 && operators <= before.1 && arena <= before.2;
        is_no_worse && (work(self) != before || self.bytes < other.bytes)
    }
}

/// What the engine says that a file costs.
pub(crate) fn of(file: &[u8]) -> Result<Cost, Error> {
    let model = Model::new(file)?;
    Ok(Cost {
        macs: model.macs(),
        operators: model.operator_count(),
        bytes: file.len(),
        arena: with_arena(&model, |interpreter| Ok(interpreter.arena_used()))?,
    })
}

/// Calls `f` with an interpreter whose arena is large enough.
pub(crate) fn with_arena<T>(
    model: &Model<'_>,
    f: impl Fn(&mut Interpreter<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    with_memory(|arena| f(&mut Interpreter::new(model, arena)?))
}

/// Calls `f` with more and more memory, until that is an arena large enough.
pub(crate) fn with_memory<T>(f: impl Fn(&mut [u8]) -> Result<T, Error>) -> Result<T, Error> {
    let mut len = 1 << 20;
    loop {
        match f(&mut vec![0; len]) {
            Err(Error::Arena { .. }) if len < MOST => len *= 4,
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flash_is_a_price_for_time_and_ram_only() {
        let cost = |macs, operators, bytes, arena| Cost {
            macs,
            operators,
            bytes,
            arena,
        };
        let before = cost(100, 5, 1000, 500);
        for (after, is_better) in [
            (before, false),
            (cost(100, 5, 999, 500), true),
            (cost(99, 5, 1001, 500), true),
            (cost(100, 4, 1001, 500), true),
            (cost(100, 5, 1001, 499), true),
            (cost(100, 5, 999, 501), false),
            (cost(101, 5, 999, 400), false),
            (cost(90, 6, 999, 400), false),
        ] {
            assert_eq!(after.is_better_than(&before), is_better, "{after:?}");
        }
    }
}
