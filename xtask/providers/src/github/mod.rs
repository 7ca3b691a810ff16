//! GitHub's REST API, as far as a pull request goes: trees, commits, branches, requests; and the
//! secrets that its jobs are given.

mod client;
mod error;
mod requests;
mod secrets;

pub use client::GitHub;
pub use error::Error;
pub use requests::{Changed, Commit, NewCommit, NewPull, Pull};
pub use secrets::{ListedSecret, SealingKey};
