//! A program: an ELF file of any compiler for Cortex-M.

use object::elf::{EM_ARM, ET_EXEC, PT_LOAD};
use object::read::elf::{ElfFile32, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSection as _};
use onchip_vboard::machine::Machine;

use crate::map;
use crate::symbols::{Place, SymbolError, Symbols};

/// Symbols that vector tables are known by: CMSIS, ST's, newlib's, cortex-m-rt's, Zephyr's.
const VECTOR_SYMBOLS: &[&str] = &[
    "__Vectors",
    "__vectors",
    "_vectors",
    "__isr_vector",
    "g_pfnVectors",
    "__VECTOR_TABLE",
    "__vector_table",
    "_vector_table",
    "vector_table",
    "vectors",
];
/// Sections that hold nothing else.
const VECTOR_SECTIONS: &[&str] = &[".isr_vector", ".vectors", ".vector_table", ".intvecs"];
/// What VTOR can point to at the least (TBLOFF, Armv7-M B3.2.5).
const VECTOR_ALIGNMENT: u32 = 128;

/// A program that has been read. It fits a chip or not, see [`Self::load`].
#[derive(Debug)]
pub struct Program {
    segments: Vec<Segment>,
    pub(crate) symbols: Symbols,
    vector_sections: Vec<(String, u32)>,
    /// The format strings of its log, if it is a defmt one.
    pub(crate) log: Option<defmt_decoder::Table>,
}

/// A part that is loaded.
#[derive(Debug)]
struct Segment {
    /// Its place among the program headers.
    index: usize,
    load_address: u32,
    run_address: u32,
    bytes: Vec<u8>,
    /// Bytes that it takes at its run address.
    length: u32,
}

/// Why a program cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Not an ELF file.
    #[error("this is no ELF file ({0}); give the linker's output, not a .bin or .hex")]
    NotElf(String),
    /// An ELF file, but not one that a Cortex-M can run.
    #[error("this ELF file is {found}; a Cortex-M runs {wanted}")]
    Kind {
        /// What it is.
        found: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// Nothing in it.
    #[error(
        "this ELF file has no loadable segment; link the program with a linker script that has memories"
    )]
    Empty,
    /// A part that lies nowhere.
    #[error(
        "segment {index}, {length} bytes at {address:#010x} ({role}), is not in the chip's memories: {map}; link the \
         program for this chip, or choose another board"
    )]
    Outside {
        /// Its place among the program headers.
        index: usize,
        /// Where it would be.
        address: u32,
        /// Its bytes.
        length: u32,
        /// What it would be there for.
        role: &'static str,
        /// Where memories are.
        map: String,
    },
    /// The core could not start.
    #[error(
        "the program has no vector table: neither {boot:#010x}, where the chip starts, nor {tried} holds a stack pointer \
         in RAM followed by the Thumb address of code{hint}"
    )]
    NoVectors {
        /// Where the chip looks.
        boot: u32,
        /// Where we have looked.
        tried: String,
        /// What may be wrong.
        hint: &'static str,
    },
    /// The log's format strings are not to be read.
    #[error("the program's defmt log cannot be decoded: {0}; build it with a released defmt 1.x")]
    Log(String),
    /// A place that is not there.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
}

impl Program {
    /// Reads an ELF file's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Program, ProgramError> {
        // The decoder of the log wants its ELF file aligned, as a fresh allocation is.
        let bytes = &bytes.to_vec()[..];
        check_kind(bytes)?;
        let not_elf = |error: object::read::Error| ProgramError::NotElf(error.to_string());
        let elf = ElfFile32::<Endianness>::parse(bytes).map_err(not_elf)?;
        let endian = elf.endian();
        let header = elf.elf_header();
        let kind = |found: String, wanted| Err(ProgramError::Kind { found, wanted });
        if header.e_machine(endian) != EM_ARM {
            let found = format!("for machine {}", header.e_machine(endian));
            return kind(found, "programs for Arm (machine 40)");
        }
        if header.e_type(endian) != ET_EXEC {
            let found = format!("of type {}", header.e_type(endian));
            return kind(
                found,
                "linked executables (type 2), neither objects nor libraries",
            );
        }

