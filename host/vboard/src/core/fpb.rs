//! The breakpoint unit: FPB, or BPU as Armv6-M calls it.

use super::model::Model;
use crate::memory::AccessError;

/// What a comparator's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Revision 0 (DDI 0403, C1.11; DDI 0419, C1.10): a word in the code region; its lower,
    /// its upper or both halfwords break.
    Halves,
    /// Revision 1: any halfword.
    Address,
}

/// The unit of one core.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// FP_CTRL but for ENABLE: REV, NUM_LIT, NUM_CODE.
    control: u32,
    /// Instruction comparators; those behind them compare literals, to patch them.
    code: usize,
    /// Comparators in all.
    all: usize,
    format: Format,
    /// Whether there is FP_REMAP. Remapping itself is refused.
    remap: bool,
}

impl Layout {
    fn of(model: Model) -> Self {
        match model {
            Model::CortexM0Plus => Self {
                control: 0x40,
                code: 4,
                all: 4,
                format: Format::Halves,
                remap: false,
            },
            Model::CortexM3 | Model::CortexM4 => Self {
                control: 0x260,
                code: 6,
                all: 8,
                format: Format::Halves,
                remap: true,
            },
            Model::CortexM7 => Self {
                control: 0x1000_0080,
                code: 8,
                all: 8,
                format: Format::Address,
                remap: false,
            },
        }
    }
}

/// The unit.
#[derive(Clone, Debug)]
pub(crate) struct Fpb {
    layout: Layout,
    enabled: bool,
    remap: u32,
    comparators: [u32; 8],
    /// The addresses of halfwords to break at.
    breakpoints: Vec<u32>,
    /// Breakpoints that have come or gone since last asked.
    changed: Vec<u32>,
}

impl Fpb {
    pub(crate) fn new(model: Model) -> Self {
        Self {
            layout: Layout::of(model),
            enabled: false,
            remap: 0,
            comparators: [0; 8],
            breakpoints: Vec::new(),
            changed: Vec::new(),
        }
    }

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

    /// The index of the comparator at `offset`.
    fn index(&self, offset: u32) -> Option<usize> {
        let index = (offset.checked_sub(8)? / 4) as usize;
        (index < self.layout.all).then_some(index)
    }

    pub(crate) fn read(&self, offset: u32) -> Result<u32, AccessError> {
        Ok(match (offset, self.index(offset)) {
            (0x00, _) => self.layout.control | u32::from(self.enabled),
            (0x04, _) if self.layout.remap => self.remap | 1 << 29,
            (0x04, _) => 0,
            (_, Some(index)) => self.comparators[index],
            _ => return Err(AccessError::unmodelled("FPB")),
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), AccessError> {
        let layout = self.layout;
        match (offset, self.index(offset)) {
            // Writes without KEY are ignored.
            (0x00, _) if value & 2 == 0 => {}
            (0x00, _) => self.enabled = value & 1 != 0,
            (0x04, _) if layout.remap => self.remap = value & 0x1fff_ffe0,
            (0x04, _) => {}
            (_, Some(index)) if layout.format == Format::Address => {
                self.comparators[index] = value;
            }
            (_, Some(index)) => {
                if value & 1 != 0 && (value >> 30 == 0 || index >= layout.code) {
                    return Err(AccessError::unmodelled("FPB remapping"));
                }
                self.comparators[index] = value & 0xdfff_fffd;
            }
            (0xfb0, _) => {}
            _ => return Err(AccessError::unmodelled("FPB")),
        }
        self.update();
        Ok(())
    }

    fn update(&mut self) {
        let mut now = Vec::new();
        let enabled = self.enabled;
        for &comparator in self.comparators.iter().filter(|&c| enabled && c & 1 != 0) {
            if self.layout.format == Format::Address {
                now.push(comparator & !1);
                continue;
            }
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
