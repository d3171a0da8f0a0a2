//! The image: a firmware ELF, checked against its board before anything is flashed.

use std::ops::Range;
use std::path::Path;

use object::elf::{EM_ARM, PT_LOAD};
use object::read::elf::{ElfFile32, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};
use onchip_protocol::info::{self, Info};
use onchip_tflite::hex;
use sha2::{Digest, Sha256};

use crate::board::{Board, MemoryKind, embedded_image};
use crate::flash::Piece;

/// A firmware image for a board.
pub struct Image {
    /// SHA-256 of the ELF file, in hexadecimal digits.
    pub sha256: String,
    /// What the image says about itself.
    pub info: Info,
    /// What goes into flash, by address.
    pub(crate) segments: Vec<Piece>,
    /// Bytes of RAM that its variables take, without the arena and the stack.
    pub statics: u32,
    /// Addresses that the host works with.
    pub(crate) symbols: Symbols,
    /// Format strings of its log.
    pub(crate) log: defmt_decoder::Table,
    functions: Vec<Function>,
}

/// Addresses that the host works with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Symbols {
    /// First instruction of `main`: variables are initialised from here on.
    pub(crate) main: u32,
    /// RTT's control block.
    pub(crate) rtt: u32,
    /// Where the order goes.
    pub(crate) order: u32,
}

struct Function {
    range: Range<u32>,
    name: String,
}

impl Image {
    /// The image that a board file names: beside the board file if there is one, else the
    /// embedded one.
    pub fn of_board(board: &Board) -> Result<Image, ImageError> {
        if let Some(path) = board
            .folder
            .as_ref()
            .map(|folder| folder.join(&board.image))
            && path.exists()
        {
            return Image::read(&path, board);
        }
        let bytes = embedded_image(&board.image).ok_or_else(|| ImageError::Missing {
            file: board.image.clone(),
            board: board.name.clone(),
        })?;
        Image::parse(bytes, board)
    }

    /// Reads an image from a file.
    pub fn read(path: &Path, board: &Board) -> Result<Image, ImageError> {
        let bytes = std::fs::read(path).map_err(|source| ImageError::Read {
            file: path.display().to_string(),
            source,
        })?;
        Image::parse(&bytes, board)
    }

    /// Parses an ELF file and checks that it is an onchip image for `board`.
    pub fn parse(bytes: &[u8], board: &Board) -> Result<Image, ImageError> {
        // The decoder of the log wants its ELF file aligned. An embedded one lies anywhere, a
        // fresh allocation of this size is aligned by any allocator there is.
        let bytes = &bytes.to_vec()[..];
        let elf = ElfFile32::<Endianness>::parse(bytes).map_err(|_| ImageError::NotElf)?;
        let endian = elf.endian();
        if elf.elf_header().e_machine(endian) != EM_ARM {
            return Err(ImageError::NotElf);
        }

        let order = symbol(&elf, "ONCHIP_ORDER")?;
        let info = info_block(&elf)?;
        if info.board.as_str() != board.name {
            return Err(ImageError::OtherBoard {
                image: info.board.to_string(),
                board: board.name.clone(),
            });
        }
        for (what, image, stated) in [
            ("clock_hz", info.clock_hz, board.clock_hz),
            (
                "partition.address",
                info.partition_address,
                board.partition.range.start,
            ),
            (
                "partition.length",
                info.partition_len,
                board.partition.length(),
            ),
        ] {
            if image != stated {
                return Err(ImageError::Disagrees {
                    what,
                    image,
                    board: stated,
                });
            }
        }

        let segments = segments(&elf, board)?;
        // From the first of them to the last, as the image itself computes it.
        let variables = symbol(&elf, "__euninit")?.wrapping_sub(symbol(&elf, "__sdata")?);
        let statics = variables
            .checked_sub(info.arena)
            .ok_or(ImageError::NotElf)?;
        let log = defmt_decoder::Table::parse(bytes)
            .map_err(|error| ImageError::Log(format!("{error:#}")))?
            .ok_or_else(|| ImageError::Log("there is no section .defmt".to_owned()))?;
        Ok(Image {
            sha256: hex(&Sha256::digest(bytes)),
            info,
            segments,
            statics,
            symbols: Symbols {
                main: symbol(&elf, "main")? & !1,
                rtt: symbol(&elf, "_SEGGER_RTT")?,
                order,
            },
            log,
            functions: functions(&elf),
        })
    }

    /// Bytes that the image takes in flash.
    pub fn flash_bytes(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| segment.bytes.len() as u64)
            .sum()
    }

    /// The function that `address` is in.
    pub fn function_at(&self, address: u32) -> Option<String> {
        self.functions
            .iter()
            .find(|function| function.range.contains(&address))
            .map(|function| function.name.clone())
    }
}

