//! `onchip serve-board`.

use std::io::Write as _;
use std::thread;

use anyhow::{Context as _, anyhow};
use onchip_harness::Board;
use onchip_vboard::bmp::Server;

use crate::cli::ServeArgs;
use crate::out;
use crate::outcome::Outcome;
use crate::vboard::KeptBoard;

pub(crate) fn serve(arguments: &ServeArgs) -> anyhow::Result<Outcome> {
    let board = Board::find(&arguments.board)?;
    let mut kept = KeptBoard::take(&board, &arguments.state)?;
    let server = Server::bind(&kept.board, arguments.listen)
        .with_context(|| format!("cannot listen on {}; choose another port", arguments.listen))?;
    let address = server.local_addr()?;
    writeln!(
        out::stdout(),
        "{} ({}) at 1d50:6018:{address}; stop with Ctrl-C",
        board.name,
        board.chip
    )?;

    let stopper = server.stopper();
    let serving = thread::spawn(move || server.run());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(asked_to_stop())?;
    stopper.stop();
    serving
        .join()
        .map_err(|_panic| anyhow!("the server panicked"))??;
    kept.save()?;
    Ok(Outcome::Done)
}

/// Waits for Ctrl-C, or where there is such a thing, for a request to terminate.
async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
