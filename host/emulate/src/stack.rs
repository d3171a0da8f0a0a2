//! How deep the stack gets, found in two ways: by its pointer, and by painting.
//!
//! The machine keeps the lowest stack pointer, exact to the instruction. Painting is what
//! can be done on silicon, too: fill what is free below the stack pointer, and look later
//! which bytes have changed. It sees what was written, so space that was reserved and never
//! used does not count. Below the stack pointer nothing is alive but the heap, wherever that
//! ends, so painting needs to know the stack's lowest address.

use onchip_vboard::machine::Machine;

use crate::map;
use crate::program::Program;

/// What free bytes are filled with.
const PAINT: u8 = 0xa5;
/// How far below the lowest stack pointer writes are looked for. (At first, all is painted
/// down to the floor.)
const MARGIN: u32 = 4096;

/// Symbols for the lowest address of the main stack: CMSIS, newlib's, cortex-m-rt's.
const FLOORS: &[&str] = &[
    "__StackLimit",
    "__stack_limit",
    "__stack_limit__",
    "_sstack",
    "_stack_end",
];
/// What programs with a heap have.
const HEAPS: &[&str] = &[
    "_sbrk",
    "_sbrk_r",
    "malloc",
    "_malloc_r",
    "__rust_alloc",
    "pvPortMalloc",
    "k_malloc",
];

/// Paints the free part of the main stack.
#[derive(Debug)]
pub(crate) struct Painter {
    floor: u32,
    /// All from the floor to here is painted.
    painted: u32,
}

impl Painter {
    /// A painter down to `floor`, if that is given, or to where the program says that its
    /// main stack ends. `None` if neither tells: then painting might destroy the heap.
    pub(crate) fn new(machine: &Machine, program: &Program, floor: Option<u32>) -> Option<Self> {
        let top = machine.register(17);
        let ram = map::ram_below(machine, top)?;
        let symbols = &program.symbols;
        let named = FLOORS.iter().find_map(|name| symbols.address(name));
        let has_heap = HEAPS.iter().any(|name| symbols.address(name).is_some());
        let statics = program.statics_end(ram.base, ram.base + (ram.len - 1));
        let floor = floor.or(named).or((!has_heap).then_some(statics))?;
        (ram.base..top).contains(&floor).then_some(Painter {
            floor,
            painted: floor,
        })
    }

    /// Where bytes may be that are not painted any more.
    fn suspicious(&self) -> u32 {
        self.painted.saturating_sub(MARGIN).max(self.floor)
    }

    /// The main stack pointer has been as low as this.
    pub(crate) fn note(&mut self, lowest: u32) {
        self.painted = self.painted.min(lowest);
    }

    /// Paints what is free below `sp`.
    pub(crate) fn paint(&mut self, machine: &mut Machine, sp: u32) {
        let from = self.suspicious();
        if let Some(length) = sp.checked_sub(from)
            && machine.set_memory(from, &vec![PAINT; length as usize])
        {
            self.painted = sp;
        }
    }

    /// The lowest address below `top` that has been written to.
    pub(crate) fn lowest_written(&self, machine: &Machine, top: u32) -> u32 {
        let from = self.suspicious();
        let length = top.saturating_sub(from);
        let bytes = machine.memory(from, length as usize).unwrap_or_default();
        let clean = bytes.iter().take_while(|&&byte| byte == PAINT).count();
        from + clean as u32
    }
}
