//! The cache of decoded blocks.

use std::cell::Cell;

use super::{
    block::{BlockTiming, MAX_BLOCK, PipelineState},
    decode::{advance_it, decode, is_wide},
    execute::{Exit, Step, lower},
    fpb::Fpb,
    insn::{Cond, Insn, Op},
    model::Isa,
    system::System,
};
use crate::{
    memory::{Bus, Segment, Storage},
    timing::Pipeline,
};

/// A decoded block of straight-line code.
pub(crate) struct Block {
    pub(crate) address: u32,
    /// Behind its last instruction.
    pub(crate) end: u32,
    pub(crate) insns: Box<[Insn]>,
    /// EPSR.IT behind its last instruction.
    pub(crate) it_after: u8,
    /// The offset of its first byte in the flash array, if it lies there.
    pub(crate) flash: Option<u32>,
    /// Whether it is fetched from there through the core's interface for tightly coupled memory.
    pub(crate) tightly_coupled: bool,
    /// The same instructions, ready to run.
    pub(crate) steps: Box<[Step]>,
    timings: Vec<Timed>,
}

/// A block's timing for the state it is entered in, and where it went from there.
struct Timed {
    state: PipelineState,
    timing: BlockTiming,
    /// What followed when it was left last, by [`Exit::Fall`] and by [`Exit::Taken`].
    followed: [Cell<Successor>; 2],
}

/// A block that follows another.
#[derive(Clone, Copy, Debug, Default)]
struct Successor {
    /// The cache's generation when it was noted; it is void in any other.
    generation: u64,
    address: u32,
    state: PipelineState,
    entry: Entry,
}

/// A block and the state it is entered in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    block: u32,
    timing: u32,
}

impl Block {
    fn new(bus: &Bus, address: u32, it: u8, insns: Vec<Insn>) -> Self {
        let halfwords: u32 = insns.iter().map(|i| u32::from(i.halfwords)).sum();
        let flash = match bus.locate(address) {
            Some((Storage::Flash(offset), _)) => Some(offset),
            _ => None,
        };
        Self {
            address,
            end: address.wrapping_add(2 * halfwords),
            it_after: insns.iter().fold(it, it_after),
            steps: lower(&insns),
            insns: insns.into(),
            flash,
            tightly_coupled: flash.is_some() && bus.is_tightly_coupled_flash(address),
            timings: Vec::new(),
        }
    }

    /// A block of the one instruction at `address`, in IT state `it`.
    pub(crate) fn single(isa: Isa, bus: &Bus, fpb: &Fpb, address: u32, it: u8) -> Self {
        Self::new(
            bus,
            address,
            it,
            vec![decode_at(isa, bus, fpb, address, it)],
        )
    }

    /// Makes sure that the timing for entering in `state` is there; returns its index.
    #[inline]
    pub(crate) fn prepare(&mut self, state: PipelineState, pipeline: &mut Pipeline) -> usize {
        match self.timings.iter().position(|t| t.state == state) {
            Some(index) => index,
            None => self.time(state, pipeline),
        }
    }

    #[cold]
    fn time(&mut self, state: PipelineState, pipeline: &mut Pipeline) -> usize {
        // Where there is no instruction there is no time to it either.
        let timing = if self
            .insns
            .iter()
            .any(|i| matches!(i.op, Op::FetchFault | Op::Mark))
        {
            BlockTiming {
                start: [0].into(),
                skip: [0].into(),
                ..BlockTiming::default()
            }
        } else {
            pipeline.time_block(self.address, &self.insns, state)
        };
        self.timings.push(Timed {
            state,
            timing,
            followed: Default::default(),
        });
        self.timings.len() - 1
    }

    /// The timing at `index`, from [`Self::prepare`].
    #[inline]
    pub(crate) fn timing(&self, index: usize) -> &BlockTiming {
        &self.timings[index].timing
    }
}

/// EPSR.IT after `insn` executed in IT state `it`.
pub(crate) fn it_after(it: u8, insn: &Insn) -> u8 {
    match insn.op {
        Op::IfThen { firstcond_mask } => firstcond_mask,
        _ => advance_it(it),
    }
}

