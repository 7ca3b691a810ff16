//! GitHub's REST API, as far as a pull request goes: trees, commits, branches, requests;
//! deployments with their statuses; and the secrets that its jobs are given.

mod client;
mod deployments;
mod error;
mod requests;
mod secrets;

pub use client::GitHub;
pub use deployments::{Deployments, NewDeployment, NewStatus};
pub use error::Error;
pub use requests::{Changed, Commit, NewCommit, NewPull, Pull};
pub use secrets::{ListedSecret, SealingKey};
