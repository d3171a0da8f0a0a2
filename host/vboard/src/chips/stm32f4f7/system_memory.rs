//! The information block of the flash: unique id and flash size (RM0390, chapter 34; RM0385, chapter 41).

use crate::chips::system_memory::UID;
use crate::memory::{AccessError, Context, Peripheral, Reset, Size};

/// A part's read-only block.
#[derive(Debug)]
pub(crate) struct SystemMemory {
    /// Address and length of what is readable.
    pub(crate) windows: [(u32, u32); 1],
    /// Address of the unique id.
    pub(crate) unique_id: u32,
    /// Address of the word that holds the flash's size, which is a halfword.
    pub(crate) flash_size: u32,
    /// That word.
    pub(crate) size_word: u32,
}

impl Peripheral for &'static SystemMemory {
    fn name(&self) -> &str {
        "system memory"
    }

    fn read(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        let address = self.windows[0].0 + offset;
        let word = match address & !3 {
            id if (0..12).contains(&id.wrapping_sub(self.unique_id)) => {
                UID[(id - self.unique_id) as usize / 4]
            }
            at if at == self.flash_size => self.size_word,
            _ => return Err(AccessError::unmodelled("boot loader and calibration data")),
        };
        Ok(size.part(word, address))
    }

    fn write(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::unmodelled("programming the information block"))
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {}
}
