//! What the machine has for building images: a compiled core library, or its sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// What images are built for: a target for each kind of core that a board file can name.
pub(crate) const TARGETS: [(&str, &str); 3] = [
    ("cortex-m0plus", "thumbv6m-none-eabi"),
    ("cortex-m4f", "thumbv7em-none-eabihf"),
    ("cortex-m7f", "thumbv7em-none-eabihf"),
];

/// The targets, each once.
pub(crate) fn targets() -> BTreeSet<&'static str> {
    TARGETS.iter().map(|&(_, target)| target).collect()
}

/// The installed compiler.
pub(crate) struct Compiler {
    sysroot: PathBuf,
    /// Its version, such as `1.95.0`.
    pub(crate) version: String,
}

/// Where the target's core library comes from.
pub(crate) enum Core {
    /// It came compiled, as `rustup target add` installs it.
    Compiled,
    /// It is compiled with the image, from the library sources in this folder.
    Sources(PathBuf),
}

impl Compiler {
    pub(crate) fn installed() -> Result<Self> {
        let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
        let version = output(Command::new("rustc").arg("--version"))?;
        let version = version.split(' ').nth(1);
        Ok(Self {
            sysroot: PathBuf::from(sysroot.trim()),
            version: version.context("`rustc --version` names none")?.to_owned(),
        })
    }

    /// The core library that images for `target` are built with; of two, the compiled one.
    pub(crate) fn core(&self, root: &Path, target: &str) -> Option<Core> {
        if self.has_compiled_core(target) {
            return Some(Core::Compiled);
        }
        self.core_sources(root).map(Core::Sources)
    }

    pub(crate) fn has_compiled_core(&self, target: &str) -> bool {
        let folder = self.sysroot.join("lib/rustlib").join(target).join("lib");
        fs::read_dir(folder).is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
            })
        })
    }

    /// The library's sources: those that `cargo xtask setup` fetched, or rustup's.
    pub(crate) fn core_sources(&self, root: &Path) -> Option<PathBuf> {
        [
            self.fetched_sources(root),
            self.sysroot.join("lib/rustlib/src/rust/library"),
        ]
        .into_iter()
        .find(|library| library.join("Cargo.lock").is_file())
    }

    /// Where `cargo xtask setup` puts the library's sources.
    pub(crate) fn fetched_sources(&self, root: &Path) -> PathBuf {
        let version = &self.version;
        self.fetch_folder(root)
            .join(format!("package/usr/src/rustc-{version}/library"))
    }

    /// A folder for what `cargo xtask setup` fetches for this compiler.
    pub(crate) fn fetch_folder(&self, root: &Path) -> PathBuf {
        root.join("target/rust-src").join(&self.version)
    }
}

/// Runs a command to its end. Its error names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| failed(command))?;
    ensure!(status.success(), "{}: {status}", failed(command));
    Ok(())
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| failed(command))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}\n{stderr}", failed(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| failed(command))
}

fn failed(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    format!("`{}` failed", words.join(" "))
}
