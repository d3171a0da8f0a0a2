//! The core with everything it is wired to.

use super::{
    block::PipelineState,
    debug::Debug,
    dwt::Dwt,
    float::Fpscr,
    fpb::Fpb,
    itm::Itm,
    model::{Core, Isa},
    mpu::Mpu,
    nvic::Nvic,
    profile::Totals,
    registers::Registers,
    scb::Scb,
    systick::SysTick,
    watch::Watch,
};
use crate::{
    machine::MachineError,
    memory::{Bus, Chip, MapError, Reset, Size},
    timing::Pipeline,
};

/// The floating-point registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct FloatRegisters {
    pub(crate) s: [u32; 32],
    pub(crate) fpscr: Fpscr,
    /// FP instructions may execute as they are: the unit is enabled, its context is
    /// active and no lazy stacking is due.
    pub(crate) ready: bool,
}

/// What the core does when it does not execute instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It executes.
    No,
    /// It sleeps after WFI or on exit from a handler.
    Interrupt,
    /// It sleeps after WFE.
    Event,
    /// It is locked up.
    Lockup,
}

/// The core, its private peripherals, and its bus.
pub(crate) struct System {
    pub(crate) regs: Registers,
    pub(crate) float: FloatRegisters,
    pub(crate) bus: Bus,
    pub(crate) core: Core,
    /// The instructions it has.
    pub(crate) isa: Isa,
    /// The core has bit-band aliases.
    pub(crate) bit_band: bool,
    pub(crate) pipeline: Pipeline,
    pub(crate) nvic: Nvic,
    pub(crate) scb: Scb,
    pub(super) mpu: Mpu,
    pub(crate) systick: SysTick,
    pub(crate) dwt: Dwt,
    pub(crate) fpb: Fpb,
    pub(crate) itm: Itm,
    pub(crate) debug: Debug,
    /// Cycles since power-on, up to the start of the block that is being executed, plus
    /// what its execution has added to the block's static timing so far.
    pub(crate) cycles: u64,
    pub(crate) instructions: u64,
    /// The cycle at which to stop executing blocks and look around. Zero: at once.
    pub(crate) deadline: u64,
    /// The cycle at which something is to happen from outside: no wait is skipped over it.
    pub(crate) appointment: u64,
    /// What the next block is entered with.
    pub(crate) pipeline_state: PipelineState,
    pub(crate) wait: Wait,
    pub(crate) error: Option<MachineError>,
    /// The address of the data access that faulted last.
    pub(crate) fault_address: u32,
    /// The access under way is made as by unprivileged code, whatever executes.
    pub(crate) user_access: bool,
    /// The instruction at PC is to be executed alone: its access is watched.
    pub(crate) alone_next: bool,
    /// A single instruction is being executed.
    pub(crate) alone: bool,
    /// The instruction being executed has met a watchpoint.
    pub(crate) watch_hit: bool,
    /// What cycles are spent on is being noted.
    pub(crate) tracking: bool,
    /// What there was to count up to the access under way, if it is one that may ask.
    pub(super) totals: Totals,
    /// The core hangs on its bus.
    pub(crate) hung: bool,
    /// A buffered write was answered with an error.
    pub(crate) imprecise_fault: bool,
    pub(crate) reset_requested: bool,
    /// The core has been reset and has not fetched its vectors yet.
    pub(crate) start_requested: bool,
    pub(crate) reset_held: bool,
    /// What the machine's owner watches from outside.
    pub(crate) watch: Watch,
}

impl System {
    pub(crate) fn new(chip: Chip) -> Result<Self, MapError> {
        let core = chip.core;
        let nvic = Nvic::new(&core);
        let scb = Scb::new(&core);
        let mut system = Self {
            regs: Registers::default(),
            float: FloatRegisters::default(),
            bus: Bus::new(chip)?,
            core,
            isa: core.isa(),
            bit_band: core.bit_band,
            pipeline: Pipeline::new(core.model),
            nvic,
            scb,
            mpu: Mpu::new(core.mpu_regions),
            systick: SysTick::default(),
            dwt: Dwt::new(core.model),
            fpb: Fpb::new(core.model),
            itm: Itm::default(),
            debug: Debug::default(),
            cycles: 0,
            instructions: 0,
            deadline: 0,
            appointment: u64::MAX,
            pipeline_state: PipelineState::BRANCHED,
            wait: Wait::No,
            error: None,
            fault_address: 0,
            user_access: false,
            alone_next: false,
            alone: false,
            watch_hit: false,
            tracking: false,
            totals: Totals::default(),
            hung: false,
            imprecise_fault: false,
            reset_requested: false,
            // The vector table is fetched when the core first runs: flash is loaded later.
            start_requested: true,
            reset_held: false,
            watch: Watch::default(),
        };
        system.bus.reset(Reset::PowerOn, 0);
        system.debug.note_reset();
        Ok(system)
    }

    /// Resets the peripherals and the core, debug logic excepted.
    pub(crate) fn reset_peripherals(&mut self, reset: Reset) {
        self.bus.reset(reset, self.cycles);
        self.reset_core();
    }

    /// Resets the core alone, debug logic excepted: what AIRCR.VECTRESET does.
    pub(crate) fn reset_core(&mut self) {
        self.nvic.reset();
        self.scb.reset();
        self.systick = SysTick::default();
        self.fpb.reset();
        self.reset_mpu();
        self.regs = Registers::default();
        self.float = FloatRegisters::default();
        self.wait = Wait::No;
        self.imprecise_fault = false;
        self.alone_next = false;
        self.hung = false;
        self.pipeline_state = PipelineState::BRANCHED;
        self.pipeline.forget_branches();
        self.deadline = 0;
        self.debug.note_reset();
    }

    /// Takes the reset exception: stack pointer and PC from the vector table.
    pub(crate) fn start_core(&mut self) {
        let table = self.scb.vector_table;
        let read = |system: &mut Self, address| system.bus.read(address, Size::Word, system.cycles);
        let (sp, pc) = (read(self, table), read(self, table.wrapping_add(4)));
        self.collect_interrupts();
        let (Ok(sp), Ok(pc)) = (sp, pc) else {
            self.lock_up();
            return;
        };
        self.regs.r[13] = sp & !3;
        self.regs.r[14] = u32::MAX;
        self.regs.r[15] = pc & !1;
        self.regs.thumb = pc & 1 != 0;
        self.debug_catch_reset();
    }

    /// Looks around before the next block.
    pub(crate) fn attend(&mut self) {
        self.deadline = 0;
    }

    /// Stops the machine for good.
    pub(crate) fn fail(&mut self, error: MachineError) {
        if self.error.is_none() {
            self.error = Some(error);
        }
        self.attend();
    }
}
