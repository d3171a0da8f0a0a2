//! Elements of more than a byte, as operands' bytes hold them.

/// A number in a tensor. Operands are seen as bytes, because a constant's need not be aligned.
pub(crate) trait Element: Copy + PartialOrd {
    /// Number `i`; 0 where there is none.
    fn load(bytes: &[i8], i: usize) -> Self;
    /// Writes number `i`, if there is room for it.
    fn store(self, bytes: &mut [i8], i: usize);
}

macro_rules! element {
    ($($t:ty),*) => {$(
        impl Element for $t {
            #[inline(always)]
            fn load(bytes: &[i8], i: usize) -> Self {
                let chunk = bytes.as_chunks().0.get(i);
                chunk.map_or(Self::default(), |chunk| Self::from_le_bytes(chunk.map(|byte| byte as u8)))
            }

            #[inline(always)]
            fn store(self, bytes: &mut [i8], i: usize) {
                if let Some(chunk) = bytes.as_chunks_mut().0.get_mut(i) {
                    *chunk = self.to_le_bytes().map(|byte| byte as i8);
                }
            }
        }
    )*};
}
element!(i8, i16, i32, i64, f32);
