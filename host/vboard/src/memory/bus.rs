//! The bus matrix: from addresses to flash, RAM and peripherals.

use super::{
    AccessError, Chip, Context, Device, Flash, InterruptLines, MapError, Peripheral, Reserved,
    Reset, Size,
};

/// Where the bytes of an address range are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// In the flash array, from this offset.
    Flash(u32),
    /// In the RAM bytes, from this offset.
    Ram(u32),
}

/// An address range backed by flash or RAM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) base: u32,
    pub(crate) len: u32,
    pub(crate) storage: Storage,
}

struct Window {
    base: u32,
    len: u32,
    device: usize,
    /// Offset of the window's first byte.
    offset: u32,
}

struct Slot {
    peripheral: Box<dyn Peripheral>,
    event: u64,
}

/// Flash, RAM and peripherals at their addresses.
pub(crate) struct Bus {
    /// All RAMs one after the other; the first starts at offset 0.
    pub(crate) ram: Vec<u8>,
    /// Where the first RAM starts.
    pub(crate) ram_base: u32,
    /// How long it is.
    ram_len: u32,
    /// How much of it the core reaches without its data cache.
    uncached_ram: u32,
    pub(crate) flash: Flash,
    pub(crate) flash_base: u32,
    /// How many bytes of the first RAM the core accesses without further ado: all, or none
    /// while every access has to be checked.
    pub(crate) direct_ram: u32,
    /// How many bytes of the first RAM it accesses so or through its data cache.
    pub(crate) cached_ram: u32,
    /// The same for reads of flash.
    pub(crate) direct_flash: u32,
    pub(crate) lines: InterruptLines,
    /// The earliest cycle at which a peripheral wants to be ticked.
    pub(crate) next_event: u64,
    /// Flash and RAM, aliases included.
    segments: Vec<Segment>,
    windows: Vec<Window>,
    slots: Vec<Slot>,
    controller: usize,
    unmodelled: Vec<Reserved>,
    /// A bit for each halfword of RAM that has been decoded.
    code: Vec<u64>,
    /// The range of halfwords with bits set: `[first, end)`.
    code_range: (u32, u32),
    /// A byte of decoded RAM has been written.
    pub(crate) ram_code_changed: bool,
}

impl Bus {
    pub(crate) fn new(chip: Chip) -> Result<Self, MapError> {
        let Chip {
            name,
            flash,
            rams,
            devices,
            unmodelled,
            ..
        } = chip;
        if flash.controller >= devices.len() {
            return Err(MapError::NoController {
                chip: name,
                index: flash.controller,
                devices: devices.len(),
            });
        }
        let mut segments = Vec::new();
        for base in std::iter::once(flash.base).chain(flash.aliases) {
            segments.push(Segment {
                base,
                len: flash.len,
                storage: Storage::Flash(0),
            });
        }
        let mut ram_bytes = 0;
        for ram in &rams {
            let storage = Storage::Ram(ram_bytes);
            segments.push(Segment {
                base: ram.base,
                len: ram.len,
                storage,
            });
            for &(base, offset, len) in &ram.aliases {
                let storage = Storage::Ram(ram_bytes + offset);
                segments.push(Segment { base, len, storage });
            }
            ram_bytes += ram.len;
        }
        let mut windows = Vec::new();
        let mut slots = Vec::new();
        for (
            device,
            Device {
                windows: seen,
                peripheral,
            },
        ) in devices.into_iter().enumerate()
        {
            let first = seen.first().map_or(0, |w| w.0);
            windows.extend(seen.into_iter().map(|(base, len)| {
                let offset = base.wrapping_sub(first);
                Window {
                    base,
                    len,
                    device,
                    offset,
                }
            }));
            slots.push(Slot {
                peripheral,
                event: u64::MAX,
            });
        }
        windows.sort_by_key(|w| w.base);
        let mut bus = Self {
            ram: vec![0; ram_bytes as usize],
            ram_base: rams.first().map_or(0, |r| r.base),
            ram_len: rams.first().map_or(0, |r| r.len),
            uncached_ram: rams
                .first()
                .map_or(0, |r| r.cached_from.unwrap_or(r.len).min(r.len)),
            flash: Flash::new(flash.len as usize, flash.accelerator),
            flash_base: flash.base,
            direct_ram: 0,
            cached_ram: 0,
            direct_flash: 0,
            lines: InterruptLines::default(),
            next_event: u64::MAX,
            segments,
            windows,
            slots,
            controller: flash.controller,
            unmodelled,
            code: vec![0; (ram_bytes as usize / 2).div_ceil(64)],
            code_range: (u32::MAX, 0),
            ram_code_changed: false,
        };
        bus.check_overlaps(name)?;
        bus.set_direct(true);
        Ok(bus)
    }