fn decode_at(isa: Isa, bus: &Bus, fpb: &Fpb, address: u32, it: u8) -> Insn {
    if fpb.breaks_at(address) {
        let op = Op::Breakpoint { imm: 0 };
        return Insn {
            op,
            cond: Cond::Always,
            halfwords: 1,
            it,
        };
    }
    let fault = Insn {
        op: Op::FetchFault,
        cond: Cond::Always,
        halfwords: 1,
        it,
    };
    let Some(first) = bus.fetch(address) else {
        return fault;
    };
    let second = if is_wide(first) {
        match bus.fetch(address.wrapping_add(2)) {
            Some(second) => second,
            None => return fault,
        }
    } else {
        0
    };
    decode(isa, address, it, first, second)
}

struct Window {
    segment: Segment,
    /// For each halfword, the number of the block that starts there plus one, or 0.
    table: Vec<u32>,
    /// The blocks that start in this window.
    blocks: Vec<u32>,
}

/// The decoded blocks of all memory that can be executed from.
pub(crate) struct CodeCache {
    isa: Isa,
    windows: Vec<Window>,
    blocks: Vec<Block>,
    free: Vec<u32>,
    /// Code outside all memory: a block that faults. Never found again.
    stray: Option<u32>,
    /// Where a block of nothing but [`Op::Mark`] stands for what is there.
    marks: Vec<u32>,
    /// Counts how often blocks were dropped; never 0.
    generation: u64,
}

impl CodeCache {
    pub(crate) fn new(isa: Isa, bus: &Bus) -> Self {
        let windows = bus.segments().iter().map(|&segment| Window {
            segment,
            table: vec![0; segment.len as usize / 2],
            blocks: Vec::new(),
        });
        Self {
            isa,
            windows: windows.collect(),
            blocks: Vec::new(),
            free: Vec::new(),
            stray: None,
            marks: Vec::new(),
            generation: 1,
        }
    }

    /// Marks these addresses, and no others. They cost nothing elsewhere: blocks end before
    /// a mark, and the block at a mark does nothing but to tell of it.
    pub(crate) fn set_marks(&mut self, marks: &[u32]) {
        let old = std::mem::replace(&mut self.marks, marks.to_vec());
        for address in old.into_iter().chain(marks.iter().copied()) {
            self.drop_around(address);
        }
    }

    /// Whether `address` is marked.
    pub(crate) fn is_marked(&self, address: u32) -> bool {
        self.marks.contains(&address)
    }

    /// Where to enter the code at the PC.
    pub(crate) fn enter(&mut self, system: &mut System) -> Entry {
        let block = self.find(system.regs.pc(), &mut system.bus, &system.fpb);
        let timing = self
            .block(block)
            .prepare(system.pipeline_state, &mut system.pipeline) as u32;
        Entry { block, timing }
    }

    /// What is entered at `entry`.
    #[inline(always)]
    pub(crate) fn entered(&self, entry: Entry) -> (&Block, &BlockTiming) {
        let block = &self.blocks[entry.block as usize];
        (block, &block.timings[entry.timing as usize].timing)
    }

    /// Where to enter the code at the PC after `entry` has been left by `exit`, not in its
    /// middle. With the PC and the pipeline's state, of which an exit has one or, mispredicted, another, the
    /// successor is known.
    #[inline(always)]
    pub(crate) fn follow(&mut self, entry: Entry, exit: Exit, system: &mut System) -> Entry {
        let timed = &self.blocks[entry.block as usize].timings[entry.timing as usize];
        let followed = timed.followed[usize::from(exit == Exit::Taken)].get();
        if followed.address == system.regs.pc()
            && followed.state == system.pipeline_state
            && followed.generation == self.generation
        {
            return followed.entry;
        }
        self.note_successor(entry, exit, system)
    }

    #[inline(never)]
    fn note_successor(&mut self, entry: Entry, exit: Exit, system: &mut System) -> Entry {
        let next = self.enter(system);
        let timed = &self.blocks[entry.block as usize].timings[entry.timing as usize];
        timed.followed[usize::from(exit == Exit::Taken)].set(Successor {
            generation: self.generation,
            address: system.regs.pc(),
            state: system.pipeline_state,
            entry: next,
        });
        next
    }

