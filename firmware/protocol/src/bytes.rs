//! Little-endian words in fixed places, usable in constants.

/// The word at byte `at`, or `None` past the end.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word))
}

/// Copies `value` to `at`. Callers are layouts of fixed size: `at` is in range.
pub(crate) const fn put<const N: usize>(mut to: [u8; N], at: usize, value: &[u8]) -> [u8; N] {
    let mut i = 0;
    while i < value.len() {
        to[at + i] = value[i];
        i += 1;
    }
    to
}

/// Lays `words` out in order. `N` is four times `W`.
pub(crate) const fn put_words<const W: usize, const N: usize>(words: [u32; W]) -> [u8; N] {
    let mut to = [0; N];
    let mut i = 0;
    while i < W {
        to = put(to, 4 * i, &words[i].to_le_bytes());
        i += 1;
    }
    to
}
