//! What `deploy.toml` wants of a project at Hetzner Cloud.

use super::money::Money;
use super::rule::{Opening, Rule};
use crate::deploy::Deploy;
use crate::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// Labels of Hetzner's.
pub type Labels = BTreeMap<String, String>;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// What all that is ours is labelled with.
    pub labels: Labels,
    /// Of the server and of the firewall.
    pub name: String,
    /// The types that will do, the first that is in stock before the others.
    pub types: Vec<String>,
    pub location: String,
    pub image: String,
    pub keys: Vec<Key>,
    /// The rules as they are sent.
    pub rules: Vec<Rule>,
    /// The rules as they are compared.
    pub openings: BTreeSet<Opening>,
    pub backups: bool,
    /// The most that it may cost a month.
    pub budget: Option<Money>,
}

/// A public key that a new server lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Under which name it is put there, if it is not there yet.
    pub name: String,
    /// As it is sent.
    pub public_key: String,
}

impl Key {
    /// The kind and the key, which tell it from others; what stands behind them is a comment.
    pub fn body(text: &str) -> String {
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }
}

impl Desired {
    /// Whether these labels say that something is ours.
    pub fn owns(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// What is wanted of the environment called `name`, if it has a server at Hetzner.
pub fn of(deploy: &Deploy, name: &str) -> Option<Desired> {
    let environment = deploy.environments.get(name)?;
    let (own, server) = (environment.hetzner.as_ref()?, environment.server.as_ref()?);
    let title = own.name.clone().unwrap_or_else(|| format!("{}-{name}", deploy.project));
    let key = |text: &String| {
        let print = Digest::of(Key::body(text).as_bytes()).hex()[..8].to_owned();
        Key { name: format!("{title}-{print}"), public_key: text.clone() }
    };
    let labels = [("managed-by", "xtask"), ("project", &deploy.project), ("environment", name)];
    Some(Desired {
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        types: own.types.clone(),
        location: own.location.clone(),
        image: own.image.clone(),
        keys: server.keys.iter().map(key).collect(),
        openings: own.open.iter().flat_map(Rule::openings).collect(),
        rules: own.open.clone(),
        backups: own.backups,
        budget: own.budget_eur_per_month.map(Money::whole),
        name: title,
    })
}
