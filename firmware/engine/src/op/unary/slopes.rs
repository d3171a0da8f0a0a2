//! Functions of two straight lines that meet at zero: the RELU family, ABS and QUANTIZE.

use crate::flatbuffer::Result;
use crate::op::context::{Affine, Clamp, Context};
use crate::opcode::Opcode;
use crate::quantize::Rescale;
use crate::tensor::DataType;

pub(crate) struct Slopes {
    pub(crate) from_zero: i32,
    pub(crate) to_zero: i32,
    /// The factor of inputs that are not negative.
    pub(crate) positive: Rescale,
    pub(crate) negative: Negative,
    pub(crate) clamp: Clamp,
}

/// What becomes of negative inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Negative {
    /// The factor's magnitude.
    pub(crate) rescale: Rescale,
    /// Whether the sign changes before it is applied.
    pub(crate) before: bool,
    /// Whether the sign changes after it has been applied. That rounds halves the other way.
    pub(crate) after: bool,
}

impl Slopes {
    pub(crate) fn read(
        cx: &Context<'_>,
        from: Affine,
        to: Affine,
        dtype: DataType,
    ) -> Result<Self> {
        // TFLite `CalculateReluOpData`, `PrepareAbsRsqrt` and `PrepareQuantizeReference` divide in double precision,
        // `CalculateOpDataLeakyRelu` in single.
        let factor = f64::from(from.scale) / f64::from(to.scale);
        let mut positive = factor;
        let mut negative = factor;
        if cx.opcode == Opcode::LEAKY_RELU {
            let alpha: f32 = cx.options(75)?.get(0, 0.0)?;
            positive = f64::from(from.scale / to.scale);
            negative = f64::from(from.scale * alpha / to.scale);
        }
        let activation = match cx.opcode {
            Opcode::RELU => 1,
            Opcode::RELU_N1_TO_1 => 2,
            Opcode::RELU6 => 3,
            _ => 0,
        };
        Ok(Self {
            from_zero: from.zero_point,
            to_zero: to.zero_point,
            positive: cx.rescale(positive)?,
            negative: Negative {
                rescale: cx.rescale(libm::fabs(negative))?,
                before: cx.opcode == Opcode::ABS,
                after: negative < 0.0,
            },
            clamp: cx.clamp_to(dtype, activation, to)?,
        })
    }

    /// TFLite `ReluQuantized`, `QuantizeLeakyRelu`, `AbsEvalQuantized` and `Requantize`.
    ///
    /// RELU6 is `ReluQuantized` with another bound, as in LiteRT: TFLite Micro's only cuts off, which is the same
    /// where input and output share their scale and zero point, and wrong elsewhere. A negative slope of LEAKY_RELU
    /// rounds halves down, as all of TFLite's interpreters do.
    pub(crate) fn apply(&self, x: i32) -> i32 {
        let x = x - self.from_zero;
        let y = if x >= 0 {
            self.positive.apply_apart(x)
        } else {
            let Negative {
                rescale,
                before,
                after,
            } = self.negative;
            let y = rescale.apply_apart(if before { -x } else { x });
            if after { y.saturating_neg() } else { y }
        };
        let y = y.saturating_add(self.to_zero);
        y.max(self.clamp.min).min(self.clamp.max)
    }
}
