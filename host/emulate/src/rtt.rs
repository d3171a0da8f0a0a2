//! SEGGER's Real Time Transfer, from the debugger's side: a ring buffer in the chip's RAM
//! that the program fills and somebody outside empties.
//!
//! The control block: an identification of 16 bytes, the numbers of up- and down-channels,
//! then per up-channel six words: name, buffer, size, the program's and the reader's offset,
//! flags. Flags' two low bits say what the program does when the buffer is full.

use onchip_vboard::machine::Machine;

/// What the control block starts with, zeros behind it.
const IDENTIFICATION: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";
/// From the control block to up-channel 0.
const CHANNEL: u32 = 24;
/// More channels than any program has: what says so is no control block.
const CHANNELS_MAX: u32 = 64;
/// The program waits until there is room.
const BLOCK_IF_FULL: u32 = 2;

/// A reader of up-channel 0.
#[derive(Debug)]
pub(crate) struct Rtt {
    /// Where the control block is to be, if the program says.
    symbol: Option<u32>,
    /// Where it is.
    found: Option<u32>,
    /// Times that we have looked; looking everywhere takes long.
    looked: u64,
}

impl Rtt {
    pub(crate) fn new(symbol: Option<u32>) -> Self {
        Rtt {
            symbol,
            found: None,
            looked: 0,
        }
    }

    /// Takes what the program has written. From the first time on, the program waits when
    /// the buffer is full, so that nothing is lost. `last` looks as well as can be.
    pub(crate) fn take(&mut self, machine: &mut Machine, last: bool) -> Vec<u8> {
        let Some(block) = self.find(machine, last) else {
            return Vec::new();
        };
        read(machine, block + CHANNEL).unwrap_or_default()
    }

    fn find(&mut self, machine: &mut Machine, last: bool) -> Option<u32> {
        if self.found.is_some() {
            return self.found;
        }
        self.looked += 1;
        let found = match self.symbol {
            Some(address) => is_block(machine, address).then_some(address),
            // Ever less often, as most programs have none.
            None if last || self.looked.is_power_of_two() => search(machine),
            None => None,
        }?;
        let flags = word(machine, found + CHANNEL + 20)?;
        let flags = flags & !3 | BLOCK_IF_FULL;
        let _ = machine.set_memory(found + CHANNEL + 20, &flags.to_le_bytes());
        self.found = Some(found);
        self.found
    }
}

fn word(machine: &Machine, address: u32) -> Option<u32> {
    let bytes = machine.memory(address, 4)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn is_block(machine: &Machine, address: u32) -> bool {
    machine.memory(address, 16) == Some(IDENTIFICATION)
        && word(machine, address + 16).is_some_and(|up| (1..=CHANNELS_MAX).contains(&up))
}

fn search(machine: &Machine) -> Option<u32> {
    machine
        .memories()
        .filter(|memory| memory.ram)
        .find_map(|memory| {
            let bytes = machine.memory(memory.base, memory.len as usize)?;
            let words = (0..memory.len).step_by(4);
            words
                .filter(|&offset| bytes[offset as usize] == IDENTIFICATION[0])
                .map(|offset| memory.base + offset)
                .find(|&address| is_block(machine, address))
        })
}

/// Empties the ring whose descriptor is at `channel`. `None` if it makes no sense.
fn read(machine: &mut Machine, channel: u32) -> Option<Vec<u8>> {
    let [buffer, size, written, seen] =
        [4, 8, 12, 16].map(|offset| word(machine, channel + offset));
    let (buffer, size, written, seen) = (buffer?, size?, written?, seen?);
    if written >= size || seen >= size || written == seen {
        return None;
    }
    let ring = machine.memory(buffer, size as usize)?;
    let (written_at, seen_at) = (written as usize, seen as usize);
    let bytes = if seen_at < written_at {
        ring[seen_at..written_at].to_vec()
    } else {
        [&ring[seen_at..], &ring[..written_at]].concat()
    };
    machine
        .set_memory(channel + 16, &written.to_le_bytes())
        .then_some(bytes)
}
