//! Virtual boards as debug probes of the probe-rs library.
//!
//! [`plug_in`] puts a board into a process-wide table and registers a driver for that table with probe-rs. A
//! global is not to be had without here: probe-rs keeps its drivers in one, and a driver is asked for a probe by nothing
//! but a selector string. The table holds handles; all state is in the boards.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError};

use probe_rs::CoreStatus;
use probe_rs::architecture::arm::sequences::ArmDebugSequence;
use probe_rs::architecture::arm::{
    ArmCommunicationInterface, ArmDebugInterface, ArmError, DapError, DapProbe, Pins, RawDapAccess,
    RegisterAddress,
};
use probe_rs::plugin::{Plugin, register_plugin};
use probe_rs::probe::list::ProbeListItem;
use probe_rs::probe::{
    DebugProbe, DebugProbeError, DebugProbeInfo, DebugProbeSelector, ProbeCreationError,
    ProbeFactory, WireProtocol,
};
use thiserror::Error;

use crate::VirtualBoard;
use crate::board::Wired;
use crate::debug::{Error as DapFailure, Register, Target};

/// USB vendor id under which virtual boards appear; not assigned to anyone.
pub const VID: u16 = 0x0f0f;
/// USB product id under which virtual boards appear.
pub const PID: u16 = 0x0001;

/// Why a board cannot be plugged in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlugError {
    /// Names tell boards apart.
    #[error(
        "a virtual board is already plugged in as {0:?}; choose another name or unplug it first"
    )]
    NameTaken(String),
}

/// Makes `board` a probe with the serial number `name`.
///
/// # Errors
/// [`PlugError::NameTaken`].
pub fn plug_in(name: &str, board: &VirtualBoard) -> Result<DebugProbeSelector, PlugError> {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        register_plugin(Plugin {
            probe_drivers: &[&Driver],
            ..Plugin::default()
        });
    });
    let mut table = table();
    if table.contains_key(name) {
        return Err(PlugError::NameTaken(name.into()));
    }
    table.insert(
        name.into(),
        Plugged {
            board: board.clone(),
            in_use: Arc::default(),
        },
    );
    Ok(DebugProbeSelector {
        vendor_id: VID,
        product_id: PID,
        interface: None,
        serial_number: Some(name.into()),
    })
}

/// Takes the board called `name` out of the table; returns it if there was one. Probes already open keep working.
pub fn unplug(name: &str) -> Option<VirtualBoard> {
    table().remove(name).map(|plugged| plugged.board)
}

struct Plugged {
    board: VirtualBoard,
    /// A probe can be opened once at a time, as a USB interface can be claimed once.
    in_use: Arc<AtomicBool>,
}

fn table() -> MutexGuard<'static, BTreeMap<String, Plugged>> {
    static TABLE: LazyLock<Mutex<BTreeMap<String, Plugged>>> = LazyLock::new(Mutex::default);
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The driver that probe-rs asks for virtual boards.
#[derive(Debug)]
struct Driver;

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Virtual board")
    }
}

impl ProbeFactory for Driver {
    fn open(&self, selector: &DebugProbeSelector) -> Result<Box<dyn DebugProbe>, DebugProbeError> {
        if (selector.vendor_id, selector.product_id) != (VID, PID) {
            return Err(ProbeCreationError::NotFound.into());
        }
        let table = table();
        let (name, plugged) = match &selector.serial_number {
            Some(name) => table.get_key_value(name),
            None => table.first_key_value(),
        }
        .ok_or(ProbeCreationError::NotFound)?;
        if plugged.in_use.swap(true, Ordering::AcqRel) {
            let text = format!("the virtual board {name:?} is in use by another session");
            return Err(DebugProbeError::Other(text));
        }
        plugged.board.wired().chip.plug_in_probe();
        Ok(Box::new(VirtualProbe {
            name: format!("Virtual {}", plugged.board.chip()),
            board: plugged.board.clone(),
            in_use: Arc::clone(&plugged.in_use),
            speed_khz: 4000,
            nreset: true,
        }))
    }

    fn list_probes(&self) -> Vec<ProbeListItem> {
        let item = |(name, plugged): (&String, &Plugged)| {
            let identifier = format!("Virtual {}", plugged.board.chip());
            let info = DebugProbeInfo::new(
                identifier,
                VID,
                PID,
                Some(name.clone()),
                &Driver,
                None,
                false,
            );
            ProbeListItem::accessible(info)
        };
        table().iter().map(item).collect()
    }
}

/// An open probe.
struct VirtualProbe {
    name: String,
    board: VirtualBoard,
    in_use: Arc<AtomicBool>,
    speed_khz: u32,
    nreset: bool,
}

impl VirtualProbe {
    fn drive_nreset(&mut self, high: bool) {
        self.nreset = high;
        self.board.wired().chip.set_nreset(high);
    }

