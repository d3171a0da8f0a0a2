//! Tiny ELF files and what is in them, for chips with flash at 0x0800_0000 and RAM at 0x2000_0000.

pub(crate) const FLASH: u32 = 0x0800_0000;
pub(crate) const RAM: u32 = 0x2000_0000;
pub(crate) const STACK: u32 = RAM + 0x1000;
/// Where the code of [`Elf::program`] starts if that is put at [`FLASH`].
pub(crate) const CODE: u32 = FLASH + 0x42;

/// A file in the making: bytes at addresses, and names of addresses.
#[derive(Clone, Default)]
pub(crate) struct Elf {
    /// Load address, run address, bytes, length in memory.
    segments: Vec<(u32, u32, Vec<u8>, u32)>,
    symbols: Vec<(&'static str, u32)>,
}

impl Elf {
    /// A program for reset: vectors at `at`, `code` behind them, handlers that loop for ever.
    pub(crate) fn program(at: u32, stack: u32, code: &[u16]) -> Self {
        let entry = at + 0x40 + 2;
        let mut words = vec![stack, entry | 1];
        words.resize(16, (at + 0x40) | 1);
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        // The handlers, all one: b .
        bytes.extend(0xe7fe_u16.to_le_bytes());
        bytes.extend(code.iter().flat_map(|half| half.to_le_bytes()));
        Self::default().segment(at, &bytes)
    }

    pub(crate) fn segment(self, at: u32, bytes: &[u8]) -> Self {
        self.moved(at, at, bytes, bytes.len() as u32)
    }

    pub(crate) fn moved(mut self, load: u32, run: u32, bytes: &[u8], length: u32) -> Self {
        self.segments.push((load, run, bytes.to_vec(), length));
        self
    }

    pub(crate) fn symbol(mut self, name: &'static str, address: u32) -> Self {
        self.symbols.push((name, address));
        self
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const HEADER: usize = 52;
        let headers = HEADER + 32 * self.segments.len();
        let mut body = Vec::new();
        let mut program_headers = Vec::new();
        for (load, run, bytes, length) in &self.segments {
            let offset = headers + body.len();
            let fields = [
                1,
                offset as u32,
                *run,
                *load,
                bytes.len() as u32,
                *length,
                7,
                4,
            ];
            program_headers.extend(fields.iter().flat_map(|field: &u32| field.to_le_bytes()));
            body.extend(bytes);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let (mut names, mut symbols) = (vec![0], vec![0; 16]);
        for &(name, address) in &self.symbols {
            symbols.extend((names.len() as u32).to_le_bytes());
            symbols.extend(address.to_le_bytes());
            // No size; a global label in an absolute section.
            symbols.extend([0, 0, 0, 0, 0x10, 0, 0xf1, 0xff]);
            names.extend(name.bytes().chain([0]));
        }
        let symbols_at = headers + body.len();
        let names_at = symbols_at + symbols.len();
        let sections_at = (names_at + names.len()).next_multiple_of(4);
        let section = |kind, at: usize, length: usize, link, entry| {
            [0, kind, 0, 0, at as u32, length as u32, link, 1, 4, entry]
        };
        let sections = [
            [0; 10],
            section(2, symbols_at, symbols.len(), 2, 16),
            section(3, names_at, names.len(), 0, 0),
        ];

        let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        for half in [2_u16, 40] {
            file.extend(half.to_le_bytes());
        }
        for word in [1, 0, HEADER as u32, sections_at as u32, 0x0500_0000] {
            file.extend(u32::to_le_bytes(word));
        }
        for half in [HEADER as u16, 32, self.segments.len() as u16, 40, 3, 2] {
            file.extend(half.to_le_bytes());
        }
        file.extend(program_headers);
        file.extend(body);
        file.extend(symbols);
        file.extend(names);
        file.resize(sections_at, 0);
        file.extend(
            sections
                .iter()
                .flatten()
                .flat_map(|word: &u32| word.to_le_bytes()),
        );
        file
    }
}

/// `movw rd, #value & 0xffff; movt rd, #value >> 16`
pub(crate) fn load(rd: u16, value: u32) -> [u16; 4] {
    let halves = |opcode: u16, half: u16| {
        let first = opcode | (half >> 11 & 1) << 10 | half >> 12;
        [first, (half >> 8 & 7) << 12 | rd << 8 | half & 0xff]
    };
    let [a, b] = halves(0xf240, value as u16);
    let [c, d] = halves(0xf2c0, (value >> 16) as u16);
    [a, b, c, d]
}

/// `str r1, [r0]` to `address`, by way of R0 and R1.
pub(crate) fn store(address: u32, value: u32) -> Vec<u16> {
    let mut code = [load(0, address), load(1, value)].concat();
    code.push(0x6001);
    code
}

/// A semihosting call with R1 = `parameter`.
pub(crate) fn call(operation: u16, parameter: u32) -> Vec<u16> {
    let mut code = load(1, parameter).to_vec();
    code.extend([0x2000 | operation, 0xbeab]);
    code
}

/// SYS_EXIT_EXTENDED with a status that fits a byte: the block goes to the start of RAM.
pub(crate) fn exit(status: u32) -> Vec<u16> {
    let mut code = store(RAM, 0x20026);
    code.extend(store(RAM + 4, status));
    code.extend(call(0x20, RAM));
    code
}
