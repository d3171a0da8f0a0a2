//! A chip with its debug port, shared between whoever holds a probe on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "probe")]
use probe_rs::probe::DebugProbeSelector;
use thiserror::Error;

use crate::chips;
use crate::debug::{BusError, Dap, Identity, Target};
use crate::faults::{Fault, FaultError, Faults, Strike};
use crate::machine::{Machine, MachineError, Stop};
use crate::memory::{Chip, MapError, Size};
#[cfg(feature = "probe")]
use crate::probe::{self, PlugError};

/// Why a virtual board cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BoardError {
    /// There is no model of the chip.
    #[error("there is no virtual chip {name:?}; there is {}", chips::names().collect::<Vec<_>>().join(", "))]
    UnknownChip {
        /// The name asked for.
        name: String,
    },
    /// The chip's description contradicts itself.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Bytes for the flash that do not fit it.
    #[error("{length} bytes at offset {offset:#x} do not fit the {capacity} bytes of flash")]
    FlashRange {
        /// Offset of the first byte.
        offset: usize,
        /// Number of bytes.
        length: usize,
        /// Size of the flash.
        capacity: usize,
    },
}

/// A virtual board: a chip under power, with its debug port.
///
/// Clones are handles of the same board. It keeps running state and flash between sessions, as hardware
/// does; dropping the last handle throws it away.
#[derive(Clone)]
pub struct VirtualBoard {
    shared: Arc<Shared>,
}

struct Shared {
    chip: String,
    wired: Mutex<Wired>,
}

/// The debug port and the chip behind it.
pub(crate) struct Wired {
    pub(crate) dap: Dap,
    pub(crate) chip: ChipUnderPower,
}

impl Wired {
    fn new(chip: ChipUnderPower) -> Self {
        Wired {
            dap: Dap::new(Identity::of(chip.machine.model())),
            chip,
        }
    }
}

impl VirtualBoard {
    /// A board with the chip called `chip` (the name that probe-rs uses, such as `STM32L4R5ZITx`), its flash erased.
    ///
    /// # Errors
    /// [`BoardError::UnknownChip`].
    pub fn new(chip: &str) -> Result<Self, BoardError> {
        let wired = Mutex::new(Wired::new(ChipUnderPower::new(chip)?));
        let chip = chip.to_string();
        Ok(VirtualBoard {
            shared: Arc::new(Shared { chip, wired }),
        })
    }

    /// The chip's name.
    pub fn chip(&self) -> &str {
        &self.shared.chip
    }

    /// The bytes of the flash.
    pub fn flash(&self) -> Vec<u8> {
        self.wired().chip.machine.flash().to_vec()
    }

    /// Overwrites flash at `offset`, as a factory would: without the chip's doing. Meant to be followed by a reset.
    ///
    /// # Errors
    /// [`BoardError::FlashRange`].
    pub fn load_flash(&self, offset: usize, bytes: &[u8]) -> Result<(), BoardError> {
        let machine = &mut self.wired().chip.machine;
        let capacity = machine.flash().len();
        if offset
            .checked_add(bytes.len())
            .is_none_or(|end| end > capacity)
        {
            return Err(BoardError::FlashRange {
                offset,
                length: bytes.len(),
                capacity,
            });
        }
        machine.load_flash(offset, bytes);
        Ok(())
    }

    /// Takes the power away and gives it back: RAM, registers and debug port start afresh, flash is kept; an operation of
    /// its controller is cut short and leaves it torn. This is the only way to go on after a [`Self::failure`].
    ///
    /// # Errors
    /// Those of [`Self::new`], which have not occurred when this board was made.
    pub fn power_cycle(&self) -> Result<(), BoardError> {
        let mut wired = self.wired();
        wired.chip.cycle_power()?;
        wired.chip.power_lost = false;
        wired.dap = Dap::new(Identity::of(wired.chip.machine.model()));
        Ok(())
    }

    /// Plans a fault.
    ///
    /// # Errors
    /// [`FaultError::NotMemory`].
    pub fn inject(&self, fault: Fault) -> Result<(), FaultError> {
        let chip = &mut self.wired().chip;
        if let Fault::CorruptWord { address, .. } | Fault::CorruptRead { address, .. } = fault
            && !chip.machine.is_memory(address)
        {
            return Err(FaultError::NotMemory(address));
        }
        chip.faults.plan(fault);
        Ok(())
    }

    /// Forgets the faults that have not struck yet; the bus is as fast as ever. What has struck stays.
    pub fn clear_faults(&self) {
        self.wired().chip.faults.clear();
    }

    /// Accesses of probes since the board was made: see [`crate::faults`].
    pub fn accesses(&self) -> u64 {
        self.wired().chip.faults.accesses()
    }

    /// What the program touched that is not modelled, if that has ended the emulation. Every debug access fails then.
    pub fn failure(&self) -> Option<MachineError> {
        self.wired().chip.machine.error().cloned()
    }

    /// Core clock cycles since power-on.
    pub fn cycles(&self) -> u64 {
        self.wired().chip.machine.cycles()
    }

