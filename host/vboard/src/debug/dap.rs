//! Debug port and access port together, in whole register accesses.

use super::ap::MemAp;
use super::dp::DebugPort;
use super::{BusError, Identity, Target};

/// Core cycles that pass before each access to the memory of a running core: one millisecond at 120 MHz.
///
/// Emulating that many takes about half a millisecond, some thousand times as long as the access itself. So polling
/// costs next to nothing beside the emulation, while a host that attaches to a running core (some ten accesses)
/// does not notice the delay. Four times fewer measured no faster.
pub const QUANTUM: u64 = 120_000;

/// Core cycles that pass for the peripherals of a halted core at each access to memory: about the time
/// that the wires take for it, 12 us at 4 MHz.
pub const IDLE: u64 = 48;

/// A register of the debug port or of the selected access port; only bits 3:2 of the address count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Debug-port register.
    Dp(u8),
    /// Register of the bank that SELECT chose in the access port that SELECT chose.
    Ap(u8),
}

/// Why an access failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The target answered FAULT: an error is pending in CTRL/STAT, to be cleared through ABORT.
    #[error("the debug port answered FAULT")]
    Fault,
    /// The probe has been unplugged.
    #[error("the probe was unplugged")]
    Unplugged,
    /// The emulation has ended; nothing answers behind the debug port any more.
    #[error("{0}")]
    Stopped(String),
}

/// The debug access port of a chip. It keeps its state over resets of the chip.
#[derive(Debug, Clone, Default)]
pub struct Dap {
    dp: DebugPort,
    ap: MemAp,
}

impl Dap {
    /// The port of a chip just powered on.
    pub fn new(identity: Identity) -> Self {
        Dap {
            dp: DebugPort::new(identity),
            ap: MemAp::new(identity),
        }
    }

