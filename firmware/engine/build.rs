//! Tells the kernels which instructions the target has: those of Armv7E-M, whose DSP instructions they use, or no more
//! than Armv6-M's. Armv8-M Mainline has the former if the core compiled for has the DSP extension.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts the target in the environment"
)]

use std::env::var;

/// Cores of Armv8-M Mainline that have the DSP extension, as the compiler calls them (on a Cortex-M33 and a Cortex-M35P,
/// where it is an option, the compiler takes it for granted).
const CORES_WITH_DSP: [&str; 7] = [
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
    "star-mc1",
    "star-mc3",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = var("TARGET").unwrap_or_default();
    let is_for = |architecture: &str| target.starts_with(&format!("thumb{architecture}-"));
    let instructions = [
        ("armv6m", is_for("v6m")),
        ("armv7em", is_for("v7em") || is_for("v8m.main") && has_dsp()),
        ("armv8m", is_for("v8m.main")),
    ];
    for (name, has_them) in instructions {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if has_them {
            println!("cargo::rustc-cfg={name}");
        }
    }
}

/// Whether the compiler is told of the DSP extension, by the name of a core or of the feature. It keeps to itself what it
/// makes of that: `cfg(target_feature = "dsp")` is not stable.
fn has_dsp() -> bool {
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    // `-C name=value` and `-Cname=value`, both.
    let options = flags
        .split('\x1f')
        .map(|flag| flag.strip_prefix("-C").unwrap_or(flag));
    let (mut core, mut feature) = (false, None);
    for (name, value) in options.filter_map(|option| option.split_once('=')) {
        match name {
            "target-cpu" => core = CORES_WITH_DSP.contains(&value),
            "target-feature" => {
                let mut named = value.split(',').filter_map(|named| match named {
                    "+dsp" => Some(true),
                    "-dsp" => Some(false),
                    _ => None,
                });
                feature = named.next_back().or(feature);
            }
            _ => {}
        }
    }
    feature.unwrap_or(core)
}
