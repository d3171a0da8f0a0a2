//! The flash array.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::timing::{FlashAccelerator, FlashConfig, FlashGeometry};

/// The flash array, 0xFF when erased, and the accelerator in front of it.
#[derive(Clone, Debug)]
pub struct Flash {
    bytes: Vec<u8>,
    changed: Option<Range<usize>>,
    /// Offsets of torn double words, in units of [`CODE_WORD`].
    torn: BTreeSet<usize>,
    /// The read under way is answered at this cycle.
    hold: Option<u64>,
    /// Wait states, prefetch and caches: configured by the flash controller.
    pub accelerator: FlashAccelerator,
    /// The same for the core's interface for tightly coupled memory, if the array has one.
    tightly_coupled: Option<Box<FlashAccelerator>>,
}

/// Bytes that share an error correction code, where flash has one.
const CODE_WORD: usize = 8;

impl Flash {
    /// An erased array of `len` bytes behind such an accelerator.
    pub fn new(len: usize, accelerator: FlashGeometry) -> Self {
        Self {
            bytes: vec![0xff; len],
            changed: None,
            torn: BTreeSet::new(),
            hold: None,
            accelerator: FlashAccelerator::new(accelerator),
            tightly_coupled: accelerator
                .tightly_coupled
                .map(|behind| Box::new(FlashAccelerator::new(*behind))),
        }
    }

    /// Sets both interfaces.
    pub fn configure(&mut self, config: FlashConfig) {
        self.accelerator.configure(config);
        if let Some(other) = &mut self.tightly_coupled {
            other.configure(config);
        }
    }

    /// Both interfaces as after power-on.
    pub fn reset_interfaces(&mut self) {
        self.accelerator.reset();
        if let Some(other) = &mut self.tightly_coupled {
            other.reset();
        }
    }

    /// The accelerator that is the chip's, and not the core's caches.
    pub fn own_accelerator(&mut self) -> &mut FlashAccelerator {
        match &mut self.tightly_coupled {
            Some(other) => other,
            None => &mut self.accelerator,
        }
    }

    /// Whether there is an interface for tightly coupled memory.
    pub(crate) fn is_tightly_coupled(&self) -> bool {
        self.tightly_coupled.is_some()
    }

    /// What is in front of the array for accesses through that interface or not.
    #[inline(always)]
    pub(crate) fn front(&mut self, tightly_coupled: bool) -> &mut FlashAccelerator {
        match &mut self.tightly_coupled {
            Some(other) if tightly_coupled => other,
            _ => &mut self.accelerator,
        }
    }

    /// Lets the read of a register that is under way take until cycle `until`.
    pub fn hold_bus(&mut self, until: u64) {
        self.hold = Some(until);
    }

    /// Until when the last read takes, if it does not end at once.
    pub(crate) fn take_hold(&mut self) -> Option<u64> {
        self.hold.take()
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
        self.mend(start..end);
        self.note(start..end);
    }

    /// Makes each byte of `range`, clipped to the array, what `new` says of its offset and
    /// its value.
    pub(super) fn blend(&mut self, range: Range<usize>, new: impl Fn(usize, u8) -> u8) {
        let end = range.end.min(self.bytes.len());
        for at in range.start..end {
            self.bytes[at] = new(at, self.bytes[at]);
        }
        self.note(range.start.min(end)..end);
    }

    /// Erases `range`, clipped to the array, to 0xFF.
    pub fn erase(&mut self, range: Range<usize>) {
        let end = range.end.min(self.bytes.len());
        let start = range.start.min(end);
        self.bytes[start..end].fill(0xff);
        self.mend(start..end);
        self.note(start..end);
    }

    /// Makes `range` torn: its bytes do not fit their error correction code. A controller
    /// whose flash has such a code says so after [`super::Operation::cut_short`]; from then on
    /// reading there is told to it by [`super::Peripheral::misread`]. Writing and erasing mend.
    pub fn tear(&mut self, range: Range<usize>) {
        self.torn
            .extend(range.start / CODE_WORD..range.end.div_ceil(CODE_WORD));
        self.note(range);
    }

    fn mend(&mut self, range: Range<usize>) {
        if !self.torn.is_empty() {
            let mended = range.start / CODE_WORD..range.end.div_ceil(CODE_WORD);
            self.torn.retain(|word| !mended.contains(word));
        }
    }

    /// Whether all of `range` is erased, and not torn.
    pub fn is_erased(&self, range: Range<usize>) -> bool {
        self.first_torn(range.clone()).is_none()
            && self.bytes[range].iter().all(|&byte| byte == 0xff)
    }

    /// Whether anything is torn.
    #[inline]
    pub(crate) fn has_torn(&self) -> bool {
        !self.torn.is_empty()
    }

    /// The offset of the first torn double word that `range` touches.
    pub(crate) fn first_torn(&self, range: Range<usize>) -> Option<usize> {
        let words = range.start / CODE_WORD
            ..range
                .end
                .div_ceil(CODE_WORD)
                .max(1 + range.start / CODE_WORD);
        self.torn.range(words).next().map(|word| word * CODE_WORD)
    }

    /// Takes over what `other`, of the same size, holds.
    pub(crate) fn copy_array(&mut self, other: &Self) {
        self.bytes.clone_from(&other.bytes);
        self.torn.clone_from(&other.torn);
        self.note(0..self.bytes.len());
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
