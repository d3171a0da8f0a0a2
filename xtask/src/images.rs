//! `cargo xtask images`: builds the boards' images, or checks the kept ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol};
use onchip_engine::Model;
use onchip_protocol::info::{self, Info};

use crate::sources;
use crate::toolchain::{Compiler, Core, TARGETS, run};

/// How to build.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build nothing: check that the kept images are of today's sources.
    #[arg(long, conflicts_with_all = ["out", "core_from_sources"])]
    check: bool,
    /// Build nothing: run clippy on each board's image, with warnings denied. Needs the compiled targets.
    #[arg(long, conflicts_with_all = ["out", "core_from_sources", "check"])]
    lint: bool,
    /// Where to put the images [default: firmware/images, where they are kept]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Link only the operators that these models have, which makes the image smaller; for `onchip bench --image`.
    #[arg(long, value_name = "MODEL", num_args = 1.., requires = "out")]
    ops: Vec<PathBuf>,
    /// Build for this board alone.
    #[arg(long)]
    board: Option<String>,
    /// Build the core library too, even where it came compiled.
    #[arg(long)]
    core_from_sources: bool,
}

/// Builds or checks the image of each file in `boards`.
#[expect(clippy::print_stdout, reason = "says what it did")]
pub(crate) fn images(root: &Path, options: &Options) -> Result<()> {
    let sources = sources::digest(root)?;
    let kept = root.join("firmware/images");
    let operators = operators(&options.ops)?;
    let mut boards = boards(root)?;
    if let Some(only) = &options.board {
        boards.retain(|board| board == only);
        ensure!(!boards.is_empty(), "boards/ has no {only}.toml");
    }
    for board in boards {
        let file = format!("{board}.elf");
        if options.check {
            let info = check(&kept.join(&file), &board, &sources)?;
            println!(
                "firmware/images/{file} is of today's sources, by {}",
                info.rustc
            );
            continue;
        }
        if options.lint {
            lint(root, &board)?;
            continue;
        }
        let out = options.out.as_ref().unwrap_or(&kept);
        let out = std::path::absolute(out)?;
        fs::create_dir_all(&out)?;
        let built = build(
            root,
            &board,
            &sources,
            &operators,
            options.core_from_sources,
        )?;
        check(&built, &board, &sources)?;
        let (to, elf) = (out.join(&file), fs::read(built)?);
        fs::write(&to, &elf).with_context(|| format!("cannot write {}", to.display()))?;
        println!("{}: {} bytes of flash", to.display(), flash_bytes(&elf)?);
    }
    Ok(())
}

/// What the engine needs for these models, with commas between: the operators' numbers and the names of their kernels.
fn operators(models: &[PathBuf]) -> Result<String> {
    let mut names = BTreeSet::new();
    for path in models {
        let file =
            fs::read(path).with_context(|| format!("model {} cannot be read", path.display()))?;
        let model =
            Model::new(&file).with_context(|| format!("model {} cannot run", path.display()))?;
        for operator in model.operators() {
            names.insert(operator.opcode.0.to_string());
            names.extend(model.kernels(operator.index).map(str::to_owned));
        }
    }
    Ok(Vec::from_iter(names).join(","))
}

/// Bytes that the image takes in flash: code, constants, and what it copies into RAM when it starts.
fn flash_bytes(elf: &[u8]) -> Result<u64> {
    let file = object::File::parse(elf).context("no ELF file")?;
    let segments = file.segments().map(|segment| segment.file_range().1);
    Ok(segments.sum())
}

/// The names of the boards.
fn boards(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("boards");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).context("cannot list boards/")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = path.file_stem().and_then(|name| name.to_str());
            names.push(name.context("a board's file name is not UTF-8")?.to_owned());
        }
    }
    ensure!(!names.is_empty(), "boards/ has no board");
    names.sort();
    Ok(names)
}

/// Lints the image of `board`.
fn lint(root: &Path, board: &str) -> Result<()> {
    let target = target_of(root, board)?;
    ensure!(
        Compiler::installed()?.has_compiled_core(target),
        "no compiled core library for {target}: run `rustup target add {target}`"
    );
    run(Command::new("cargo")
        .current_dir(root.join("firmware/app"))
        .args(["clippy", "--release", "--locked", "--quiet"])
        .args(["--features", board, "--target", target])
        .args(["--", "-D", "warnings"]))
}

