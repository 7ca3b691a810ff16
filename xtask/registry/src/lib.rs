//! A registry (OCI distribution 1.1): blobs, manifests and tags over HTTP.
//!
//! The rooms, from the wire upwards: `wire` makes one exchange; `auth` and `token` know who we
//! are; `client` is what is remembered of a host; `session` repeats, renews and follows; `stream`,
//! `chunks` and `upload` move one blob; `push` knows the order in which an image becomes visible,
//! `download` fetches a blob in parts; `manifest`, `ping`, `tags`, `artifact`, `referrer` and
//! `referrers` are the small verbs. `credentials` reads what Docker and Podman keep.

mod artifact;
mod auth;
mod chunks;
mod client;
pub mod credentials;
mod download;
mod error;
mod event;
pub mod heard;
mod hint;
mod location;
mod manifest;
mod parallel;
mod ping;
mod push;
mod referrer;
mod referrers;
mod refusal;
mod retry_policy;
mod schemes;
mod session;
mod stream;
mod tags;
mod token;
mod upload;
mod wire;

pub use artifact::Artifact;
pub use auth::{Credentials, Login};
pub use client::Registry;
pub use error::RegistryError;
pub use event::{PushEvent, PushReceipt};
pub use push::{Mounts, Push};
pub use refusal::Refusal;
pub use retry_policy::{Clock, RetryPolicy, SystemClock, Waiting};
pub use stream::Blobs;
