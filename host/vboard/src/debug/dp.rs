//! The serial-wire debug port, SW-DP version 1 or 2 (Arm Debug Interface v5, IHI 0031, chapter B2).
//!
//! Of version 2 there are the registers that say what the chip is. It is alone on its wires: nothing selects among several.
//!
//! Pushed compare and verify operations and the transaction counter are not implemented: their fields in CTRL/STAT read as zero
//! whatever is written. No probe-rs driver uses them.

use super::Identity;

/// CTRL/STAT: an access came while the previous one was unanswered. Never set: every access is answered at once.
pub const STICKYORUN: u32 = 1 << 1;
/// CTRL/STAT: an access port answered with an error.
pub const STICKYERR: u32 = 1 << 5;
const ORUNDETECT: u32 = 1 << 0;
const CDBGPWRUPREQ: u32 = 1 << 28;
const CDBGPWRUPACK: u32 = 1 << 29;
const CSYSPWRUPREQ: u32 = 1 << 30;
const CSYSPWRUPACK: u32 = 1 << 31;

/// DLPIDR: SWD protocol version 2, instance 0.
const PROTOCOL_2: u32 = 1;

/// ABORT bit that clears STICKYERR.
const STKERRCLR: u32 = 1 << 2;

/// State of the debug port. It lies outside the chip's reset domain: only losing power clears it.
#[derive(Debug, Clone, Default)]
pub struct DebugPort {
    identity: Identity,
    requests: u32,
    sticky: u32,
    select: u32,
    rdbuff: u32,
}

impl DebugPort {
    /// A debug port without power that identifies itself so.
    pub fn new(identity: Identity) -> Self {
        DebugPort {
            identity,
            ..DebugPort::default()
        }
    }

    /// How the port identifies itself.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The number of the selected access port.
    pub fn ap(&self) -> u8 {
        (self.select >> 24) as u8
    }

    /// The selected bank of four access-port registers, as the register address's high nibble.
    pub fn ap_bank(&self) -> u8 {
        (self.select & 0xf0) as u8
    }

    /// Whether access ports answer: the debug domain is powered and no error is pending.
    pub fn ap_ready(&self) -> bool {
        self.requests & CDBGPWRUPREQ != 0 && self.sticky == 0
    }

    /// Whether the access is answered although an error is pending (IHI 0031, B4.2.3: DPIDR, CTRL/STAT, ABORT).
    pub fn answers_despite_errors(write: bool, address: u8) -> bool {
        match address & 0xc {
            0x0 => true,
            0x4 => !write,
            _ => false,
        }
    }

    /// Whether an error is pending that must be cleared through ABORT.
    pub fn error_pending(&self) -> bool {
        self.sticky != 0
    }

    /// An access port answered with an error.
    pub fn set_error(&mut self) {
        self.sticky |= STICKYERR;
    }

    /// Keeps the result of an access-port read for RDBUFF; returns the one kept before.
    pub fn post(&mut self, value: u32) -> u32 {
        std::mem::replace(&mut self.rdbuff, value)
    }

    /// Reads the register at `address` (bits 3:2).
    pub fn read(&self, address: u8) -> u32 {
        match address & 0xc {
            0x0 => self.identity.dp,
            0x4 => match (self.select & 0xf, self.identity.target) {
                (0, _) => {
                    let acknowledged = (self.requests & (CDBGPWRUPREQ | CSYSPWRUPREQ)) << 1;
                    self.requests | acknowledged | self.sticky
                }
                (2, Some(target)) => target,
                (3, Some(_)) => PROTOCOL_2,
                // The wire control register: turnaround of one cycle, which is all that the line model knows. Reserved banks.
                _ => 0,
            },
            // RESEND repeats the last access-port result, RDBUFF takes it.
            _ => self.rdbuff,
        }
    }

    /// Writes the register at `address` (bits 3:2).
    pub fn write(&mut self, address: u8, value: u32) {
        match address & 0xc {
            // DAPABORT and the clear bits of flags that are never set have no effect.
            0x0 if value & STKERRCLR != 0 => self.sticky &= !STICKYERR,
            0x4 if self.select & 0xf == 0 => {
                self.requests = value & (ORUNDETECT | CDBGPWRUPREQ | CSYSPWRUPREQ);
            }
            0x8 => self.select = value,
            _ => {}
        }
    }
}

const _: () = assert!(CDBGPWRUPACK == CDBGPWRUPREQ << 1 && CSYSPWRUPACK == CSYSPWRUPREQ << 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::model::Model;

    #[test]
    fn power_up_is_acknowledged_at_once() {
        let mut dp = DebugPort::default();
        assert!(!dp.ap_ready());
        dp.write(0x4, CDBGPWRUPREQ | CSYSPWRUPREQ | ORUNDETECT | 0x0f00);
        assert_eq!(dp.read(0x4), 0xf000_0001);
        assert!(dp.ap_ready());
    }

    #[test]
    fn version_2_names_its_chip() {
        let check = |model, expected: [u32; 2]| {
            let mut dp = DebugPort::new(Identity::of(model));
            let found = [2, 3].map(|bank| {
                dp.write(0x8, bank);
                dp.read(0x4)
            });
            assert_eq!(found, expected, "TARGETID and DLPIDR of a {model:?}");
        };
        // A port of version 1 has no such banks.
        check(Model::CortexM4, [0, 0]);
        check(Model::CortexM0Plus, [0, 0]);
        // Part 0x4490 by ST (bank 1, 0x20), whose lowest bit is always set.
        check(Model::CortexM7, [0x449 << 16 | 0x20 << 1 | 1, 1]);
    }

    #[test]
    fn errors_stick_until_aborted() {
        let mut dp = DebugPort::default();
        dp.write(0x4, CDBGPWRUPREQ);
        dp.set_error();
        assert_eq!(dp.read(0x4) & STICKYERR, STICKYERR);
        dp.write(0x4, CDBGPWRUPREQ);
        assert!(!dp.ap_ready(), "CTRL/STAT does not clear the error");
        dp.write(0x0, 0x1e);
        assert!(dp.ap_ready());
    }

    #[test]
    fn banked_register_is_not_control_status() {
        let mut dp = DebugPort::default();
        dp.write(0x8, 1);
        dp.write(0x4, CDBGPWRUPREQ);
        assert_eq!(dp.read(0x4), 0);
        dp.write(0x8, 0xab00_00f0);
        assert_eq!(dp.read(0x4), 0);
        assert_eq!((dp.ap(), dp.ap_bank()), (0xab, 0xf0));
    }
}
