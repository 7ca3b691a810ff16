//! GitHub's REST API, as far as a pull request goes: trees, commits, branches, requests;
//! and deployments with their statuses.

mod client;
mod deployments;
mod error;
mod requests;

pub use client::GitHub;
pub use deployments::{Deployments, NewDeployment, NewStatus};
pub use error::Error;
pub use requests::{Changed, Commit, NewCommit, NewPull, Pull};
