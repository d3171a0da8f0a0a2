//! The candidate: a model and its input, past the host's gate.
//!
//! The host runs the very engine that the image runs. A model that it refuses, or that does not
//! fit, costs no erase and no second of board time; of one that it runs, it knows the output. What is flashed may be
//! a prepared model: another file, which computes the same and costs less.

use std::sync::Arc;

use onchip_engine::{Interpreter, Model};
use onchip_prepare::{Options, Prepared};
use onchip_protocol::crc32;
use onchip_protocol::partition::{self, Header, Part};
use onchip_tflite::hex;
use sha2::{Digest, Sha256};

use crate::board::Board;
use crate::failure::CandidateFailure;
use crate::image::Image;
use crate::input::{Input, InputError};
use crate::record::PreparedRecord;

/// A model and its input, ready to be measured on a board.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) macs: u64,
    pub(crate) params: u64,
    /// What is flashed instead, if it was prepared.
    pub(crate) prepared: Option<PreparedRecord>,
    /// Of what is flashed.
    pub(crate) operators: Vec<Operator>,
    pub(crate) arena: usize,
    pub(crate) input: String,
    /// What goes into the model partition.
    pub(crate) partition: Arc<[u8]>,
    pub(crate) model_crc32: u32,
    pub(crate) input_crc32: u32,
    /// What the host engine computed from the source.
    pub(crate) expected: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) name: String,
    pub(crate) macs: u64,
}

/// Why a model and an input make no candidate.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The model cannot run on this board.
    #[error(transparent)]
    Candidate(#[from] CandidateFailure),
    /// The input is not one for this model.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The preparation went wrong, which is nobody's fault but onchip's.
    #[error(transparent)]
    Preparation(onchip_prepare::Error),
}

impl From<onchip_prepare::Error> for PrepareError {
    fn from(error: onchip_prepare::Error) -> PrepareError {
        match error {
            onchip_prepare::Error::Engine(error) => CandidateFailure::engine(error).into(),
            error => PrepareError::Preparation(error),
        }
    }
}

impl Candidate {
    /// Checks that `model` can run on `board` under `image`, and runs it on the host. It is flashed as it is.
    ///
    /// `path` is what records call the model.
    pub fn prepare(
        path: &str,
        model: &[u8],
        input: &Input,
        board: &Board,
        image: &Image,
    ) -> Result<Candidate, PrepareError> {
        Candidate::new(path, [model, model], None, input, board, image)
    }

    /// The same, but what is flashed is what `onchip_prepare` makes of `source`. The outputs to prove are those of
    /// the source.
    pub fn prepare_cheaper(
        path: &str,
        source: &[u8],
        input: &Input,
        board: &Board,
        image: &Image,
    ) -> Result<Candidate, PrepareError> {
        let prepared = onchip_prepare::prepare(source, Options::default())?;
        Candidate::of_prepared(path, source, &prepared, input, board, image)
    }

    /// The same of a source that has been prepared.
    pub fn of_prepared(
        path: &str,
        source: &[u8],
        prepared: &Prepared,
        input: &Input,
        board: &Board,
        image: &Image,
    ) -> Result<Candidate, PrepareError> {
        let files = [source, &prepared.bytes];
        Candidate::new(path, files, Some(prepared), input, board, image)
    }

    fn new(
        path: &str,
        [source, flashed]: [&[u8]; 2],
        prepared: Option<&Prepared>,
        input: &Input,
        board: &Board,
        image: &Image,
    ) -> Result<Candidate, PrepareError> {
        let original = Model::new(source).map_err(CandidateFailure::engine)?;
        let parsed = Model::new(flashed).map_err(CandidateFailure::engine)?;
        let input_bytes = input.bytes(original.input().bytes)?;

        let mut flash = vec![partition::ERASED; board.partition.length() as usize];
        let header = partition::write(flashed, &input_bytes, &mut flash)
            .map_err(CandidateFailure::Partition)?;
        flash.truncate(header.partition_len());

        let (arena, output) = host_run(&parsed, &input_bytes, image.info.arena as usize)
            .map_err(CandidateFailure::engine)?;
        let expected = match prepared {
            Some(_) => {
                onchip_prepare::run(source, &input_bytes).map_err(CandidateFailure::engine)?
            }
            None => output.clone(),
        };
        if output != expected {
            let pass = "all together";
            return Err(onchip_prepare::Error::Differs { pass }.into());
        }
        let parameters = |model: &Model<'_>| {
            let operators = model.operators();
            operators.map(|operator| operator.parameters as u64).sum()
        };
        Ok(Candidate {
            path: path.to_owned(),
            sha256: hex(&Sha256::digest(source)),
            bytes: source.len() as u64,
            macs: original.macs(),
            params: parameters(&original),
            prepared: prepared.map(|prepared| PreparedRecord {
                sha256: hex(&Sha256::digest(flashed)),
                bytes: flashed.len() as u64,
                macs: parsed.macs(),
                params: parameters(&parsed),
                steps: prepared.steps.clone(),
            }),
            operators: parsed
                .operators()
                .map(|operator| Operator {
                    name: operator.name().to_owned(),
                    macs: operator.macs,
                })
                .collect(),
            arena,
            input: input.name(),
            partition: flash.into(),
            model_crc32: crc32(flashed),
            input_crc32: crc32(&input_bytes),
            expected,
        })
    }

    /// What records call the model.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The model that is measured, as it goes into flash.
    pub fn model(&self) -> &[u8] {
        let header = Header::decode(&self.partition);
        let model = header.and_then(|header| header.read(Part::Model, &self.partition));
        // Written by `prepare`, so it is there.
        model.unwrap_or_default()
    }

    /// Bytes of the source.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Multiply-accumulates of an inference of the source.
    pub fn macs(&self) -> u64 {
        self.macs
    }

    /// Weights and biases.
    pub fn parameters(&self) -> u64 {
        self.params
    }

    /// Bytes of the arena that the engine plans for.
    pub fn arena(&self) -> usize {
        self.arena
    }

    /// The output that the host engine computed.
    pub fn expected_output(&self) -> &[u8] {
        &self.expected
    }
}

/// Runs the model in an arena as large as the image's, so that what fits here fits there. Returns
/// the bytes of it that are planned for, and the output.
fn host_run(
    model: &Model<'_>,
    input: &[u8],
    arena: usize,
) -> Result<(usize, Vec<u8>), onchip_engine::Error> {
    let mut arena = vec![0; arena];
    let mut interpreter = Interpreter::new(model, &mut arena)?;
    interpreter.input_mut().copy_from_slice(input);
    interpreter.invoke(&mut ())?;
    Ok((interpreter.arena_used(), interpreter.output().to_vec()))
}

#[cfg(test)]
impl Candidate {
    /// A candidate that nothing but its expected output is known of.
    pub(crate) fn fixture(expected: Vec<u8>) -> Candidate {
        Candidate {
            path: "fixture".to_owned(),
            sha256: String::new(),
            bytes: 0,
            macs: 0,
            params: 0,
            prepared: None,
            operators: Vec::new(),
            arena: 0,
            input: "zeros".to_owned(),
            partition: Arc::new([]),
            model_crc32: 1,
            input_crc32: 2,
            expected,
        }
    }
}
