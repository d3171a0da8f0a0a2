//! What the image says about itself in its ELF, for a host to read before flashing.

use onchip_protocol::info::{self, Info, Text};

use crate::board;

/// The block that [`onchip_protocol::info`] describes, found by its symbol.
#[used]
#[unsafe(no_mangle)]
static ONCHIP_INFO: [u8; info::LEN] = Info {
    board: Text::new(board::NAME).expect("a board's name has at most 32 bytes"),
    sources: Text::new(env!("ONCHIP_SOURCES")).expect("a digest has 64 digits"),
    rustc: Text::new(env!("ONCHIP_RUSTC")).expect("a compiler's version has at most 64 bytes"),
    clock_hz: board::CLOCK_HZ,
    arena: board::ARENA_BYTES as u32,
    partition_address: board::PARTITION.start as u32,
    partition_len: (board::PARTITION.end - board::PARTITION.start) as u32,
}
.encode();
