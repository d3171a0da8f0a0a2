//! Spectra of real signals.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// The Fourier transform of real signals of one length.
pub(crate) struct Spectrum {
    transform: Arc<dyn RealToComplex<f64>>,
}

/// Memory that a transform works in.
pub(crate) struct Work {
    input: Vec<f64>,
    output: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Spectrum {
    pub(crate) fn new(planner: &mut RealFftPlanner<f64>, size: usize) -> Self {
        let transform = planner.plan_fft_forward(size);
        Self { transform }
    }

    pub(crate) fn work(&self) -> Work {
        Work {
            input: self.transform.make_input_vec(),
            output: self.transform.make_output_vec(),
            scratch: self.transform.make_scratch_vec(),
        }
    }

    /// Magnitudes of frequencies 0 to half the size. Samples that are missing are zero.
    pub(crate) fn magnitudes<'w>(
        &self,
        samples: &mut dyn Iterator<Item = f64>,
        work: &'w mut Work,
    ) -> impl Iterator<Item = f64> + use<'w> {
        work.input.fill(0.0);
        for (input, sample) in work.input.iter_mut().zip(samples) {
            *input = sample;
        }
        let Work {
            input,
            output,
            scratch,
        } = work;
        // The buffers are the transform's own: it cannot find them of a wrong size.
        let done = self.transform.process_with_scratch(input, output, scratch);
        debug_assert!(done.is_ok());
        output.iter().map(|value| value.norm())
    }
}
