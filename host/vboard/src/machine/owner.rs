//! What the owner of a machine can see and do from outside the emulated world, as no
//! program and no debugger can.
//!
//! Nothing of this changes what the emulated world does at which cycle, but for what is
//! written into it, and for accesses that [`Machine::set_lenient`] excuses.

use crate::{
    core::{
        code::it_after,
        insn::{Cond, Insn, Op},
        system::Wait,
    },
    machine::{Machine, Stop},
    memory::{Size, Storage},
    timing::{Cause, Ledger},
};

/// The lowest values of the two stack pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackLow {
    /// Of MSP.
    pub main: u32,
    /// Of PSP.
    pub process: u32,
}

impl Default for StackLow {
    fn default() -> Self {
        Self {
            main: u32::MAX,
            process: u32::MAX,
        }
    }
}

/// The core as a fault found it, before the handler was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The instruction that did not complete, or behind the one that did.
    pub pc: u32,
    /// LR.
    pub lr: u32,
    /// The stack pointer in use.
    pub sp: u32,
    /// xPSR; its low bits are the exception that was active.
    pub xpsr: u32,
    /// Configurable fault status, with this fault's bits.
    pub cfsr: u32,
    /// HardFault status.
    pub hfsr: u32,
    /// The address that MMARVALID in CFSR speaks of.
    pub mmfar: u32,
    /// The address that BFARVALID in CFSR speaks of.
    pub bfar: u32,
}

/// Accesses to a register that is not modelled, excused by [`Machine::set_lenient`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excused {
    /// The peripheral or register, and what about it.
    pub what: String,
    /// The address accessed.
    pub address: u32,
    /// Whether it was written; else it was read.
    pub write: bool,
    /// The instruction that did so first.
    pub first_pc: u32,
    /// How often.
    pub count: u64,
}

/// What has been written to one of the core's stimulus ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stimulus {
    /// Which one.
    pub port: u8,
    /// How much.
    pub size: Size,
    /// Its low bits.
    pub value: u32,
}

impl Stimulus {
    /// The bytes written, the lowest first.
    pub fn bytes(self) -> impl Iterator<Item = u8> {
        let bytes = self.value.to_le_bytes().into_iter();
        bytes.take(self.size.bytes() as usize)
    }
}

/// A piece of the memory map that holds flash or RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Where it starts.
    pub base: u32,
    /// Its length in bytes.
    pub len: u32,
    /// Whether it is RAM; else flash.
    pub ram: bool,
}

impl Machine {
    /// Where flash and RAM appear on the map, aliases included.
    pub fn memories(&self) -> impl Iterator<Item = Memory> {
        self.system.bus.segments().iter().map(|segment| Memory {
            base: segment.base,
            len: segment.len,
            ram: matches!(segment.storage, Storage::Ram(_)),
        })
    }

    /// The bytes at `address` if all of them lie in one piece of flash or RAM.
    pub fn memory(&self, address: u32, length: usize) -> Option<&[u8]> {
        let (storage, left) = self.system.bus.locate(address)?;
        let (bytes, offset) = match storage {
            Storage::Flash(offset) => (self.system.bus.flash.bytes(), offset),
            Storage::Ram(offset) => (self.system.bus.ram.as_slice(), offset),
        };
        if length > left as usize {
            return None;
        }
        bytes.get(offset as usize..)?.get(..length)
    }

    /// How many bytes of flash or RAM there are from `address` on, in one piece; 0 if none
    /// is there.
    pub fn memory_left(&self, address: u32) -> u32 {
        self.system.bus.locate(address).map_or(0, |(_, left)| left)
    }

    /// Whether `address` is in RAM.
    pub fn is_ram(&self, address: u32) -> bool {
        matches!(self.system.bus.locate(address), Some((Storage::Ram(_), _)))
    }

    /// Overwrites flash or RAM, without the chip's doing. Returns whether all the bytes lie
    /// in one piece of either; if not, nothing is written.
    #[must_use]
    pub fn set_memory(&mut self, address: u32, bytes: &[u8]) -> bool {
        if self.memory(address, bytes.len()).is_none() {
            return false;
        }
        let bus = &mut self.system.bus;
        match bus.locate(address) {
            Some((Storage::Flash(offset), _)) => bus.flash.write(offset as usize, bytes),
            Some((Storage::Ram(offset), _)) => {
                bus.load_ram(offset, bytes);
            }
            None => return false,
        }
        true
    }

    /// A core register: 0 to 15, 16 for xPSR, 17 for MSP, 18 for PSP, as DCRSR numbers them.
    pub fn register(&self, selector: u32) -> u32 {
        self.system.core_register(selector)
    }

    /// Where the vector table is.
    pub fn vector_table(&self) -> u32 {
        self.system.scb.vector_table
    }

