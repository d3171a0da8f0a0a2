//! Which board measures in the place of a device.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::file::schema::nearest;

/// What `boards/devices/ti.toml` says of a device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    /// The board that measures.
    pub(super) board: String,
    /// Whether the device has a neural processing unit.
    pub(super) npu: bool,
}

const TABLE: &str = include_str!("../../../../../boards/devices/ti.toml");

/// The device of that name, or a complaint that lists all.
pub(super) fn find(name: &str) -> Result<Device, String> {
    let table: BTreeMap<String, Device> =
        toml::from_str(TABLE).map_err(|error| format!("boards/devices/ti.toml: {error}"))?;
    if let Some(device) = table.get(name) {
        return Ok(device.clone());
    }
    let names: Vec<&str> = table.keys().map(String::as_str).collect();
    let near = nearest(name, names.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(format!(
        "`{name}` is no device that a board is known for; {near}known are {}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_has_a_board() {
        let table: BTreeMap<String, Device> = toml::from_str(TABLE).unwrap();
        for (name, device) in table {
            let board = onchip_harness::Board::find(&device.board);
            assert!(board.is_ok(), "{name}: {}", device.board);
        }
    }
}
