//! The machine: a core, its bus and a chip's memories and peripherals.
//!
//! A [`Machine`] is what a debug port is attached to. Its clock is the core clock, counted
//! in cycles since power-on; nothing in it depends on the host's time.

mod owner;
mod state;
mod stop;
mod tap;

pub use owner::{Excused, Fault, Memory, StackLow, Stimulus};
pub use stop::{DebugError, MachineError, Stop};
pub use tap::Glance;

use crate::{
    core::{
        code::{Block, CodeCache},
        debug::DFSR_HALTED,
        exception::{NMI, SYS_TICK},
        model::Model,
        system::{System, Wait},
    },
    memory::{AccessError, Chip, MapError, Reset, Size},
};

/// A core with its chip.
pub struct Machine {
    system: System,
    code: CodeCache,
}

/// What to do next.
enum Next {
    /// Execute blocks until the deadline.
    Blocks,
    /// The same, where code may be forbidden.
    GuardedBlocks,
    /// Execute one instruction.
    One,
    /// Look again.
    Again,
    /// Return.
    Stop(Stop),
}

impl Machine {
    /// A machine just powered on: flash erased, RAM zero, the core about to fetch its
    /// reset vector (which it does when it first runs or is first debugged).
    pub fn new(chip: Chip) -> Result<Self, MapError> {
        let system = System::new(chip)?;
        let code = CodeCache::new(system.isa, &system.bus);
        Ok(Self { system, code })
    }

    /// Runs for at least `max_cycles` (to the end of the block of straight-line code in
    /// which they pass) or until the core halts.
    ///
    /// How the cycles are divided over calls does not change what happens at which cycle.
    pub fn run(&mut self, max_cycles: u64) -> Stop {
        let limit = self.system.cycles.saturating_add(max_cycles);
        loop {
            match self.next(limit) {
                Next::Blocks if self.system.is_tracked() => self.track_blocks(),
                Next::Blocks => self.run_blocks(),
                Next::GuardedBlocks => self.run_guarded_blocks(),
                Next::One => self.run_one(),
                Next::Again => {}
                Next::Stop(stop) => return stop,
            }
        }
    }

    fn run_blocks(&mut self) {
        let Self { system, code } = self;
        if system.cycles >= system.deadline {
            return;
        }
        let mut entry = code.enter(system);
        loop {
            let (block, timing) = code.entered(entry);
            let exit = system.run_block(block, timing);
            if system.cycles >= system.deadline {
                return;
            }
            entry = code.follow(entry, exit, system);
        }
    }

    fn track_blocks(&mut self) {
        let Self { system, code } = self;
        while system.cycles < system.deadline {
            let entry = code.enter(system);
            let (block, timing) = code.entered(entry);
            system.track_block(block, timing);
        }
    }

    fn run_guarded_blocks(&mut self) {
        while self.system.cycles < self.system.deadline {
            let Self { system, code } = self;
            let id = code.find(system.regs.pc(), &mut system.bus, &system.fpb);
            let block = code.block(id);
            if !system.may_execute(block.address, block.end) {
                // Where in it the border is shows when it is reached.
                system.attend();
                return self.run_one();
            }
            system.check_code(block.address, block.end);
            let timing = block.prepare(system.pipeline_state, &mut system.pipeline);
            // Guarded code is slow in any case.
            system.track_block(block, block.timing(timing));
        }
    }

    fn run_one(&mut self) {
        let system = &mut self.system;
        let (pc, it) = (system.regs.pc(), system.regs.it);
        let mut block = Block::single(system.isa, &system.bus, &system.fpb, pc, it);
        if system.guards_code() && !system.may_execute(pc, block.end) {
            system.forbid_execution();
            self.finish_step();
            return;
        }
        system.check_code(pc, block.end);
        let timing = block.prepare(system.pipeline_state, &mut system.pipeline);
        system.alone_next = false;
        system.alone = true;
        system.watch_instruction(pc);
        system.track_block(&block, block.timing(timing));
        system.alone = false;
        system.take_watchpoint();
        self.finish_step();
    }

    /// After an instruction, or the entry into a handler: halts if the debugger steps.
    fn finish_step(&mut self) {
        if self.system.debug.stepping() {
            self.system.debug.halt(DFSR_HALTED);
            self.system.wait = Wait::No;
        }
    }

