//! BATCH_MATMUL of int8 and of float32: products of matrices, with batches that are broadcast.

#[cfg(test)]
mod tests;

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Scalar};
use crate::kernel::cast;
use crate::op::context::Context;
use crate::op::{Kernel, Wiring};
use crate::quantize::Rescale;
use crate::tensor::{DataType, MAX_RANK};

/// What has been checked, or a problem and the number that goes with it.
type Checked<T> = core::result::Result<T, (OperatorProblem, usize)>;

/// Most dimensions of batches.
const BATCH_RANK: usize = MAX_RANK - 2;

pub(crate) struct BatchMatMul {
    /// Each dimension of batches, outermost first, filled up in front with 1: its length, and how many elements each
    /// operand moves along it, 0 where it is broadcast.
    batches: [(usize, [usize; 2]); BATCH_RANK],
    rows: usize,
    columns: usize,
    depth: usize,
    first: Matrix,
    second: Matrix,
    arithmetic: Arithmetic,
}

/// How far the next row or column of an output is, and how far the next element of its sum, within an operand.
#[derive(Clone, Copy, Debug)]
struct Matrix {
    line: usize,
    element: usize,
}

enum Arithmetic {
    Integer {
        zeros: [i32; 2],
        output_zero: i32,
        rescale: Rescale,
    },
    Float,
}

impl<'m> Kernel<'m> for BatchMatMul {
    fn read(cx: &Context<'m>) -> Result<Self> {
        let options = cx.form(2, 101)?;
        let (first, second, output) = (cx.input(0)?, cx.input(1)?, cx.output()?);
        let adjoint = [options.byte(0)? != 0, options.byte(1)? != 0];

        let arithmetic = if first.dtype == DataType::Float32 {
            cx.of_type(second, DataType::Float32)?;
            cx.of_type(output, DataType::Float32)?;
            Arithmetic::Float
        } else {
            let (a, b, to) = (cx.int8(0, first)?, cx.int8(1, second)?, cx.int8(2, output)?);
            Arithmetic::Integer {
                zeros: [a.zero_point, b.zero_point],
                output_zero: to.zero_point,
                // TFLite `GetQuantizedConvolutionMultipler`. By its source the product has single precision, but TFLite
                // Micro's Python package, which the golden outputs are from, computes it in double precision.
                rescale: cx.rescale(a.scale, b.scale, to.scale)?,
            }
        };

        let dims = [first, second, output].map(|tensor| tensor.shape.dims());
        Self::new(dims, adjoint, arithmetic).map_err(|(problem, value)| cx.error(problem, value))
    }

    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::binary()
    }

    fn macs(&self) -> u64 {
        let outputs = self
            .batches
            .iter()
            .map(|&(dim, _)| dim as u64)
            .product::<u64>();
        outputs * (self.rows * self.columns) as u64 * self.depth as u64
    }

    fn run(&self, views: Views<'_>) {
        let Views {
            inputs: [first, second],
            output,
            ..
        } = views;
        match self.arithmetic {
            Arithmetic::Integer {
                zeros,
                output_zero,
                rescale,
            } => {
                self.for_each(|i, starts| {
                    let products = self.pairs(starts).map(|(a, b)| {
                        (i32::from(first[a]) - zeros[0]) * (i32::from(second[b]) - zeros[1])
                    });
                    let scaled = rescale.apply(products.fold(0, i32::wrapping_add));
                    output[i] = scaled.saturating_add(output_zero).clamp(-128, 127) as i8;
                });
            }
            Arithmetic::Float => {
                let (first, second) = (cast::as_u8(first), cast::as_u8(second));
                let (output, _) = cast::as_u8_mut(output).as_chunks_mut::<4>();
                self.for_each(|i, starts| {
                    let products = self
                        .pairs(starts)
                        .map(|(a, b)| f32::read(&first[4 * a..]) * f32::read(&second[4 * b..]));
                    output[i] = products
                        .fold(0.0, |sum, product| sum + product)
                        .to_le_bytes();
                });
            }
        }
    }
}

