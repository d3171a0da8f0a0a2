//! Reading a flatbuffer in place: every offset is checked against the file before it is followed.
//!
//! Layout (FlatBuffers "Internals"): a table starts with a signed offset back to its vtable; the vtable holds
//! its own size, the table's size, and for each field a 16-bit offset into the table, 0 for an absent field.
//! Vectors and sub-tables are reached through unsigned forward offsets. All numbers are little-endian, and none
//! is assumed to be aligned.

use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ops::Range;

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

/// A number that a field of a table can hold.
pub(crate) trait Number: Scalar {
    /// The number that the lowest bytes of a word are.
    fn of(word: u32) -> Self;
    /// A word of which it is the lowest bytes.
    fn word(self) -> u32;
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            #[inline]
            fn of(word: u32) -> Self {
                word as Self
            }
            #[inline]
            fn word(self) -> u32 {
                self as u32
            }
        }
    )*};
}
number!(u8, i8, u32, i32);

impl Number for f32 {
    #[inline]
    fn of(word: u32) -> Self {
        Self::from_bits(word)
    }
    #[inline]
    fn word(self) -> u32 {
        self.to_bits()
    }
}

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
        Self::at(file, word_at(file, 0, 4)? as usize)
    }

    /// The table that the offset at `at` leads to.
    #[inline(always)]
    fn behind(file: &'m [u8], at: usize) -> Result<Self> {
        Self::at(file, follow(file, at)?)
    }

    #[inline(never)]
    fn at(file: &'m [u8], at: usize) -> Result<Self> {
        let back = word_at(file, at, 4)?.cast_signed();
        let malformed = Fault::file(FileProblem::Vtable, saturate(at));
        let start = at.checked_sub_signed(back as isize).ok_or(malformed)?;
        let size = word_at(file, start, 2)? as usize;
        match file.get(start..).and_then(|bytes| bytes.get(..size)) {
            Some(vtable) if size >= 4 && size.is_multiple_of(2) => Ok(Self { file, at, vtable }),
            _ => Err(malformed),
        }
    }

    /// Where field `id` lies, if it is present.
    #[inline(always)]
    fn field(&self, id: usize) -> Option<usize> {
        let slot = self.vtable.get(4 + 2 * id..)?;
        match u16::read(slot) {
            0 => None,
            offset => Some(self.at.saturating_add(usize::from(offset))),
        }
    }

    /// The number in field `id`, or the schema's default for it.
    #[inline(always)]
    pub(crate) fn scalar<T: Number>(&self, id: usize, default: T) -> Result<T> {
        self.word(id, T::SIZE, default.word()).get().map(T::of)
    }

    /// The word whose `size` lowest bytes are in field `id`, or a default for it.
    #[inline(never)]
    fn word(&self, id: usize, size: usize, default: u32) -> Word {
        let word = match self.field(id) {
            Some(at) if size == 1 => word_at(self.file, at, 1),
            Some(at) => word_at(self.file, at, 4),
            None => Ok(default),
        };
        Word::new(word)
    }

    /// The sub-table in field `id`.
    #[inline(never)]
    pub(crate) fn table(&self, id: usize) -> Result<Option<Self>> {
        match self.field(id) {
            Some(at) => Self::behind(self.file, at).map(Some),
            None => Ok(None),
        }
    }

    /// The vector of numbers in field `id`; an absent one is empty, as in TFLite.
    #[inline(always)]
    pub(crate) fn vector<T: Scalar>(&self, id: usize) -> Result<Vector<'m, T>> {
        self.elements(id, T::SIZE.trailing_zeros()).map(Vector::new)
    }

    /// The bytes of the vector in field `id`.
    pub(crate) fn bytes(&self, id: usize) -> Result<&'m [u8]> {
        self.elements(id, 0)
    }

    /// The vector of tables in field `id`; an absent one is empty.
    #[inline(never)]
    pub(crate) fn tables(&self, id: usize) -> Result<Tables<'m>> {
        let offsets = self.span(id, 2)?;
        Ok(Tables {
            file: self.file,
            start: offsets.start,
            count: offsets.len() / 4,
        })
    }

    /// The elements of the vector in field `id`, of two to the power of `size` bytes each.
    #[inline(never)]
    fn elements(&self, id: usize, size: u32) -> Result<&'m [u8]> {
        let span = self.span(id, size)?;
        Ok(self.file.get(span).unwrap_or_default())
    }

    /// Where these elements lie, which is within the file.
    #[inline(always)]
    fn span(&self, id: usize, size: u32) -> Result<Range<usize>> {
        let Some(at) = self.field(id) else {
            return Ok(0..0);
        };
        let at = follow(self.file, at)?;
        let count = word_at(self.file, at, 4)? as usize;
        let start = at + 4;
        if count > (self.file.len() - start) >> size {
            return Err(out_of_bounds(start));
        }
        Ok(start..start + (count << size))
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

    #[inline(never)]
    pub(crate) fn get(&self, i: usize) -> Result<Table<'m>> {
        if i >= self.count {
            return Err(Fault::file(FileProblem::Index, saturate(i)));
        }
        Table::behind(self.file, self.start + 4 * i)
    }
}

/// A `Result<u32>` in a form that is returned in registers.
#[derive(Clone, Copy)]
struct Word {
    /// The first word of a fault.
    head: Option<NonZeroU32>,
    value: u32,
}

impl Word {
    #[inline(always)]
    fn new(result: Result<u32>) -> Self {
        match result {
            Ok(value) => Self { head: None, value },
            Err(Fault { head, value }) => Self {
                head: Some(head),
                value,
            },
        }
    }

    #[inline(always)]
    fn get(self) -> Result<u32> {
        let Self { head, value } = self;
        match head {
            None => Ok(value),
            Some(head) => Err(Fault { head, value }),
        }
    }
}

/// The word whose `size` lowest bytes are at `at`: 1, 2 or 4.
#[inline(always)]
fn word_at(file: &[u8], at: usize, size: usize) -> Result<u32> {
    let bytes = file.get(at..).unwrap_or_default();
    if bytes.len() < size {
        return Err(out_of_bounds(at));
    }
    Ok(match size {
        1 => u8::read(bytes).into(),
        2 => u16::read(bytes).into(),
        _ => u32::read(bytes),
    })
}

/// Where the forward offset at `at` leads.
#[inline(always)]
fn follow(file: &[u8], at: usize) -> Result<usize> {
    let offset = word_at(file, at, 4)? as usize;
    at.checked_add(offset).ok_or_else(|| out_of_bounds(at))
}
