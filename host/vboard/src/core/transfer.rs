//! Transfers over the bus, as the core and the debugger make them.

use super::{access::INTERNAL, exception::NMI, system::System};
use crate::{
    memory::{AccessError, Size, Storage, bit_band::Bit},
    timing::Cause,
};

impl System {
    /// The bit that an access means if it goes to a bit-band alias. The debugger's accesses
    /// pass the same bus matrix and are remapped like the core's.
    fn aliased_bit(&self, address: u32, size: Size) -> Result<Option<Bit>, AccessError> {
        if self.bit_band {
            Bit::of(address, size)
        } else {
            Ok(None)
        }
    }

    /// An aligned read as the core (or the debugger) makes it, anywhere.
    pub(crate) fn bus_read(
        &mut self,
        address: u32,
        size: Size,
        now: u64,
        debugger: bool,
    ) -> Result<u32, AccessError> {
        if INTERNAL.contains(&address) {
            return self.internal_read(address, size, now, debugger);
        }
        if let Some(bit) = self.aliased_bit(address, size)? {
            return Ok(bit.get(self.bus_read(bit.address, size, now, debugger)?));
        }
        if !debugger && let Some((Storage::Flash(offset), _)) = self.bus.locate(address) {
            let tightly_coupled = self.bus.is_tightly_coupled_flash(address);
            let stall = self.bus.flash.front(tightly_coupled).data(offset, now);
            self.spend(Cause::FlashData, stall);
        }
        if !debugger && self.bus.is_cached(address) {
            self.wait_for_ram(address, false, now);
        }
        let result = self.bus.read(address, size, now);
        self.collect_interrupts();
        if let Some(until) = self.bus.flash.take_hold()
            && !debugger
        {
            self.wait_for_flash(now, until);
        }
        result
    }

    /// Waits at cycle `now` for an access to RAM behind the data cache.
    pub(super) fn wait_for_ram(&mut self, address: u32, write: bool, now: u64) {
        let stall = self.bus.flash.accelerator.ram(address, write, now);
        self.spend(Cause::Cache, stall);
    }

    /// Waits in a read at cycle `now` for what the flash does until cycle `until`, or for what
    /// happens before.
    fn wait_for_flash(&mut self, now: u64, until: u64) {
        let event = self.bus.next_event.min(self.systick.next_event());
        let event = event.min(self.appointment);
        let waited = until.min(event).saturating_sub(now);
        self.cycles = self.cycles.wrapping_add(waited);
        self.watch.ledger.add(Cause::FlashData, waited as i64);
    }

    /// An aligned write as the core (or the debugger) makes it, anywhere.
    pub(crate) fn bus_write(
        &mut self,
        address: u32,
        size: Size,
        value: u32,
        now: u64,
        debugger: bool,
    ) -> Result<(), AccessError> {
        let value = match size {
            Size::Byte => value & 0xff,
            Size::Half => value & 0xffff,
            Size::Word => value,
        };
        if INTERNAL.contains(&address) {
            return self.internal_write(address, size, value, now, debugger);
        }
        if let Some(bit) = self.aliased_bit(address, size)? {
            let target = self.bus_read(bit.address, size, now, debugger)?;
            let target = bit.put(target, value);
            return self.bus_write(bit.address, size, target, now, debugger);
        }
        if !debugger && self.bus.is_cached(address) {
            self.wait_for_ram(address, true, now);
        }
        let result = self.bus.write(address, size, value, now);
        self.collect_interrupts();
        result
    }

    /// Makes pending what the peripherals' lines have raised.
    pub(crate) fn collect_interrupts(&mut self) {
        if let Some(rises) = self.bus.lines.take_rises() {
            self.nvic.rise(&rises);
            if self.bus.lines.take_nmi_rise() {
                self.nvic.set_pending(NMI, true);
            }
            self.attend();
        }
        if self.bus.next_event < self.deadline {
            self.attend();
        }
    }
}
