//! A target that is nothing but memory.

use super::{BusError, Target};
use crate::memory::Size;

pub(crate) struct Ram {
    pub(crate) bytes: Vec<u8>,
    pub(crate) running: bool,
    pub(crate) starts_on_write: bool,
    pub(crate) nreset: bool,
    pub(crate) cycles: u64,
    pub(crate) idle: u64,
    pub(crate) failure: Option<String>,
    pub(crate) unplugged: bool,
    pub(crate) power_lost: bool,
    pub(crate) slowness: u64,
}

impl Ram {
    pub(crate) fn new(length: usize) -> Self {
        Ram {
            bytes: vec![0; length],
            running: false,
            starts_on_write: false,
            nreset: true,
            cycles: 0,
            idle: 0,
            failure: None,
            unplugged: false,
            power_lost: false,
            slowness: 1,
        }
    }

    fn slice(&mut self, address: u32, width: Size) -> Result<&mut [u8], BusError> {
        assert_eq!(address % width.bytes(), 0);
        let start = address as usize;
        self.bytes
            .get_mut(start..start + width.bytes() as usize)
            .ok_or(BusError)
    }
}

impl Target for Ram {
    fn read(&mut self, address: u32, width: Size) -> Result<u32, BusError> {
        let mut word = [0; 4];
        let bytes = self.slice(address, width)?;
        word[..bytes.len()].copy_from_slice(bytes);
        Ok(u32::from_le_bytes(word))
    }

    fn write(&mut self, address: u32, width: Size, value: u32) -> Result<(), BusError> {
        assert!(u64::from(value) < 1 << (8 * width.bytes()));
        let bytes = self.slice(address, width)?;
        bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
        self.running |= self.starts_on_write;
        Ok(())
    }

    fn is_running(&self) -> bool {
        self.running
    }

    fn run(&mut self, cycles: u64) -> bool {
        self.cycles += cycles;
        true
    }

    fn idle(&mut self, cycles: u64) {
        self.idle += cycles;
    }

    fn set_nreset(&mut self, high: bool) {
        self.nreset = high;
    }

    fn note_access(&mut self) -> bool {
        !self.unplugged
    }

    fn take_power_loss(&mut self) -> bool {
        std::mem::take(&mut self.power_lost)
    }

    fn slowness(&self) -> u64 {
        self.slowness
    }

    fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