    /// Runs one access; a fault is cleared, as a CMSIS-DAP probe's firmware and its driver do between them.
    fn access<T>(
        &mut self,
        access: impl FnOnce(&mut Wired) -> Result<T, DapFailure>,
    ) -> Result<T, ArmError> {
        let mut wired = self.board.wired();
        access(&mut wired).map_err(|failure| match failure {
            DapFailure::Fault => {
                wired.dap.clear_error();
                DapError::FaultResponse.into()
            }
            gone @ (DapFailure::Unplugged | DapFailure::Stopped(_)) => {
                DebugProbeError::Other(gone.to_string()).into()
            }
        })
    }
}

impl Drop for VirtualProbe {
    fn drop(&mut self) {
        // The pin is released when the probe goes.
        if !self.nreset {
            self.drive_nreset(true);
        }
        self.in_use.store(false, Ordering::Release);
    }
}

impl fmt::Debug for VirtualProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualProbe")
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}

impl DebugProbe for VirtualProbe {
    fn get_name(&self) -> &str {
        &self.name
    }

    fn speed_khz(&self) -> u32 {
        self.speed_khz
    }

    fn set_speed(&mut self, speed_khz: u32) -> Result<u32, DebugProbeError> {
        self.speed_khz = speed_khz;
        Ok(speed_khz)
    }

    fn attach(&mut self) -> Result<(), DebugProbeError> {
        Ok(())
    }

    fn detach(&mut self) -> Result<(), probe_rs::Error> {
        Ok(())
    }

    fn target_reset(&mut self) -> Result<(), DebugProbeError> {
        self.drive_nreset(false);
        self.drive_nreset(true);
        Ok(())
    }

    fn target_reset_assert(&mut self) -> Result<(), DebugProbeError> {
        self.drive_nreset(false);
        Ok(())
    }

    fn target_reset_deassert(&mut self) -> Result<(), DebugProbeError> {
        self.drive_nreset(true);
        Ok(())
    }

    fn select_protocol(&mut self, protocol: WireProtocol) -> Result<(), DebugProbeError> {
        match protocol {
            WireProtocol::Swd => Ok(()),
            WireProtocol::Jtag => Err(DebugProbeError::UnsupportedProtocol(protocol)),
        }
    }

    fn active_protocol(&self) -> Option<WireProtocol> {
        Some(WireProtocol::Swd)
    }

    fn has_arm_interface(&self) -> bool {
        true
    }

    fn try_get_arm_debug_interface<'probe>(
        self: Box<Self>,
        sequence: Arc<dyn ArmDebugSequence>,
    ) -> Result<Box<dyn ArmDebugInterface + 'probe>, (Box<dyn DebugProbe>, ArmError)> {
        Ok(ArmCommunicationInterface::create(self, sequence, false))
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn try_as_dap_probe(&mut self) -> Option<&mut dyn DapProbe> {
        Some(self)
    }
}

impl DapProbe for VirtualProbe {}

impl RawDapAccess for VirtualProbe {
    fn raw_read_register(&mut self, address: RegisterAddress) -> Result<u32, ArmError> {
        self.access(|wired| wired.dap.read(register(address), &mut wired.chip))
    }

    fn raw_read_block(
        &mut self,
        address: RegisterAddress,
        values: &mut [u32],
    ) -> Result<(), ArmError> {
        self.access(|wired| {
            wired
                .dap
                .read_block(register(address), values, &mut wired.chip)
        })
    }

    fn raw_write_register(&mut self, address: RegisterAddress, value: u32) -> Result<(), ArmError> {
        self.access(|wired| wired.dap.write(register(address), value, &mut wired.chip))
    }

    fn raw_write_block(
        &mut self,
        address: RegisterAddress,
        values: &[u32],
    ) -> Result<(), ArmError> {
        self.access(|wired| {
            wired
                .dap
                .write_block(register(address), values, &mut wired.chip)
        })
    }

    fn jtag_sequence(&mut self, _cycles: u8, _tms: bool, _tdi: u64) -> Result<(), DebugProbeError> {
        Err(DebugProbeError::UnsupportedProtocol(WireProtocol::Jtag))
    }

    fn swj_sequence(&mut self, _bit_len: u8, _bits: u64) -> Result<(), DebugProbeError> {
        // Line reset and protocol selection: the port has one protocol and is always ready for it.
        Ok(())
    }

    fn swj_pins(
        &mut self,
        pin_out: u32,
        pin_select: u32,
        _pin_wait: u32,
    ) -> Result<u32, DebugProbeError> {
        if Pins(pin_select as u8).nreset() {
            self.drive_nreset(Pins(pin_out as u8).nreset());
        }
        let mut pins = Pins(pin_out as u8);
        pins.set_nreset(self.nreset);
        Ok(pins.0.into())
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn core_status_notification(&mut self, _state: CoreStatus) -> Result<(), DebugProbeError> {
        Ok(())
    }
}

fn register(address: RegisterAddress) -> Register {
    match address {
        RegisterAddress::DpRegister(_) => Register::Dp(address.lsb()),
        RegisterAddress::ApRegister(_) => Register::Ap(address.lsb()),
    }
}
