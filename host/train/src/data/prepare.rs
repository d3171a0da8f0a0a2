//! From what a reader gives to what a training takes.

use std::sync::Arc;

use onchip_tflite::hex;
use sha2::{Digest, Sha256};

use super::examples::{Examples, Values};
use super::normalize::{Normalize, Scaling};
use super::source::Result;
use super::split::{Indices, SplitConfig};
use super::{Dataset, Source, Split};

/// Examples with the scaling that makes them fit for a network.
struct Prepared {
    values: Values,
    labels: Vec<u32>,
    scaling: Vec<Scaling>,
}

impl Source for Prepared {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn read(&self, index: usize, values: &mut [f32]) -> Result<usize> {
        self.values.read(index, values)?;
        for pixel in values.chunks_exact_mut(self.scaling.len()) {
            for (value, scaling) in pixel.iter_mut().zip(&self.scaling) {
                *value = *value * scaling.scale + scaling.offset;
            }
        }
        Ok(self.labels[index] as usize)
    }
}

/// Checks, divides and normalizes examples.
pub(crate) fn prepare(
    examples: Examples,
    split: &SplitConfig,
    normalize: Normalize,
) -> Result<Dataset> {
    examples.check()?;
    let indices = split.divide(&examples)?;
    let scaling = normalize.fit(
        &examples.values,
        examples.shape,
        &indices.train,
        |problem| examples.error(problem),
    )?;
    let digest = digest(&examples, &indices, &scaling)?;
    let source: Arc<dyn Source> = Arc::new(Prepared {
        values: examples.values,
        labels: examples.labels,
        scaling: scaling.clone(),
    });
    let of = |indices: Vec<u32>| Split {
        source: Arc::clone(&source),
        indices: indices.into(),
    };
    Ok(Dataset {
        name: examples.name,
        shape: examples.shape,
        classes: examples.classes,
        train: of(indices.train),
        validation: of(indices.validation),
        test: of(indices.test),
        scaling,
        digest,
    })
}

/// SHA-256 over all that a training or a test can see. The name is for people and not part of it.
fn digest(examples: &Examples, indices: &Indices, scaling: &[Scaling]) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(b"onchip data 1\n");
    for extent in examples.shape {
        digest.update((extent as u64).to_le_bytes());
    }
    for class in &examples.classes {
        digest.update((class.len() as u64).to_le_bytes());
        digest.update(class);
    }
    let Indices {
        train,
        validation,
        test,
    } = indices;
    for numbers in [&examples.labels, train, validation, test] {
        digest.update((numbers.len() as u64).to_le_bytes());
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        digest.update(&bytes);
    }
    for scaling in scaling {
        digest.update(scaling.scale.to_le_bytes());
        digest.update(scaling.offset.to_le_bytes());
    }
    examples.values.digest(&mut digest)?;
    Ok(hex(&digest.finalize()))
}
