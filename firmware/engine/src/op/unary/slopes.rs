//! Functions of two straight lines that meet at zero: the RELU family, ABS and QUANTIZE of integers.

use crate::flatbuffer::Result;
use crate::op::context::Context;
use crate::op::unary::Unary;
use crate::opcode::Opcode;

impl Unary {
    #[inline(never)]
    pub(super) fn read_slopes(&mut self, cx: &Context<'_>) -> Result<()> {
        // TFLite `CalculateReluOpData`, `PrepareAbsRsqrt` and `PrepareQuantizeReference` divide in double precision,
        // `CalculateOpDataLeakyRelu` in single.
        let (from, to) = (self.from.scale, self.to.scale);
        if self.opcode == Opcode::LEAKY_RELU {
            let slope = from * self.alpha / to;
            self.flips = slope < 0.0;
            self.positive = cx.rescale(from / to, 1.0, 1.0)?;
            self.negative = cx.rescale(slope.abs(), 1.0, 1.0)?;
            return Ok(());
        }
        self.positive = cx.rescale(from, 1.0, to)?;
        self.negative = self.positive;
        let activation = match self.opcode {
            Opcode::RELU => 1,
            Opcode::RELU_N1_TO_1 => 2,
            Opcode::RELU6 => 3,
            _ => return Ok(()),
        };
        self.clamp = cx.clamp_to(self.types[1], activation, self.to)?;
        Ok(())
    }

    /// TFLite `ReluQuantized`, `QuantizeLeakyRelu`, `AbsEvalQuantized` and `Requantize`.
    ///
    /// RELU6 is `ReluQuantized` with another bound, as in LiteRT: TFLite Micro's only cuts off, which is the same
    /// where input and output share their scale and zero point, and wrong elsewhere. A negative slope of LEAKY_RELU
    /// rounds halves down, as all of TFLite's interpreters do.
    pub(super) fn slope(&self, x: i32) -> i32 {
        let is_negative = x < 0;
        let factor = if is_negative {
            self.negative
        } else {
            self.positive
        };
        let is_abs = is_negative && self.opcode == Opcode::ABS;
        let y = factor.apply_apart(if is_abs { -x } else { x });
        if is_negative && self.flips {
            y.saturating_neg()
        } else {
            y
        }
    }
}
