//! Networks judged without training: a landscape to compare strategies on, no measurement.

use onchip_tflite::topology::{Layer, Topology};

use crate::metric::{Metric, Scores};

/// An imagined validation error, MACs and parameters of a network.
///
/// The error falls with what a network can tell apart: a layer counts by the logarithm of its
/// width, more the finer its input is and the wider its window, and less the more layers came
/// before it; past some depth it rises again. So cheap and accurate exclude each other, and the
/// best network of a size is neither the widest nor the deepest.
pub fn imagine(topology: &Topology) -> Scores {
    let mut ability = 0.0;
    let mut layers = 0.0;
    for node in topology.nodes() {
        let window = match node.layer {
            Layer::Conv { window, .. } | Layer::Depthwise { window } => window.size,
            Layer::Dense { .. } => [1, 1],
            _ => continue,
        };
        let [height, width, _] = topology.shape(node.inputs[0]);
        let channels = node.shape[2] as f64;
        let fineness = (height * width) as f64;
        let sight = ((window[0] * window[1]) as f64).sqrt();
        layers += 1.0;
        ability += channels.ln() * ((1.0 + fineness).ln() * sight).sqrt() / f64::sqrt(layers);
    }
    let error = 0.02 + 0.88 * (-ability / 8.0).exp() + 0.0005 * layers * layers;
    Scores::from_iter([
        (Metric::ValidationError, error.min(1.0)),
        (Metric::Macs, topology.macs() as f64),
        (Metric::Parameters, topology.parameters() as f64),
    ])
}
