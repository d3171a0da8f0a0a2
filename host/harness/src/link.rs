//! The blocking side of a session: a probe and the chip behind it.

use std::time::{Duration, Instant};

use onchip_protocol::order::Order;
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeError, DebugProbeSelector, Probe, WireProtocol};
use probe_rs::{CoreStatus, Error, MemoryInterface as _, Permissions, RegisterValue};

use crate::board::Board;
use crate::failure::{BenchFailure, Phase, Registers};
use crate::flash::sector_at;
use crate::image::Image;
use crate::worker::Pulse;

/// How long the chip may take to obey a request to halt or reset.
const OBEY: Duration = Duration::from_millis(500);

/// CPUID: which core this is (Armv7-M ARM, B3.2.3).
const CPUID: u32 = 0xE000_ED00;

/// Peripheral ID 3 of the core's ROM table; its low nibble, CMOD, says that a component was
/// modified. Virtual boards say so here, silicon reads 0 (CoreSight, ID registers).
const ROM_TABLE_PIDR3: u32 = 0xE00F_FFEC;

/// Opens the probe, set up for the board.
fn open(selector: &DebugProbeSelector, board: &Board) -> Result<Probe, BenchFailure> {
    let not_opened = |source: DebugProbeError| BenchFailure::ProbeNotOpened {
        selector: selector.to_string(),
        source: Box::new(source),
    };
    let mut probe = Lister::new().open(selector.clone()).map_err(not_opened)?;
    probe
        .select_protocol(WireProtocol::Swd)
        .map_err(not_opened)?;
    match probe.set_speed(board.probe.speed_khz) {
        // A probe that chooses its own speed.
        Ok(_)
        | Err(
            DebugProbeError::UnsupportedSpeed(_)
            | DebugProbeError::CommandNotSupportedByProbe { .. }
            | DebugProbeError::NotImplemented { .. },
        ) => {}
        Err(error) => return Err(not_opened(error)),
    }
    Ok(probe)
}

/// An attached, halted chip.
pub(crate) struct Link {
    pub(crate) session: probe_rs::Session,
    pub(crate) emulated: bool,
}

impl Link {
    /// Opens the probe, attaches, and makes sure that the chip is the board's.
    pub(crate) fn attach(
        selector: &DebugProbeSelector,
        board: &Board,
        pulse: &Pulse,
    ) -> Result<Link, BenchFailure> {
        let failed = BenchFailure::probe(Phase::Attach);
        let chip = board.chip.as_str();
        let probe = open(selector, board)?;
        pulse.beat();
        let session = match probe.attach(chip, Permissions::default()) {
            Err(Error::ChipNotFound(source)) => {
                return Err(BenchFailure::UnknownChip {
                    chip: board.chip.clone(),
                    source: Box::new(source),
                });
            }
            Err(error) => {
                // A core that hangs on its bus obeys nothing but a reset.
                tracing::debug!("attaching anew under reset: {error}");
                pulse.beat();
                open(selector, board)?
                    .attach_under_reset(chip, Permissions::default())
                    .map_err(|_| failed(error))?
            }
            Ok(session) => session,
        };
        pulse.beat();

        let mut link = Link {
            session,
            emulated: false,
        };
        link.check_chip(board)?;
        pulse.beat();
        // A halted chip answers faster, and does not run a stale image meanwhile.
        let mut core = link.session.core(0).map_err(&failed)?;
        core.reset_and_halt(OBEY).map_err(&failed)?;
        let cmod = core.read_word_32(ROM_TABLE_PIDR3.into()).map_err(&failed)? & 0xF;
        drop(core);
        link.emulated = cmod != 0;
        Ok(link)
    }

    fn check_chip(&mut self, board: &Board) -> Result<(), BenchFailure> {
        let failed = BenchFailure::probe(Phase::Attach);
        let identity = board.identity;
        let mut core = self.session.core(0).map_err(&failed)?;
        for (what, address, mask, expected) in [
            (
                "the core's CPUID",
                CPUID,
                0xFFF0,
                board.core.cpuid_part() << 4,
            ),
            (
                "the chip's identity",
                identity.address,
                identity.mask,
                identity.value,
            ),
        ] {
            let found = core.read_word_32(address.into()).map_err(&failed)? & mask;
            if found != expected {
                return Err(BenchFailure::WrongChip {
                    what,
                    address,
                    found,
                    expected,
                    board: board.name.clone(),
                });
            }
        }
        drop(core);

        let stated = u64::from(board.partition.sector);
        match sector_at(&self.session, board.partition.range.start) {
            Some(sector) if sector.end - sector.start != stated => Err(BenchFailure::Sector {
                stated,
                actual: sector.end - sector.start,
            }),
            _ => Ok(()),
        }
    }