    fn check_overlaps(&self, chip: &'static str) -> Result<(), MapError> {
        let memories = self
            .segments
            .iter()
            .map(|s| (s.base, s.len, "memory".to_owned()));
        let windows = self.windows.iter().map(|w| {
            (
                w.base,
                w.len,
                self.slots[w.device].peripheral.name().to_owned(),
            )
        });
        let mut parts: Vec<_> = memories.chain(windows).collect();
        parts.sort_by_key(|p| p.0);
        for pair in parts.windows(2) {
            if u64::from(pair[0].0) + u64::from(pair[0].1) > u64::from(pair[1].0) {
                let what = pair[1].2.clone();
                return Err(MapError::Overlap {
                    chip,
                    what,
                    address: pair[1].0,
                });
            }
        }
        Ok(())
    }

    /// Lets the core access RAM and flash directly, or not. Flash with torn words is never read
    /// directly.
    pub(crate) fn set_direct(&mut self, direct: bool) {
        self.direct_ram = if direct { self.uncached_ram } else { 0 };
        self.cached_ram = if direct { self.ram_len } else { 0 };
        self.direct_flash = if direct && !self.flash.has_torn() {
            self.flash.bytes().len() as u32
        } else {
            0
        };
    }

    /// Whether `address` is in RAM that the core reaches through its data cache.
    pub(crate) fn is_cached(&self, address: u32) -> bool {
        (self.uncached_ram..self.ram_len).contains(&address.wrapping_sub(self.ram_base))
    }

    /// Whether `address`, which is in flash, is reached through the core's interface for tightly coupled
    /// memory: where the array appears besides its own place.
    pub(crate) fn is_tightly_coupled_flash(&self, address: u32) -> bool {
        let offset = address.wrapping_sub(self.flash_base);
        self.flash.is_tightly_coupled() && offset as usize >= self.flash.bytes().len()
    }

    /// Flash and RAM, aliases included.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Where `address` is kept, if in flash or RAM, and how many bytes follow there.
    pub(crate) fn locate(&self, address: u32) -> Option<(Storage, u32)> {
        self.segments.iter().find_map(|s| {
            let offset = address.wrapping_sub(s.base);
            (offset < s.len).then(|| {
                let storage = match s.storage {
                    Storage::Flash(o) => Storage::Flash(o + offset),
                    Storage::Ram(o) => Storage::Ram(o + offset),
                };
                (storage, s.len - offset)
            })
        })
    }

    /// The halfword of code at `address`, if there is memory.
    pub(crate) fn fetch(&self, address: u32) -> Option<u16> {
        let (storage, left) = self.locate(address)?;
        if left < 2 {
            return None;
        }
        let (bytes, offset) = match storage {
            Storage::Flash(o) => (self.flash.bytes(), o),
            Storage::Ram(o) => (self.ram.as_slice(), o),
        };
        let bytes = bytes.get(offset as usize..)?.first_chunk::<2>()?;
        Some(u16::from_le_bytes(*bytes))
    }

    /// Reads at any aligned address outside the core.
    pub(crate) fn read(&mut self, address: u32, size: Size, now: u64) -> Result<u32, AccessError> {
        match self.locate(address) {
            Some((Storage::Ram(offset), _)) => Ok(take(&self.ram, offset, size)),
            Some((Storage::Flash(offset), _)) => {
                if self.flash.has_torn() {
                    self.check_code(offset..offset + size.bytes(), now);
                }
                Ok(take(self.flash.bytes(), offset, size))
            }
            None => {
                let (device, offset) = self.device(address)?;
                self.with(device, now, |peripheral, context| {
                    peripheral.read(offset, size, context)
                })
            }
        }
    }

    /// Flips bits of the word at `address` where it is kept.
    pub(crate) fn flip(&mut self, address: u32, flips: u32) {
        match self.locate(address) {
            Some((Storage::Flash(offset), _)) => {
                let word = take(self.flash.bytes(), offset, Size::Word) ^ flips;
                self.flash.write(offset as usize, &word.to_le_bytes());
            }
            Some((Storage::Ram(offset), _)) => {
                let word = take(&self.ram, offset, Size::Word) ^ flips;
                self.ram[offset as usize..][..4].copy_from_slice(&word.to_le_bytes());
                self.note_ram_write(offset, 4);
            }
            None => {}
        }
    }

    /// Tells the flash's controller if any double word of `range` is torn.
    pub(crate) fn check_code(&mut self, range: std::ops::Range<u32>, now: u64) {
        if let Some(torn) = self
            .flash
            .first_torn(range.start as usize..range.end as usize)
        {
            self.with(self.controller, now, |peripheral, context| {
                peripheral.misread(torn as u32, context);
            });
        }
    }

    /// Writes at any aligned address outside the core.
    pub(crate) fn write(
        &mut self,
        address: u32,
        size: Size,
        value: u32,
        now: u64,
    ) -> Result<(), AccessError> {
        match self.locate(address) {
            Some((Storage::Ram(offset), _)) => {
                let start = offset as usize;
                let len = size.bytes() as usize;
                self.ram[start..start + len].copy_from_slice(&value.to_le_bytes()[..len]);
                self.note_ram_write(offset, size.bytes());
                Ok(())
            }
            Some((Storage::Flash(offset), _)) => {
                self.with(self.controller, now, |peripheral, context| {
                    peripheral.program(offset, size, value, context)
                })
            }
            None => {
                let (device, offset) = self.device(address)?;
                self.with(device, now, |peripheral, context| {
                    peripheral.write(offset, size, value, context)
                })
            }
        }
    }