    /// Reads a register.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read(&mut self, register: Register, target: &mut impl Target) -> Result<u32, Error> {
        let mut value = [0];
        self.read_block(register, &mut value, target)?;
        Ok(value[0])
    }

    /// Writes a register.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn write(
        &mut self,
        register: Register,
        value: u32,
        target: &mut impl Target,
    ) -> Result<(), Error> {
        self.write_block(register, &[value], target)
    }

    /// Reads a register `values.len()` times, as one access as far as emulated time goes.
    ///
    /// # Errors
    /// See [`Error`]; values read before the error are in place.
    pub fn read_block(
        &mut self,
        register: Register,
        values: &mut [u32],
        target: &mut impl Target,
    ) -> Result<(), Error> {
        self.begin(register, false, target)?;
        for value in values {
            *value = match register {
                Register::Dp(address) => self.dp.read(address),
                Register::Ap(address) => {
                    let value = self.read_ap(address, target)?;
                    self.dp.post(value);
                    value
                }
            };
        }
        Ok(())
    }

    /// Writes a register `values.len()` times, as one access as far as emulated time goes.
    ///
    /// # Errors
    /// See [`Error`]; values before the offending one were written.
    pub fn write_block(
        &mut self,
        register: Register,
        values: &[u32],
        target: &mut impl Target,
    ) -> Result<(), Error> {
        self.begin(register, true, target)?;
        for value in values {
            match register {
                Register::Dp(address) => self.dp.write(address, *value),
                Register::Ap(address) => self.write_ap(address, *value, target)?,
            }
        }
        Ok(())
    }

    /// Selects the access port and its register bank for `register` (bank in the high nibble), as a probe's firmware does
    /// for hosts that name access-port registers by their full address. Returns the register to access.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn select_ap(
        &mut self,
        ap: u8,
        register: u8,
        target: &mut impl Target,
    ) -> Result<Register, Error> {
        let select = u32::from(ap) << 24 | u32::from(register & 0xf0);
        self.write(Register::Dp(0x8), select, target)?;
        Ok(Register::Ap(register & 0xc))
    }

    /// Reads an access-port register as the wires do: the answer is the *previous* read's value, this one's is kept for the next
    /// or for RDBUFF.
    pub(super) fn read_posted(
        &mut self,
        address: u8,
        target: &mut impl Target,
    ) -> Result<u32, Error> {
        self.begin(Register::Ap(address), false, target)?;
        // An error shows in the next access, when this one's result is due.
        let value = self.read_ap(address, target).unwrap_or_default();
        Ok(self.dp.post(value))
    }

    /// Clears the pending error, if any, as a probe's firmware does after a fault.
    pub fn clear_error(&mut self) {
        self.dp.write(0x0, 0x1e);
    }

    /// Whether the access would be answered, without making it.
    pub(super) fn check(
        &self,
        register: Register,
        write: bool,
        target: &impl Target,
    ) -> Result<(), Error> {
        match (register, target.failure()) {
            (Register::Dp(address), _) if DebugPort::answers_despite_errors(write, address) => {
                Ok(())
            }
            (Register::Ap(_), Some(reason)) => Err(Error::Stopped(reason.to_string())),
            _ if self.dp.error_pending() => Err(Error::Fault),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        register: Register,
        write: bool,
        target: &mut impl Target,
    ) -> Result<(), Error> {
        if !target.note_access() {
            return Err(Error::Unplugged);
        }
        self.notice_power_loss(target);
        self.check(register, write, target)?;
        match register {
            Register::Ap(address)
                if self.dp.ap() == 0 && MemAp::is_transfer(self.dp.ap_bank() | address) =>
            {
                advance(target)?;
                self.notice_power_loss(target);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn notice_power_loss(&mut self, target: &mut impl Target) {
        if target.take_power_loss() {
            *self = Dap::new(self.dp.identity());
        }
    }

    fn read_ap(&mut self, address: u8, target: &mut impl Target) -> Result<u32, Error> {
        if !self.dp.ap_ready() {
            return Err(self.fault());
        }
        // Absent access ports read as zero: their IDR says so.
        if self.dp.ap() != 0 {
            return Ok(0);
        }
        let address = self.dp.ap_bank() | (address & 0xc);
        let result = self.ap.read(address, target);
        result.map_err(|error| self.bus_error(error, target))
    }

    fn write_ap(&mut self, address: u8, value: u32, target: &mut impl Target) -> Result<(), Error> {
        if !self.dp.ap_ready() {
            return Err(self.fault());
        }
        if self.dp.ap() != 0 {
            return Ok(());
        }
        let address = self.dp.ap_bank() | (address & 0xc);
        let was_running = target.is_running();
        let result = self.ap.write(address, value, target);
        result.map_err(|error| self.bus_error(error, target))?;
        if !was_running && target.is_running() {
            advance(target)?;
            self.notice_power_loss(target);
        }
        Ok(())
    }

    fn bus_error(&mut self, _: BusError, target: &impl Target) -> Error {
        match target.failure() {
            Some(reason) => Error::Stopped(reason.to_string()),
            None => self.fault(),
        }
    }

    fn fault(&mut self) -> Error {
        self.dp.set_error();
        Error::Fault
    }
}

/// Lets the time of one access pass.
fn advance(target: &mut impl Target) -> Result<(), Error> {
    if target.is_running() {
        target.run(QUANTUM.saturating_mul(target.slowness()));
    } else {
        target.idle(IDLE.saturating_mul(target.slowness()));
    }
    match target.failure() {
        Some(reason) => Err(Error::Stopped(reason.to_string())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Ram;
    use super::*;

    const SELECT: Register = Register::Dp(0x8);
    const CTRL_STAT: Register = Register::Dp(0x4);
    const TAR: Register = Register::Ap(0x4);
    const DRW: Register = Register::Ap(0xc);

    fn powered() -> (Dap, Ram) {
        let (mut dap, mut ram) = (Dap::default(), Ram::new(0x1000));
        dap.write(CTRL_STAT, 0x5000_0000, &mut ram).unwrap();
        (dap, ram)
    }

    #[test]
    fn banks_and_access_ports_are_selected() {
        let (mut dap, mut ram) = powered();
        dap.write(SELECT, 0xf0, &mut ram).unwrap();
        assert_eq!(
            dap.read(Register::Ap(0xc), &mut ram),
            Ok(Identity::default().ap)
        );
        dap.write(SELECT, 0x0100_00f0, &mut ram).unwrap();
        assert_eq!(
            dap.read(Register::Ap(0xc), &mut ram),
            Ok(0),
            "access port 1 is absent"
        );
        let idr = dap.select_ap(0, 0xfc, &mut ram).unwrap();
        assert_eq!(dap.read(idr, &mut ram), Ok(Identity::default().ap));
    }

    #[test]
    fn unpowered_access_port_faults() {
        let (mut dap, mut ram) = (Dap::default(), Ram::new(16));
        assert_eq!(dap.read(Register::Ap(0), &mut ram), Err(Error::Fault));
    }

    #[test]
    fn bus_errors_stick_and_can_be_cleared() {
        let (mut dap, mut ram) = powered();
        dap.write(TAR, 0x8000_0000, &mut ram).unwrap();
        assert_eq!(dap.read(DRW, &mut ram), Err(Error::Fault));
        assert_eq!(dap.read(TAR, &mut ram), Err(Error::Fault), "sticky");
        assert_eq!(dap.write(SELECT, 0, &mut ram), Err(Error::Fault), "sticky");
        assert_eq!(dap.read(CTRL_STAT, &mut ram), Ok(0xf000_0020));
        dap.clear_error();
        assert_eq!(dap.read(TAR, &mut ram), Ok(0x8000_0000));
    }

    #[test]
    fn time_passes_per_access_to_a_running_core() {
        let (mut dap, mut ram) = powered();
        dap.read(DRW, &mut ram).unwrap();
        assert_eq!((ram.cycles, ram.idle), (0, IDLE), "halted");
        ram.running = true;
        dap.read(TAR, &mut ram).unwrap();
        assert_eq!(ram.cycles, 0, "no memory was touched");
        dap.read(DRW, &mut ram).unwrap();
        dap.read_block(DRW, &mut [0; 16], &mut ram).unwrap();
        assert_eq!(ram.cycles, 2 * QUANTUM, "a block is one access");
    }

    #[test]
    fn write_that_starts_the_core_runs_it_at_once() {
        let (mut dap, mut ram) = powered();
        ram.starts_on_write = true;
        dap.write(DRW, 1, &mut ram).unwrap();
        assert_eq!(ram.cycles, QUANTUM);
    }

    #[test]
    fn slow_wires_take_longer() {
        let (mut dap, mut ram) = powered();
        ram.slowness = 7;
        dap.read(DRW, &mut ram).unwrap();
        ram.running = true;
        dap.read(DRW, &mut ram).unwrap();
        assert_eq!((ram.idle, ram.cycles), (7 * IDLE, 7 * QUANTUM));
    }

    #[test]
    fn nothing_answers_once_unplugged() {
        let (mut dap, mut ram) = powered();
        ram.unplugged = true;
        for register in [CTRL_STAT, Register::Dp(0), TAR] {
            assert_eq!(dap.read(register, &mut ram), Err(Error::Unplugged));
        }
        assert_eq!(dap.write(TAR, 0, &mut ram), Err(Error::Unplugged));
    }

    #[test]
    fn lost_power_takes_the_debug_domain_with_it() {
        let (mut dap, mut ram) = powered();
        dap.write(SELECT, 0xf0, &mut ram).unwrap();
        ram.power_lost = true;
        assert_eq!(dap.read(TAR, &mut ram), Err(Error::Fault));
        assert_eq!(
            dap.read(CTRL_STAT, &mut ram),
            Ok(0x20),
            "no request, an error"
        );
        dap.clear_error();
        dap.write(CTRL_STAT, 0x5000_0000, &mut ram).unwrap();
        dap.write(TAR, 4, &mut ram).unwrap();
        assert_eq!(dap.read(TAR, &mut ram), Ok(4), "bank 0 is selected");
    }

    #[test]
    fn chip_does_not_answer_after_a_failure() {
        let (mut dap, mut ram) = powered();
        ram.failure = Some("no such register".into());
        let stopped = Err(Error::Stopped("no such register".into()));
        assert_eq!(dap.read(DRW, &mut ram), stopped);
        assert_eq!(dap.read(TAR, &mut ram), stopped);
        dap.read(Register::Dp(0), &mut ram).unwrap();
    }
}
