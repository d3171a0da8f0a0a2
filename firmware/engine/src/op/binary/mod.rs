//! Operators that combine two tensors element by element, either of which may be broadcast: ADD, SUB, MUL, MAXIMUM,
//! MINIMUM and PRELU. Each is int8, and int16 where TFLite Micro's is; MAXIMUM and MINIMUM also int32.

mod extremum;
mod prelu;
mod product;
mod sum;
#[cfg(test)]
mod tests;
mod wide_sum;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::kernel::{Sum, elementwise};
use crate::linked::LINKED;
use crate::op::context::Context;
use crate::op::{Broadcast, Kernel, Reuse, Wiring};
use crate::opcode::Opcode;
use crate::tensor::DataType;
use extremum::Extremum;
use prelu::Prelu;
use product::Product;
use wide_sum::WideSum;

/// What becomes of two elements.
enum Function {
    Sum(Sum),
    WideSum(WideSum),
    Product(Product),
    Extremum(Extremum),
    Prelu(Prelu),
}

const SUMS: bool = LINKED.any(&[Opcode::ADD, Opcode::SUB]);
const PRODUCTS: bool = LINKED.any(&[Opcode::MUL]);
const EXTREMA: bool = LINKED.any(&[Opcode::MAXIMUM, Opcode::MINIMUM]);
const PRELUS: bool = LINKED.any(&[Opcode::PRELU]);

pub(crate) struct Binary {
    function: Function,
    geometry: Broadcast,
    dtype: DataType,
}

impl<'m> Kernel<'m> for Binary {
    fn read(cx: &Context<'m>) -> Result<Self> {
        cx.arity(2, 2)?;
        let (first, second, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let dtype = output.dtype;
        let unsupported =
            |dtype: DataType| cx.error(OperatorProblem::DataType, dtype.code() as usize);
        if first.dtype != dtype {
            return Err(unsupported(first.dtype));
        }
        if second.dtype != dtype {
            return Err(unsupported(second.dtype));
        }
        let geometry = Broadcast::new(cx, [&first.shape, &second.shape], &output.shape)?;
        let is_extremum = matches!(cx.opcode, Opcode::MAXIMUM | Opcode::MINIMUM);
        let function = if EXTREMA && is_extremum {
            Function::Extremum(Extremum::read(cx, [first, second, output])?)
        } else {
            let scales = [
                cx.affine(0, first)?,
                cx.affine(1, second)?,
                cx.affine(2, output)?,
            ];
            match (cx.opcode, dtype) {
                (Opcode::ADD | Opcode::SUB, DataType::Int8) if SUMS => {
                    Function::Sum(sum::read(cx, scales)?)
                }
                (Opcode::ADD | Opcode::SUB, DataType::Int16) if SUMS => {
                    Function::WideSum(WideSum::read(cx, scales)?)
                }
                (Opcode::MUL, DataType::Int8 | DataType::Int16) if PRODUCTS => {
                    Function::Product(Product::read(cx, scales, dtype)?)
                }
                (Opcode::PRELU, DataType::Int8) if PRELUS => {
                    cx.ensure(geometry.whole()[0], OperatorProblem::Broadcast, 0)?;
                    Function::Prelu(Prelu::read(cx, scales)?)
                }
                _ => return Err(unsupported(dtype)),
            }
        };
        Ok(Self {
            function,
            geometry,
            dtype,
        })
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary().reusing(Reuse::Overwrite(self.geometry.whole()))
    }

    fn run(&self, mut views: Views<'_>) {
        let (views, geometry) = (&mut views, &self.geometry);
        match (&self.function, self.dtype) {
            (Function::Sum(sum), _) if SUMS => sum.run(views, geometry),
            (Function::Product(product), DataType::Int8) if PRODUCTS => {
                elementwise::broadcast(views, geometry, |x: i8, y: i8| {
                    product.apply(i32::from(x), i32::from(y)) as i8
                });
            }
            (Function::Extremum(extremum), DataType::Int8) if EXTREMA => {
                elementwise::broadcast(views, geometry, |x: i8, y: i8| {
                    extremum.apply(i32::from(x), i32::from(y)) as i8
                });
            }
            (Function::Prelu(prelu), _) if PRELUS => {
                elementwise::broadcast(views, geometry, |x: i8, y: i8| {
                    prelu.apply(i32::from(x), i32::from(y)) as i8
                });
            }
            (_, DataType::Int16) => elementwise::broadcast(views, geometry, |x: i16, y: i16| {
                self.apply(i32::from(x), i32::from(y)) as i16
            }),
            _ => elementwise::broadcast(views, geometry, |x: i32, y: i32| self.apply(x, y)),
        }
    }
}

impl Binary {
    /// The result of two elements wider than 8 bits.
    #[inline(never)]
    fn apply(&self, x: i32, y: i32) -> i32 {
        match &self.function {
            Function::WideSum(sum) if SUMS => sum.apply(x, y),
            Function::Product(product) if PRODUCTS => product.apply(x, y),
            Function::Extremum(extremum) if EXTREMA => extremum.apply(x, y),
            // These are int8 only.
            _ => x,
        }
    }
}
