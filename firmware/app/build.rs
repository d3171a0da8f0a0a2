//! Lays the board's memory map where the linker looks, and names in the image the
//! sources and the compiler it was built from.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told everything by its environment"
)]

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// The boards, each with a feature of its name and a memory map in `memory/NAME.x`.
const BOARDS: [&str; 4] = [
    "nucleo-f446re",
    "nucleo-f746zg",
    "nucleo-g0b1re",
    "nucleo-l4r5zi",
];

/// What an image built without `cargo xtask images` says of its sources: never equal
/// to a digest, so that no such image is taken for a kept one.
const UNKNOWN_SOURCES: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn main() {
    let out = PathBuf::from(variable("OUT_DIR"));
    for board in BOARDS {
        let map = format!("memory/{board}.x");
        println!("cargo::rerun-if-changed={map}");
        let feature = board.to_uppercase().replace('-', "_");
        if env::var_os(format!("CARGO_FEATURE_{feature}")).is_some() {
            fs::copy(&map, out.join("memory.x")).expect("the board's memory map is copied");
        }
    }
    // The runtime's linker script includes it: names of interrupts, of which an image uses none.
    fs::write(out.join("device.x"), "").expect("an empty linker script is written");
    println!("cargo::rustc-link-search={}", out.display());

    // Armv6-M has fewer instructions and system registers than the others.
    println!("cargo::rustc-check-cfg=cfg(armv6m)");
    if variable("TARGET").starts_with("thumbv6m") {
        println!("cargo::rustc-cfg=armv6m");
    }

    println!("cargo::rerun-if-env-changed=ONCHIP_SOURCES");
    let sources = env::var("ONCHIP_SOURCES").unwrap_or_else(|_| UNKNOWN_SOURCES.into());
    println!("cargo::rustc-env=ONCHIP_SOURCES={sources}");

    let version = Command::new(variable("RUSTC"))
        .arg("--version")
        .output()
        .expect("the compiler tells its version");
    let version = String::from_utf8(version.stdout).expect("the compiler's version is text");
    println!("cargo::rustc-env=ONCHIP_RUSTC={}", version.trim());
}

/// A variable that cargo always sets for a build script.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
