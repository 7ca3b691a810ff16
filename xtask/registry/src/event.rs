//! What a push says while it works, and what it hands back.

use std::time::Duration;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::{Repository, Tag};

/// One thing that happened during a push, in the order it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushEvent {
    /// The registry already has the blob.
    Present(Descriptor),
    /// The registry took the blob over from another repository of its own.
    Mounted(Descriptor, Repository),
    /// The blob is about to be sent from its start: what was said of it before is void.
    Sending(Descriptor),
    /// So many more bytes of the blob are on their way.
    Sent(Digest, u64),
    /// The registry has the blob now.
    Uploaded(Descriptor),
    /// One request for the whole blob did not work; it goes on in chunks, for this reason.
    Chunked(Digest, String),
    /// The registry has the manifest or index now.
    Manifest(Digest),
    /// The tag names the root now.
    Tagged(Tag),
    /// Something went wrong that may pass; the next try comes after this time.
    Waiting(String, Duration),
    /// The registry itself asks that people be told this.
    Warning(String),
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushReceipt {
    /// The digest that the registry answered with when the root was read back.
    pub root: Digest,
    /// Blobs that were sent.
    pub uploaded: Vec<Descriptor>,
    /// Blobs taken over from another repository.
    pub mounted: Vec<Descriptor>,
    /// Blobs that were there already.
    pub present: Vec<Descriptor>,
    /// Requests made, tokens and repetitions included.
    pub requests: u32,
    /// Bytes of bodies sent, repetitions included.
    pub bytes_sent: u64,
}
