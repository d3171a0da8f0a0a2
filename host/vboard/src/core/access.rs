//! Loads and stores: fast to RAM and flash, with care elsewhere.

use super::{
    block::BlockTiming,
    code::Block,
    direct::piece,
    execute::Trap,
    insn::{Class, Insn, Width},
    mpu::Purpose,
    system::System,
};
use crate::{
    machine::MachineError,
    memory::{AccessError, Size, bit_band},
    timing::Cause,
};

/// A block being executed, and how long it takes.
pub(crate) struct Entered<'a> {
    pub(crate) block: &'a Block,
    pub(crate) timing: &'a BlockTiming,
}

/// The instruction being executed: its block and its place there. Passed by value, so that it
/// never has to exist in memory.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) at: &'a Entered<'a>,
    pub(crate) index: usize,
}

impl Place<'_> {
    /// The instruction.
    pub(crate) fn insn(self) -> Insn {
        self.at.block.insns[self.index]
    }

    /// The instruction's address.
    pub(crate) fn pc(self) -> u32 {
        let before = self.at.block.insns.iter().take(self.index);
        let halfwords: u32 = before.map(|i| u32::from(i.halfwords)).sum();
        self.at.block.address.wrapping_add(2 * halfwords)
    }

    /// The address behind the block, which is behind the instruction if it is the last.
    #[inline]
    pub(crate) fn next(self) -> u32 {
        self.at.block.end
    }

    /// Cycles from entering the block until the instruction starts, statically.
    #[inline]
    pub(crate) fn start(self) -> u32 {
        self.at.timing.start[self.index]
    }
}

/// The private peripherals inside the core.
pub(crate) const INTERNAL: std::ops::Range<u32> = 0xe000_0000..0xe004_0000;

impl System {
    /// The cycle at which the instruction at `place` executes.
    #[inline]
    pub(super) fn now(&self, place: Place<'_>) -> u64 {
        self.cycles.wrapping_add(u64::from(place.start()))
    }

    /// Reads `N` aligned bytes of the first RAM or of flash, if `address` is such.
    #[inline(always)]
    fn read_memory<const N: usize>(&mut self, place: Place<'_>, address: u32) -> Option<[u8; N]> {
        if !(address as usize).is_multiple_of(N) {
            return None;
        }
        let offset = address.wrapping_sub(self.bus.ram_base);
        if offset < self.bus.direct_ram {
            return piece(&self.bus.ram, offset);
        }
        let offset = address.wrapping_sub(self.bus.flash_base);
        if offset >= self.bus.direct_flash {
            return self.read_cached(place, address);
        }
        let bytes = piece(self.bus.flash.bytes(), offset)?;
        if !self.bus.flash.accelerator.has_data(offset) {
            self.wait_for_data(place, offset);
        }
        Some(bytes)
    }

    /// Waits for a data read of flash that is not at hand.
    #[inline(never)]
    pub(super) fn wait_for_data(&mut self, place: Place<'_>, offset: u32) {
        let now = self.now(place);
        let stall = self.bus.flash.accelerator.data(offset, now);
        self.spend(Cause::FlashData, stall);
    }

    /// Loads and extends.
    #[inline(always)]
    pub(crate) fn load(
        &mut self,
        place: Place<'_>,
        width: Width,
        address: u32,
    ) -> Result<u32, Trap> {
        Ok(match width {
            Width::Word => match self.read_memory::<4>(place, address) {
                Some(bytes) => u32::from_le_bytes(bytes),
                None => self.slow_read(place, address, Size::Word)?,
            },
            Width::Byte => self.load_byte(place, address)?,
            Width::SignedByte => self.load_byte(place, address)? as i8 as u32,
            Width::Half => self.load_half(place, address)?,
            Width::SignedHalf => self.load_half(place, address)? as i16 as u32,
        })
    }

