//! Tells the kernels whether the target has the DSP instructions of Armv7E-M.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts the target in the environment"
)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(armv7em)");
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em-")) {
        println!("cargo::rustc-cfg=armv7em");
    }
}
