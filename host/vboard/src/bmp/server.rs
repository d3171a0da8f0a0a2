//! The socket.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::packet::Framer;
use super::probe::Probe;
use crate::VirtualBoard;
use crate::debug::Target;

/// Core cycles that pass at a time while the socket is quiet: short enough for the next request to be answered soon.
const SLICE: u64 = 20_000;
/// How long to wait for a request when the core is halted, before looking whether to stop.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long to wait for a host before looking again.
const NAP: Duration = Duration::from_millis(2);

/// Offers one board to one host at a time; a second host is turned away, since its driver would wait for ever.
///
/// To a host whose probe is unplugged ([`crate::Fault::DropProbe`]) the connection is lost.
///
/// While a host is connected the chip runs on between requests, as fast as it can be emulated. While none is, time
/// stands still.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    board: VirtualBoard,
    stop: Arc<AtomicBool>,
}

/// Ends [`Server::run`] from another thread.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<AtomicBool>);

impl Stopper {
    /// Asks the server to end. It does so within some tens of milliseconds.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A connected host.
struct Host {
    stream: TcpStream,
    framer: Framer,
    probe: Probe,
    /// Whether the core had nothing to do when it last ran.
    core_rests: bool,
}

impl Server {
    /// Listens on `address`; port 0 lets the system choose one.
    ///
    /// # Errors
    /// Those of binding a socket.
    pub fn bind(board: &VirtualBoard, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Server {
            listener,
            board: board.clone(),
            stop: Arc::default(),
        })
    }

    /// The address listened on.
    ///
    /// # Errors
    /// Those of asking the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// A handle to end [`Self::run`] with.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Serves until told to stop. Hosts may come, send garbage and go as they like.
    ///
    /// # Errors
    /// Only of the listening socket.
    pub fn run(&self) -> io::Result<()> {
        let mut host: Option<Host> = None;
        while !self.stop.load(Ordering::Acquire) {
            if let Some(stream) = self.accept()? {
                // The old host's end may still lie unread.
                if host.as_mut().is_some_and(|old| self.has_left(old)) {
                    host = None;
                }
                match &host {
                    Some(_) => tracing::warn!("a second host was turned away"),
                    None => {
                        self.board.wired().chip.plug_in_probe();
                        host = Host::welcome(stream);
                    }
                }
            }
            let Some(connected) = &mut host else {
                std::thread::sleep(NAP);
                continue;
            };
            if let Err(error) = self.attend(connected) {
                self.bid_farewell(&error);
                host = None;
            }
        }
        Ok(())
    }

    fn accept(&self) -> io::Result<Option<TcpStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => Ok(Some(stream)),
            Err(error)
                if is_pause(error.kind()) || error.kind() == ErrorKind::ConnectionAborted =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Answers all that has come; returns whether the host has gone.
    fn has_left(&self, host: &mut Host) -> bool {
        loop {
            match self.receive(host, false) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    self.bid_farewell(&error);
                    return true;
                }
            }
        }
    }

    fn bid_farewell(&self, error: &io::Error) {
        tracing::debug!("the host has gone: {error}");
        // A host that dies in the middle of a reset must not leave the board in it.
        self.board.wired().chip.set_nreset(true);
    }

    /// Answers what has come; lets time pass if nothing has.
    fn attend(&self, host: &mut Host) -> io::Result<()> {
        let running = {
            let wired = self.board.wired();
            wired.chip.is_running() && wired.chip.failure().is_none()
        };
        let received = self.receive(host, !running || host.core_rests)?;
        if received {
            host.core_rests = false;
        } else if running {
            host.core_rests = !self.board.wired().chip.run(SLICE);
        }
        Ok(())
    }

    /// Answers what has come, after waiting for it a little if told to; returns whether something had.
    fn receive(&self, host: &mut Host, wait: bool) -> io::Result<bool> {
        host.stream.set_nonblocking(!wait)?;
        let mut buffer = [0; 4096];
        match host.stream.read(&mut buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                let answers = self.answer(host, &buffer[..count]);
                if self.board.wired().chip.probe_is_unplugged() {
                    return Err(ErrorKind::ConnectionReset.into());
                }
                host.stream.set_nonblocking(false)?;
                host.stream.write_all(answers.as_bytes())?;
                Ok(true)
            }
            Err(error) if is_pause(error.kind()) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn answer(&self, host: &mut Host, bytes: &[u8]) -> String {
        let mut wired = self.board.wired();
        let wired = &mut *wired;
        let mut answers = String::new();
        for &byte in bytes {
            if let Some(frame) = host.framer.push(byte) {
                answers += &host.probe.answer(&frame, &mut wired.dap, &mut wired.chip);
            }
        }
        answers
    }
}

impl Host {
    fn welcome(stream: TcpStream) -> Option<Self> {
        let prepare = || {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(Duration::from_secs(5)))
        };
        match prepare() {
            Ok(()) => Some(Host {
                stream,
                framer: Framer::default(),
                probe: Probe::default(),
                core_rests: false,
            }),
            Err(error) => {
                tracing::warn!("a host was lost at once: {error}");
                None
            }
        }
    }
}

/// Whether the error only says that there is nothing yet.
fn is_pause(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