    /// Instructions executed since power-on.
    pub fn instructions(&self) -> u64 {
        self.wired().chip.machine.instructions()
    }

    /// Plugs the board in: from now on probe-rs lists and opens it as the probe
    /// [`VID`](probe::VID)`:`[`PID`](probe::PID)`:name`. It stays plugged in until [`probe::unplug`].
    ///
    /// # Errors
    /// [`PlugError::NameTaken`] if another board is plugged in under that name.
    #[cfg(feature = "probe")]
    pub fn plug_in(&self, name: &str) -> Result<DebugProbeSelector, PlugError> {
        probe::plug_in(name, self)
    }

    pub(crate) fn wired(&self) -> MutexGuard<'_, Wired> {
        // Nothing in the emulator is left half-done by a panic in its caller.
        self.shared
            .wired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for VirtualBoard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualBoard")
            .field("chip", &self.shared.chip)
            .finish_non_exhaustive()
    }
}

fn chip_called(name: &str) -> Result<Chip, BoardError> {
    chips::by_name(name).ok_or_else(|| BoardError::UnknownChip { name: name.into() })
}

/// The machine as the debug port's target.
pub(crate) struct ChipUnderPower {
    name: String,
    machine: Machine,
    failure: Option<String>,
    faults: Faults,
    /// Power was lost, and the debug port does not know yet.
    power_lost: bool,
}

impl ChipUnderPower {
    fn new(name: &str) -> Result<Self, BoardError> {
        Ok(ChipUnderPower {
            name: name.into(),
            machine: Machine::new(chip_called(name)?)?,
            failure: None,
            faults: Faults::default(),
            power_lost: false,
        })
    }

    fn cycle_power(&mut self) -> Result<(), BoardError> {
        self.machine = self.machine.power_cycle(chip_called(&self.name)?)?;
        self.failure = None;
        self.power_lost = true;
        Ok(())
    }

    /// A probe is opened: whatever was unplugged is in its place again.
    pub(crate) fn plug_in_probe(&mut self) {
        self.faults.plug_in();
    }

    pub(crate) fn probe_is_unplugged(&self) -> bool {
        self.faults.unplugged()
    }

    /// Lets the faults strike that are due. Returns whether one did.
    fn strike(&mut self) -> bool {
        let mut struck = false;
        while let Some(strike) = self.faults.take_due(self.machine.cycles()) {
            struck = true;
            match strike {
                Strike::Hang => self.machine.hang(),
                Strike::Corrupt { address, flips } => self.machine.flip(address, flips),
                Strike::BrownOut => {
                    if let Err(error) = self.cycle_power() {
                        self.failure = Some(error.to_string());
                    }
                }
            }
        }
        struck
    }

    /// Lets `cycles` pass by `advance`, with the faults that come up. Returns what the last advance did.
    fn pass<T>(&mut self, mut cycles: u64, advance: impl Fn(&mut Machine, u64) -> T) -> T {
        self.strike();
        loop {
            let before = self.machine.cycles();
            let left = self.faults.until_next(before);
            self.machine.set_appointment(before.saturating_add(left));
            let slice = cycles.min(left);
            let done = advance(&mut self.machine, slice);
            cycles = cycles.saturating_sub(self.machine.cycles() - before);
            if !self.strike() || cycles == 0 {
                self.note_failure();
                return done;
            }
        }
    }

    fn note_failure(&mut self) {
        if self.failure.is_none() {
            self.failure = self
                .machine
                .error()
                .map(|error| format!("the virtual board has stopped: {error}"));
            if let Some(failure) = &self.failure {
                tracing::error!("{failure}");
            }
        }
    }
}

impl Target for ChipUnderPower {
    fn read(&mut self, address: u32, width: Size) -> Result<u32, BusError> {
        let result = self.machine.debug_read(address, width);
        self.note_failure();
        let flips = self.faults.flips(address) >> (8 * (address & 3));
        let seen = width.mask();
        result
            .map(|value| value ^ flips & seen)
            .map_err(|_| BusError)
    }

    fn write(&mut self, address: u32, width: Size, value: u32) -> Result<(), BusError> {
        let result = self.machine.debug_write(address, width, value);
        self.note_failure();
        result.map_err(|_| BusError)
    }

    fn is_running(&self) -> bool {
        !self.machine.is_halted()
    }

    fn run(&mut self, cycles: u64) -> bool {
        let stop = self.pass(cycles, Machine::run);
        matches!(stop, Stop::CycleLimit | Stop::Halted)
    }

    fn idle(&mut self, cycles: u64) {
        self.pass(cycles, Machine::idle);
    }

    fn set_nreset(&mut self, high: bool) {
        self.machine.set_reset_pin(!high);
        self.note_failure();
    }

    fn note_access(&mut self) -> bool {
        self.faults.note_access()
    }

    fn take_power_loss(&mut self) -> bool {
        std::mem::take(&mut self.power_lost)
    }

    fn slowness(&self) -> u64 {
        self.faults.factor()
    }

    fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
