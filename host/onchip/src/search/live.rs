//! A study as it runs, on stderr: a picture that changes on a terminal, else a line per trial.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use onchip_harness::BoardPool;
use onchip_search::architecture::Architecture;
use onchip_search::objective::Goals;
use onchip_search::study::Event;
use onchip_search::wording::counted;

use super::picture::{Picture, boards};

/// How often the picture is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Shows what it is sent, until nobody can send any more.
pub(super) struct Live {
    thread: Option<JoinHandle<()>>,
}

/// What is shown of a study, and how.
pub(super) struct View {
    /// What it is called.
    pub(super) name: String,
    /// What it wants.
    pub(super) goals: Goals,
    /// What measures.
    pub(super) boards: Option<Arc<BoardPool>>,
    /// To show nothing.
    pub(super) quiet: bool,
}

impl Live {
    /// Begins to show; the sender is for the study.
    pub(super) fn start(view: View) -> (Live, Sender<Event<Architecture>>) {
        let (sender, events) = channel();
        let thread = std::thread::spawn(move || {
            if view.quiet {
                events.iter().for_each(drop);
            } else if std::io::stderr().is_terminal() {
                draw(&view, &events);
            } else {
                print(&view, &events);
            }
        });
        let thread = Some(thread);
        (Live { thread }, sender)
    }

    /// Waits until all is shown that was sent.
    pub(super) fn finish(mut self) {
        if let Some(thread) = self.thread.take() {
            // A view that has crashed has shown so.
            let _ = thread.join();
        }
    }
}

fn print(view: &View, events: &Receiver<Event<Architecture>>) {
    let mut picture = Picture::new(&view.goals);
    for event in events {
        if let Some(line) = picture.add(event) {
            // A closed stderr has no reader to miss it.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}

fn draw(view: &View, events: &Receiver<Event<Architecture>>) {
    let screen = MultiProgress::new();
    let bar =
        screen.add(ProgressBar::new(0).with_style(style("{prefix} [{bar:30}] {pos} of {msg}")));
    bar.set_prefix(view.name.clone());
    let mut lines: Vec<ProgressBar> = Vec::new();
    let mut picture = Picture::new(&view.goals);
    loop {
        match events.recv_timeout(TICK) {
            Ok(event) => {
                // Lines scroll by above the picture.
                if let Some(line) = picture.add(event) {
                    let _ = screen.println(line);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        bar.set_length(picture.trials);
        bar.set_position(picture.summary.folded);
        let trials = counted(picture.trials, "trial");
        bar.set_message(format!("{trials}, {}", picture.clock()));
        let mut texts = vec![picture.front(), picture.gates()];
        if let Some(pool) = &view.boards {
            texts.push(boards(&pool.boards()));
        }
        texts.extend(picture.open());
        while lines.len() < texts.len() {
            lines.push(screen.add(ProgressBar::new_spinner().with_style(style("  {wide_msg}"))));
        }
        let texts = texts.into_iter().map(Some).chain(std::iter::repeat(None));
        for (line, text) in lines.iter().zip(texts) {
            line.set_message(text.unwrap_or_default());
        }
    }
    let _ = screen.clear();
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
