//! What a study leaves to look at: tables, plots, and the best model.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `search_results.csv` | every trial |
//! | `pareto_frontier.csv` | the front: the trials that no other is better than |
//! | `pareto_plot.png`, `.svg` | the front and what it dominates |
//! | `hypervolume.png` | how the front grew |
//! | `best_model_spec.yaml` | how to train the best network again |
//! | `best_model/` | the best network: `model.tflite`, `spec.yaml`, `record.json`, `labels.txt` |
//!
//! Everything is a function of the [`Report`]: the same study gives the same bytes. Of single
//! measurements there is a [`profile`].

mod axis;
mod best;
mod file;
mod plot;
pub mod profile;
mod table;

pub use best::Best;
pub use file::Error;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use onchip_search::metric::Metric;
use onchip_search::trial::Trial;

/// A study as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a, P> {
    /// The study's name.
    pub name: &'a str,
    /// What measured, for instance `nucleo-l4r5zi, emulated`.
    pub measured_on: &'a str,
    /// What the front is a front of, the most important first.
    pub objectives: &'a [Metric],
    /// All trials, by number.
    pub trials: &'a [Trial<P>],
    /// Numbers of the trials on the front, ascending.
    pub front: &'a [u64],
    /// The front's hypervolume after each trial, as a share of the final one or of the reference
    /// box; empty where there is none.
    pub hypervolume: &'a [f64],
    /// The best network, if any is complete.
    pub best: Option<Best<'a>>,
}

impl<P: Display> Report<'_, P> {
    /// Writes all files into `folder`, which is made if it is not there. Returns their paths.
    ///
    /// A file is replaced in one step: whoever reads finds the old one or the new one. What this
    /// study does not have, a best model, is not left from an earlier one.
    ///
    /// # Errors
    /// A file cannot be written, or a plot cannot be drawn.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut files = vec![
            ("search_results.csv", table::results(self.trials)?),
            (
                "pareto_frontier.csv",
                table::results(self.trials.iter().filter(|trial| self.is_on_front(trial)))?,
            ),
        ];
        let plots = plot::pareto(self)?;
        files.push(("pareto_plot.png", plots.png));
        files.push(("pareto_plot.svg", plots.svg));
        files.push(("hypervolume.png", plot::hypervolume(self)?));
        let mut written = Vec::new();
        for (name, content) in files {
            written.push(file::replace(&folder.join(name), &content)?);
        }
        written.extend(best::write(folder, self.best)?);
        Ok(written)
    }
}

impl<P> Report<'_, P> {
    fn is_on_front(&self, trial: &Trial<P>) -> bool {
        self.front.binary_search(&trial.number).is_ok()
    }
}
