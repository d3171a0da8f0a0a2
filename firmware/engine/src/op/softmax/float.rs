//! SOFTMAX, float32.

use crate::op::element::Element;

/// TFLite `reference_ops::Softmax`.
pub(super) fn row(beta: f32, row: &[i8], out: &mut [i8]) {
    let depth = row.len() / 4;
    let mut greatest = f32::MIN;
    for i in 0..depth {
        let x = f32::load(row, i);
        if greatest < x {
            greatest = x;
        }
    }
    let mut sum = 0.0;
    for i in 0..depth {
        let exponential = libm::expf((f32::load(row, i) - greatest) * beta);
        exponential.store(out, i);
        sum += exponential;
    }
    for i in 0..depth {
        (f32::load(out, i) / sum).store(out, i);
    }
}
