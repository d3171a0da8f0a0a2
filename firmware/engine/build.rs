//! Tells the kernels which instructions the target has: those of Armv7E-M, whose DSP instructions they use, or no more
//! than Armv6-M's.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts the target in the environment"
)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for architecture in ["armv6m", "armv7em"] {
        println!("cargo::rustc-check-cfg=cfg({architecture})");
        let prefix = format!("thumbv{}-", &architecture["armv".len()..]);
        if std::env::var("TARGET").is_ok_and(|target| target.starts_with(&prefix)) {
            println!("cargo::rustc-cfg={architecture}");
        }
    }
}
