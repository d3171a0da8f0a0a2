//! `onchip inspect`.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::InspectArgs;
use crate::out;
use crate::outcome::Outcome;

pub(crate) fn inspect(arguments: &InspectArgs) -> anyhow::Result<Outcome> {
    let name = arguments.model.display();
    let file =
        std::fs::read(&arguments.model).with_context(|| format!("model {name} cannot be read"))?;
    let inspection =
        onchip_tflite::inspect(&file).with_context(|| format!("model {name} cannot be read"))?;

    match &arguments.json {
        None => write!(out::stdout(), "{inspection}")?,
        Some(path) => {
            let mut json = serde_json::to_vec_pretty(&inspection)?;
            json.push(b'\n');
            if path == Path::new("-") {
                out::stdout().write_all(&json)?;
            } else {
                std::fs::write(path, json)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
    }
    Ok(Outcome::Done)
}
