//! Chores of this repository: `cargo xtask help` lists them.

mod images;
mod setup;
mod sources;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser;

/// Chores of the onchip repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Build the boards' images into firmware/images, or check those kept there.
    Images(images::Options),
    /// Get what building images needs: the target's core library, or its sources.
    Setup {
        /// Do without rustup: fetch the library's sources from Debian.
        #[arg(long)]
        from_sources: bool,
    },
}

fn main() -> Result<()> {
    let root = root();
    match Chore::parse() {
        Chore::Images(options) => images::images(&root, &options),
        Chore::Setup { from_sources } => setup::setup(&root, from_sources),
    }
}

/// The repository's root.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}