    #[inline(always)]
    fn load_byte(&mut self, place: Place<'_>, address: u32) -> Result<u32, Trap> {
        match self.read_memory::<1>(place, address) {
            Some([byte]) => Ok(u32::from(byte)),
            None => self.slow_read(place, address, Size::Byte),
        }
    }

    #[inline(always)]
    fn load_half(&mut self, place: Place<'_>, address: u32) -> Result<u32, Trap> {
        match self.read_memory::<2>(place, address) {
            Some(bytes) => Ok(u32::from(u16::from_le_bytes(bytes))),
            None => self.slow_read(place, address, Size::Half),
        }
    }

    #[inline(always)]
    pub(crate) fn load_pair(&mut self, place: Place<'_>, address: u32) -> Result<[u32; 2], Trap> {
        let mut values = [0; 2];
        self.load_words(place, address, &mut values)?;
        Ok(values)
    }

    /// Loads consecutive words; unlike single ones they must be aligned.
    #[inline(always)]
    pub(crate) fn load_words(
        &mut self,
        place: Place<'_>,
        address: u32,
        values: &mut [u32],
    ) -> Result<(), Trap> {
        let offset = address.wrapping_sub(self.bus.ram_base);
        let len = 4 * values.len();
        // Behind the first RAM are the bytes of others, which may be anywhere.
        let within = len <= self.bus.direct_ram.saturating_sub(offset) as usize;
        let bytes = self.bus.ram.get(offset as usize..offset as usize + len);
        match bytes {
            Some(bytes) if within && address.is_multiple_of(4) => {
                for (value, word) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = u32::from_le_bytes(*word);
                }
                Ok(())
            }
            _ => self.slow_load_words(place, address, values),
        }
    }

    #[cold]
    fn slow_load_words(
        &mut self,
        place: Place<'_>,
        address: u32,
        values: &mut [u32],
    ) -> Result<(), Trap> {
        self.require_alignment(address, Width::Word)?;
        for (value, at) in values.iter_mut().zip((address..).step_by(4)) {
            *value = self.load(place, Width::Word, at)?;
        }
        Ok(())
    }

    /// Stores the low bits of `value`.
    #[inline(always)]
    pub(crate) fn store(
        &mut self,
        place: Place<'_>,
        width: Width,
        address: u32,
        value: u32,
    ) -> Result<(), Trap> {
        match width {
            Width::Word => self.store_bytes(place, address, value.to_le_bytes(), Size::Word),
            Width::Byte | Width::SignedByte => {
                self.store_bytes(place, address, [value as u8], Size::Byte)
            }
            Width::Half | Width::SignedHalf => {
                self.store_bytes(place, address, (value as u16).to_le_bytes(), Size::Half)
            }
        }
    }

    #[inline(always)]
    fn store_bytes<const N: usize>(
        &mut self,
        place: Place<'_>,
        address: u32,
        bytes: [u8; N],
        size: Size,
    ) -> Result<(), Trap> {
        let offset = address.wrapping_sub(self.bus.ram_base);
        let target = self
            .bus
            .ram
            .get_mut(offset as usize..offset as usize + N)
            .and_then(|b| b.first_chunk_mut::<N>());
        match target {
            Some(target)
                if offset < self.bus.direct_ram && (address as usize).is_multiple_of(N) =>
            {
                *target = bytes;
                if self.bus.near_ram_code(offset) {
                    self.note_code_write(offset, N as u32);
                }
                Ok(())
            }
            _ => {
                if self.write_cached(place, address, bytes) {
                    return Ok(());
                }
                let mut word = [0; 4];
                word[..N].copy_from_slice(&bytes);
                self.slow_write(place, address, size, u32::from_le_bytes(word))
            }
        }
    }

    #[cold]
    pub(super) fn note_code_write(&mut self, offset: u32, bytes: u32) {
        self.bus.note_ram_write(offset, bytes);
        if self.bus.ram_code_changed {
            self.attend();
        }
    }

    /// Stores consecutive words, which must be aligned.
    #[inline(always)]
    pub(crate) fn store_words(
        &mut self,
        place: Place<'_>,
        address: u32,
        values: &[u32],
    ) -> Result<(), Trap> {
        let offset = address.wrapping_sub(self.bus.ram_base);
        let len = 4 * values.len();
        let within = len <= self.bus.direct_ram.saturating_sub(offset) as usize;
        let target = self.bus.ram.get_mut(offset as usize..offset as usize + len);
        match target {
            Some(target) if within && address.is_multiple_of(4) => {
                for (word, value) in target.as_chunks_mut().0.iter_mut().zip(values) {
                    *word = value.to_le_bytes();
                }
                if self.bus.near_ram_code(offset) || self.bus.near_ram_code(offset + len as u32) {
                    self.note_code_write(offset, len as u32);
                }
                Ok(())
            }
            _ => self.slow_store_words(place, address, values),
        }
    }

    #[cold]
    fn slow_store_words(
        &mut self,
        place: Place<'_>,
        address: u32,
        values: &[u32],
    ) -> Result<(), Trap> {
        self.require_alignment(address, Width::Word)?;
        for (&value, at) in values.iter().zip((address..).step_by(4)) {
            self.store(place, Width::Word, at, value)?;
        }
        Ok(())
    }

    /// Makes an access as unprivileged code would (LDRT and its relatives, A7.7).
    pub(crate) fn as_user<T>(&mut self, access: impl FnOnce(&mut Self) -> T) -> T {
        self.user_access = true;
        let result = access(self);
        self.user_access = false;
        result
    }

    /// Whether the access under way is a privileged one (what FindPriv says, but for LDRT
    /// and its relatives).
    pub(crate) fn accesses_privileged(&self) -> bool {
        self.regs.privileged() && !self.user_access
    }

    /// Whether a write waits for its answer: where there is no write buffer, or it is off.
    fn writes_precisely(&self) -> bool {
        !self.isa.thumb2 || self.scb.writes_precisely()
    }

    /// Traps if `address` is not naturally aligned.
    pub(crate) fn require_alignment(&self, address: u32, width: Width) -> Result<(), Trap> {
        let mask = match width {
            Width::Word => 3,
            Width::Half | Width::SignedHalf => 1,
            Width::Byte | Width::SignedByte => 0,
        };
        if address & mask == 0 {
            Ok(())
        } else {
            Err(Trap::Unaligned)
        }
    }

    #[cold]
    #[inline(never)]
    fn slow_read(&mut self, place: Place<'_>, address: u32, size: Size) -> Result<u32, Trap> {
        let now = self.now(place);
        if !address.is_multiple_of(size.bytes()) {
            self.check_unaligned(place, address, size, None)?;
            let mut word = [0; 4];
            for (i, byte) in word.iter_mut().take(size.bytes() as usize).enumerate() {
                let at = address.wrapping_add(i as u32);
                *byte = self.load_byte(place, at)? as u8;
            }
            let extra = self.pipeline.misaligned_extra(address, size, false);
            self.spend(Cause::Misaligned, extra);
            return Ok(u32::from_le_bytes(word));
        }
        self.protect(address, Purpose::Read)?;
        self.watch_access(address, size, false)?;
        self.note_glance(place, address, now);
        self.credit_io_port(place, address);
        self.note_totals(Some(place), address);
        let result = self.bus_read(address, size, now, false);
        match self.excuse(result, address, false, || place.pc()) {
            Ok(value) => Ok(value),
            Err(AccessError::Fault) => {
                self.fault_address = address;
                Err(Trap::DataBus)
            }
            Err(AccessError::Unmodelled(what)) => {
                Err(self.unmodelled(place, what, address, size, None))
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn slow_write(
        &mut self,
        place: Place<'_>,
        address: u32,
        size: Size,
        value: u32,
    ) -> Result<(), Trap> {
        let now = self.now(place);
        if !address.is_multiple_of(size.bytes()) {
            self.check_unaligned(place, address, size, Some(value))?;
            for (i, byte) in value
                .to_le_bytes()
                .into_iter()
                .take(size.bytes() as usize)
                .enumerate()
            {
                let at = address.wrapping_add(i as u32);
                self.store_bytes(place, at, [byte], Size::Byte)?;
            }
            let extra = self.pipeline.misaligned_extra(address, size, true);
            self.spend(Cause::Misaligned, extra);
            return Ok(());
        }
        self.protect(address, Purpose::Write)?;
        self.watch_access(address, size, true)?;
        if self.may_start_counting(address) {
            return Err(Trap::Tracked);
        }
        self.credit_io_port(place, address);
        self.note_totals(Some(place), address);
        // Whatever a write sets off is looked at when the block ends.
        self.attend();
        let result = self.bus_write(address, size, value, now, false).map(|()| 0);
        match self.excuse(result, address, true, || place.pc()) {
            Ok(_) => Ok(()),
            Err(AccessError::Fault) if INTERNAL.contains(&address) || self.writes_precisely() => {
                self.fault_address = address;
                Err(Trap::DataBus)
            }
            Err(AccessError::Fault) => {
                self.imprecise_fault = true;
                Ok(())
            }
            Err(AccessError::Unmodelled(what)) => {
                Err(self.unmodelled(place, what, address, size, Some(value)))
            }
        }
    }

    /// Takes back what a single load or store was charged too much if it goes through the I/O port. Of transfers of
    /// several registers no manual says that they take less there.
    fn credit_io_port(&mut self, place: Place<'_>, address: u32) {
        if self.core.on_io_port(address)
            && matches!(
                place.insn().op.class(),
                Class::Load { .. } | Class::Store { .. }
            )
        {
            let saving = self.pipeline.io_port_saving();
            // What the block's timing charges for it when it ends.
            self.cycles = self.cycles.wrapping_sub(saving.into());
            self.watch.ledger.add(Cause::Memory, -i64::from(saving));
        }
    }

    /// Unaligned accesses may be made to trap, and are carried out in memory only.
    fn check_unaligned(
        &mut self,
        place: Place<'_>,
        address: u32,
        size: Size,
        value: Option<u32>,
    ) -> Result<(), Trap> {
        if self.scb.traps_unaligned() {
            return Err(Trap::Unaligned);
        }
        let last = address.wrapping_add(size.bytes() - 1);
        if self.bit_band && (bit_band::is_alias(address) || bit_band::is_alias(last)) {
            let what = "unaligned access to a bit-band alias".to_owned();
            return Err(self.unmodelled(place, what, address, size, value));
        }
        if self.is_protected_device(address) || self.is_protected_device(last) {
            let what = "unaligned access to what the MPU makes Device memory".to_owned();
            return Err(self.unmodelled(place, what, address, size, value));
        }
        if self.bus.locate(address).is_some() || self.bus.locate(last).is_some() {
            return Ok(());
        }
        match self.bus.is_modelled(address) {
            // Nothing is there: a bus fault, found when it is accessed.
            Err(AccessError::Fault) if !INTERNAL.contains(&address) => Ok(()),
            _ => {
                let what = "unaligned access to a peripheral".to_owned();
                Err(self.unmodelled(place, what, address, size, value))
            }
        }
    }

    /// Stops the machine because a program's access cannot be carried out; `value` is what it writes.
    pub(super) fn unmodelled(
        &mut self,
        place: Place<'_>,
        what: String,
        address: u32,
        size: Size,
        value: Option<u32>,
    ) -> Trap {
        self.fail(MachineError::Unmodelled {
            what,
            address,
            size,
            value,
            pc: place.pc(),
            debugger: false,
        });
        Trap::Stop
    }
}
