//! Reading a flatbuffer in place: every offset is checked against the file before it is followed.
//!
//! Layout (FlatBuffers "Internals"): a table starts with a signed offset back to its vtable; the vtable holds
//! its own size, the table's size, and for each field a 16-bit offset into the table, 0 for an absent field.
//! Vectors and sub-tables are reached through unsigned forward offsets. All numbers are little-endian, and none
//! is assumed to be aligned.

use core::marker::PhantomData;

use crate::error::{Fault, FileProblem};

pub(crate) type Result<T> = core::result::Result<T, Fault>;

fn out_of_bounds(at: usize) -> Fault {
    Fault::file(FileProblem::OutOfBounds, saturate(at))
}

/// A position or count as the 32 bits that an error carries.
pub(crate) fn saturate(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A little-endian number.
pub trait Scalar: Copy {
    /// Bytes it takes.
    const SIZE: usize;
    /// The number whose bytes these are; zero if there are too few.
    #[doc(hidden)]
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! scalar {
    ($($t:ty),*) => {$(
        impl Scalar for $t {
            const SIZE: usize = size_of::<$t>();
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or(Self::default(), |b| Self::from_le_bytes(*b))
            }
        }
    )*};
}
scalar!(u8, i8, u16, i16, u32, i32, i64, f32);

/// A vector of numbers in the file, read one by one because it may be misaligned.
pub struct Vector<'m, T> {
    bytes: &'m [u8],
    element: PhantomData<T>,
}

impl<T> Clone for Vector<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Vector<'_, T> {}

impl<'m, T: Scalar> Vector<'m, T> {
    pub(crate) const fn new(bytes: &'m [u8]) -> Self {
        Self {
            bytes,
            element: PhantomData,
        }
    }

    /// The bytes of all elements.
    #[must_use]
    pub fn bytes(&self) -> &'m [u8] {
        self.bytes
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / T::SIZE
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `i`, if there is one.
    #[must_use]
    #[inline]
    pub fn get(&self, i: usize) -> Option<T> {
        let start = i.checked_mul(T::SIZE)?;
        let end = start.checked_add(T::SIZE)?;
        self.bytes.get(start..end).map(T::read)
    }

    /// All elements in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + Clone + use<'m, T> {
        self.bytes.chunks_exact(T::SIZE).map(T::read)
    }
}

impl<T: Scalar + core::fmt::Debug> core::fmt::Debug for Vector<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A table whose vtable lies within the file.
#[derive(Clone, Copy)]
pub(crate) struct Table<'m> {
    file: &'m [u8],
    at: usize,
    vtable: &'m [u8],
}

impl<'m> Table<'m> {
    /// The root table of a file.
    pub(crate) fn root(file: &'m [u8]) -> Result<Self> {
        let offset: u32 = scalar_at(file, 0)?;
        Self::at(file, offset as usize)
    }

    #[inline(never)]
    fn at(file: &'m [u8], at: usize) -> Result<Self> {
        let back: i32 = scalar_at(file, at)?;
        let malformed = Fault::file(FileProblem::Vtable, saturate(at));
        let start = (at as i64)
            .checked_sub(i64::from(back))
            .and_then(|start| usize::try_from(start).ok())
            .ok_or(malformed)?;
        let size: u16 = scalar_at(file, start)?;
        if size < 4 || !size.is_multiple_of(2) {
            return Err(malformed);
        }
        let vtable = start
            .checked_add(usize::from(size))
            .and_then(|end| file.get(start..end))
            .ok_or(malformed)?;
        Ok(Self { file, at, vtable })
    }

    /// Where field `id` lies, if it is present.
    fn field(&self, id: usize) -> Option<usize> {
        let slot = self.vtable.get(4 + 2 * id..6 + 2 * id)?;
        match u16::read(slot) {
            0 => None,
            offset => Some(self.at.saturating_add(usize::from(offset))),
        }
    }

    /// The number in field `id`, or the schema's default for it.
    pub(crate) fn scalar<T: Scalar>(&self, id: usize, default: T) -> Result<T> {
        self.field(id)
            .map_or(Ok(default), |at| scalar_at(self.file, at))
    }

    /// The sub-table in field `id`.
    pub(crate) fn table(&self, id: usize) -> Result<Option<Self>> {
        self.field(id)
            .map(|at| Self::at(self.file, follow(self.file, at)?))
            .transpose()
    }

    /// The vector of numbers in field `id`; an absent one is empty, as in TFLite.
    pub(crate) fn vector<T: Scalar>(&self, id: usize) -> Result<Vector<'m, T>> {
        let Some(at) = self.field(id) else {
            return Ok(Vector::new(&[]));
        };
        let (start, count) = vector_at(self.file, at)?;
        let bytes = count
            .checked_mul(T::SIZE)
            .and_then(|bytes| start.checked_add(bytes))
            .and_then(|end| self.file.get(start..end))
            .ok_or_else(|| out_of_bounds(start))?;
        Ok(Vector::new(bytes))
    }

    /// The bytes of the vector in field `id`.
    pub(crate) fn bytes(&self, id: usize) -> Result<&'m [u8]> {
        self.vector::<u8>(id).map(|vector| vector.bytes)
    }

    /// The vector of tables in field `id`; an absent one is empty.
    pub(crate) fn tables(&self, id: usize) -> Result<Tables<'m>> {
        let Some(at) = self.field(id) else {
            return Ok(Tables {
                file: self.file,
                start: 0,
                count: 0,
            });
        };
        let (start, count) = vector_at(self.file, at)?;
        count
            .checked_mul(4)
            .and_then(|bytes| start.checked_add(bytes))
            .filter(|&end| end <= self.file.len())
            .ok_or_else(|| out_of_bounds(start))?;
        Ok(Tables {
            file: self.file,
            start,
            count,
        })
    }
}

/// A vector of tables.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'m> {
    file: &'m [u8],
    start: usize,
    count: usize,
}

impl<'m> Tables<'m> {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, i: usize) -> Result<Table<'m>> {
        if i >= self.count {
            return Err(Fault::file(FileProblem::Index, saturate(i)));
        }
        Table::at(self.file, follow(self.file, self.start + 4 * i)?)
    }
}

fn scalar_at<T: Scalar>(file: &[u8], at: usize) -> Result<T> {
    at.checked_add(T::SIZE)
        .and_then(|end| file.get(at..end))
        .map(T::read)
        .ok_or_else(|| out_of_bounds(at))
}

/// Where the forward offset at `at` leads.
fn follow(file: &[u8], at: usize) -> Result<usize> {
    let offset: u32 = scalar_at(file, at)?;
    at.checked_add(offset as usize)
        .ok_or_else(|| out_of_bounds(at))
}

/// Start and length of the elements of the vector that the offset at `at` leads to.
fn vector_at(file: &[u8], at: usize) -> Result<(usize, usize)> {
    let start = follow(file, at)?;
    let count: u32 = scalar_at(file, start)?;
    Ok((start + 4, count as usize))
}
