//! Chores of this repository: `cargo xtask help` lists them.

mod images;
mod schema;
mod setup;
mod sources;
#[cfg(test)]
mod tidy;
mod toolchain;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Parser;

/// Chores of the onchip repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Build the boards' images into firmware/images, or check those kept there.
    Images(images::Options),
    /// Generate the code that reads and writes TFLite files from its schema.
    Schema(schema::Options),
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
        Chore::Schema(options) => schema::schema(&root, &options),
        Chore::Setup { from_sources } => setup::setup(&root, from_sources),
    }
}

/// The repository's root: cargo says where the running xtask's is, which need not be where
/// it was built, for checkouts may share a target folder.
#[expect(clippy::disallowed_methods, reason = "set by `cargo run`")]
fn root() -> PathBuf {
    let built = || OsString::from(env!("CARGO_MANIFEST_DIR"));
    let xtask = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built));
    xtask.parent().map_or(xtask.clone(), Path::to_path_buf)
}
