//! What stands between a float network and its int8 network.

use onchip_tflite::ir::Network;

use super::calibrate::calibrate;
use super::error::QuantizeError;
use super::fold::{self, Folded};
use super::lower::{self, Kernel, Lowered};
use super::plan::{Plan, Slot, place};
use super::range::Range;
use super::scheme::Scheme;
use crate::data::Split;
use crate::nn::{FakeQuantization, FloatNetwork, Parameters};

/// The int8 network of a trained one.
///
/// Batch normalization is folded, ranges are taken from examples of `calibration`, which should be
/// the training split, and weights are rounded. [`Scheme::qat`] is not for this function but for
/// [`deploy`](super::deploy). The same arguments give the same network.
///
/// # Errors
/// See [`QuantizeError`].
///
/// # Panics
/// The examples have another size than the network's input.
pub fn quantize(
    network: &FloatNetwork,
    calibration: &Split,
    scheme: &Scheme,
) -> Result<Network, QuantizeError> {
    let stages = Stages::new(network, calibration, scheme)?;
    Ok(stages.lower()?.network)
}

/// A folded network, which operators it becomes, and the ranges of its values.
pub(super) struct Stages {
    pub(super) folded: Folded,
    plan: Plan,
    /// See [`lower::lower`].
    ranges: Vec<Range>,
}

impl Stages {
    pub(super) fn new(
        network: &FloatNetwork,
        calibration: &Split,
        scheme: &Scheme,
    ) -> Result<Self, QuantizeError> {
        let folded = fold::network(network)?;
        let plan = Plan::new(&folded.network.topology);
        let ranges = calibrate(&folded, &plan, calibration, scheme)?;
        Ok(Self {
            folded,
            plan,
            ranges,
        })
    }

    pub(super) fn lower(&self) -> Result<Lowered, QuantizeError> {
        let FloatNetwork {
            topology,
            parameters,
        } = &self.folded.network;
        let kernel = |layer: usize| match &parameters[layer] {
            Parameters::Weights { weights, bias } => Kernel { weights, bias },
            _ => Kernel::default(),
        };
        lower::lower(topology, &self.plan, kernel, &self.ranges)
    }

    /// Where and how the int8 network rounds, said of the folded network: its weights, its input,
    /// and what each operator makes of its layer and the activation fused into it.
    pub(super) fn rounding(&self, lowered: &Lowered) -> FakeQuantization {
        let layers = self.folded.network.topology.nodes().len();
        let mut values = vec![None; layers + 1];
        values[0] = Some(lowered.quantization(Slot::INPUT));
        for (index, step) in self.plan.steps.iter().enumerate() {
            values[place(step.result)] = Some(lowered.quantization(Slot::of_step(index)));
        }
        FakeQuantization {
            weights: true,
            values,
        }
    }
}