type Elf<'data> = ElfFile32<'data, Endianness>;

fn symbol(elf: &Elf<'_>, name: &'static str) -> Result<u32, ImageError> {
    elf.symbols()
        .find(|symbol| !symbol.is_undefined() && symbol.name() == Ok(name))
        .and_then(|symbol| u32::try_from(symbol.address()).ok())
        .ok_or(ImageError::Symbol(name))
}

fn info_block(elf: &Elf<'_>) -> Result<Info, ImageError> {
    let address = u64::from(symbol(elf, "ONCHIP_INFO")?);
    let bytes = elf
        .sections()
        .find_map(|section| section.data_range(address, info::LEN as u64).ok().flatten())
        .ok_or(ImageError::Symbol("ONCHIP_INFO"))?;
    Info::decode(bytes).map_err(ImageError::Info)
}

/// Loadable segments by their load address, each checked to lie in flash and off the partition.
fn segments(elf: &Elf<'_>, board: &Board) -> Result<Vec<Piece>, ImageError> {
    let endian = elf.endian();
    let partition = &board.partition.range;
    let mut segments = Vec::new();
    for header in elf.elf_program_headers() {
        let length = header.p_filesz(endian);
        if header.p_type(endian) != PT_LOAD || length == 0 {
            continue;
        }
        let address = header.p_paddr(endian);
        let bytes = header
            .data(endian, elf.data())
            .map_err(|()| ImageError::NotElf)?;
        let outside = ImageError::OutsideFlash { address, length };
        let Some(end) = address.checked_add(length) else {
            return Err(outside);
        };
        if board.region(MemoryKind::Flash, &(address..end)).is_none() {
            return Err(outside);
        }
        if address < partition.end && partition.start < end {
            return Err(ImageError::OverlapsPartition { address, end });
        }
        segments.push(Piece {
            address,
            bytes: bytes.into(),
        });
    }
    segments.sort_by_key(|segment| segment.address);
    if segments.is_empty() {
        return Err(ImageError::Empty);
    }
    Ok(segments)
}

fn functions(elf: &Elf<'_>) -> Vec<Function> {
    elf.symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .filter_map(|symbol| {
            let start = u32::try_from(symbol.address()).ok()? & !1;
            let end = start.checked_add(u32::try_from(symbol.size()).ok()?)?;
            Some(Function {
                range: start..end,
                name: readable(symbol.name().ok()?),
            })
        })
        .collect()
}

/// A symbol as it is written in source, without the hash that makes it unique.
fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// Why an ELF file is no image for a board.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// There is none by that name.
    #[error(
        "there is no image `{file}` for {board}; build it with `cargo xtask images`, put it \
         beside the board file, or give --image ELF"
    )]
    Missing {
        /// The file's name.
        file: String,
        /// The board's name.
        board: String,
    },
    /// The file cannot be read.
    #[error("image {file} cannot be read ({source}); check the path")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not an ELF file for Arm, or a damaged one.
    #[error("the image is no sound 32-bit Arm ELF file; build it with `cargo xtask images`")]
    NotElf,
    /// A firmware, but not ours.
    #[error(
        "the image has no symbol `{0}`, so it is not an onchip image; build one with `cargo xtask images`"
    )]
    Symbol(&'static str),
    /// Not ours, or of another protocol version.
    #[error(transparent)]
    Info(info::Error),
    /// Made for another board.
    #[error(
        "the image is for board {image}, not for {board}; choose the image or the board to match"
    )]
    OtherBoard {
        /// The board in the image.
        image: String,
        /// The board asked for.
        board: String,
    },
    /// Built from another board file.
    #[error(
        "the image was built with {what} = {image:#x}, the board file says {board:#x}; rebuild it \
         with `cargo xtask images`"
    )]
    Disagrees {
        /// The key.
        what: &'static str,
        /// Its value in the image.
        image: u32,
        /// Its value in the board file.
        board: u32,
    },
    /// A part of it would not go into flash.
    #[error("the image has {length} bytes at {address:#010x}, which is no flash of this board")]
    OutsideFlash {
        /// Where the part starts.
        address: u32,
        /// Its bytes.
        length: u32,
    },
    /// A part of it would go where models go.
    #[error("the image's {address:#010x}..{end:#010x} overlaps the model partition; move either")]
    OverlapsPartition {
        /// Where the part starts.
        address: u32,
        /// Where it ends.
        end: u32,
    },
    /// Nothing to flash.
    #[error("the image has nothing to flash; build it with `cargo xtask images`")]
    Empty,
    /// The format strings of its log are missing or of another defmt.
    #[error("the image's log cannot be decoded: {0}; rebuild it with `cargo xtask images`")]
    Log(String),
}
