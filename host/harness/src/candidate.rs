//! The candidate: a model and its input, past the host's gate.
//!
//! The host runs the very engine that the image runs. A model that it refuses, or that does not
//! fit, costs no erase and no second of board time; of one that it runs, it knows the output.

use std::sync::Arc;

use onchip_engine::{Interpreter, Model};
use onchip_protocol::crc32;
use onchip_protocol::partition::{self, Header, Part};
use onchip_tflite::hex;
use sha2::{Digest, Sha256};

use crate::board::Board;
use crate::failure::CandidateFailure;
use crate::image::Image;
use crate::input::{Input, InputError};

/// A model and its input, ready to be measured on a board.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(crate) path: String,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) macs: u64,
    pub(crate) params: u64,
    pub(crate) operators: Vec<Operator>,
    pub(crate) arena: usize,
    pub(crate) input: String,
    /// What goes into the model partition.
    pub(crate) partition: Arc<[u8]>,
    pub(crate) model_crc32: u32,
    pub(crate) input_crc32: u32,
    /// What the host engine computed.
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
}

impl Candidate {
    /// Checks that `model` can run on `board` under `image`, and runs it on the host.
    ///
    /// `path` is what records call the model.
    pub fn prepare(
        path: &str,
        model: &[u8],
        input: &Input,
        board: &Board,
        image: &Image,
    ) -> Result<Candidate, PrepareError> {
        let parsed = Model::new(model).map_err(CandidateFailure::engine)?;
        let input_bytes = input.bytes(parsed.input().bytes)?;

        let mut flash = vec![partition::ERASED; board.partition.length() as usize];
        let header = partition::write(model, &input_bytes, &mut flash)
            .map_err(CandidateFailure::Partition)?;
        flash.truncate(header.partition_len());

        let (arena, expected) = host_run(&parsed, &input_bytes, image.info.arena as usize)
            .map_err(CandidateFailure::engine)?;
        Ok(Candidate {
            path: path.to_owned(),
            sha256: hex(&Sha256::digest(model)),
            bytes: model.len() as u64,
            macs: parsed.macs(),
            params: parsed
                .operators()
                .map(|operator| operator.parameters as u64)
                .sum(),
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
            model_crc32: crc32(model),
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

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Multiply-accumulates of an inference.
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
