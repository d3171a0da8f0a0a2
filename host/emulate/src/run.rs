//! Running a program.

use std::io;

use onchip_vboard::chips;
use onchip_vboard::machine::{Machine, Stimulus, Stop};
use onchip_vboard::memory::MapError;
use onchip_vboard::semihosting::{Called, Console, HeapInfo, Semihosting, Setting};

use crate::cause::{self, CauseOfFault, End, FaultOutcome};
use crate::log::Log;
use crate::map;
use crate::passage::Passages;
use crate::program::{Program, ProgramError};
use crate::report::{Register, Report, Spent};
use crate::rtt::Rtt;
use crate::stack::Painter;
use crate::symbols::Place;

/// Core cycles between looks at RTT, the UARTs, the ITM and at whether the program is stuck.
const SLICE: u64 = 50_000;
/// Looks at a fault handler that is at the same place before it is held to be stuck.
const PATIENCE: u32 = 400;
/// How near places are the same, in bytes.
const SAME: u32 = 16;
/// The stimulus port to which CMSIS's `ITM_SendChar` writes, as everyone does.
const CONSOLE_PORT: u8 = 0;
/// `b .`
const BRANCH_HERE: [u8; 2] = 0xe7fe_u16.to_le_bytes();
/// IPSR of HardFault to UsageFault.
const FAULTS: std::ops::RangeInclusive<u32> = 3..=6;

/// How to run a program.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where passages begin.
    pub begin: Option<Place>,
    /// Where passages end.
    pub end: Option<Place>,
    /// The lowest address of the main stack, if the program's symbols do not tell.
    pub stack_floor: Option<Place>,
    /// Instructions after which to stop (at the end of a block of straight-line code).
    pub limit: Option<u64>,
    /// Reads zero from registers that are not modelled, and ignores writes to them.
    pub lenient: bool,
    /// The program's command line, its name first.
    pub command_line: Vec<u8>,
    /// What one second is to the program, in core cycles.
    pub hertz: u32,
}

