//! Programs small enough to write down as machine code.

/// Where the code of each program begins.
pub(crate) const ENTRY: u32 = 0x0800_0040;
/// Initial stack pointer.
pub(crate) const STACK: u32 = 0x2001_0000;
/// Where [`counter`] counts; [`writer`]'s control block.
pub(crate) const DATA: u32 = 0x2000_0000;
/// The loop of [`counter`].
pub(crate) const LOOP: u32 = ENTRY + 6;

/// A flash image: vector table, then `code` at [`ENTRY`].
fn image(code: &[u16]) -> Vec<u8> {
    let mut bytes = vec![0; (ENTRY & 0xff) as usize];
    bytes[..4].copy_from_slice(&STACK.to_le_bytes());
    // All exceptions run the program anew: none is expected.
    for vector in bytes[4..].chunks_exact_mut(4) {
        vector.copy_from_slice(&(ENTRY | 1).to_le_bytes());
    }
    bytes.extend(code.iter().flat_map(|halfword| halfword.to_le_bytes()));
    bytes
}

/// Counts in r1 and at [`DATA`].
pub(crate) fn counter() -> Vec<u8> {
    image(&[
        0x2020, // movs r0, #0x20
        0x0600, // lsls r0, r0, #24
        0x2100, // movs r1, #0
        0x3101, // adds r1, #1         <- LOOP
        0x6001, // str  r1, [r0]
        0xE7FC, // b    LOOP
    ])
}

/// Size of [`writer`]'s ring.
pub(crate) const RING_BYTES: u32 = 64;
/// Where [`writer`]'s ring is.
pub(crate) const RING: u32 = DATA + 0x100;

/// Writes 0, 1, 2, ... into the ring of the RTT channel whose control block is at [`DATA`], waiting while it is full.
pub(crate) fn writer() -> Vec<u8> {
    image(&[
        0x2020, // movs r0, #0x20
        0x0600, // lsls r0, r0, #24
        0x2401, // movs r4, #1
        0x0224, // lsls r4, r4, #8
        0x1824, // adds r4, r4, r0
        0x253F, // movs r5, #63
        0x2200, // movs r2, #0
        0x6A41, // ldr  r1, [r0, #36]   <- next: write offset
        0x1C4B, // adds r3, r1, #1
        0x402B, // ands r3, r5
        0x6A86, // ldr  r6, [r0, #40]   <- full: read offset
        0x429E, // cmp  r6, r3
        0xD0FC, // beq  full
        0x5462, // strb r2, [r4, r1]
        0x6243, // str  r3, [r0, #36]
        0x3201, // adds r2, #1
        0xE7F5, // b    next
    ])
}

/// Erases sector 5 of an STM32F4 or STM32F7, which is at `sector`, and polls until that is done; does nothing if the
/// sector's first word is erased.
pub(crate) fn eraser(sector: u32) -> Vec<u8> {
    let mut program = image(&[
        0x4807, // ldr  r0, sector
        0x6800, // ldr  r0, [r0]
        0x3001, // adds r0, #1
        0xD0FE, // beq  .
        0x4906, // ldr  r1, registers
        0x4A07, // ldr  r2, first key
        0x604A, // str  r2, [r1, #4]
        0x4A07, // ldr  r2, second key
        0x604A, // str  r2, [r1, #4]
        0x4A07, // ldr  r2, order
        0x610A, // str  r2, [r1, #16]
        0x68CA, // ldr  r2, [r1, #12]   <- poll
        0x0C12, // lsrs r2, r2, #16
        0xD1FC, // bne  poll
        0xE7FE, // b    .
        0xBF00, // nop
    ]);
    // STRT, PSIZE of 32 bits, SNB 5, SER.
    let order = 1 << 16 | 2 << 8 | 5 << 3 | 1 << 1;
    for word in [sector, 0x4002_3C00, 0x4567_0123, 0xCDEF_89AB, order] {
        program.extend(word.to_le_bytes());
    }
    program
}

/// Reads a register of a peripheral that is not modelled (USART2).
pub(crate) fn trespasser() -> Vec<u8> {
    image(&[
        0x2040, // movs r0, #0x40
        0x0600, // lsls r0, r0, #24
        0x2144, // movs r1, #0x44
        0x0209, // lsls r1, r1, #8
        0x5840, // ldr  r0, [r0, r1]
        0xE7FE, // b    .
    ])
}
