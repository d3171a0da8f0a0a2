//! The locks in front of a flash controller's registers.

use crate::memory::AccessError;

/// How far a lock is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Closed,
    FirstKey,
    Open,
    /// A wrong key came; nothing but a reset helps.
    Jammed,
}

impl Lock {
    /// A key is written. An open lock ignores further keys.
    pub(crate) fn turn(&mut self, keys: [u32; 2], key: u32) -> Result<(), AccessError> {
        *self = match *self {
            Lock::Open => Lock::Open,
            Lock::Closed if key == keys[0] => Lock::FirstKey,
            Lock::FirstKey if key == keys[1] => Lock::Open,
            _ => {
                *self = Lock::Jammed;
                return Err(AccessError::Fault);
            }
        };
        Ok(())
    }
}
