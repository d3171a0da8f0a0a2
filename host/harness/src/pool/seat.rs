//! Where a board of a pool comes from.

use onchip_vboard::{VirtualBoard, probe};
use probe_rs::probe::DebugProbeSelector;

use crate::board::Board;
use crate::failure::BenchFailure;

/// A place on the bench. The pool asks it for its board before each session.
pub trait Seat: Send + 'static {
    /// What people call it.
    fn name(&self) -> String;

    /// Brings the board back to how it is when it was just plugged in, as far as that can be done
    /// from here, and says where its probe is.
    ///
    /// # Errors
    /// There is no board.
    fn plug_in(&mut self) -> Result<DebugProbeSelector, BenchFailure>;
}

/// A probe's board is where it is, and stays as it is.
impl Seat for DebugProbeSelector {
    fn name(&self) -> String {
        self.to_string()
    }

    fn plug_in(&mut self) -> Result<DebugProbeSelector, BenchFailure> {
        Ok(self.clone())
    }
}

/// A virtual board that is thrown away in the end.
///
/// Plugged in anew it is another, blank one: that works even if an emulator hangs and never lets
/// go of the old one.
pub struct VirtualSeat {
    chip: String,
    selector: DebugProbeSelector,
}

impl VirtualSeat {
    /// Plugs a blank virtual board in, under the first free name of the board's kind.
    ///
    /// # Errors
    /// There is no virtual one of this kind.
    pub fn new(board: &Board) -> Result<VirtualSeat, BenchFailure> {
        let chip = VirtualBoard::new(&board.chip).map_err(|source| BenchFailure::NotVirtual {
            board: board.name.clone(),
            source: source.into(),
        })?;
        let selector = (0_u32..)
            .find_map(|number| chip.plug_in(&format!("{}-{number}", board.name)).ok())
            .unwrap_or_else(|| unreachable!("names do not run out"));
        Ok(VirtualSeat {
            chip: board.chip.clone(),
            selector,
        })
    }

    fn serial(&self) -> &str {
        self.selector.serial_number.as_deref().unwrap_or_default()
    }
}

impl Seat for VirtualSeat {
    fn name(&self) -> String {
        self.serial().to_owned()
    }

    fn plug_in(&mut self) -> Result<DebugProbeSelector, BenchFailure> {
        let not_opened = |source| BenchFailure::ProbeNotOpened {
            selector: self.selector.to_string(),
            source,
        };
        let chip = VirtualBoard::new(&self.chip).map_err(|error| not_opened(error.into()))?;
        probe::unplug(self.serial());
        chip.plug_in(self.serial())
            .map_err(|error| not_opened(error.into()))
    }
}

impl Drop for VirtualSeat {
    fn drop(&mut self) {
        probe::unplug(self.serial());
    }
}
