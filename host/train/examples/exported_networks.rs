//! Writes the networks that are compared with another runtime, for `tools/oracle`:
//! `exported_networks FOLDER`.

use std::path::PathBuf;

#[path = "../tests/quantize/exported.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "written for tests, where what fails is a failed test"
)]
mod exported;
#[path = "../tests/quantize/splits.rs"]
mod splits;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("give a folder")?;
    for (index, (name, network)) in exported::networks().into_iter().enumerate() {
        let path = PathBuf::from(&folder).join(format!("{index} {name}.tflite"));
        std::fs::write(path, network.to_file()?)?;
    }
    Ok(())
}
