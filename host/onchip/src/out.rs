//! What commands print, and who reads it no longer.

use std::io::{self, ErrorKind, StdoutLock, Write};

/// Standard output. All that commands print goes through here, so that one place can tell that its
/// reader has gone from a pipe or a socket of a command's own that has broken.
#[expect(clippy::disallowed_methods, reason = "this is what to use instead")]
pub(crate) fn stdout() -> Out {
    Out(io::stdout().lock())
}

/// See [`stdout`].
pub(crate) struct Out(StdoutLock<'static>);

/// Nobody reads standard output any more, as in `onchip inspect model.tflite | head`.
#[derive(Debug)]
struct Closed;

impl std::error::Error for Closed {}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody reads standard output any more")
    }
}

/// Whether a command ended because nobody reads what it prints.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let is_closed =
        |error: &io::Error| matches!(error.get_ref(), Some(inner) if inner.is::<Closed>());
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(is_closed)
}

fn mark(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe => io::Error::new(ErrorKind::BrokenPipe, Closed),
        _ => error,
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(mark)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(mark)
    }
}
