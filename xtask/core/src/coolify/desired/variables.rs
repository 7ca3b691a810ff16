//! What a service is told: its settings with every reference filled in, as Coolify must be sent
//! them.

use super::Context;
use crate::coolify::alias;
use crate::coolify::fingerprint::Fingerprint;
use crate::coolify::value::{Reason, Sent, sent};
use crate::deploy::Service;
use crate::secret::Secret;
use crate::template::Template;
use std::collections::{BTreeMap, BTreeSet};

/// Something, or the names of the secrets that it wants and that are not at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given<T> {
    /// It is at hand.
    Value(T),
    /// It is not: the secrets that are missing.
    Absent(Vec<String>),
}

/// One variable of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// What Coolify is sent; within, why it cannot be sent so that the service gets it whole.
    pub sent: Given<Result<Sent, Reason>>,
    /// What tells this value from others; without the key of secrets there is none.
    pub fingerprint: Option<Fingerprint>,
}

impl<T> Given<T> {
    /// The names of what is missing.
    pub fn absent(self) -> Vec<String> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Absent(names) => names,
        }
    }
}

const RELEASE: &str = "release.version";

/// The variables of `service`; those that only a rollout can fill where there is a release.
pub(super) fn of(context: &Context<'_>, service: &Service) -> BTreeMap<String, Variable> {
    let port = ("PORT".to_owned(), open("PORT", &service.port.to_string()));
    let release = context.versions.get(&service.name).map(String::as_str);
    let is_known = |template: &Template| {
        (release.is_some() || !is_of_release(template)) && !is_left_out(context, template)
    };
    let settings = service.settings.iter().filter(|(_, template)| is_known(template));
    let filled = |name, template| fill(context, name, template, release);
    let settings = settings.map(|(name, template)| (name.clone(), filled(name, template)));
    std::iter::once(port).chain(settings).collect()
}

/// The names of those that only a rollout can fill.
pub(super) fn of_release(service: &Service) -> BTreeSet<String> {
    let settings = service.settings.iter().filter(|(_, template)| is_of_release(template));
    settings.map(|(name, _)| name.clone()).collect()
}

/// The names of those that are left out here, and that are not known to be absent: without the
/// address of the database nothing is at hand.
pub(super) fn in_doubt(context: &Context<'_>, service: &Service) -> BTreeSet<String> {
    if context.key.is_some() {
        return BTreeSet::new();
    }
    let settings = service.settings.iter().filter(|(_, it)| is_left_out(context, it));
    settings.map(|(name, _)| name.clone()).collect()
}

fn is_left_out(context: &Context<'_>, template: &Template) -> bool {
    template.is_left_out(|reference| context.secrets.contains_key(reference))
}

fn is_of_release(template: &Template) -> bool {
    template.references().any(|reference| reference == RELEASE)
}

fn fill(context: &Context<'_>, name: &str, template: &Template, release: Option<&str>) -> Variable {
    let is_secret = |reference: &&str| !reference.starts_with("services.") && *reference != RELEASE;
    let secrets: Vec<&str> = template.references().filter(is_secret).collect();
    let missing: BTreeSet<&str> =
        secrets.iter().copied().filter(|it| !context.secrets.contains_key(*it)).collect();
    if !missing.is_empty() {
        let names = missing.into_iter().map(ToOwned::to_owned).collect();
        return Variable { sent: Given::Absent(names), fingerprint: None };
    }
    let filled = template.fill(|reference| answer(context, reference, release));
    let value = filled.expect("`deploy.toml` was checked: every reference has an answer");
    if secrets.is_empty() {
        return open(name, &value);
    }
    let value = Secret::new(value);
    let fingerprint = context.key.map(|key| Fingerprint::keyed(key, name, &value));
    Variable { sent: Given::Value(sent(value.expose())), fingerprint }
}

fn answer(context: &Context<'_>, reference: &str, release: Option<&str>) -> Option<String> {
    if reference == RELEASE {
        return release.map(ToOwned::to_owned);
    }
    if let Some(secret) = context.secrets.get(reference) {
        return Some(secret.expose().to_owned());
    }
    let name = reference.strip_prefix("services.")?.strip_suffix(".url")?;
    let service = context.deploy.service(name)?;
    let alias = alias(&context.deploy.project, context.name, name);
    Some(format!("http://{alias}:{}", service.port))
}

/// A variable whose value stands in `deploy.toml`.
fn open(name: &str, value: &str) -> Variable {
    let fingerprint = Some(Fingerprint::open(name, value));
    Variable { sent: Given::Value(sent(value)), fingerprint }
}
