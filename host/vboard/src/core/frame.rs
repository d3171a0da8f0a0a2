//! Exception frames: what is stacked and unstacked (DDI 0403, B1.5.6 to B1.5.8).

use super::{float::Fpscr, mpu::Purpose, system::System};
use crate::memory::{AccessError, Size};

/// Why a frame could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// The bus answers with an error.
    Bus,
    /// The MPU forbids it.
    Protection,
    /// It lies in this, which is not modelled.
    Unmodelled(String),
}

impl From<AccessError> for FrameError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Fault => Self::Bus,
            AccessError::Unmodelled(what) => Self::Unmodelled(what),
        }
    }
}

/// Words of a basic frame, and of one with room for S0 to S15 and FPSCR.
const BASIC_FRAME: u32 = 8;
const EXTENDED_FRAME: u32 = 26;

/// Words of a frame, with floating-point registers or without.
pub(super) fn frame_words(fp: bool) -> u32 {
    if fp { EXTENDED_FRAME } else { BASIC_FRAME }
}

impl System {
    /// Writes the frame below the current stack pointer, which it moves.
    pub(super) fn stack_frame(&mut self, fp: bool, lazy: bool) -> Result<(), FrameError> {
        let words = frame_words(fp);
        let align = fp || self.scb.aligns_stack();
        let sp = self.regs.r[13];
        let padded = align && sp & 4 != 0;
        let mut frame = sp.wrapping_sub(4 * words);
        if align {
            frame &= !4;
        }
        let xpsr = self.regs.xpsr() | u32::from(padded) << 9;
        let r = &self.regs.r;
        let basic = [r[0], r[1], r[2], r[3], r[12], r[14], r[15], xpsr];
        self.regs.r[13] = frame;
        for (&word, at) in basic.iter().zip((0u32..).step_by(4)) {
            self.stack(frame.wrapping_add(at), word)?;
        }
        if !fp {
            return Ok(());
        }
        let at = frame.wrapping_add(4 * BASIC_FRAME);
        if lazy {
            self.scb.fpcar = at;
            self.scb.set_lazy_pending(true);
            self.note_lazy_context();
            return Ok(());
        }
        let singles = self.float.s;
        let fpscr = self.float.fpscr.0;
        let words = singles[..16].iter().chain(std::iter::once(&fpscr));
        for (&word, offset) in words.zip((0u32..).step_by(4)) {
            self.stack(at.wrapping_add(offset), word)?;
        }
        Ok(())
    }

    fn stack(&mut self, address: u32, word: u32) -> Result<(), FrameError> {
        if !self.may_access(address, Purpose::Write, self.regs.privileged()) {
            return Err(FrameError::Protection);
        }
        Ok(self.bus_write(address, Size::Word, word, self.cycles, false)?)
    }

    /// Reads the frame at `sp`, by the rights of the context that it is of; floating-point
    /// registers are restored at once.
    pub(super) fn unstack(
        &mut self,
        sp: u32,
        fp: bool,
        privileged: bool,
    ) -> Result<[u32; 8], FrameError> {
        let mut frame = [0; 8];
        for (word, at) in frame.iter_mut().zip((0u32..).step_by(4)) {
            *word = self.unstack_word(sp.wrapping_add(at), privileged)?;
        }
        if !fp {
            return Ok(frame);
        }
        if self.scb.lazy_pending() {
            // Nobody has touched the registers since.
            self.scb.set_lazy_pending(false);
            return Ok(frame);
        }
        let mut extension = [0; 17];
        for (word, at) in extension.iter_mut().zip((32u32..).step_by(4)) {
            *word = self.unstack_word(sp.wrapping_add(at), privileged)?;
        }
        self.float.s[..16].copy_from_slice(&extension[..16]);
        self.float.fpscr = Fpscr(extension[16] & Fpscr::WRITABLE);
        Ok(frame)
    }

    fn unstack_word(&mut self, address: u32, privileged: bool) -> Result<u32, FrameError> {
        if !self.may_access(address, Purpose::Read, privileged) {
            return Err(FrameError::Protection);
        }
        Ok(self.bus_read(address, Size::Word, self.cycles, false)?)
    }
}
