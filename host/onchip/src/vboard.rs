//! Virtual boards that keep their flash.
//!
//! A real board keeps its flash without power; a virtual one has a file for it, `NAME-N.flash`
//! in a folder of the user's cache. Whoever uses the file holds a lock on `NAME-N.lock`; who
//! finds it locked takes the next number, as if another board of the kind were at hand.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use onchip_harness::Board;
use onchip_vboard::{VirtualBoard, probe};
use probe_rs::probe::DebugProbeSelector;

use crate::cli::StateArgs;

/// More boards of one kind than anybody needs; the search for a free one must end.
const BOARDS_MAX: u32 = 1000;

/// A virtual board that is plugged in.
pub(crate) struct KeptBoard {
    pub(crate) board: VirtualBoard,
    pub(crate) selector: DebugProbeSelector,
    name: String,
    state: Option<State>,
}

/// The file of a board's flash, and the lock that makes it ours.
struct State {
    file: PathBuf,
    saved: Vec<u8>,
    _lock: File,
}

impl KeptBoard {
    /// Takes a free virtual board of the kind, its flash as it was left.
    pub(crate) fn take(board: &Board, arguments: &StateArgs) -> anyhow::Result<KeptBoard> {
        let chip = VirtualBoard::new(&board.chip).with_context(|| {
            format!("board {} cannot be virtual; plug a real one in", board.name)
        })?;
        let folder = match &arguments.state {
            Some(none) if none.as_os_str() == "none" => None,
            Some(folder) => Some(folder.clone()),
            None => Some(default_folder()?),
        };
        let (name, state) = match folder {
            None => (format!("{}-0", board.name), None),
            Some(folder) => {
                let (name, lock) = lock_free_board(&folder, &board.name).with_context(|| {
                    format!(
                        "the virtual board's flash cannot be kept in {}; choose a folder with \
                         --state DIR, or --state none",
                        folder.display()
                    )
                })?;
                (
                    name.clone(),
                    Some(State::load(&folder, &name, lock, &chip)?),
                )
            }
        };
        let selector = chip.plug_in(&name)?;
        Ok(KeptBoard {
            board: chip,
            selector,
            name,
            state,
        })
    }

    /// Saves the flash if it has changed.
    pub(crate) fn save(&mut self) -> anyhow::Result<()> {
        match &mut self.state {
            Some(state) => state.save(self.board.flash()),
            None => Ok(()),
        }
    }
}

impl Drop for KeptBoard {
    fn drop(&mut self) {
        probe::unplug(&self.name);
    }
}

impl State {
    fn load(folder: &Path, name: &str, lock: File, board: &VirtualBoard) -> anyhow::Result<State> {
        let file = folder.join(format!("{name}.flash"));
        match fs::read(&file) {
            Ok(bytes) if bytes.len() == board.flash().len() => board.load_flash(0, &bytes)?,
            // Of another chip by the same name: this board is a new one.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        }
        Ok(State {
            file,
            saved: board.flash(),
            _lock: lock,
        })
    }

    /// Replaces the file in one step: a reader finds the old flash or the new one.
    fn save(&mut self, flash: Vec<u8>) -> anyhow::Result<()> {
        if flash == self.saved {
            return Ok(());
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let save = || -> anyhow::Result<()> {
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            temporary.write_all(&flash)?;
            temporary.persist(&self.file)?;
            Ok(())
        };
        save().with_context(|| format!("the flash cannot be kept in {}", self.file.display()))?;
        self.saved = flash;
        Ok(())
    }
}

/// The first board of the kind that nobody has locked.
fn lock_free_board(folder: &Path, kind: &str) -> anyhow::Result<(String, File)> {
    fs::create_dir_all(folder)?;
    for number in 0..BOARDS_MAX {
        let name = format!("{kind}-{number}");
        let lock = File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{name}.lock")))?;
        match lock.try_lock() {
            Ok(()) => return Ok((name, lock)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    Err(anyhow!("{BOARDS_MAX} virtual boards are in use"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line is where the environment comes in"
)]
fn default_folder() -> anyhow::Result<PathBuf> {
    let cache = ["XDG_CACHE_HOME", "LOCALAPPDATA"]
        .into_iter()
        .filter_map(std::env::var_os)
        .map(PathBuf::from)
        .find(|folder| folder.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".cache")))
        .context("there is no cache folder for the virtual board's flash; use --state DIR or --state none")?;
    Ok(cache.join("onchip/vboards"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(folder: &Path) -> KeptBoard {
        let board = Board::find("nucleo-l4r5zi").unwrap();
        let state = Some(folder.to_owned());
        KeptBoard::take(&board, &StateArgs { state }).unwrap()
    }

    // One test, since boards of two folders share the names of this process's probes.
    #[test]
    fn flash_is_kept_and_a_board_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = take(folder.path());
        first.board.load_flash(4, &[1, 2, 3]).unwrap();
        first.save().unwrap();

        let second = take(folder.path());
        assert_ne!(first.selector, second.selector);
        assert_eq!(second.board.flash()[4..7], [0xFF; 3]);
        let selector = first.selector.clone();
        drop((first, second));

        let again = take(folder.path());
        assert_eq!(again.selector, selector);
        assert_eq!(again.board.flash()[3..8], [0xFF, 1, 2, 3, 0xFF]);
        drop(again);

        let flash_of_another_chip = folder.path().join("nucleo-l4r5zi-0.flash");
        fs::write(flash_of_another_chip, [0; 10]).unwrap();
        assert_eq!(take(folder.path()).board.flash()[0], 0xFF);
    }
}
