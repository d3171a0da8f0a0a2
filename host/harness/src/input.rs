//! What a model is fed with.

use onchip_tflite::hex;
use sha2::{Digest, Sha256};

/// The source of a model's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A linear congruential generator that starts from 12345: reproducible noise.
    Lcg,
    /// All bytes zero.
    Zeros,
    /// These very bytes.
    Bytes(Vec<u8>),
}

impl Input {
    /// The bytes for an input tensor of `length` bytes.
    pub fn bytes(&self, length: usize) -> Result<Vec<u8>, InputError> {
        match self {
            Input::Lcg => Ok(lcg(length)),
            Input::Zeros => Ok(vec![0; length]),
            Input::Bytes(bytes) if bytes.len() == length => Ok(bytes.clone()),
            Input::Bytes(bytes) => Err(InputError {
                found: bytes.len(),
                wanted: length,
            }),
        }
    }

    /// How records name it: two equal names mean equal bytes.
    pub fn name(&self) -> String {
        match self {
            Input::Lcg => "lcg".to_owned(),
            Input::Zeros => "zeros".to_owned(),
            Input::Bytes(bytes) => format!("sha256:{}", hex(&Sha256::digest(bytes))),
        }
    }
}

/// The given bytes are not as many as the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the input has {found} bytes, the model takes {wanted}; give an array of the model's input shape"
)]
pub struct InputError {
    /// Bytes given.
    pub found: usize,
    /// Bytes of the input tensor.
    pub wanted: usize,
}

/// Numerical Recipes' generator modulo 2³²; each byte is the state's top one.
fn lcg(length: usize) -> Vec<u8> {
    let mut state = 12345_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_documented_one() {
        // 12345 * 1664525 + 1013904223 = 21562465... mod 2^32, worked by hand in 64 bits.
        let first = (12345_u64 * 1_664_525 + 1_013_904_223) % (1 << 32);
        let second = (first * 1_664_525 + 1_013_904_223) % (1 << 32);
        assert_eq!(lcg(2), [(first >> 24) as u8, (second >> 24) as u8]);
    }

    #[test]
    fn bytes_must_fit_the_tensor() {
        let input = Input::Bytes(vec![1, 2, 3]);
        assert_eq!(input.bytes(3), Ok(vec![1, 2, 3]));
        assert_eq!(
            input.bytes(4),
            Err(InputError {
                found: 3,
                wanted: 4
            })
        );
        assert!(input.name().starts_with("sha256:039058c6"));
    }
}
