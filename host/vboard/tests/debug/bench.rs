//! A board and a way to it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use onchip_vboard::bmp::{Server, Stopper};
use onchip_vboard::{VirtualBoard, probe};
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, Probe, WireProtocol};
use probe_rs::{Permissions, Session};

use crate::target::Target;

/// How long the host waits for the core. Generous: it bounds hangs, it times nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Bench {
    pub(crate) target: &'static Target,
    pub(crate) board: VirtualBoard,
    pub(crate) selector: DebugProbeSelector,
    server: Option<(Stopper, JoinHandle<()>)>,
}

impl Bench {
    pub(crate) fn in_process(target: &'static Target) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let board = VirtualBoard::new(target.name).unwrap();
        let selector = board.plug_in(&name).unwrap();
        Bench {
            target,
            board,
            selector,
            server: None,
        }
    }

    pub(crate) fn black_magic(target: &'static Target) -> Self {
        let board = VirtualBoard::new(target.name).unwrap();
        let server = Server::bind(&board, "127.0.0.1:0").unwrap();
        let selector = format!("1d50:6018:{}", server.local_addr().unwrap())
            .parse()
            .unwrap();
        let stopper = server.stopper();
        let thread = std::thread::spawn(move || server.run().unwrap());
        Bench {
            target,
            board,
            selector,
            server: Some((stopper, thread)),
        }
    }

    pub(crate) fn is_in_process(&self) -> bool {
        self.server.is_none()
    }

    /// The same with `program` in flash.
    pub(crate) fn load(&self, program: &[u8]) {
        self.board.load_flash(0, program).unwrap();
        self.board.power_cycle().unwrap();
    }

    pub(crate) fn probe(&self) -> Probe {
        let mut probe = Lister::new().open(self.selector.clone()).unwrap();
        probe.select_protocol(WireProtocol::Swd).unwrap();
        probe
    }

    pub(crate) fn attach(&self) -> Session {
        self.probe()
            .attach(self.target.name, Permissions::default())
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        match self.server.take() {
            Some((stopper, thread)) => {
                stopper.stop();
                let served = thread.join();
                // A second panic would hide the first.
                assert!(served.is_ok() || std::thread::panicking());
            }
            None => {
                probe::unplug(self.selector.serial_number.as_deref().unwrap());
            }
        }
    }
}
