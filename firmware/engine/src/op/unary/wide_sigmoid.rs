//! LOGISTIC and TANH, int16.

use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::sigmoid::{Steps, logistic, tanh};
use crate::op::context::{Affine, Context};
use crate::opcode::Opcode;

pub(crate) struct WideSigmoid {
    is_tanh: bool,
    scaling: Scaling,
}

/// How inputs become steps of the table.
enum Scaling {
    PowerOfTwo(Steps),
    Other { multiplier: i32, shift: u32 },
}

impl WideSigmoid {
    pub(crate) fn read(cx: &Context<'_>, from: Affine, to: Affine) -> Result<Self> {
        let is_tanh = cx.opcode == Opcode::TANH;
        cx.ensure(to.scale == 1.0 / 32768.0, OperatorProblem::CurveOutput, 0)?;
        let scaling = Scaling::new(is_tanh, from.scale);
        Ok(Self {
            is_tanh,
            scaling: scaling.ok_or(cx.error(OperatorProblem::Multiplier, 0))?,
        })
    }

    pub(crate) fn apply(&self, x: i32) -> i32 {
        let steps = match self.scaling {
            Scaling::PowerOfTwo(steps) => steps.of(x as i16),
            Scaling::Other { multiplier, shift } => {
                let half = (1_i64 << shift) >> 1;
                (x * multiplier + half as i32) >> shift
            }
        };
        i32::from(if self.is_tanh {
            tanh(steps)
        } else {
            logistic(steps)
        })
    }
}

impl Scaling {
    /// TFLite `CalculateArithmeticOpDataLogistic` and TANH's `CalculateArithmeticOpData` for int16, with `CheckedLog2`:
    /// a scale that is a power of two to within a thousandth counts as one. `None` if the multiplier does not fit.
    fn new(is_tanh: bool, scale: f32) -> Option<Self> {
        /// The mantissas of 2^0.001 and 2^0.999.
        const CLOSE: [u32; 2] = [5816, 8_376_980];
        let bits = scale.to_bits();
        let mantissa = bits & 0x7f_ffff;
        let (below, above) = (mantissa <= CLOSE[0], mantissa >= CLOSE[1]);
        let power = (bits >> 23) as i32 - 127 + i32::from(above);
        let left = power + 12;
        if (below || above) && (left == 0 || is_tanh && left == 1) {
            return Some(Self::PowerOfTwo(Steps::new(power)));
        }
        // One step is a 3 * 4096th.
        let mut multiplier = f64::from(scale) * 4096.0 * 3.0;
        let mut shift = 0;
        while multiplier <= 32767.0 / 2.0 && shift <= 30 {
            shift += 1;
            multiplier *= 2.0;
        }
        (multiplier <= 32767.0).then_some(Self::Other {
            multiplier: multiplier as i32,
            shift,
        })
    }
}