impl BatchMatMul {
    /// Checks both operands' and the output's shapes; `adjoint` tells which operands' matrices are transposed. An error
    /// is a problem and the number that goes with it.
    fn new(
        [first, second, output]: [&[usize]; 3],
        adjoint: [bool; 2],
        arithmetic: Arithmetic,
    ) -> Checked<Self> {
        let (first_batches, [first_rows, first_columns]) = split(first)?;
        let (second_batches, [second_rows, second_columns]) = split(second)?;
        let (output_batches, [rows, columns]) = split(output)?;
        let (mut left, mut depth) = (first_rows, first_columns);
        if adjoint[0] {
            (left, depth) = (depth, left);
        }
        let (mut second_depth, mut right) = (second_rows, second_columns);
        if adjoint[1] {
            (second_depth, right) = (right, second_depth);
        }
        if depth != second_depth {
            return Err((OperatorProblem::Shape, 1));
        }
        if (rows, columns) != (left, right) {
            return Err((OperatorProblem::Shape, 2));
        }

        let mut batches = [(1, [0; 2]); BATCH_RANK];
        let mut steps = [first_rows * first_columns, second_rows * second_columns];
        // From the last dimension on.
        for i in 0..BATCH_RANK {
            let [a, b, out] = [first_batches, second_batches, output_batches]
                .map(|batches| batches.iter().rev().nth(i).map_or(1, |&dim| dim));
            let fits = |dim| dim == out || dim == 1;
            if !fits(a) || !fits(b) || a != out && b != out {
                return Err((OperatorProblem::Shape, 2));
            }
            let step = |dim: usize, step: usize| if dim == 1 { 0 } else { step };
            batches[BATCH_RANK - 1 - i] = (out, [step(a, steps[0]), step(b, steps[1])]);
            steps = [steps[0] * a, steps[1] * b];
        }
        let matrix = |lines_are_rows, columns| {
            let (line, element) = if lines_are_rows {
                (columns, 1)
            } else {
                (1, columns)
            };
            Matrix { line, element }
        };
        Ok(Self {
            batches,
            rows,
            columns,
            depth,
            first: matrix(!adjoint[0], first_columns),
            second: matrix(adjoint[1], second_columns),
            arithmetic,
        })
    }

    /// All outputs in order: their numbers, and where the operands' first elements for them are.
    fn for_each(&self, mut compute: impl FnMut(usize, [usize; 2])) {
        let count = self.batches.iter().map(|&(dim, _)| dim).product();
        for batch in 0..count {
            let (mut starts, mut rest) = ([0; 2], batch);
            for &(dim, steps) in self.batches.iter().rev() {
                let position = rest % dim;
                rest /= dim;
                starts = [
                    starts[0] + position * steps[0],
                    starts[1] + position * steps[1],
                ];
            }
            for row in 0..self.rows {
                for column in 0..self.columns {
                    let i = (batch * self.rows + row) * self.columns + column;
                    let a = starts[0] + row * self.first.line;
                    let b = starts[1] + column * self.second.line;
                    compute(i, [a, b]);
                }
            }
        }
    }

    /// The places of the factors whose products an output sums up.
    #[inline(always)]
    fn pairs(&self, [a, b]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
        let (first, second) = (self.first.element, self.second.element);
        (0..self.depth).map(move |i| (a + i * first, b + i * second))
    }
}

/// The dimensions of batches, the rows and the columns.
fn split(dims: &[usize]) -> Checked<(&[usize], [usize; 2])> {
    match dims {
        [batches @ .., rows, columns] if batches.len() <= BATCH_RANK => {
            Ok((batches, [*rows, *columns]))
        }
        _ => Err((OperatorProblem::Rank, dims.len())),
    }
}
