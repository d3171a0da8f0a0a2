//! One board of a pool.

use std::sync::Arc;

use onchip_protocol::order::Order;

use super::Seat;
use crate::board::Board;
use crate::candidate::Candidate;
use crate::failure::{BenchFailure, Failure};
use crate::image::Image;
use crate::record::Record;
use crate::session::{Observer, Session};

/// What all boards of a pool have in common.
pub(super) struct Kit {
    pub(super) board: Arc<Board>,
    pub(super) image: Arc<Image>,
}

/// A seat, and the session with its board while there is one.
pub(super) struct Bench {
    seat: Box<dyn Seat>,
    session: Option<Session>,
    /// Failures since something worked.
    pub(super) failures: u32,
}

impl Bench {
    pub(super) fn new(seat: Box<dyn Seat>) -> Bench {
        Bench {
            seat,
            session: None,
            failures: 0,
        }
    }

    /// Opens a session if there is none. Returns whether the board is an emulated one.
    pub(super) async fn open(&mut self, kit: &Kit) -> Result<bool, BenchFailure> {
        if let Some(session) = &self.session {
            return Ok(session.emulated());
        }
        let selector = self.seat.plug_in()?;
        let quiet: Observer = Arc::new(|_| ());
        let session = Session::open(kit.board.clone(), kit.image.clone(), selector, quiet).await?;
        Ok(self.session.insert(session).emulated())
    }

    /// Measures in the open session.
    pub(super) async fn measure(
        &mut self,
        candidate: &Candidate,
        order: Order,
    ) -> Result<Record, Failure> {
        match &mut self.session {
            Some(session) => session.measure(candidate, order).await,
            None => Err(BenchFailure::Lost.into()),
        }
    }

    /// Ends the session and waits for that; a hung one is given up.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take()
            && let Err(failure) = session.close().await
        {
            tracing::debug!("{} was not closed: {failure}", self.seat.name());
        }
    }

    /// Ends the session in the background.
    pub(super) fn abandon(&mut self) {
        self.session = None;
    }
}