    /// The number of the block at `address`, which is decoded if need be.
    #[inline]
    pub(crate) fn find(&mut self, address: u32, bus: &mut Bus, fpb: &Fpb) -> u32 {
        for window in &self.windows {
            let offset = address.wrapping_sub(window.segment.base);
            if let Some(&id) = window.table.get((offset / 2) as usize) {
                if id != 0 {
                    return id - 1;
                }
                break;
            }
        }
        self.build(address, bus, fpb)
    }

    /// Block number `id`.
    #[inline]
    pub(crate) fn block(&mut self, id: u32) -> &mut Block {
        &mut self.blocks[id as usize]
    }

    #[cold]
    fn build(&mut self, address: u32, bus: &mut Bus, fpb: &Fpb) -> u32 {
        let mut insns = Vec::new();
        let mut at = address;
        let mut it = 0;
        loop {
            let mark = self.is_marked(at);
            let insn = if mark {
                Insn {
                    op: Op::Mark,
                    cond: Cond::Always,
                    halfwords: 1,
                    it,
                }
            } else {
                decode_at(self.isa, bus, fpb, at, it)
            };
            // What cannot be reached without passing a mark, a fault or a breakpoint waits
            // for its own block.
            let barrier = mark || insn.op == Op::FetchFault || fpb.breaks_at(at);
            if barrier && !insns.is_empty() {
                break;
            }
            insns.push(insn);
            at = at.wrapping_add(2 * u32::from(insn.halfwords));
            it = it_after(it, &insn);
            if barrier || insn.op.ends_block() || insns.len() >= MAX_BLOCK && it == 0 {
                break;
            }
        }
        let block = Block::new(bus, address, 0, insns);
        if let Some((Storage::Ram(offset), left)) = bus.locate(address) {
            bus.note_ram_code(offset, (block.end - address).min(left));
        }
        self.insert(block)
    }

    fn insert(&mut self, block: Block) -> u32 {
        let address = block.address;
        let window = self
            .windows
            .iter_mut()
            .find(|w| address.wrapping_sub(w.segment.base) < w.segment.len);
        let Some(window) = window else {
            // No table remembers it: keep one slot for all such blocks.
            return match self.stray {
                Some(id) => {
                    self.generation += 1;
                    self.blocks[id as usize] = block;
                    id
                }
                None => {
                    let id = self.place(block);
                    self.stray = Some(id);
                    id
                }
            };
        };
        let slot = ((address - window.segment.base) / 2) as usize;
        let id = match self.free.pop() {
            Some(id) => {
                self.blocks[id as usize] = block;
                id
            }
            None => {
                self.blocks.push(block);
                (self.blocks.len() - 1) as u32
            }
        };
        window.table[slot] = id + 1;
        window.blocks.push(id);
        id
    }

    fn place(&mut self, block: Block) -> u32 {
        self.blocks.push(block);
        (self.blocks.len() - 1) as u32
    }

    /// Drops the blocks of the flash array of which a byte in `[first, end)` has changed.
    pub(crate) fn drop_flash(&mut self, first: u32, end: u32) {
        self.drop_where(|w, b| {
            let base = w.base;
            matches!(w.storage, Storage::Flash(_)) && b.address - base < end && b.end - base > first
        });
    }

    /// Drops all blocks in RAM.
    pub(crate) fn drop_ram(&mut self) {
        self.drop_where(|w, _| matches!(w.storage, Storage::Ram(_)));
    }

    /// Drops the blocks that contain `address`, or end or start there.
    pub(crate) fn drop_around(&mut self, address: u32) {
        self.drop_where(|_, b| b.address <= address && address <= b.end);
    }

    fn drop_where(&mut self, stale: impl Fn(&Segment, &Block) -> bool) {
        let Self {
            windows,
            blocks,
            free,
            generation,
            ..
        } = self;
        for Window {
            segment,
            table,
            blocks: ids,
        } in windows
        {
            ids.retain(|&id| {
                let block = &mut blocks[id as usize];
                if !stale(segment, block) {
                    return true;
                }
                table[((block.address - segment.base) / 2) as usize] = 0;
                *generation += 1;
                free.push(id);
                false
            });
        }
    }
}
