//! `onchip emulate`.

mod console;
mod table;

use std::future::{Future as _, poll_fn};
use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;

use anyhow::Context as _;
use onchip_emulate::{Emulation, End, Options, Place, Program, Report};
use onchip_harness::Board;
use serde::Serialize;

use self::console::{Live, Replay};
use crate::cli::EmulateArgs;
use crate::outcome::Outcome;

/// What `--json` writes.
#[derive(Serialize)]
struct Record<'a> {
    program: String,
    board: &'a str,
    emulated: bool,
    begin: Option<Place>,
    end: Option<Place>,
    /// Runs, and different reports and outputs among them.
    runs: u64,
    distinct: u64,
    report: &'a Report,
}

pub(crate) fn emulate(arguments: &EmulateArgs) -> anyhow::Result<Outcome> {
    let board = Board::find(&arguments.board)?;
    let name = arguments.program.display().to_string();
    let file = std::fs::read(&arguments.program)
        .with_context(|| format!("program {name} cannot be read"))?;
    let program = Program::parse(&file).with_context(|| name.clone())?;
    let place = |given: &Option<String>| {
        let place = given.as_ref().map(|given| program.place(given));
        place.transpose().with_context(|| name.clone())
    };
    let options = Options {
        begin: place(&arguments.begin)?,
        end: place(&arguments.end)?,
        stack_floor: place(&arguments.stack_floor)?,
        limit: arguments.limit,
        lenient: arguments.lenient,
        command_line: command_line(&arguments.program, &arguments.arguments),
        hertz: board.clock_hz,
    };
    let fresh = || Emulation::new(&board.chip, &program, &options).with_context(|| name.clone());

    let interrupt = heed_ctrl_c()?;
    let interrupted = || interrupt.load(Ordering::Relaxed);
    let mut live = Live::new(arguments.repeat > 1);
    let report = fresh()?.run(&mut live, &interrupted)?;
    let mut distinct = vec![(report, live.into_tape())];
    let mut runs = 1;
    while runs < arguments.repeat && !interrupted() {
        let mut replay = Replay::new(&distinct[0].1);
        let report = fresh()?.run(&mut replay, &interrupted)?;
        if interrupted() {
            break;
        }
        runs += 1;
        let run = (report, replay.into_tape());
        if !distinct.contains(&run) {
            distinct.push(run);
        }
    }

    let report = &distinct[0].0;
    let record = Record {
        program: name.clone(),
        board: &board.name,
        emulated: true,
        begin: options.begin.clone(),
        end: options.end.clone(),
        runs,
        distinct: distinct.len() as u64,
        report,
    };
    let mut text = table::render(&name, &board, report);
    if arguments.explain {
        text.push_str(&table::explain(report));
    }
    if arguments.repeat > 1 {
        text.push_str(&format!(
            "\n  {runs} runs from power-on, {} distinct\n",
            distinct.len()
        ));
    }
    // A closed stderr has no reader to miss it.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    if let Some(path) = &arguments.json {
        write_json(path, &record)?;
    }
    Ok(match distinct.len() {
        1 if interrupted() => Outcome::Interrupted,
        1 => outcome(&report.end),
        _ => Outcome::Bench,
    })
}

/// The exit code that the manual promises.
fn outcome(end: &End) -> Outcome {
    match end {
        End::Exit { status } => Outcome::Program(match (*status, *status as u8) {
            // A failure must not look like a success.
            (1.., 0) => 255,
            (_, low) => low,
        }),
        End::Fault(_) => Outcome::Program(3),
        End::Unmodelled { .. } => Outcome::Bench,
        End::Limit { .. } => Outcome::Program(124),
        End::Endless { .. } | End::Asleep { .. } => Outcome::Program(125),
        End::Interrupted { .. } => Outcome::Interrupted,
    }
}

/// The program's name and its arguments in one line, as C libraries take them apart again:
/// what holds a blank is quoted.
fn command_line(program: &Path, arguments: &[String]) -> Vec<u8> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let words = std::iter::once(name.as_ref()).chain(arguments.iter().map(String::as_str));
    let quoted = words.map(|word| {
        let quote = if word.contains('"') { '\'' } else { '"' };
        match word.is_empty() || word.contains(char::is_whitespace) {
            true => format!("{quote}{word}{quote}"),
            false => word.to_owned(),
        }
    });
    quoted.collect::<Vec<_>>().join(" ").into_bytes()
}

fn write_json(path: &Path, record: &Record<'_>) -> anyhow::Result<()> {
    let mut json = serde_json::to_vec_pretty(record)?;
    json.push(b'\n');
    std::fs::write(path, json).with_context(|| format!("{} cannot be written", path.display()))
}

/// Notes the first Ctrl-C; ends the process at the second, as the program may be waiting for
/// input that never comes.
fn heed_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&interrupt);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        runtime.block_on(async {
            let mut first = pin!(tokio::signal::ctrl_c());
            // Until it is polled, a Ctrl-C ends the process.
            let polled = poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await;
            ready.send(()).ok();
            let heard = match polled {
                Poll::Ready(heard) => heard,
                Poll::Pending => first.await,
            };
            if heard.is_ok() {
                noted.store(true, Ordering::Relaxed);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    });
    is_ready.recv()?;
    Ok(interrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_blanks_are_quoted() {
        let given = ["a", "b c", "", "say \"x y\""].map(str::to_owned);
        let line = command_line(Path::new("dir/prog.elf"), &given);
        assert_eq!(line, br#"prog.elf a "b c" "" 'say "x y"'"#);
    }

    #[test]
    fn a_status_becomes_an_exit_code() {
        for (status, code) in [(0, 0), (7, 7), (255, 255), (256, 255), (0x1_0007, 7)] {
            let end = End::Exit { status };
            assert_eq!(outcome(&end), Outcome::Program(code), "{status}");
        }
    }
}
