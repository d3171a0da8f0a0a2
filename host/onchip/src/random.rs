//! `onchip random-models`.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use onchip_search::wording::counted;
use onchip_tflite::random::{Limits, network};

use crate::cli::RandomModelsArgs;
use crate::out;
use crate::outcome::Outcome;

pub(crate) fn random_models(arguments: &RandomModelsArgs) -> anyhow::Result<Outcome> {
    let folder = &arguments.out;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("folder {} cannot be made", folder.display()))?;
    let limits = Limits {
        size: arguments.size,
        channels: arguments.channels,
        steps: arguments.steps,
    };
    let mut out = out::stdout();
    for count in 0..arguments.count {
        let seed = arguments.seed.wrapping_add(count);
        let file = network(seed, limits).to_file()?;
        let inspection = onchip_tflite::inspect(&file)?;
        ensure!(
            inspection.runs(),
            "the network of seed {seed} does not run: {}; this is a defect, please report it",
            inspection.problems.join(", ")
        );
        let path = folder.join(format!("random-{seed}.tflite"));
        std::fs::write(&path, &file)
            .with_context(|| format!("model {} cannot be written", path.display()))?;
        writeln!(
            out,
            "{}: {}, {}, {}",
            path.display(),
            counted(inspection.operators.len(), "operator"),
            counted(inspection.totals.macs, "MAC"),
            counted(inspection.bytes, "byte")
        )?;
    }
    Ok(Outcome::Done)
}
