//! The flash array.

use std::ops::Range;

use crate::timing::{FlashAccelerator, FlashGeometry};

/// The flash array, 0xFF when erased, and the accelerator in front of it.
#[derive(Clone, Debug)]
pub struct Flash {
    bytes: Vec<u8>,
    changed: Option<Range<usize>>,
    /// Wait states, prefetch and caches: configured by the flash controller.
    pub accelerator: FlashAccelerator,
}

impl Flash {
    /// An erased array of `len` bytes behind such an accelerator.
    pub fn new(len: usize, accelerator: FlashGeometry) -> Self {
        Self {
            bytes: vec![0xff; len],
            changed: None,
            accelerator: FlashAccelerator::new(accelerator),
        }
    }

    /// The array.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Overwrites the array at `offset` (no programming rules are applied here). Bytes
    /// beyond the end of the array are dropped.
    pub fn write(&mut self, offset: usize, data: &[u8]) {
        let start = offset.min(self.bytes.len());
        let end = (start + data.len()).min(self.bytes.len());
        self.bytes[start..end].copy_from_slice(&data[..end - start]);
        self.note(start..end);
    }

    /// Erases `range`, clipped to the array, to 0xFF.
    pub fn erase(&mut self, range: Range<usize>) {
        let end = range.end.min(self.bytes.len());
        let start = range.start.min(end);
        self.bytes[start..end].fill(0xff);
        self.note(start..end);
    }

    /// Takes the range that has changed since the last call; decoded code in it is stale.
    pub(crate) fn take_changed(&mut self) -> Option<Range<usize>> {
        self.changed.take()
    }

    fn note(&mut self, range: Range<usize>) {
        self.changed = Some(match self.changed.take() {
            Some(old) => old.start.min(range.start)..old.end.max(range.end),
            None => range,
        });
    }
}
