//! A body that streams, and can be stopped: an answer that comes before its end is heard, and the
//! rest stays here.
//!
//! `100 Continue` is not waited for: the client below cannot tell us of it. What it is good for,
//! to hear a refusal before gigabytes are sent, we get otherwise: the first byte waits a moment
//! for it, and so does every later one.

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A body of known size that comes in pieces.
pub struct Upload {
    pub(crate) size: u64,
    hold: Duration,
    pieces: BoxStream<'static, io::Result<Bytes>>,
}

impl Upload {
    /// A body of `size` bytes.
    pub fn new(size: u64, pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self { size, hold: Duration::ZERO, pieces: pieces.boxed() }
    }

    /// A body that leaves in equal `pieces` with a `pause` before each but the first, until it is
    /// told to hurry.
    pub fn slow(body: Bytes, pieces: usize, pause: Duration, hurry: CancellationToken) -> Self {
        let (size, length) = (body.len() as u64, body.len().div_ceil(pieces.max(1)).max(1));
        let stream = stream::unfold((body, false), move |(mut rest, is_later)| {
            let hurry = hurry.clone();
            async move {
                if rest.is_empty() {
                    return None;
                }
                if is_later {
                    tokio::time::timeout(pause, hurry.cancelled()).await.ok();
                }
                let piece = rest.split_to(length.min(rest.len()));
                Some((Ok(piece), (rest, true)))
            }
        });
        Self::new(size, stream)
    }

    /// The same, but its first byte waits so long for an answer that makes it needless.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }

    /// The body for the wire, and what tells it to stop.
    pub(crate) fn start(self, moves: &Moves) -> (reqwest::Body, Valve) {
        let (valve, turned) = watch::channel(Turn::Open);
        let left = (self.size > 0).then_some(self.size);
        moves.moved(left.is_some());
        let running = Running {
            pieces: self.pieces,
            hold: Some(self.hold),
            left,
            turned,
            moves: moves.clone(),
        };
        let stream = stream::unfold(running, async |mut running| {
            let piece = running.next().await?;
            Some((piece, running))
        });
        (reqwest::Body::wrap_stream(stream), Valve(valve))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Upload({} bytes)", self.size)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Turn {
    Open,
    Shut,
}

/// Stops an upload. While it is shut no byte leaves; when it is dropped, the connection of an
/// unfinished upload is given up.
#[derive(Debug)]
pub(crate) struct Valve(watch::Sender<Turn>);

impl Valve {
    pub(crate) fn shut(&self) {
        self.0.send_replace(Turn::Shut);
    }
}

struct Running {
    pieces: BoxStream<'static, io::Result<Bytes>>,
    hold: Option<Duration>,
    /// Bytes that have not left; `None` when all have.
    left: Option<u64>,
    turned: watch::Receiver<Turn>,
    moves: Moves,
}

impl Running {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.left?;
        if let Some(hold) = self.hold.take().filter(|hold| !hold.is_zero()) {
            // Whether it was shut meanwhile is looked at below.
            tokio::time::timeout(hold, self.turned.changed()).await.ok();
        }
        let piece = self.piece().await?;
        if let Ok(bytes) = &piece {
            let left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
            self.left = left.filter(|left| *left > 0);
            self.moves.moved(self.left.is_some());
        }
        Some(piece)
    }

    /// The next piece while the valve is open. A shut one is never opened again: then all that
    /// is waited for is that it goes, because an error here would end the connection under the
    /// answer that is being read.
    async fn piece(&mut self) -> Option<io::Result<Bytes>> {
        tokio::select! {
            biased;
            _shut = self.turned.wait_for(|turn| *turn == Turn::Shut) => {}
            piece = self.pieces.next() => return piece,
        }
        while self.turned.changed().await.is_ok() {}
        Some(Err(io::Error::other("the answer came before the end of the body")))
    }
}

/// When a byte of a request last moved, and whether more are to come.
#[derive(Clone, Debug)]
pub(crate) struct Moves(Arc<Mutex<(Instant, bool)>>);

impl Moves {
    pub(crate) fn none() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), false))))
    }

    pub(crate) fn moved(&self, is_more: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), is_more);
    }

    /// The last move, and whether more of the body is to come.
    pub(crate) fn last(&self) -> (Instant, bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
