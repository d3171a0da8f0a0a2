//! Matrix products: the safe face of the `gemm` crate.

use gemm::Parallelism;

use super::float::Float;

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Row after row.
    ///
    /// # Panics
    /// `values` has another number of elements.
    pub fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns);
        Self {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// Rows for columns.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `out` = left × right, row after row; or `out` += left × right.
///
/// # Panics
/// The shapes do not fit.
pub fn multiply<T: Float>(
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    assert_eq!(left.columns, right.rows);
    assert_eq!(out.len(), left.rows * right.columns);
    // SAFETY: the strides of both matrices address elements of their slices only, by construction
    // of `Matrix`; `out` holds rows × columns elements, and as it is borrowed mutably it overlaps
    // neither. `T` is `f32` or `f64`, which `gemm` knows.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            out.as_mut_ptr(),
            1,
            right.columns as isize,
            accumulate,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