    /// Resets, leaves `order` in RAM, and runs up to the image's `main`: from there on the RTT
    /// control block is this run's and no older one's.
    pub(crate) fn run_to_main(
        &mut self,
        image: &Image,
        order: &Order,
        limit: Duration,
        pulse: &Pulse,
    ) -> Result<(), BenchFailure> {
        let failed = BenchFailure::probe(Phase::Start);
        let symbols = image.symbols;
        let mut core = self.session.core(0).map_err(&failed)?;
        core.reset_and_halt(OBEY).map_err(&failed)?;
        core.write(symbols.rtt.into(), &[0; 16]).map_err(&failed)?;
        core.write(symbols.order.into(), &order.encode())
            .map_err(&failed)?;
        core.set_hw_breakpoint(symbols.main.into())
            .map_err(&failed)?;
        core.run().map_err(&failed)?;

        let started = Instant::now();
        let mut status = core.status().map_err(&failed)?;
        while !status.is_halted() {
            pulse.beat();
            if started.elapsed() > limit || status == CoreStatus::LockedUp {
                drop(core);
                return Err(BenchFailure::NotStarted {
                    state: self.state(image),
                });
            }
            status = core.status().map_err(&failed)?;
        }
        core.clear_hw_breakpoint(symbols.main.into())
            .map_err(&failed)?;
        let pc: u32 = core
            .read_core_reg(core.program_counter().id())
            .map_err(&failed)?;
        drop(core);
        if pc != symbols.main {
            return Err(BenchFailure::NotStarted {
                state: self.state(image),
            });
        }
        Ok(())
    }

    /// What the core is doing, for people. Halts it.
    pub(crate) fn state(&mut self, image: &Image) -> String {
        self.try_state(image)
            .unwrap_or_else(|error| format!("unreadable ({error})"))
    }

    fn try_state(&mut self, image: &Image) -> Result<String, Error> {
        let mut core = self.session.core(0)?;
        let status = match core.status()? {
            CoreStatus::Running => "running",
            CoreStatus::Sleeping => "asleep",
            CoreStatus::LockedUp => "locked up",
            CoreStatus::Halted(_) => "halted",
            CoreStatus::Unknown => "in an unknown state",
        };
        core.halt(OBEY)?;
        let pc: u32 = core.read_core_reg(core.program_counter().id())?;
        Ok(match image.function_at(pc) {
            Some(function) => format!("{status} at {pc:#010x} ({function})"),
            None => format!("{status} at {pc:#010x}"),
        })
    }

    /// Halts a core that has locked up and reads what it died of.
    pub(crate) fn registers(&mut self, image: &Image) -> Result<Registers, BenchFailure> {
        let failed = BenchFailure::probe(Phase::Run);
        let mut core = self.session.core(0).map_err(&failed)?;
        core.halt(OBEY).map_err(&failed)?;
        let pc: u32 = core
            .read_core_reg(core.program_counter().id())
            .map_err(&failed)?;
        let lr: RegisterValue = core
            .read_core_reg(core.return_address().id())
            .map_err(&failed)?;
        let mut word = |address: u64| core.read_word_32(address).map_err(&failed);
        Ok(Registers {
            pc,
            lr: lr.try_into().unwrap_or_default(),
            cfsr: word(0xE000_ED28)?,
            hfsr: word(0xE000_ED2C)?,
            mmfar: word(0xE000_ED34)?,
            bfar: word(0xE000_ED38)?,
            function: image.function_at(pc),
        })
    }

    /// Stops the core, so that it rests until the next run.
    pub(crate) fn halt(&mut self) -> Result<(), Error> {
        self.session.core(0)?.halt(OBEY).map(|_| ())
    }
}
