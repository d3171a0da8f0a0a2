//! The accesses that nearly all are: to RAM, and reads of flash. They either happen
//! or say at once that they did not, so that whoever asks goes the long way (`access`).

use super::{access::Place, insn::Width, system::System};

impl System {
    /// Loads and extends, if what is read is in the first RAM.
    #[inline(always)]
    pub(crate) fn load_ram(&self, width: Width, address: u32) -> Option<u32> {
        let offset = self.direct_offset(address, size(width))?;
        extended(width, &self.bus.ram, offset)
    }

    /// Loads and extends, if what is read is in flash or in RAM behind the data cache; waits for it if need
    /// be.
    #[inline(always)]
    pub(crate) fn load_flash(
        &mut self,
        place: Place<'_>,
        width: Width,
        address: u32,
    ) -> Option<u32> {
        let offset = address.wrapping_sub(self.bus.flash_base);
        if offset >= self.bus.direct_flash || !address.is_multiple_of(size(width)) {
            return self.load_cached(place, width, address);
        }
        let value = extended(width, self.bus.flash.bytes(), offset)?;
        if !self.bus.flash.accelerator.has_data(offset) {
            self.wait_for_data(place, offset);
        }
        Some(value)
    }

    /// Loads and extends, if what is read is in RAM behind the data cache.
    #[inline(never)]
    fn load_cached(&mut self, place: Place<'_>, width: Width, address: u32) -> Option<u32> {
        let offset = self.cached_offset(address, size(width))?;
        let value = extended(width, &self.bus.ram, offset)?;
        self.access_cached(place, address, false);
        Some(value)
    }

    /// Reads `N` bytes of RAM behind the data cache, if `address` is such and aligned.
    #[inline(never)]
    pub(super) fn read_cached<const N: usize>(
        &mut self,
        place: Place<'_>,
        address: u32,
    ) -> Option<[u8; N]> {
        let offset = self.cached_offset(address, N as u32)?;
        let bytes = piece(&self.bus.ram, offset)?;
        self.access_cached(place, address, false);
        Some(bytes)
    }

    /// Writes `N` bytes of RAM behind the data cache, if `address` is such and aligned.
    #[inline(never)]
    pub(super) fn write_cached<const N: usize>(
        &mut self,
        place: Place<'_>,
        address: u32,
        bytes: [u8; N],
    ) -> bool {
        let Some(offset) = self.cached_offset(address, N as u32) else {
            return false;
        };
        let target = self.bus.ram.get_mut(offset as usize..);
        let Some(target) = target.and_then(|target| target.first_chunk_mut::<N>()) else {
            return false;
        };
        *target = bytes;
        if self.bus.near_ram_code(offset) {
            self.note_code_write(offset, N as u32);
        }
        self.access_cached(place, address, true);
        true
    }

    /// The offset of `address` in RAM, if it is aligned and accessed through the data cache without
    /// further ado. (What needs no cache has been tried before.)
    #[inline(always)]
    fn cached_offset(&self, address: u32, alignment: u32) -> Option<u32> {
        let offset = address.wrapping_sub(self.bus.ram_base);
        (offset < self.bus.cached_ram && address.is_multiple_of(alignment)).then_some(offset)
    }

    #[inline(always)]
    fn access_cached(&mut self, place: Place<'_>, address: u32, write: bool) {
        if !self.bus.flash.accelerator.has_ram(address, write) {
            let now = self.now(place);
            self.wait_for_ram(address, write, now);
        }
    }

    /// The two words at `address`, if they are in the first RAM.
    #[inline(always)]
    pub(crate) fn load_pair_at_hand(&self, address: u32) -> Option<[u32; 2]> {
        let offset = self.direct_offset(address, 4)?;
        if !self.ram_holds(offset, 8) {
            return None;
        }
        let pair = u64::from_le_bytes(piece(&self.bus.ram, offset)?);
        Some([pair as u32, (pair >> 32) as u32])
    }

    /// The offset of `address` in RAM, if it is aligned and accessed without further ado.
    #[inline(always)]
    fn direct_offset(&self, address: u32, alignment: u32) -> Option<u32> {
        let offset = address.wrapping_sub(self.bus.ram_base);
        (offset < self.bus.direct_ram && address.is_multiple_of(alignment)).then_some(offset)
    }

    /// Whether the first RAM has so many bytes from `offset` on. (An aligned word never lies
    /// across its end; behind it are the bytes of others, which may be anywhere.)
    #[inline(always)]
    fn ram_holds(&self, offset: u32, bytes: u32) -> bool {
        bytes <= self.bus.direct_ram.saturating_sub(offset)
    }

    /// Stores the low bits of `value`, if only RAM has to be written that no code was decoded
    /// from.
    #[inline(always)]
    pub(crate) fn store_at_hand(&mut self, width: Width, address: u32, value: u32) -> bool {
        match width {
            Width::Word => self.put(address, value.to_le_bytes(), 4),
            Width::Half | Width::SignedHalf => self.put(address, (value as u16).to_le_bytes(), 2),
            Width::Byte | Width::SignedByte => self.put(address, [value as u8], 1),
        }
    }

    /// The same for two words.
    #[inline(always)]
    pub(crate) fn store_pair_at_hand(&mut self, address: u32, pair: [u32; 2]) -> bool {
        let pair = u64::from(pair[0]) | u64::from(pair[1]) << 32;
        self.put(address, pair.to_le_bytes(), 4)
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, address: u32, bytes: [u8; N], alignment: u32) -> bool {
        let Some(offset) = self.direct_offset(address, alignment) else {
            return false;
        };
        let near = self.bus.near_ram_code(offset) || N > 4 && self.bus.near_ram_code(offset + 4);
        let within = N <= 4 || self.ram_holds(offset, N as u32);
        let target = self.bus.ram.get_mut(offset as usize..offset as usize + N);
        match target.and_then(|target| target.first_chunk_mut::<N>()) {
            Some(target) if within && !near => {
                *target = bytes;
                true
            }
            _ => false,
        }
    }
}

/// The `N` bytes from `offset` on, if they are there.
#[inline(always)]
pub(super) fn piece<const N: usize>(bytes: &[u8], offset: u32) -> Option<[u8; N]> {
    let bytes = bytes.get(offset as usize..offset as usize + N)?;
    bytes.first_chunk::<N>().copied()
}

/// The bytes of an access.
#[inline(always)]
fn size(width: Width) -> u32 {
    match width {
        Width::Word => 4,
        Width::Half | Width::SignedHalf => 2,
        Width::Byte | Width::SignedByte => 1,
    }
}

/// What is at `offset`, extended.
#[inline(always)]
fn extended(width: Width, bytes: &[u8], offset: u32) -> Option<u32> {
    Some(match width {
        Width::Word => u32::from_le_bytes(piece(bytes, offset)?),
        Width::Half => u16::from_le_bytes(piece(bytes, offset)?).into(),
        Width::SignedHalf => i16::from_le_bytes(piece(bytes, offset)?) as u32,
        Width::Byte => u8::from_le_bytes(piece(bytes, offset)?).into(),
        Width::SignedByte => i8::from_le_bytes(piece(bytes, offset)?) as u32,
    })
}
