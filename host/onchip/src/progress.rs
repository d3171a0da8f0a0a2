//! Progress on stderr; silent where stderr is no terminal.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use onchip_harness::{Event, Observer};

/// Shows how far a session is.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Progress of a session.
    pub(crate) fn new() -> Progress {
        let bar = ProgressBar::new(0);
        bar.set_style(spinner());
        Progress { bar }
    }

    /// What a session tells its progress to.
    pub(crate) fn observer(&self) -> Observer {
        let bar = self.bar.clone();
        Arc::new(move |event| match event {
            Event::Phase(phase) => {
                bar.set_style(spinner());
                bar.set_message(phase.to_string());
                bar.tick();
            }
            Event::Programmed { done, total } => {
                if bar.length() != Some(total) || done == 0 {
                    bar.set_style(bytes());
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            Event::Ran { done, total } => {
                if done == 1 {
                    bar.set_style(runs());
                    bar.set_length(total.into());
                    bar.reset_eta();
                }
                bar.set_position(done.into());
            }
            Event::Message(_) => bar.tick(),
        })
    }

    /// Clears the line for a table.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows progress again, now of `model`.
    pub(crate) fn resume(&self, model: &str) {
        self.bar.reset();
        self.bar.set_prefix(model.to_owned());
    }
}

fn spinner() -> ProgressStyle {
    style("{spinner} {prefix} {msg}")
}

fn bytes() -> ProgressStyle {
    style("{spinner} {prefix} {msg} [{bar:30}] {bytes}/{total_bytes}")
}

fn runs() -> ProgressStyle {
    style("{spinner} {prefix} {msg} [{bar:30}] {human_pos} of {human_len}, {eta} left")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