/// Builds the image of `board` and returns where it is.
fn build(
    root: &Path,
    board: &str,
    sources: &str,
    operators: &str,
    core_from_sources: bool,
) -> Result<PathBuf> {
    let compiler = Compiler::installed()?;
    let target = target_of(root, board)?;
    let core = if core_from_sources {
        compiler.core_sources(root).map(Core::Sources)
    } else {
        compiler.core(root, target)
    };
    let app = root.join("firmware/app");
    let folder = app.join("target");
    run(Command::new("cargo")
        .current_dir(&app)
        .args(["fetch", "--locked"]))?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(&app)
        .args(["build", "--release", "--locked", "--features", board])
        .args(["--target", target])
        .arg("--target-dir")
        .arg(&folder)
        .args(["--config", &remap(root, target)?])
        .env("ONCHIP_SOURCES", sources);
    if !operators.is_empty() {
        cargo.env("ONCHIP_OPERATORS", operators);
    }
    // What the caller set for the host's programs would override the image's own settings.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    match core {
        Some(Core::Compiled) => {}
        Some(Core::Sources(library)) => {
            cargo
                .arg("-Zbuild-std=core,panic_abort")
                // Lets a stable compiler build its own library.
                .env("RUSTC_BOOTSTRAP", "1")
                // Cargo looks for the sources within the toolchain alone, where they do not
                // belong; with this it can be told of another place.
                .env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
        }
        None => bail!(
            "no core library for {target}: run `cargo xtask setup`, which installs it or fetches \
             its sources"
        ),
    }
    run(&mut cargo)?;
    Ok(folder.join(target).join("release/onchip-app"))
}

/// The target that the image of `board` is built for, by the core that its file names.
fn target_of(root: &Path, board: &str) -> Result<&'static str> {
    let path = root.join("boards").join(format!("{board}.toml"));
    let file: toml::Table = fs::read_to_string(&path)?
        .parse()
        .with_context(|| format!("{} is not TOML", path.display()))?;
    let core = file.get("core").and_then(|core| core.as_str());
    let core = core.with_context(|| format!("{} names no core", path.display()))?;
    TARGETS
        .iter()
        .find(|&&(name, _)| name == core)
        .map(|&(_, target)| target)
        .with_context(|| format!("{}: no target is known for core {core}", path.display()))
}

/// Keeps this machine's paths out of the image, so that it is the same wherever built.
fn remap(root: &Path, target: &str) -> Result<String> {
    let mut folders = vec![(root.to_path_buf(), "onchip")];
    // One folder per registry, named after it.
    for registry in fs::read_dir(cargo_home()?.join("registry/src"))? {
        folders.push((registry?.path(), "dependencies"));
    }
    let flags = folders
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect::<Vec<_>>();
    Ok(format!("target.{target}.rustflags={flags:?}"))
}

/// Where cargo keeps the dependencies' sources.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo itself goes by this variable"
)]
fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home = env::home_dir().context("cannot tell cargo's home: set CARGO_HOME")?;
    Ok(home.join(".cargo"))
}

/// Checks that the image at `path` is complete, of `board`, and built from `sources`.
fn check(path: &Path, board: &str, sources: &str) -> Result<Info> {
    const REBUILD: &str = "build it with `cargo xtask images`";
    let elf =
        fs::read(path).with_context(|| format!("cannot read {}: {REBUILD}", path.display()))?;
    let info = read_info(&elf).with_context(|| format!("{}: {REBUILD}", path.display()))?;
    let found = info.sources.as_str();
    ensure!(
        found == sources,
        "{} was built from other sources (digest {found}) than today's ({sources}): {REBUILD}",
        path.display(),
    );
    ensure!(
        info.board.as_str() == board,
        "{} is the image of board {}: {REBUILD}",
        path.display(),
        info.board
    );
    Ok(info)
}

/// What the image says about itself. Also checks that it has what a host looks for.
fn read_info(elf: &[u8]) -> Result<Info> {
    let file = object::File::parse(elf).context("no ELF file")?;
    for name in ["main", "_SEGGER_RTT", "ONCHIP_ORDER"] {
        ensure!(
            file.symbol_by_name(name).is_some(),
            "the image lacks the symbol {name}"
        );
    }
    ensure!(
        file.section_by_name(".defmt").is_some(),
        "the image lacks its table of messages"
    );
    let symbol = file.symbol_by_name("ONCHIP_INFO");
    let symbol = symbol.context("the image lacks the symbol ONCHIP_INFO")?;
    let section = symbol.section_index().context("ONCHIP_INFO has no place")?;
    let block = file
        .section_by_index(section)?
        .data_range(symbol.address(), info::LEN as u64)?
        .context("ONCHIP_INFO is not in its section")?;
    Ok(Info::decode(block)?)
}