        let mut segments = Vec::new();
        for (index, header) in elf.elf_program_headers().iter().enumerate() {
            let length = header.p_memsz(endian);
            if header.p_type(endian) != PT_LOAD || length == 0 {
                continue;
            }
            let data = header.data(endian, bytes);
            let data = data
                .map_err(|()| ProgramError::NotElf("a segment ends behind the file".to_owned()))?;
            segments.push(Segment {
                index,
                load_address: header.p_paddr(endian),
                run_address: header.p_vaddr(endian),
                bytes: data.to_vec(),
                length,
            });
        }
        if segments.iter().all(|segment| segment.bytes.is_empty()) {
            return Err(ProgramError::Empty);
        }
        let vector_sections = elf
            .sections()
            .filter_map(|section| {
                let name = section.name().ok()?;
                let address = u32::try_from(section.address()).ok()?;
                VECTOR_SECTIONS
                    .contains(&name)
                    .then(|| (name.to_owned(), address))
            })
            .collect();
        Ok(Program {
            segments,
            symbols: Symbols::read(&elf),
            vector_sections,
            log: defmt_decoder::Table::parse(bytes)
                .map_err(|error| ProgramError::Log(format!("{error:#}")))?,
        })
    }

    /// The instruction at a place given as `SYMBOL`, `SYMBOL+OFFSET` or an address.
    pub fn place(&self, given: &str) -> Result<Place, SymbolError> {
        self.symbols.place(given)
    }

    /// The function that `address` is in.
    pub fn function_at(&self, address: u32) -> Option<&str> {
        self.symbols.function_at(address)
    }

    /// Checks that an instruction can be at a place.
    pub(crate) fn check_code(&self, machine: &Machine, place: &Place) -> Result<(), ProgramError> {
        if machine.memory_left(place.address) >= 2 {
            return Ok(());
        }
        Err(ProgramError::Symbol(SymbolError::NoCode {
            name: place.name.clone(),
            address: place.address,
        }))
    }

    /// Puts the program into the memories of a machine just powered on, and sees to it that
    /// the core starts with its vectors: those where the chip looks, or else those of the
    /// program, as a debugger would start it.
    pub fn load(&self, machine: &mut Machine) -> Result<(), ProgramError> {
        for segment in &self.segments {
            let outside = |address, length, role| ProgramError::Outside {
                index: segment.index,
                address,
                length,
                role,
                map: String::new(),
            };
            let loaded = segment.bytes.len() as u32;
            let mut problem = None;
            if loaded > 0 && !machine.set_memory(segment.load_address, &segment.bytes) {
                problem = Some(outside(segment.load_address, loaded, "where it is loaded"));
            } else if machine.memory_left(segment.run_address) < segment.length {
                problem = Some(outside(
                    segment.run_address,
                    segment.length,
                    "where it runs",
                ));
            }
            if let Some(mut problem) = problem {
                if let ProgramError::Outside { map, .. } = &mut problem {
                    *map = map::describe(machine);
                }
                return Err(problem);
            }
        }
        let boot = machine.vector_table();
        if self.is_table(machine, boot) {
            return Ok(());
        }
        let candidates = self.candidates();
        match candidates
            .iter()
            .find(|&&(_, at)| self.is_table(machine, at))
        {
            Some(&(_, table)) => {
                machine.start_at(table);
                Ok(())
            }
            None => Err(self.no_vectors(machine, boot, &candidates)),
        }
    }

    fn no_vectors(
        &self,
        machine: &Machine,
        boot: u32,
        candidates: &[(String, u32)],
    ) -> ProgramError {
        let names: Vec<String> = candidates
            .iter()
            .map(|(name, address)| format!("{name} at {address:#010x}"))
            .collect();
        let arm = candidates.iter().any(|&(_, at)| {
            let words = table(machine, at);
            words.is_some_and(|[_, pc]| pc & 1 == 0 && self.holds_code(pc))
        });
        ProgramError::NoVectors {
            boot,
            tried: names.join(", "),
            hint: if arm {
                "; its reset vector is even, which is Arm state: a Cortex-M only executes Thumb"
            } else {
                ""
            },
        }
    }

    /// Where the vectors may be, best guess first.
    fn candidates(&self) -> Vec<(String, u32)> {
        let symbols = VECTOR_SYMBOLS.iter().filter_map(|&name| {
            let address = self.symbols.address(name)?;
            Some((format!("`{name}`"), address))
        });
        let mut all: Vec<(String, u32)> = symbols.collect();
        all.extend(self.vector_sections.iter().cloned());
        let loaded = self.segments.iter().filter(|one| !one.bytes.is_empty());
        let mut starts: Vec<(String, u32)> = loaded
            .map(|one| (format!("segment {}", one.index), one.run_address))
            .collect();
        starts.sort_by_key(|&(_, address)| address);
        all.extend(starts);
        all
    }

    /// Whether vectors of this program are at `address`.
    fn is_table(&self, machine: &Machine, address: u32) -> bool {
        let Some([sp, pc]) = table(machine, address) else {
            return false;
        };
        address.is_multiple_of(VECTOR_ALIGNMENT)
            && sp.is_multiple_of(4)
            && map::ram_below(machine, sp).is_some()
            && pc & 1 == 1
            && self.holds_code(pc)
    }

    /// Whether `address` is in a part of the program.
    fn holds_code(&self, address: u32) -> bool {
        self.segments.iter().any(|segment| {
            let loaded = segment.bytes.len() as u32;
            address.wrapping_sub(segment.run_address) < loaded
        })
    }

    /// The lowest address from which on the program uses nothing of the memory from `base`
    /// to `end` but by its heap and its stack.
    pub(crate) fn statics_end(&self, base: u32, end: u32) -> u32 {
        let inside = self
            .segments
            .iter()
            .filter(|segment| segment.run_address >= base && segment.run_address < end);
        let ends = inside.map(|segment| segment.run_address.saturating_add(segment.length));
        ends.max().unwrap_or(base).next_multiple_of(8).min(end)
    }
}

/// SP and PC of a vector table.
fn table(machine: &Machine, address: u32) -> Option<[u32; 2]> {
    let bytes = machine.memory(address, 8)?;
    let words = bytes.as_chunks().0;
    Some([u32::from_le_bytes(words[0]), u32::from_le_bytes(words[1])])
}

/// Tells files that the reader would only call unsound.
fn check_kind(bytes: &[u8]) -> Result<(), ProgramError> {
    let kind = |found: &str, wanted| {
        Err(ProgramError::Kind {
            found: found.to_owned(),
            wanted,
        })
    };
    match bytes {
        [0x7f, b'E', b'L', b'F', 1, 1, ..] => Ok(()),
        [0x7f, b'E', b'L', b'F', 2, ..] => kind("a 64-bit one", "32-bit ones"),
        [0x7f, b'E', b'L', b'F', 1, 2, ..] => kind("a big-endian one", "little-endian ones"),
        _ => Err(ProgramError::NotElf("it does not start as one".to_owned())),
    }
}
