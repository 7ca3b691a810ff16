//! Shipping a release, one step a file: each takes what the one before gave, and gives what the
//! next one takes. Verbs in `cmd/` walk all of it or a part.
//!
//! What runs the containers is behind `crate::target`; no line here names it.

pub mod anchor;
mod back;
pub mod backup;
pub mod build;
pub mod course;
pub mod drill;
mod drive;
mod foreign;
pub mod journal;
pub mod lease;
pub mod ledger;
pub mod migrate;
pub mod notify;
pub mod place;
pub mod probe;
pub mod proof;
pub mod push;
pub mod record;
pub mod rehearsal;
pub mod release;
pub mod report;
pub mod review;
pub mod rollout;
pub mod scan;
pub mod seed;
pub mod serving;
pub mod settings;
pub mod site;
pub mod traffic;
pub mod trial;
pub mod verify;