    /// The device at `address`, or why there is none.
    fn device(&self, address: u32) -> Result<(usize, u32), AccessError> {
        let after = self.windows.partition_point(|w| w.base <= address);
        if let Some(w) = after.checked_sub(1).map(|i| &self.windows[i])
            && address - w.base < w.len
        {
            return Ok((w.device, w.offset.wrapping_add(address - w.base)));
        }
        match self
            .unmodelled
            .iter()
            .find(|r| address.wrapping_sub(r.base) < r.len)
        {
            Some(reserved) => Err(AccessError::unmodelled(reserved.name)),
            None => Err(AccessError::Fault),
        }
    }

    /// Whether there is a modelled peripheral at `address`, and if not, how an access ends.
    pub(crate) fn is_modelled(&self, address: u32) -> Result<(), AccessError> {
        self.device(address).map(drop)
    }

    fn with<T>(
        &mut self,
        device: usize,
        now: u64,
        act: impl FnOnce(&mut dyn Peripheral, &mut Context<'_>) -> T,
    ) -> T {
        let slot = &mut self.slots[device];
        let mut context = Context {
            now,
            flash: &mut self.flash,
            lines: &mut self.lines,
        };
        let result = act(slot.peripheral.as_mut(), &mut context);
        let event = slot.peripheral.next_event().unwrap_or(u64::MAX);
        if event != std::mem::replace(&mut slot.event, event) {
            self.next_event = self.slots.iter().map(|s| s.event).min().unwrap_or(u64::MAX);
        }
        result
    }

    /// Ticks the peripherals whose time has come.
    pub(crate) fn tick(&mut self, now: u64) {
        for device in 0..self.slots.len() {
            if self.slots[device].event <= now {
                self.with(device, now, |peripheral, context| peripheral.tick(context));
            }
        }
    }

    /// Takes what the peripherals have sent on serial lines.
    pub(crate) fn take_serial(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for slot in &mut self.slots {
            bytes.append(&mut slot.peripheral.take_serial());
        }
        bytes
    }

    /// Resets the peripherals.
    pub(crate) fn reset(&mut self, reset: Reset, now: u64) {
        self.lines.clear();
        for device in 0..self.slots.len() {
            self.with(device, now, |peripheral, context| {
                peripheral.reset(reset, context);
            });
        }
    }

    /// Notes that the `bytes` at `offset` of RAM have been decoded: a write to them makes
    /// decoded blocks stale.
    pub(crate) fn note_ram_code(&mut self, offset: u32, bytes: u32) {
        let (first, end) = (offset / 2, (offset + bytes).div_ceil(2));
        for halfword in first..end {
            self.code[halfword as usize / 64] |= 1 << (halfword % 64);
        }
        self.code_range = (self.code_range.0.min(first), self.code_range.1.max(end));
    }

    /// Forgets which RAM has been decoded.
    pub(crate) fn forget_ram_code(&mut self) {
        let (first, end) = self.code_range;
        if first < end {
            self.code[first as usize / 64..(end as usize).div_ceil(64)].fill(0);
        }
        self.code_range = (u32::MAX, 0);
        self.ram_code_changed = false;
    }

    /// Overwrites RAM at `offset`, where there is room for all of `data`.
    pub(crate) fn load_ram(&mut self, offset: u32, data: &[u8]) {
        let start = offset as usize;
        self.ram[start..start + data.len()].copy_from_slice(data);
        // Only what has been decoded needs a closer look.
        let (first, end) = self.code_range;
        let from = offset.max(first.saturating_mul(2));
        let to = (offset + data.len() as u32).min(end.saturating_mul(2));
        if from < to {
            self.note_ram_write(from, to - from);
        }
    }

    /// Whether `offset` of RAM lies where code has been decoded nearby; cheap.
    #[inline(always)]
    pub(crate) fn near_ram_code(&self, offset: u32) -> bool {
        let halfword = offset / 2;
        // A word may reach one halfword further, two if it is unaligned.
        halfword.wrapping_add(2) >= self.code_range.0 && halfword < self.code_range.1
    }

    /// Notes a write of `bytes` at `offset` of RAM.
    #[cold]
    pub(crate) fn note_ram_write(&mut self, offset: u32, bytes: u32) {
        for halfword in offset / 2..(offset + bytes).div_ceil(2) {
            if let Some(word) = self.code.get(halfword as usize / 64)
                && word >> (halfword % 64) & 1 != 0
            {
                self.ram_code_changed = true;
            }
        }
    }
}

fn take(bytes: &[u8], offset: u32, size: Size) -> u32 {
    let start = offset as usize;
    let mut word = [0; 4];
    let len = size.bytes() as usize;
    word[..len].copy_from_slice(&bytes[start..start + len]);
    u32::from_le_bytes(word)
}
