//! The independent watchdog (RM0390, chapter 20), as far as it is not started: flash algorithms feed it to be safe.

use crate::memory::AccessError;

const KR: u32 = 0x00;
const PR: u32 = 0x04;
const RLR: u32 = 0x08;
const SR: u32 = 0x0C;

/// Keys written to KR.
const FEED: u32 = 0xAAAA;
const UNLOCK: u32 = 0x5555;
const START: u32 = 0xCCCC;

/// Reads a register.
pub(crate) fn read(offset: u32) -> Result<u32, AccessError> {
    match offset {
        // Write-only.
        KR => Ok(0),
        PR => Ok(0),
        RLR => Ok(0xFFF),
        // No update is under way.
        SR => Ok(0),
        _ => Err(AccessError::unmodelled("IWDG register")),
    }
}

/// Writes a register.
pub(crate) fn write(offset: u32, value: u32) -> Result<(), AccessError> {
    match (offset, value & 0xFFFF) {
        (KR, START) => Err(AccessError::unmodelled("starting the IWDG")),
        // Nothing is running that could be fed; other keys close the access to the registers again.
        (KR, FEED) => Ok(()),
        (KR, UNLOCK) => Err(AccessError::unmodelled("setting up the IWDG")),
        (KR, _) => Ok(()),
        // Closed.
        (PR | RLR, _) => Ok(()),
        _ => Err(AccessError::unmodelled("IWDG register")),
    }
}
