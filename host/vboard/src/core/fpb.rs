//! The flash patch and breakpoint unit: six instruction breakpoints.
//!
//! Format of revision 0 (Cortex-M3, M4): a comparator matches a word in the code region
//! and breaks on its lower, its upper, or both halfwords.

use crate::memory::AccessError;

/// Instruction comparators; two literal comparators follow them.
const CODE_COMPARATORS: usize = 6;
/// NUM_CODE and NUM_LIT.
const CONTROL: u32 = 0x260;

#[derive(Clone, Debug, Default)]
pub(crate) struct Fpb {
    enabled: bool,
    remap: u32,
    comparators: [u32; 8],
    /// The addresses of halfwords to break at.
    breakpoints: Vec<u32>,
    /// Breakpoints that have come or gone since last asked.
    changed: Vec<u32>,
}

impl Fpb {
    /// Whether to break at the instruction at `address`.
    #[inline]
    pub(crate) fn breaks_at(&self, address: u32) -> bool {
        self.breakpoints.contains(&address)
    }

    /// Takes the addresses at which breaking has changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    /// A system reset disables the unit; its comparators keep their contents.
    pub(crate) fn reset(&mut self) {
        self.enabled = false;
        self.update();
    }

    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        Ok(match offset {
            0x00 => CONTROL | u32::from(self.enabled),
            0x04 => self.remap | 1 << 29,
            0x08..0x28 => self.comparators[(offset as usize - 8) / 4],
            _ => return Err(AccessError::unmodelled("FPB")),
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        match offset {
            // Writes without KEY are ignored.
            0x00 if value & 2 == 0 => {}
            0x00 => self.enabled = value & 1 != 0,
            0x04 => self.remap = value & 0x1fff_ffe0,
            0x08..0x28 => {
                let index = (offset as usize - 8) / 4;
                if value & 1 != 0 && (value >> 30 == 0 || index >= CODE_COMPARATORS) {
                    return Err(AccessError::unmodelled("FPB remapping"));
                }
                self.comparators[index] = value & 0xdfff_fffd;
            }
            0xfb0 => {}
            _ => return Err(AccessError::unmodelled("FPB")),
        }
        self.update();
        Ok(())
    }

    fn update(&mut self) {
        let mut now = Vec::new();
        for &comparator in self
            .comparators
            .iter()
            .filter(|&c| self.enabled && c & 1 != 0)
        {
            let address = comparator & 0x1fff_fffc;
            let halves = comparator >> 30;
            now.extend((halves & 1 != 0).then_some(address));
            now.extend((halves & 2 != 0).then_some(address + 2));
        }
        let (old, new) = (&self.breakpoints, &now);
        let gone = old.iter().filter(|a| !new.contains(a));
        let come = new.iter().filter(|a| !old.contains(a));
        let changed: Vec<u32> = gone.chain(come).copied().collect();
        self.changed.extend(changed);
        self.breakpoints = now;
    }
}
