//! A chip with its debug port, shared between whoever holds a probe on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use probe_rs::probe::DebugProbeSelector;
use thiserror::Error;

use crate::chips;
use crate::debug::{BusError, Dap, Identity, Target};
use crate::machine::{Machine, MachineError, Stop};
use crate::memory::{Chip, MapError, Size};
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
        let chip = chip_called(&self.shared.chip)?;
        *wired = Wired::new(ChipUnderPower {
            machine: wired.chip.machine.power_cycle(chip)?,
            failure: None,
        });
        Ok(())
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
    machine: Machine,
    failure: Option<String>,
}

impl ChipUnderPower {
    fn new(name: &str) -> Result<Self, BoardError> {
        Ok(ChipUnderPower {
            machine: Machine::new(chip_called(name)?)?,
            failure: None,
        })
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
        result.map_err(|_| BusError)
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
        let stop = self.machine.run(cycles);
        self.note_failure();
        matches!(stop, Stop::CycleLimit | Stop::Halted)
    }

    fn idle(&mut self, cycles: u64) {
        self.machine.idle(cycles);
        self.note_failure();
    }

    fn set_nreset(&mut self, high: bool) {
        self.machine.set_reset_pin(!high);
        self.note_failure();
    }

    fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