/// Where a program's output goes. By RTT come text and decoded defmt frames, both like
/// standard output.
pub trait Output: Console {
    /// Takes what the chip's UARTs have sent, and what the core's stimulus port 0 was written
    /// with, the console among the ITM's ports.
    fn serial(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Why a program cannot be emulated.
#[derive(Debug, thiserror::Error)]
pub enum EmulationError {
    /// There is no model of the chip.
    #[error("there is no model of {chip}; there is one of {}", chips::names().collect::<Vec<_>>().join(", "))]
    UnknownChip {
        /// The chip asked for.
        chip: String,
    },
    /// The model contradicts itself.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The program cannot run on it.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its output or its input is broken.
    #[error("the program's output or input failed")]
    Console(#[from] io::Error),
}

/// A program on a chip, about to leave reset.
pub struct Emulation<'program> {
    chip: String,
    program: &'program Program,
    machine: Machine,
    host: Semihosting,
    rtt: Rtt,
    log: Log<'program>,
    passages: Passages,
    limit: Option<u64>,
    /// The main stack pointer at the start.
    top: u32,
    /// Where the core was when last looked at, and how many times in a row.
    haunt: (u32, u32),
}

impl<'program> Emulation<'program> {
    /// A program on a chip just powered on. `chip` is called as in [`chips::names`].
    pub fn new(
        chip: &str,
        program: &'program Program,
        options: &Options,
    ) -> Result<Self, EmulationError> {
        let unknown = || EmulationError::UnknownChip {
            chip: chip.to_owned(),
        };
        let mut machine = Machine::new(chips::by_name(chip).ok_or_else(unknown)?)?;
        program.load(&mut machine)?;
        // Lets the core leave reset.
        machine.run(0);
        let top = machine.register(17);
        let heap = map::ram_below(&machine, top).map_or_else(HeapInfo::default, |ram| {
            let last = ram.base + (ram.len - 1);
            let statics = program.statics_end(ram.base, last);
            HeapInfo {
                heap_base: statics,
                heap_limit: last.wrapping_add(1),
                stack_base: top,
                stack_limit: statics,
            }
        });
        for place in [&options.begin, &options.end].into_iter().flatten() {
            program.check_code(&machine, place)?;
        }
        let address = |place: &Option<Place>| place.as_ref().map(|place| place.address);
        let painter = Painter::new(&machine, program, address(&options.stack_floor));
        let passages = Passages::new(address(&options.begin), address(&options.end), painter);
        machine.set_semihosting(true);
        machine.set_lenient(options.lenient);
        machine.set_marks(&passages.marks());
        machine.track(true);
        Ok(Emulation {
            chip: chip.to_owned(),
            program,
            machine,
            host: Semihosting::new(Setting {
                command_line: options.command_line.clone(),
                heap,
                hertz: options.hertz,
            }),
            rtt: Rtt::new(program.symbols.address("_SEGGER_RTT")),
            log: Log::new(program.log.as_ref()),
            passages,
            limit: options.limit,
            top,
            haunt: (0, 0),
        })
    }

    /// Runs the program to its end. `interrupted` is asked now and then whether to stop.
    pub fn run(
        mut self,
        output: &mut dyn Output,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Report, EmulationError> {
        let end = loop {
            let left = self.limit.map(|limit| limit - self.machine.instructions());
            // No core executes more than two instructions a cycle.
            let slice = left.map_or(SLICE, |left| (left / 2).clamp(1, SLICE));
            let stop = self.machine.run(slice);
            self.drain(output, false)?;
            let end = match stop {
                Stop::Mark => {
                    self.passages.reach(&mut self.machine);
                    None
                }
                Stop::Semihosting => self.serve(output)?,
                Stop::Error => self
                    .machine
                    .error()
                    .map(|error| cause::unmodelled(error, |pc| self.function_at(pc))),
                Stop::Sleep if !self.machine.is_locked_up() => {
                    let (pc, function) = self.place();
                    Some(End::Asleep { pc, function })
                }
                Stop::Sleep | Stop::CycleLimit | Stop::Halted => self.stuck(),
            };
            if let Some(end) = end {
                break end;
            }
            let (pc, function) = self.place();
            if self
                .limit
                .is_some_and(|limit| self.machine.instructions() >= limit)
            {
                break End::Limit { pc, function };
            }
            if interrupted() {
                break End::Interrupted { pc, function };
            }
        };
        self.drain(output, true)?;
        self.passages.look(&mut self.machine);
        Ok(self.report(end))
    }

    fn report(self, end: End) -> Report {
        let excused = self
            .machine
            .excused()
            .map(|excused| Register::new(excused, self.program.function_at(excused.first_pc)));
        Report {
            end,
            instructions: self.machine.instructions(),
            cycles: self.machine.cycles(),
            causes: Spent::all(self.machine.ledger()),
            stack_pointer: self.top.saturating_sub(self.passages.lowest),
            unfinished: self.passages.unfinished(),
            stray_ends: self.passages.stray_ends,
            excused: excused.collect(),
            passages: self.passages.closed,
            chip: self.chip,
        }
    }

    fn function_at(&self, address: u32) -> Option<String> {
        self.program.function_at(address).map(str::to_owned)
    }

    /// Where the core is.
    fn place(&self) -> (u32, Option<String>) {
        let pc = self.machine.register(15);
        (pc, self.function_at(pc))
    }

    /// Passes on what the program has sent.
    fn drain(&mut self, output: &mut dyn Output, last: bool) -> io::Result<()> {
        let bytes = self.rtt.take(&mut self.machine, last);
        if !bytes.is_empty() {
            output.output(&self.log.text(bytes))?;
        }
        let bytes = self.machine.take_serial();
        if !bytes.is_empty() {
            output.serial(&bytes)?;
        }
        let stimuli = self.machine.take_stimuli().into_iter();
        let console = stimuli.filter(|stimulus| stimulus.port == CONSOLE_PORT);
        let bytes: Vec<u8> = console.flat_map(Stimulus::bytes).collect();
        if !bytes.is_empty() {
            output.serial(&bytes)?;
        }
        Ok(())
    }

    fn serve(&mut self, output: &mut dyn Output) -> io::Result<Option<End>> {
        Ok(match self.host.serve(&mut self.machine, output)? {
            Called::Answered => None,
            Called::Exit(status) => Some(End::Exit { status }),
            Called::Unknown(operation) => {
                let (pc, function) = self.place();
                let what = format!(
                    "semihosting operation {operation:#x} at {pc:#010x} is not one of the specification"
                );
                Some(End::Unmodelled { what, function })
            }
        })
    }

    /// Whether the program can never end.
    fn stuck(&mut self) -> Option<End> {
        if self.machine.is_locked_up() {
            return self.fault(FaultOutcome::Lockup);
        }
        let pc = self.machine.register(15);
        let here = self.machine.memory(pc, 2) == Some(&BRANCH_HERE);
        if FAULTS.contains(&(self.machine.register(16) & 0x1ff)) {
            let (place, times) = self.haunt;
            let same = pc.abs_diff(place) <= SAME;
            self.haunt = if same { (place, times + 1) } else { (pc, 0) };
            if here || self.haunt.1 >= PATIENCE {
                return self.fault(FaultOutcome::HandlerLoops);
            }
        } else if here && !self.machine.expects_event() {
            let function = self.function_at(pc);
            return Some(End::Endless { pc, function });
        }
        None
    }

    fn fault(&self, outcome: FaultOutcome) -> Option<End> {
        let fault = self.machine.last_fault().unwrap_or_default();
        let cause = CauseOfFault::new(outcome, &fault, |pc| self.function_at(pc));
        Some(End::Fault(Box::new(cause)))
    }
}
