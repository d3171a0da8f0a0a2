//! Which probe to use.

use std::str::FromStr;

use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeInfo, DebugProbeSelector};

/// What a user may ask for.
#[derive(Debug, Clone)]
pub enum ProbeChoice {
    /// The virtual board.
    Virtual,
    /// This probe: `VID:PID` or `VID:PID:SERIAL`.
    Selector(DebugProbeSelector),
}

impl FromStr for ProbeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "virtual" {
            return Ok(ProbeChoice::Virtual);
        }
        text.parse().map(ProbeChoice::Selector).map_err(|error| {
            format!("{error}; write `virtual` or VID:PID:SERIAL in hexadecimal, as `onchip boards` lists them")
        })
    }
}

/// The probes of hardware that are connected.
pub fn connected_probes() -> Vec<DebugProbeInfo> {
    Lister::new()
        .list_all()
        .into_iter()
        .filter(|probe| probe.vendor_id != onchip_vboard::probe::VID)
        .collect()
}

/// The probe to use where none was named: the only one there is.
pub fn find_probe() -> Result<DebugProbeSelector, ProbeError> {
    let probes = connected_probes();
    match probes.as_slice() {
        [probe] => Ok(probe.into()),
        [] => Err(ProbeError::None),
        _ => Err(ProbeError::Several(
            probes
                .iter()
                .map(|probe| format!("\n  {}", selector_text(probe)))
                .collect(),
        )),
    }
}

/// A probe as `--probe` takes it.
pub fn selector_text(probe: &DebugProbeInfo) -> String {
    DebugProbeSelector::from(probe).to_string()
}

/// Why no probe could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing is connected.
    #[error("no debug probe is connected; plug the board in, or try `--probe virtual`")]
    None,
    /// More than one is connected.
    #[error("several debug probes are connected; choose one with --probe:{0}")]
    Several(String),
}
