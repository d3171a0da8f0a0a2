//! What a plan keeps for running: where everything lies, and the factors of each convolution's channels. It has the same
//! form in the arena, where a plan leaves it, and in a file, where it needs neither time nor memory.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | [`LAYOUT`] |
//! | 2, 2 | number of tensors, number of operators |
//! | 4 | bytes of arena in which the network runs |
//! | 4 | [`Digest`] of the scales that the tables were computed from |
//! | 4 for each tensor | where it starts in the arena; 0 for constants |
//! | 12 for each operator | start and end of its working memory; where its table starts, counted from the first tensor's number |
//! | the rest | tables |
//!
//! In the arena there is no header, the first 16 bytes. All numbers are little-endian.

use crate::arena::aligned;
use crate::error::{self, Fault, GraphProblem};
use crate::flatbuffer::{Result, Scalar, saturate};
use crate::model::Model;
use crate::op::ChannelScales;
use crate::plan::Plan;

/// The version of this form. Another one is refused.
const LAYOUT: u32 = 1;

pub(super) const HEADER: usize = 16;

/// Plans a model, computes its tables, and returns what [`Interpreter::new`](crate::Interpreter::new) keeps of that, for
/// files that carry it.
///
/// A file carries it as metadata: an entry of the root's field `metadata` with the name [`KEPT`](crate::KEPT) and
/// the number of a buffer with these bytes. They hold for the file's first subgraph as it is, and for this version of
/// the engine: whoever changes tensors, operators, shapes or scales must make them anew. A buffer that starts at
/// a multiple of 4, as the schema's `force_align: 16` has it, is read fastest.
///
/// With them, [`Interpreter::new`](crate::Interpreter::new) only checks, and refuses what does not fit. What the model
/// carries already is ignored here.
///
/// # Errors
/// As [`Interpreter::new`](crate::Interpreter::new) without such metadata; `arena` must be as large as for that.
pub fn kept<'a>(model: &Model<'_>, arena: &'a mut [u8]) -> error::Result<&'a [u8]> {
    let arena = aligned(arena);
    let available = arena.len();
    make(model, arena).map_err(|fault| model.explain(fault, available))
}

fn make<'a>(model: &Model<'_>, arena: &'a mut [u8]) -> Result<&'a [u8]> {
    let (plan, end) = Plan::make(model, arena)?;
    let mut digest = Digest::default();
    for index in 0..model.operator_count() {
        model.op(index, &mut |op| {
            digest.add_operator(op.kernel.scales());
            Ok(())
        })?;
    }
    let header = Header {
        tensors: model.tensor_count(),
        operators: model.operator_count(),
        arena: end,
        digest,
    };
    let used = plan.used;
    let bytes = match plan.numbers {
        // The header takes the place of a buffer: nothing runs any more.
        Numbers::Arena(start) => start
            .checked_sub(HEADER)
            .and_then(|start| arena.get_mut(start..used)),
        Numbers::File(_) => None,
    };
    let bytes = bytes.ok_or(Fault::arena(used + HEADER))?;
    bytes[..HEADER].copy_from_slice(&header.encode());
    Ok(bytes)
}

/// The start of what a file carries.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) tensors: usize,
    pub(super) operators: usize,
    pub(super) arena: usize,
    pub(super) digest: Digest,
}

impl Header {
    fn encode(self) -> [u8; HEADER] {
        let counts = self.tensors as u32 | (self.operators as u32) << 16;
        let words = [LAYOUT, counts, saturate(self.arena), self.digest.0];
        let mut bytes = [0; HEADER];
        for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        bytes
    }

    /// Splits off the header.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8])> {
        let word = |i| Numbers::File(bytes).get(&[], i);
        let layout = word(0);
        let Some(rest) = bytes.get(HEADER..).filter(|_| layout == LAYOUT as usize) else {
            return Err(Fault::graph(GraphProblem::KeptLayout, layout));
        };
        let header = Self {
            tensors: word(1) & 0xffff,
            operators: word(1) >> 16,
            arena: word(2),
            digest: Digest(word(3) as u32),
        };
        Ok((header, rest))
    }
}

/// A number that tells scales from others: FNV-1a of Fowler, Noll and Vo, by words instead of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest(u32);

impl Default for Digest {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Digest {
    /// Adds an operator, with or without a table.
    pub(super) fn add_operator(&mut self, scales: Option<&ChannelScales<'_>>) {
        self.add(scales.map_or(0, |scales| saturate(scales.table_bytes())));
        if let Some(scales) = scales {
            scales.words(&mut |word| self.add(word));
        }
    }

    fn add(&mut self, word: u32) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0193);
    }
}

/// Where the numbers lie, and behind them the tables.
#[derive(Clone, Copy)]
pub(super) enum Numbers<'m> {
    File(&'m [u8]),
    /// From here on.
    Arena(usize),
}

impl<'m> Numbers<'m> {
    /// Number `i`.
    pub(super) fn get(self, arena: &[u8], i: usize) -> usize {
        let bytes = match self {
            Self::File(bytes) => bytes,
            Self::Arena(start) => arena.get(start..).unwrap_or_default(),
        };
        u32::read(bytes.get(4 * i..).unwrap_or_default()) as usize
    }
}
