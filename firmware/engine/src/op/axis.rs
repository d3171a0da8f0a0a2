//! Dimensions by their numbers, and the constants that give them.

use crate::error::OperatorProblem;
use crate::flatbuffer::{Result, Vector};
use crate::op::context::Context;
use crate::tensor::{DataType, MAX_RANK};

/// Constant integers of 32 or 64 bits.
#[derive(Clone, Copy)]
pub(crate) enum Integers<'m> {
    Short(Vector<'m, i32>),
    Long(Vector<'m, i64>),
}

impl Integers<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Short(values) => values.len(),
            Self::Long(values) => values.len(),
        }
    }

    /// Integer `i`, if there is one; what 32 bits cannot hold becomes the nearest that they can.
    #[inline(never)]
    pub(crate) fn get(&self, i: usize) -> Option<i32> {
        match self {
            Self::Short(values) => values.get(i),
            Self::Long(values) => {
                let value = values.get(i)?;
                Some(value.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
            }
        }
    }

    /// Integer `i`, if there is one and it is not negative.
    #[inline(never)]
    pub(crate) fn size(&self, i: usize) -> Option<usize> {
        self.get(i).and_then(|value| usize::try_from(value).ok())
    }
}

impl<'m> Context<'m> {
    /// The constant integers of input `i`.
    #[inline(never)]
    pub(crate) fn integers(&self, i: usize) -> Result<Integers<'m>> {
        let tensor = &self.any_input(i)?;
        let long = tensor.dtype == DataType::Int64;
        let dtype = if long { tensor.dtype } else { DataType::Int32 };
        let bytes = self.constant(i, tensor, dtype)?;
        Ok(if long {
            Integers::Long(Vector::new(bytes))
        } else {
            Integers::Short(Vector::new(bytes))
        })
    }

    /// The dimension, of `rank`, that a number means; negative ones count from the end.
    #[inline(never)]
    pub(crate) fn axis(&self, axis: i32, rank: usize) -> Result<usize> {
        let wrapped = if axis < 0 {
            axis.checked_add(rank as i32)
        } else {
            Some(axis)
        };
        wrapped
            .and_then(|axis| usize::try_from(axis).ok())
            .filter(|&axis| axis < rank)
            .ok_or(self.error(OperatorProblem::Axis, axis.unsigned_abs() as usize))
    }

    /// The dimension that the single integer of input `i` means.
    pub(crate) fn constant_axis(&self, i: usize, rank: usize) -> Result<usize> {
        let axis = self.integers(i)?;
        self.ensure(axis.len() == 1, OperatorProblem::Shape, i)?;
        self.axis(axis.get(0).unwrap_or(0), rank)
    }

    /// Which dimensions, of `rank`, the integers of input `i` name.
    pub(crate) fn axes(&self, i: usize, rank: usize) -> Result<[bool; MAX_RANK]> {
        let numbers = self.integers(i)?;
        let mut named = [false; MAX_RANK];
        for axis in (0..numbers.len()).filter_map(|i| numbers.get(i)) {
            named[self.axis(axis, rank)?] = true;
        }
        Ok(named)
    }
}
