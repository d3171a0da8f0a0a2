//! `cargo xtask setup`: gets what building images needs.
//!
//! That is rustup's compiled core library for each target. Where rustup cannot download,
//! Debian's package `rust-src` of the compiler's very version serves instead: the library's
//! sources, from which cargo builds core together with the image. Nothing is installed:
//! the package is unpacked below `target`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::toolchain::{Compiler, output, run, targets};

/// Suites in which Debian keeps current compilers, the most conservative first.
const SUITES: [&str; 4] = ["trixie-backports", "trixie", "testing", "unstable"];

/// What to do when nothing helped.
const REMEDY: &str = "to build images, install the target by other means (see rustup's documentation on \
     offline installation). To use onchip none of this is needed: firmware/images holds built images";

/// Makes images buildable. `from_sources` skips rustup.
#[expect(clippy::print_stdout, reason = "says what it does")]
pub(crate) fn setup(root: &Path, from_sources: bool) -> Result<()> {
    let compiler = Compiler::installed()?;
    if !from_sources {
        let missing: Vec<_> = targets()
            .into_iter()
            .filter(|target| !compiler.has_compiled_core(target))
            .collect();
        if missing.is_empty() {
            println!("the targets are installed");
            return Ok(());
        }
        match run(Command::new("rustup").args(["target", "add"]).args(missing)) {
            Ok(()) => return Ok(()),
            Err(error) => println!("{error:#}; trying Debian's library sources instead"),
        }
    }
    if let Some(library) = compiler.core_sources(root) {
        println!("library sources are in {}", library.display());
        return Ok(());
    }
    fetch(root, &compiler).context(REMEDY)?;
    println!(
        "library sources are in {}",
        compiler.fetched_sources(root).display()
    );
    Ok(())
}

/// Fetches the library's sources from the first suite that has them.
fn fetch(root: &Path, compiler: &Compiler) -> Result<()> {
    let mirror = mirror()?;
    let folder = compiler.fetch_folder(root);
    let mut attempts = Vec::new();
    for suite in SUITES {
        let apt = Apt::new(&folder.join(suite), &mirror, suite)?;
        match apt.fetch(&compiler.version, &folder.join("package")) {
            Ok(()) => {
                let library = compiler.fetched_sources(root);
                ensure!(
                    library.join("Cargo.lock").is_file(),
                    "the package lacks {}",
                    library.display()
                );
                return Ok(());
            }
            Err(error) => attempts.push(format!("\n  {suite}: {error:#}")),
        }
    }
    let version = &compiler.version;
    bail!("no suite offers rust-src {version}:{}", attempts.concat());
}

/// The Debian mirror that this machine uses.
fn mirror() -> Result<String> {
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(LABEL) $(REPO_URI)"]);
    let targets =
        output(apt.arg("Created-By: Packages")).context("no apt to ask for a Debian mirror")?;
    let mirror = targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian "));
    let mirror = mirror.context("apt knows no Debian mirror; run `apt-get update` first")?;
    Ok(mirror.to_owned())
}

/// An apt of our own: one suite of one mirror, and its state in a folder of ours, so that
/// the machine's packages never see the suite.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path, mirror: &str, suite: &str) -> Result<Self> {
        fs::create_dir_all(folder.join("lists/partial"))?;
        fs::create_dir_all(folder.join("cache/archives/partial"))?;
        let source = format!("deb {mirror} {suite} main\n");
        fs::write(folder.join("sources.list"), source)?;
        let folder = folder.to_owned();
        Ok(Self { folder })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let mut set = |key: &str, value: &Path| {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        };
        set("Dir::Etc::SourceList", &self.folder.join("sources.list"));
        set("Dir::Etc::SourceParts", Path::new("/dev/null"));
        set("Dir::State::Lists", &self.folder.join("lists"));
        set("Dir::Cache", &self.folder.join("cache"));
        // apt's own user may not be let into our folder.
        set("APT::Sandbox::User", Path::new("root"));
        command
    }

    /// Unpacks rust-src of the compiler's `version` into `target`.
    fn fetch(&self, version: &str, target: &Path) -> Result<()> {
        output(self.command("apt-get").arg("update"))?;
        let offers = output(self.command("apt-cache").args(["madison", "rust-src"]))?;
        let offer = offers
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .map(str::trim)
            .find(|offer| is_version(offer, version));
        let offer = offer.with_context(|| format!("offers no {version}"))?;
        let mut download = self.command("apt-get");
        download.current_dir(&self.folder);
        output(download.args(["download", &format!("rust-src={offer}")]))?;
        let package = fs::read_dir(&self.folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get downloaded nothing")?;
        run(Command::new("dpkg").arg("-x").arg(package).arg(target))
    }
}

/// Whether Debian's version `offer` packages the upstream `version`.
fn is_version(offer: &str, version: &str) -> bool {
    offer
        .strip_prefix(version)
        .is_some_and(|rest| rest.starts_with(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn only_the_very_version_will_do() {
        assert!(is_version("1.95.0+dfsg1-2~bpo13+1", "1.95.0"));
        assert!(is_version("1.95.0-1", "1.95.0"));
        assert!(!is_version("1.95.1+dfsg1-1", "1.95.0"));
        assert!(!is_version("1.95.01-1", "1.95.0"));
    }
}