    /// Looks around: everything that can only happen between blocks.
    fn next(&mut self, limit: u64) -> Next {
        if self.system.error.is_some() {
            return Next::Stop(Stop::Error);
        }
        if let Some(stop) = self.take_stop() {
            return Next::Stop(stop);
        }
        self.settle();
        let system = &mut self.system;
        if system.debug.halted {
            return Next::Stop(Stop::Halted);
        }
        if system.reset_held {
            return self.wait(limit);
        }
        if system.bus.next_event <= system.cycles {
            system.bus.tick(system.cycles);
            system.collect_interrupts();
        }
        if system.systick.next_event() <= system.cycles && system.systick.tick(system.cycles) {
            system.nvic.set_pending(SYS_TICK, true);
        }
        if system.imprecise_fault {
            system.pend_imprecise_fault();
        }
        if system.hung || system.wait != Wait::No && !self.wakes() {
            return self.wait(limit);
        }
        let system = &mut self.system;
        if let Some(exception) = system.takable()
            && (system.wait != Wait::Lockup || exception == NMI)
        {
            system.take(exception);
            if system.watch.tracks {
                system.watch.note_stacks(&system.regs);
            }
            self.finish_step();
            return Next::Again;
        }
        system.wait = Wait::No;
        if system.cycles >= limit {
            return Next::Stop(Stop::CycleLimit);
        }
        if !system.regs.thumb {
            system.invalid_state();
            self.finish_step();
            return Next::Again;
        }
        let told = std::mem::take(&mut system.watch.told);
        let alone = system.alone_next || system.dwt.watches_code();
        let single = system.debug.stepping() || system.regs.it != 0 || alone;
        if single && !told && self.code.is_marked(system.regs.pc()) {
            system.watch.stop = Some(Stop::Mark);
            return Next::Again;
        }
        if single || told {
            system.deadline = limit;
            return Next::One;
        }
        // An event that is due again at once does not keep the core from going on.
        system.deadline = limit
            .min(system.bus.next_event)
            .min(system.systick.next_event())
            .max(system.cycles + 1);
        if system.guards_code() {
            Next::GuardedBlocks
        } else {
            Next::Blocks
        }
    }

    /// Carries out resets that were asked for and drops decoded code that is stale.
    fn settle(&mut self) {
        let Self { system, code } = self;
        if std::mem::take(&mut system.reset_requested) {
            system.reset_peripherals(Reset::System);
            system.start_requested = true;
        }
        if system.start_requested && !system.reset_held {
            system.start_requested = false;
            system.start_core();
        }
        if let Some(range) = system.bus.flash.take_changed() {
            code.drop_flash(range.start as u32, range.end as u32);
            system.choose_paths();
        }
        if system.bus.ram_code_changed {
            code.drop_ram();
            system.bus.forget_ram_code();
        }
        for address in system.fpb.take_changed() {
            code.drop_around(address);
        }
    }

    fn wakes(&mut self) -> bool {
        let system = &mut self.system;
        if system.debug.stepping() {
            return system.wait != Wait::Lockup;
        }
        match system.wait {
            Wait::No => true,
            Wait::Interrupt => system.wakes(),
            Wait::Event => {
                let pending = system.scb.events_on_pending() && system.nvic.any_external_pending();
                std::mem::take(&mut system.regs.event) || pending || system.takable().is_some()
            }
            Wait::Lockup => system.takable() == Some(NMI),
        }
    }

    /// Lets time pass until the next event or the limit.
    fn wait(&mut self, limit: u64) -> Next {
        let system = &mut self.system;
        let sleeps = matches!(system.wait, Wait::Interrupt | Wait::Event);
        if sleeps && system.scb.sleeps_deeply() {
            let what = "deep sleep (SCR.SLEEPDEEP)".to_owned();
            let pc = system.regs.pc();
            system.fail(MachineError::Core { what, pc });
            return Next::Again;
        }
        let event = system.bus.next_event.min(system.systick.next_event());
        let before = system.cycles;
        if event < limit {
            system.cycles = event.max(before + 1);
            system.note_sleep(before);
            if system.reset_held {
                system.bus.tick(system.cycles);
            }
            return Next::Again;
        }
        system.cycles = limit.max(before);
        system.note_sleep(before);
        Next::Stop(if event == u64::MAX {
            Stop::Sleep
        } else {
            Stop::CycleLimit
        })
    }

    /// Lets `cycles` pass for the peripherals while the core is halted; the cycle counter
    /// and the system timer stand still. Does nothing while the core runs.
    pub fn idle(&mut self, cycles: u64) {
        let system = &mut self.system;
        if !system.debug.halted || system.error.is_some() {
            return;
        }
        let end = system.cycles.saturating_add(cycles);
        while system.cycles < end {
            let step = system.bus.next_event.clamp(system.cycles + 1, end) - system.cycles;
            system.cycles += step;
            system.systick.skip(step);
            system.dwt.skip(step);
            if system.bus.next_event <= system.cycles {
                system.bus.tick(system.cycles);
                system.collect_interrupts();
            }
        }
    }

