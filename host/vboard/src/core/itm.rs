//! The instrumentation trace macrocell: stimulus ports that a program writes to (DDI 0403E,
//! C1.7; the lock is the Cortex-M3's and M4's, DDI 0337E, 11.6).
//!
//! Ports are always ready while they are enabled, since nothing is waited for: what is written
//! goes to the machine's owner and not through a trace port. So time stamps, synchronisation
//! packets and what the DWT unit would send can be enabled, and nobody gets them.

use super::system::System;
use crate::{
    machine::Stimulus,
    memory::{AccessError, Size},
};

/// Stimulus ports, a word each.
const PORTS: std::ops::Range<u32> = 0x000..0x080;
/// Trace enable: a bit for each port.
const TER: u32 = 0xe00;
/// Trace privilege: a bit for each eight ports.
const TPR: u32 = 0xe40;
const TCR: u32 = 0xe80;
/// Lock access and lock status.
const LAR: u32 = 0xfb0;
const LSR: u32 = 0xfb4;

/// What LAR is to be written with before TER, TPR and TCR can be.
const KEY: u32 = 0xc5ac_ce55;
/// TCR: ITMENA, and all bits that can be written.
const ITMENA: u32 = 1;
const CONTROL: u32 = 0x007f_0f1f;

/// The unit. No system reset changes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Itm {
    /// TER.
    enabled: u32,
    /// TPR.
    privileged: u32,
    /// TCR.
    control: u32,
    unlocked: bool,
    /// What has been written to ports and nobody has taken.
    pub(crate) sent: Vec<Stimulus>,
}

impl Itm {
    fn accepts(&self, port: u32) -> bool {
        self.control & ITMENA != 0 && self.enabled >> port & 1 != 0
    }

    /// The ports that unprivileged code may use.
    fn for_all(&self) -> u32 {
        (0..4)
            .filter(|group| self.privileged >> group & 1 == 0)
            .fold(0, |ports, group| ports | 0xff << (8 * group))
    }

    fn read(&self, offset: u32) -> Result<u32, AccessError> {
        Ok(match offset {
            // FIFOREADY.
            _ if PORTS.contains(&offset) => self.accepts(offset / 4).into(),
            TER => self.enabled,
            TPR => self.privileged,
            TCR => self.control,
            LAR => 0,
            // There is a lock.
            LSR => 1 | u32::from(!self.unlocked) << 1,
            _ => return Err(AccessError::unmodelled("ITM register")),
        })
    }

    fn write(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        privileged: bool,
    ) -> Result<(), AccessError> {
        let allowed = if privileged { u32::MAX } else { self.for_all() };
        if PORTS.contains(&offset) {
            let port = offset / 4;
            if self.accepts(port) && allowed >> port & 1 != 0 {
                self.sent.push(Stimulus {
                    port: port as u8,
                    size,
                    value,
                });
            }
            return Ok(());
        }
        if size != Size::Word {
            return Err(AccessError::unmodelled("a narrow write to an ITM register"));
        }
        match offset {
            LAR if privileged => self.unlocked = value == KEY,
            TER if self.unlocked => self.enabled = self.enabled & !allowed | value & allowed,
            TPR if self.unlocked && privileged => self.privileged = value & 0xf,
            TCR if self.unlocked && privileged => self.control = value & CONTROL,
            // Locked, not allowed, or read-only.
            TER | TPR | TCR | LAR | LSR => {}
            _ => return Err(AccessError::unmodelled("ITM register")),
        }
        Ok(())
    }
}

impl System {
    /// Reads the unit's word at `offset`. Without DEMCR.TRCENA the unit is off.
    pub(super) fn read_itm(&self, offset: u32) -> Result<u32, AccessError> {
        let value = self.itm.read(offset)?;
        Ok(if self.debug.trace_enabled() { value } else { 0 })
    }

    /// Writes to it, which unprivileged code may, too.
    pub(super) fn write_itm(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        debugger: bool,
    ) -> Result<(), AccessError> {
        if !self.debug.trace_enabled() {
            // What is not modelled is told of in any case.
            return self.itm.read(offset).map(|_| ());
        }
        let privileged = debugger || self.accesses_privileged();
        self.itm.write(offset, size, value, privileged)
    }
}
