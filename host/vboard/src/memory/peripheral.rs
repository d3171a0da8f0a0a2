//! What a chip's peripherals look like to the machine.

use super::{AccessError, Flash, Size};

/// What kind of reset a peripheral undergoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Power came up: everything to its reset value.
    PowerOn,
    /// System reset by the nRST pin.
    Pin,
    /// System reset by AIRCR.SYSRESETREQ or the watchdogs.
    System,
}

/// A peripheral, or several that share state, behind one or more windows of the map.
///
/// Peripherals are driven from one thread and see time only as core clock cycles. They
/// never panic: what they do not model, they refuse with [`AccessError::Unmodelled`].
pub trait Peripheral: Send {
    /// The name used in errors, as in the reference manual ("TIM2").
    fn name(&self) -> &str;

    /// Reads `size` at `offset` from the start of the window. `offset` is a multiple of
    /// the size.
    fn read(
        &mut self,
        offset: u32,
        size: Size,
        context: &mut Context<'_>,
    ) -> Result<u32, AccessError>;

    /// Writes the low `size` of `value` at `offset` from the start of the window.
    fn write(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError>;

    /// Resets.
    fn reset(&mut self, reset: Reset, context: &mut Context<'_>);

    /// The cycle at which [`Self::tick`] next wants to be called. Asked again after every
    /// write, read and tick of this peripheral.
    fn next_event(&self) -> Option<u64> {
        None
    }

    /// Called once `context.now` has reached [`Self::next_event`], not necessarily at that
    /// very cycle: the core finishes its block of straight-line code first.
    fn tick(&mut self, _context: &mut Context<'_>) {}

    /// Takes what has been sent on serial lines since the last call.
    fn take_serial(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// A write into the flash array, asked of the peripheral that the map names as the
    /// flash's controller. `offset` counts from the start of the array. The controller
    /// applies its programming rules and changes the array through `context.flash`.
    fn program(
        &mut self,
        _offset: u32,
        _size: Size,
        _value: u32,
        _context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        Err(AccessError::Fault)
    }

    /// A read of flash has met a double word that its error correction code cannot mend,
    /// `offset` from the start of the array. Told to the flash's controller.
    fn misread(&mut self, _offset: u32, _context: &mut Context<'_>) {}
}

/// What a peripheral may look at and change while it is being accessed.
pub struct Context<'a> {
    /// Core clock cycles since power-on.
    pub now: u64,
    /// The flash array and its accelerator.
    pub flash: &'a mut Flash,
    /// The interrupt lines into the NVIC.
    pub lines: &'a mut InterruptLines,
}

/// The levels of the interrupt lines from the peripherals into the NVIC.
#[derive(Clone, Debug, Default)]
pub struct InterruptLines {
    levels: [u32; 8],
    rises: [u32; 8],
    any: bool,
    nmi: bool,
    nmi_rose: bool,
}

impl InterruptLines {
    /// Drives line `number` (0 is the first external interrupt, exception 16). A line that
    /// rises makes its interrupt pending; one that stays high makes it pending again when
    /// its handler returns.
    pub fn set(&mut self, number: usize, level: bool) {
        let (word, bit) = (number / 32, 1 << (number % 32));
        if level {
            self.rises[word] |= bit & !self.levels[word];
            self.levels[word] |= bit;
        } else {
            self.levels[word] &= !bit;
        }
        self.any = true;
    }

    /// Drives the non-maskable interrupt's line. As with the others, it is pending again when
    /// its handler returns while the line is still high.
    pub fn set_nmi(&mut self, level: bool) {
        self.nmi_rose |= level && !self.nmi;
        self.any |= self.nmi_rose;
        self.nmi = level;
    }

    /// The level of the non-maskable interrupt's line.
    pub fn nmi(&self) -> bool {
        self.nmi
    }

    /// The level of line `number`.
    pub fn level(&self, number: usize) -> bool {
        self.levels[number / 32] & (1 << (number % 32)) != 0
    }

    /// Takes the rises since the last call, if any line was driven.
    pub(crate) fn take_rises(&mut self) -> Option<[u32; 8]> {
        if !std::mem::take(&mut self.any) {
            return None;
        }
        Some(std::mem::take(&mut self.rises))
    }

    /// Whether the non-maskable interrupt's line has risen since the last call.
    pub(crate) fn take_nmi_rise(&mut self) -> bool {
        std::mem::take(&mut self.nmi_rose)
    }

    /// All lines low.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