    /// Core clock cycles since power-on, those spent halted in [`Self::idle`] included.
    pub fn cycles(&self) -> u64 {
        self.system.cycles
    }

    /// Instructions executed since power-on.
    pub fn instructions(&self) -> u64 {
        self.system.instructions
    }

    /// Whether the core is halted in debug state.
    pub fn is_halted(&self) -> bool {
        self.system.debug.halted
    }

    /// A read by the debugger through the AHB-AP, at any address, with the core running or
    /// halted. No time passes. An unaligned `address` is a fault.
    pub fn debug_read(&mut self, address: u32, size: Size) -> Result<u32, DebugError> {
        self.debug_access(address, size, None)
    }

    /// A write by the debugger through the AHB-AP. A write that lets the core run only
    /// changes its state; it runs in [`Self::run`].
    pub fn debug_write(&mut self, address: u32, size: Size, value: u32) -> Result<(), DebugError> {
        self.debug_access(address, size, Some(value))?;
        self.settle();
        Ok(())
    }

    fn debug_access(
        &mut self,
        address: u32,
        size: Size,
        value: Option<u32>,
    ) -> Result<u32, DebugError> {
        if let Some(error) = &self.system.error {
            return Err(error.clone().into());
        }
        if !address.is_multiple_of(size.bytes()) {
            return Err(DebugError::Fault(address));
        }
        // Whatever is still to be done to the core is seen as done.
        self.settle();
        let system = &mut self.system;
        system.note_totals(None, address);
        let now = system.cycles;
        let result = match value {
            None => system.bus_read(address, size, now, true),
            Some(value) => system
                .bus_write(address, size, value, now, true)
                .map(|()| 0),
        };
        match result {
            Ok(value) => Ok(value),
            Err(AccessError::Fault) => Err(DebugError::Fault(address)),
            Err(AccessError::Unmodelled(what)) => {
                let pc = system.regs.pc();
                let error = MachineError::Unmodelled {
                    what,
                    address,
                    size,
                    value,
                    pc,
                    debugger: true,
                };
                system.fail(error.clone());
                Err(error.into())
            }
        }
    }

    /// Drives nRST: `asserted` holds the chip in system reset, releasing it starts the
    /// core (into the debugger's hands if reset is to be caught). Debug registers keep
    /// their contents and stay accessible.
    pub fn set_reset_pin(&mut self, asserted: bool) {
        let system = &mut self.system;
        if asserted && !system.reset_held {
            system.reset_peripherals(Reset::Pin);
            system.reset_requested = false;
            system.start_requested = true;
        }
        system.reset_held = asserted;
        self.settle();
    }

    /// What stopped the machine for good, if anything did.
    pub fn error(&self) -> Option<&MachineError> {
        self.system.error.as_ref()
    }

    /// The chip's core.
    pub fn model(&self) -> Model {
        self.system.core.model
    }

    /// Says that something is to happen from outside at a cycle: a wait that is skipped in one go
    /// ends there at the latest. `u64::MAX`: nothing.
    pub fn set_appointment(&mut self, at_cycle: u64) {
        self.system.appointment = at_cycle;
    }

    /// Hangs the core on its bus until it is reset: it executes nothing and does not halt.
    pub fn hang(&mut self) {
        self.system.hung = true;
    }

    /// Whether the word at `address` is flash or RAM.
    pub fn is_memory(&self, address: u32) -> bool {
        let found = self.system.bus.locate(address);
        address.is_multiple_of(4) && found.is_some_and(|(_, left)| left >= 4)
    }

    /// Flips bits of the word at `address` in flash or RAM, from outside the emulated world.
    /// Does nothing elsewhere.
    pub fn flip(&mut self, address: u32, flips: u32) {
        if self.is_memory(address) {
            self.system.bus.flip(address, flips);
            self.settle();
        }
    }

    /// The flash array.
    pub fn flash(&self) -> &[u8] {
        self.system.bus.flash.bytes()
    }

    /// A machine of the same kind of chip, just powered on, with what this one's flash holds once it has
    /// lost its power.
    pub fn power_cycle(&mut self, chip: Chip) -> Result<Self, MapError> {
        self.system.bus.reset(Reset::PowerOn, self.system.cycles);
        let mut fresh = Self::new(chip)?;
        fresh.system.bus.flash.copy_array(&self.system.bus.flash);
        Ok(fresh)
    }

    /// Overwrites the flash array at `offset`, from outside the emulated world.
    pub fn load_flash(&mut self, offset: usize, data: &[u8]) {
        self.system.bus.flash.write(offset, data);
    }
}
