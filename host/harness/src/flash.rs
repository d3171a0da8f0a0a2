//! Writes only those flash sectors whose content is to change.
//!
//! Flash endures some ten thousand erases per sector, and erasing is what takes time: so the
//! sectors are read back and compared first. What was written is read back again afterwards.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use probe_rs::config::MemoryRegion;
use probe_rs::flashing::{
    DownloadOptions, FlashError, FlashProgress, ProgressEvent, ProgressOperation,
};
use probe_rs::{MemoryInterface as _, Session};

use crate::failure::{BenchFailure, Phase};

/// Bytes read at once: between two such reads the probe shows that it is alive.
const CHUNK: usize = 16 * 1024;

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes programmed.
    pub(crate) bytes: u64,
    /// Sectors erased.
    pub(crate) sectors: u64,
}

impl std::ops::AddAssign for Written {
    fn add_assign(&mut self, other: Written) {
        self.bytes += other.bytes;
        self.sectors += other.sectors;
    }
}

/// Bytes and where in flash they belong.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) address: u32,
    pub(crate) bytes: Arc<[u8]>,
}

/// A part of a piece.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    address: u32,
    bytes: &'a [u8],
}

/// Brings `pieces` into flash. The core must be halted. `beat` is called on every step, with
/// bytes done and bytes to do once there is something to write.
pub(crate) fn write_changed(
    session: &mut Session,
    phase: Phase,
    pieces: &[Piece],
    beat: &dyn Fn(Option<(u64, u64)>),
) -> Result<Written, BenchFailure> {
    let changed = changed_sectors(session, phase, pieces, beat)?;
    if changed.is_empty() {
        return Ok(Written::default());
    }
    let parts: Vec<Part<'_>> = changed
        .iter()
        .flat_map(|(start, end)| {
            pieces
                .iter()
                .filter_map(|piece| cut(piece, &(*start..*end)))
        })
        .collect();

    let written = program(session, phase, &parts, beat)?;
    for part in &parts {
        let found = read(session, phase, part.address, part.bytes.len(), beat)?;
        if let Some(at) = found
            .iter()
            .zip(part.bytes)
            .position(|(found, wrote)| found != wrote)
        {
            return Err(BenchFailure::Verify {
                address: part.address + at as u32,
                wrote: part.bytes[at],
                found: found[at],
            });
        }
    }
    Ok(written)
}

/// The sector that `address` is in, as the chip's flash algorithm divides the flash.
pub(crate) fn sector_at(session: &Session, address: u32) -> Option<Range<u64>> {
    let address = u64::from(address);
    let target = session.target();
    let is_nvm = |region: &MemoryRegion| {
        region
            .as_nvm_region()
            .is_some_and(|nvm| nvm.range.contains(&address))
    };
    if !target.memory_map.iter().any(is_nvm) {
        return None;
    }
    let flash = target
        .flash_algorithms
        .iter()
        .map(|algorithm| &algorithm.flash_properties)
        .find(|flash| flash.address_range.contains(&address))?;
    let offset = address - flash.address_range.start;
    let run = flash
        .sectors
        .iter()
        .filter(|run| run.address <= offset && run.size > 0)
        .max_by_key(|run| run.address)?;
    let start = flash.address_range.start + offset - (offset - run.address) % run.size;
    Some(start..start + run.size)
}

/// Start and end of the sectors in which flash differs from the pieces.
fn changed_sectors(
    session: &mut Session,
    phase: Phase,
    pieces: &[Piece],
    beat: &dyn Fn(Option<(u64, u64)>),
) -> Result<BTreeMap<u32, u32>, BenchFailure> {
    let mut changed = BTreeMap::new();
    for piece in pieces {
        let found = read(session, phase, piece.address, piece.bytes.len(), beat)?;
        let mut at = 0;
        while at < piece.bytes.len() {
            let address = piece.address + at as u32;
            let sector = sector_at(session, address).ok_or_else(|| BenchFailure::Flash {
                phase,
                source: format!("probe-rs has no flash algorithm for {address:#010x}").into(),
            })?;
            let until = piece
                .bytes
                .len()
                .min(at + (sector.end - u64::from(address)) as usize);
            if found[at..until] != piece.bytes[at..until] {
                changed.insert(sector.start as u32, sector.end as u32);
            }
            at = until;
        }
    }
    Ok(changed)
}

/// The part of a piece that lies in `range`.
fn cut<'a>(piece: &'a Piece, range: &Range<u32>) -> Option<Part<'a>> {
    let end = piece.address + piece.bytes.len() as u32;
    let (from, to) = (piece.address.max(range.start), end.min(range.end));
    (from < to).then(|| Part {
        address: from,
        bytes: &piece.bytes[(from - piece.address) as usize..(to - piece.address) as usize],
    })
}

fn program(
    session: &mut Session,
    phase: Phase,
    parts: &[Part<'_>],
    beat: &dyn Fn(Option<(u64, u64)>),
) -> Result<Written, BenchFailure> {
    let failed = |source: FlashError| BenchFailure::Flash {
        phase,
        source: Box::new(source),
    };
    let mut loader = session.target().flash_loader();
    for part in parts {
        loader
            .add_data(part.address.into(), part.bytes)
            .map_err(failed)?;
    }

    let mut sectors = 0;
    let mut done = 0;
    let total = parts.iter().map(|part| part.bytes.len() as u64).sum();
    let mut options = DownloadOptions::default();
    options.progress = FlashProgress::new(|event| match event {
        ProgressEvent::FlashLayoutReady { flash_layout } => {
            sectors = flash_layout
                .iter()
                .map(|layout| layout.sectors().len() as u64)
                .sum();
            beat(Some((0, total)));
        }
        ProgressEvent::Progress {
            operation: ProgressOperation::Program,
            size,
            ..
        } => {
            done += size;
            // Pages are padded, so that more is programmed than was asked for.
            beat(Some((done.min(total), total)));
        }
        _ => beat(None),
    });
    loader.commit(session, options).map_err(failed)?;
    Ok(Written {
        bytes: total,
        sectors,
    })
}

fn read(
    session: &mut Session,
    phase: Phase,
    address: u32,
    length: usize,
    beat: &dyn Fn(Option<(u64, u64)>),
) -> Result<Vec<u8>, BenchFailure> {
    let failed = BenchFailure::probe(phase);
    let mut bytes = vec![0; length];
    let mut core = session.core(0).map_err(&failed)?;
    for (i, chunk) in bytes.chunks_mut(CHUNK).enumerate() {
        core.read(u64::from(address) + (i * CHUNK) as u64, chunk)
            .map_err(&failed)?;
        beat(None);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_cut_at_sectors() {
        let piece = Piece {
            address: 10,
            bytes: [0, 1, 2, 3, 4, 5].into(),
        };
        let check = |range: Range<u32>| cut(&piece, &range).map(|cut| (cut.address, cut.bytes));
        assert_eq!(check(0..8), None);
        assert_eq!(check(16..20), None);
        assert_eq!(check(8..12), Some((10, &[0, 1][..])));
        assert_eq!(check(12..14), Some((12, &[2, 3][..])));
        assert_eq!(check(0..32), Some((10, &[0, 1, 2, 3, 4, 5][..])));
    }
}
