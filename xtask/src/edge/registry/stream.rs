//! A blob on its way out. Its bytes are counted and digested while they are sent, and the last
//! of them leave only when they are known to be what the name says: a corrupted file can
//! therefore never be committed, by no registry however careless.

use super::error::RegistryError;
use super::event::PushEvent;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

/// Where the bytes of blobs are. Each try opens them anew.
pub trait Blobs: Sync {
    /// The bytes called `digest`, from their start.
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + Send>>;
}

/// A blob that is to be sent, as often as it takes.
pub(super) struct Outgoing<'a> {
    pub(super) descriptor: &'a Descriptor,
    pub(super) blobs: &'a dyn Blobs,
    pub(super) voice: &'a Sender<PushEvent>,
    pub(super) bytes_sent: &'a AtomicU64,
}

impl Outgoing<'_> {
    /// Opens the blob at its start.
    pub(super) fn open(&self) -> Result<Verified<'_>, RegistryError> {
        let digest = self.descriptor.digest;
        let unreadable = |cause| RegistryError::Unreadable { digest, cause };
        let inner = self.blobs.open(&digest).map_err(unreadable)?;
        let mut verified = Verified {
            outgoing: self,
            inner,
            hasher: Sha256::new(),
            position: 0,
            unsaid: 0,
            problem: None,
        };
        if self.descriptor.size == 0 {
            verified.check_end()?;
        }
        Ok(verified)
    }

    /// Opens the blob at `offset`; what lies before is read and digested, not sent.
    pub(super) fn open_at(&self, offset: u64) -> Result<Verified<'_>, RegistryError> {
        let mut verified = self.open()?;
        let mut scratch = vec![0; 64 << 10];
        while verified.position < offset {
            let left = usize::try_from(offset - verified.position).unwrap_or(usize::MAX);
            let room = left.min(scratch.len());
            verified.advance(&mut scratch[..room])?;
        }
        Ok(verified)
    }

    fn said_sent(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
        // The receiver only goes away when nobody listens any more.
        self.voice.send(PushEvent::Sent(self.descriptor.digest, bytes)).ok();
    }
}

/// Progress is said in steps of this size.
const STEP: u64 = 256 << 10;

/// A reader that withholds the last bytes of a blob that is not what it should be.
pub(super) struct Verified<'a> {
    outgoing: &'a Outgoing<'a>,
    inner: Box<dyn Read + Send>,
    hasher: Sha256,
    position: u64,
    unsaid: u64,
    problem: Option<RegistryError>,
}

impl Verified<'_> {
    /// How much was handed out so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// What was wrong with the blob, once reading has failed: the network's error is then only
    /// its consequence.
    pub(super) fn verdict(mut self) -> Result<(), RegistryError> {
        self.problem.take().map_or(Ok(()), Err)
    }

    /// Reads the next bytes until `buffer` is full or the blob ends, and says them as sent.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        let mut filled = 0;
        while filled < buffer.len() && self.position < self.outgoing.descriptor.size {
            filled += self.advance(&mut buffer[filled..])?;
        }
        Ok(filled)
    }

    /// Reads on by one read. At the last byte everything is compared before it is handed out.
    fn advance(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        let Descriptor { digest, size, .. } = *self.outgoing.descriptor;
        let left = usize::try_from(size - self.position).unwrap_or(usize::MAX);
        let room = left.min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let unreadable = |cause| RegistryError::Unreadable { digest, cause };
        let count = read_on(&mut *self.inner, &mut buffer[..room]).map_err(unreadable)?;
        if count == 0 {
            let why = format!("wanted {size} bytes, found {}", self.position);
            return Err(RegistryError::Corrupt { digest, why });
        }
        self.hasher.update(&buffer[..count]);
        self.position += count as u64;
        if self.position == size {
            self.check_end()?;
        }
        Ok(count)
    }

    fn check_end(&mut self) -> Result<(), RegistryError> {
        let Descriptor { digest, size, .. } = *self.outgoing.descriptor;
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

    fn say(&mut self, count: usize) {
        self.unsaid += count as u64;
        let is_last = self.position == self.outgoing.descriptor.size;
        if self.unsaid >= STEP || is_last {
            self.outgoing.said_sent(std::mem::take(&mut self.unsaid));
        }
    }
}

impl Read for Verified<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.advance(buffer) {
            Ok(count) => {
                self.say(count);
                Ok(count)
            }
            Err(problem) => {
                self.problem = Some(problem);
                Err(io::Error::other("the local blob failed"))
            }
        }
    }
}

impl Drop for Verified<'_> {
    /// What left before the connection broke counts too.
    fn drop(&mut self) {
        if self.unsaid > 0 {
            self.outgoing.said_sent(self.unsaid);
        }
    }
}

fn read_on(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
