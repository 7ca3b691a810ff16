//! GitHub's REST API, as far as a pull request goes: trees, commits, branches, requests.

mod client;
mod error;
mod requests;

pub use client::GitHub;
pub use error::Error;
pub use requests::{Changed, Commit, NewCommit, NewPull, Pull};
