//! What is said about an image beside it, and signed: in-toto statements in DSSE envelopes in
//! Sigstore bundles. Nothing here holds a key; who signs and who checks hand that in.

pub mod bundle;
pub mod dsse;
pub mod kind;
pub mod predicate;
pub mod provenance;
pub mod record;
pub mod statement;
pub mod summary;
pub mod verdict;

pub use bundle::Bundle;
pub use dsse::Envelope;
pub use statement::{Statement, Subject};
pub use verdict::{Refusal, Verifier, Wanted, believe, judge, judge_all};

/// The media type of a bundle, and the artifact type of what carries one.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What the payload of an envelope is.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