    /// Starts the core as a debugger would that has loaded a program whose vectors are not
    /// where the chip looks for them: VTOR is `table`, and SP and PC come from there.
    pub fn start_at(&mut self, table: u32) {
        self.settle();
        let system = &mut self.system;
        system.scb.vector_table = table;
        system.wait = Wait::No;
        system.start_core();
    }

    /// Makes [`Self::run`] return [`Stop::Mark`] whenever the core is about to execute the
    /// instruction at one of these addresses, whatever marks there were before. All that
    /// comes before it has then been executed and nothing of it; the next call executes it.
    /// Code without marks runs as fast as ever.
    pub fn set_marks(&mut self, addresses: &[u32]) {
        self.code.set_marks(addresses);
    }

    /// Makes [`Self::run`] return [`Stop::Semihosting`] when the program executes `bkpt 0xAB`
    /// while halting debug is off: R0 is the operation, R1 its parameter, and the next call
    /// comes after [`Self::answer`]. Without it a `bkpt` is what it is on silicon.
    pub fn set_semihosting(&mut self, enabled: bool) {
        self.system.watch.semihosting = enabled;
    }

    /// Ends a semihosting call with `result` in R0. The call has taken one instruction and
    /// one cycle. Does nothing if there was no call.
    pub fn answer(&mut self, result: u32) {
        let system = &mut self.system;
        if !std::mem::take(&mut system.watch.called) {
            return;
        }
        let call = Insn {
            op: Op::Breakpoint { imm: 0xab },
            cond: Cond::Always,
            halfwords: 1,
            it: system.regs.it,
        };
        system.regs.it = it_after(system.regs.it, &call);
        system.regs.r[0] = result;
        system.regs.r[15] = system.regs.pc().wrapping_add(2);
        system.instructions += 1;
        system.cycles += 1;
        system.watch.ledger.add(Cause::Issue, 1);
    }

    /// Keeps the lowest stack pointers and a ledger of cycles from now on, or no longer. While it
    /// does, the machine is somewhat slower.
    pub fn track(&mut self, tracked: bool) {
        self.system.watch.tracks = tracked;
        let _ = self.take_stack_low();
    }

    /// The lowest values that the stack pointers have had since the last call, those of
    /// now included: exact after each instruction and each exception's entry. Only
    /// meaningful while they are tracked.
    pub fn take_stack_low(&mut self) -> StackLow {
        let watch = &mut self.system.watch;
        watch.note_stacks(&self.system.regs);
        std::mem::take(&mut watch.low)
    }

    /// What cycles were spent on since power-on. All that pass between two calls are in the
    /// difference of what these return, if they are tracked.
    pub fn ledger(&self) -> Ledger {
        self.system.watch.ledger
    }

    /// Lets a program read zero from registers that are not modelled and write to them
    /// without effect, where otherwise the machine would stop. Registers are what lies in
    /// the Peripheral, external device and system regions of the memory map; memory that is
    /// not modelled still stops the machine, and what does not exist is still a bus fault.
    pub fn set_lenient(&mut self, lenient: bool) {
        self.system.watch.lenient = lenient;
    }

    /// The accesses excused so far, by address.
    pub fn excused(&self) -> impl Iterator<Item = &Excused> {
        self.system.watch.excused.values()
    }

    /// The core as the last fault found it.
    pub fn last_fault(&self) -> Option<Fault> {
        self.system.watch.fault
    }

    /// Whether the core is locked up.
    pub fn is_locked_up(&self) -> bool {
        self.system.wait == Wait::Lockup
    }

    /// Whether the core sleeps.
    pub fn is_asleep(&self) -> bool {
        matches!(self.system.wait, Wait::Interrupt | Wait::Event)
    }

    /// Whether anything but the program itself is going to happen: a peripheral's event or
    /// the system timer's.
    pub fn expects_event(&self) -> bool {
        self.system.bus.next_event != u64::MAX || self.system.systick.next_event() != u64::MAX
    }

    /// Takes what the chip's UARTs have sent since the last call, in the order in which it
    /// was given to them.
    pub fn take_serial(&mut self) -> Vec<u8> {
        self.system.bus.take_serial()
    }

    /// Takes what has been written to the core's stimulus ports since the last call, as a
    /// debugger would get it by a trace port that loses nothing.
    pub fn take_stimuli(&mut self) -> Vec<Stimulus> {
        std::mem::take(&mut self.system.itm.sent)
    }

    /// Why to return to the owner, if there is a reason.
    pub(super) fn take_stop(&mut self) -> Option<Stop> {
        let watch = &mut self.system.watch;
        let stop = watch.stop.take();
        watch.told |= stop == Some(Stop::Mark);
        watch.called |= stop == Some(Stop::Semihosting);
        stop
    }
}
