//! What is to be small, and its slope.

use super::float::Float;

/// How wrong outputs are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// Sum over examples.
    pub(crate) loss: f64,
    /// Examples whose greatest output is their label.
    pub(crate) hits: usize,
}

/// Cross entropy of the softmax of each row of `outputs` with its label, of which `smoothing` is
/// spread over all classes. `slopes` becomes the gradient of the mean over the rows.
pub(crate) fn cross_entropy<T: Float>(
    outputs: &[T],
    labels: &[usize],
    smoothing: f64,
    slopes: &mut [T],
) -> Verdict {
    let classes = outputs.len() / labels.len();
    let spread = T::of(smoothing / classes as f64);
    let peak = T::of(1.0 - smoothing);
    let share = T::ONE / T::of(labels.len() as f64);
    let rows = outputs
        .chunks_exact(classes)
        .zip(slopes.chunks_exact_mut(classes));
    let mut verdict = Verdict { loss: 0.0, hits: 0 };
    for ((row, slopes), &label) in rows.zip(labels) {
        let best = (1..classes).fold(0, |best, i| if row[i] > row[best] { i } else { best });
        let greatest = row[best];
        let mut sum = T::ZERO;
        for (slope, output) in slopes.iter_mut().zip(row) {
            *slope = (*output - greatest).exp();
            sum += *slope;
        }
        let log_sum = sum.ln() + greatest;
        let mut loss = T::ZERO;
        for (class, (slope, output)) in slopes.iter_mut().zip(row).enumerate() {
            let target = if class == label {
                peak + spread
            } else {
                spread
            };
            loss += target * (log_sum - *output);
            *slope = (*slope / sum - target) * share;
        }
        verdict.loss += loss.to_f64();
        verdict.hits += usize::from(best == label && !loss.to_f64().is_nan());
    }
    verdict
}

/// Mean squared difference of each of `n` rows of `outputs` and `targets`. `slopes` becomes the
/// gradient of the mean over the rows.
pub(crate) fn squared<T: Float>(
    outputs: &[T],
    targets: &[T],
    n: usize,
    slopes: &mut [T],
) -> Verdict {
    let per_row = T::ONE / T::of((outputs.len() / n) as f64);
    let share = per_row * T::of(2.0 / n as f64);
    let mut loss = 0.0;
    for ((output, target), slope) in outputs.iter().zip(targets).zip(slopes) {
        let difference = *output - *target;
        loss += (difference * difference * per_row).to_f64();
        *slope = difference * share;
    }
    Verdict { loss, hits: 0 }
}
