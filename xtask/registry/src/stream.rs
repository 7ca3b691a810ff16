//! A blob on its way out. Its bytes are counted and digested while they are sent, and the last
//! of them leave only when they are known to be what the name says: a corrupted file can
//! therefore never be committed, by no registry however careless.

use super::error::RegistryError;
use super::event::PushEvent;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::{JoinError, spawn_blocking};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_http::Upload;

/// Where the bytes of blobs are. Each try opens them anew; reading them blocks, and is done
/// beside the runtime.
pub trait Blobs: Send + Sync {
    /// The bytes called `digest`, from their start.
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + Send>>;
}

/// Counts what leaves, and says so.
#[derive(Clone)]
pub(super) struct Meter {
    pub(super) voice: UnboundedSender<PushEvent>,
    bytes_sent: Arc<AtomicU64>,
}

impl Meter {
    pub(super) fn new(voice: UnboundedSender<PushEvent>) -> Self {
        Self { voice, bytes_sent: Arc::default() }
    }

    pub(super) fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn say(&self, event: PushEvent) {
        // The receiver only goes away when nobody listens any more.
        self.voice.send(event).ok();
    }
}

/// A blob that is to be sent, as often as it takes.
pub(super) struct Outgoing<'a> {
    pub(super) descriptor: &'a Descriptor,
    pub(super) blobs: &'a dyn Blobs,
    pub(super) meter: &'a Meter,
}

impl Outgoing<'_> {
    /// Opens the blob at its start.
    pub(super) fn open(&self) -> Result<Verified, RegistryError> {
        let Descriptor { digest, size, .. } = *self.descriptor;
        let unreadable = |cause| RegistryError::Unreadable { digest, cause };
        let inner = self.blobs.open(&digest).map_err(unreadable)?;
        let mut verified = Verified { digest, size, inner, hasher: Sha256::new(), position: 0 };
        if size == 0 {
            verified.check_end()?;
        }
        Ok(verified)
    }

    /// The whole blob as the body of one request, and what was wrong with it.
    pub(super) fn upload(&self) -> Result<(Upload, Verdict), RegistryError> {
        let (verified, verdict) = (self.open()?, Verdict::default());
        let pieces = verified.pieces(self.meter.clone(), verdict.clone());
        Ok((Upload::new(self.descriptor.size, pieces), verdict))
    }
}

/// What was wrong with a blob on this machine: the network's error is then only its consequence.
#[derive(Clone, Default)]
pub(super) struct Verdict(Arc<Mutex<Option<RegistryError>>>);

impl Verdict {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<RegistryError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn check(&self) -> Result<(), RegistryError> {
        self.lock().take().map_or(Ok(()), Err)
    }
}

/// The length of a piece, and the step in which progress is said.
const PIECE: usize = 512 << 10;
/// Pieces that are read and digested while another is sent.
const AHEAD: usize = 2;

/// A reader that withholds the last bytes of a blob that is not what it should be.
pub(super) struct Verified {
    digest: Digest,
    size: u64,
    inner: Box<dyn Read + Send>,
    hasher: Sha256,
    position: u64,
}

impl Verified {
    /// How much was handed out so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes: `length` of them, or what is left.
    pub(super) async fn next(mut self, length: u64) -> Result<(Self, Bytes), RegistryError> {
        let digest = self.digest;
        let read = spawn_blocking(move || {
            let bytes = self.fill(usize::try_from(length).unwrap_or(usize::MAX))?;
            Ok((self, bytes))
        });
        read.await.unwrap_or_else(|error| Err(died(digest, error)))
    }

    /// Goes on to `offset`; what lies before it is read and digested, not sent.
    pub(super) async fn skip_to(mut self, offset: u64) -> Result<Self, RegistryError> {
        let digest = self.digest;
        let read = spawn_blocking(move || {
            while self.position < offset {
                let left = usize::try_from(offset - self.position).unwrap_or(usize::MAX);
                self.fill(left.min(PIECE))?;
            }
            Ok(self)
        });
        read.await.unwrap_or_else(|error| Err(died(digest, error)))
    }

    /// The whole blob, read and digested a little ahead of the network.
    fn pieces(
        mut self,
        meter: Meter,
        verdict: Verdict,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let digest = self.digest;
        let (sender, receiver) = mpsc::channel(AHEAD);
        spawn_blocking(move || {
            while self.position < self.size {
                let piece = self.fill(PIECE).map_err(|problem| {
                    *verdict.lock() = Some(problem);
                    io::Error::other("the local blob failed")
                });
                let is_over = piece.is_err();
                // A request that is over takes no more.
                if sender.blocking_send(piece).is_err() || is_over {
                    break;
                }
            }
        });
        stream::unfold((receiver, meter), move |(mut receiver, meter)| async move {
            let piece: io::Result<Bytes> = receiver.recv().await?;
            if let Ok(bytes) = &piece {
                meter.count(bytes.len() as u64);
                meter.say(PushEvent::Sent(digest, bytes.len() as u64));
            }
            Some((piece, (receiver, meter)))
        })
    }

    /// Reads on by `length`, or to the end. At the last byte everything is compared before it is
    /// handed out.
    fn fill(&mut self, length: usize) -> Result<Bytes, RegistryError> {
        let (digest, size) = (self.digest, self.size);
        let unreadable = |cause| RegistryError::Unreadable { digest, cause };
        let wanted = usize::try_from(size - self.position).map_or(length, |left| left.min(length));
        let mut buffer = Vec::with_capacity(wanted);
        let mut part = (&mut self.inner).take(wanted as u64);
        part.read_to_end(&mut buffer).map_err(unreadable)?;
        self.hasher.update(&buffer);
        self.position += buffer.len() as u64;
        if buffer.len() < wanted {
            let why = format!("wanted {size} bytes, found {}", self.position);
            return Err(RegistryError::Corrupt { digest, why });
        }
        if self.position == size {
            self.check_end()?;
        }
        Ok(buffer.into())
    }

    fn check_end(&mut self) -> Result<(), RegistryError> {
        let (digest, size) = (self.digest, self.size);
        let unreadable = |cause| RegistryError::Unreadable { digest, cause };
        if read_on(&mut *self.inner, &mut [0]).map_err(unreadable)? != 0 {
            let why = format!("wanted {size} bytes, found more");
            return Err(RegistryError::Corrupt { digest, why });
        }
        let found = Digest::from_bytes(self.hasher.clone().finalize().into());
        if found != digest {
            let why = format!("its bytes are `{found}`");
            return Err(RegistryError::Corrupt { digest, why });
        }
        Ok(())
    }
}

fn died(digest: Digest, error: JoinError) -> RegistryError {
    RegistryError::Unreadable { digest, cause: io::Error::other(error) }
}

fn read_on(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
