//! What was found in a Coolify, in our own words. What could not be found out says why.

use super::fingerprint::is_ours;
use crate::moment::Moment;
use crate::secret::Secret;
use serde_json::{Map, Value};

/// What was found out, or why it could not be.
pub type Known<T> = Result<T, String>;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The server that `deploy.toml` names.
    pub server: Server,
    /// The networks on it.
    pub destinations: Known<Vec<Destination>>,
    /// The project, if it is there.
    pub project: Option<Project>,
    /// Its environment's uuid, if it is there.
    pub environment: Option<String>,
    /// Every application of that environment.
    pub applications: Vec<Application>,
    /// The team's other applications.
    pub elsewhere: Vec<Elsewhere>,
    /// When the server is cleaned up.
    pub cleanup: Known<Fields>,
    /// The S3 storages of the team.
    pub storages: Known<Vec<Storage>>,
    /// Whom the team's webhook tells of what.
    pub notifications: Known<Notifications>,
}

/// Fields as Coolify calls them.
pub type Fields = Map<String, Value>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// By this it is addressed.
    pub uuid: String,
    pub name: String,
}

/// A Docker network on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// By this it is addressed.
    pub uuid: String,
    /// The network's name.
    pub network: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// By this it is addressed.
    pub uuid: String,
    /// Its name, which others may have too.
    pub name: String,
    /// What is written of it.
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// By this it is addressed.
    pub uuid: String,
    /// Its name, which others may have too.
    pub name: String,
    /// What is written of it.
    pub description: Option<String>,
    /// The server that it is on, by uuid.
    pub server: Option<String>,
    /// The Docker network that it is on.
    pub network: Option<String>,
    /// Its fields as they are set; the domains are under `domains`.
    pub fields: Fields,
    pub variables: Known<Vec<Variable>>,
}

/// An application of another environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub name: String,
    /// What is written of it.
    pub description: Option<String>,
    pub domains: Vec<String>,
    /// Its project and environment, in words, if they were looked for.
    pub place: Option<String>,
}

/// A row of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// By this the row is addressed.
    pub uuid: String,
    pub key: String,
    /// What the row says; `None` if the token may not read it.
    pub value: Option<Secret>,
    /// Whether it is for previews: each variable of production has such a twin.
    pub is_preview: bool,
    /// Nothing in the value is replaced.
    pub is_literal: bool,
    /// The value has several lines.
    pub is_multiline: bool,
    /// Nobody is ever shown the value.
    pub is_shown_once: bool,
    /// The container has it.
    pub is_runtime: bool,
    /// Builds have it.
    pub is_buildtime: bool,
    /// What is written of it.
    pub comment: Option<String>,
    /// When the row was changed last, by Coolify's clock.
    pub changed: Option<Moment>,
}

/// An S3 storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// By this it is addressed.
    pub uuid: String,
    pub name: String,
    /// What is written of it.
    pub description: Option<String>,
    /// Its fields as they are set.
    pub fields: Fields,
}

/// The team's webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Of what it tells.
    pub fields: Fields,
    /// Where it posts to; `None` if the token may not read it.
    pub webhook: Option<Secret>,
}

impl Variable {
    /// Whether we wrote it.
    pub fn is_ours(&self) -> bool {
        is_ours(self.comment.as_deref())
    }
}

/// Several things have the name, and nothing tells which one is meant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0} have that name, and none or several of them are marked as ours: rename the others in the \
     panel, or take `xtask …` out of their descriptions"
)]
pub struct Ambiguous(usize);

/// Of the things called `name`, the one that is meant: the only one, or the only one of ours.
pub fn named<T>(
    things: &[T],
    name: impl Fn(&T) -> bool,
    is_ours: impl Fn(&T) -> bool,
) -> Result<Option<&T>, Ambiguous> {
    let named: Vec<&T> = things.iter().filter(|it| name(it)).collect();
    let ours: Vec<&T> = named.iter().copied().filter(|it| is_ours(it)).collect();
    match (named.as_slice(), ours.as_slice()) {
        ([], _) => Ok(None),
        ([one], _) | (_, [one]) => Ok(Some(one)),
        _ => Err(Ambiguous(named.len())),
    }
}
