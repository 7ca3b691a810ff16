//! What `deploy.toml` wants of a Coolify. Which release runs is none of it: that is a rollout's.

mod marked;
mod settings;
mod variables;

pub use marked::Marked;
pub use settings::{Settings, TRAP_TAG};
pub use variables::{Given, Variable};

use super::fingerprint::{Fingerprint, Key, MARK};
use crate::deploy::{Coolify, Deploy, Environment};
use crate::secret::Secret;
use crate::ship::ledger::Versions;
use std::collections::{BTreeMap, BTreeSet};

/// The secrets at hand, by the names of [`Environment::sources`].
pub type Secrets = BTreeMap<String, Secret>;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// What marks things as ours: `xtask nutri/production`.
    pub mark: String,
    pub project: String,
    /// The project's environment.
    pub environment: String,
    /// The Docker network.
    pub destination: String,
    /// The applications, each after those it needs.
    pub applications: Vec<Application>,
    /// When the server is cleaned up, if that is ours to say.
    pub cleanup: Option<Settings>,
    /// The storage for back-ups, if there is one.
    pub storage: Option<Storage>,
    /// Whom to tell about deployments, if anybody.
    pub notifications: Option<Notifications>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The service's name.
    pub name: String,
    pub settings: Settings,
    /// What the service is told, by name.
    pub variables: BTreeMap<String, Variable>,
    /// What it is told of its release, which only a rollout knows.
    pub released: BTreeSet<String>,
    /// What it may be told, and of which it is not known whether it is to be.
    pub in_doubt: BTreeSet<String>,
}

/// An S3 storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    pub name: String,
    /// Its fields that are no secret.
    pub settings: Settings,
    /// The id of the key and the key, if they are at hand.
    pub keys: Given<(Secret, Secret)>,
    /// What tells these keys from others.
    pub fingerprint: Option<Fingerprint>,
}

/// Whom Coolify tells about deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Of what it tells.
    pub settings: Settings,
    /// Where it posts to.
    pub webhook: Given<Secret>,
}

/// What the environment called `name` wants, as far as its secrets are at hand; `None` if it is
/// not on a Coolify.
pub fn of(deploy: &Deploy, name: &str, secrets: &Secrets) -> Option<Desired> {
    at(deploy, name, secrets, &Versions::new())
}

/// The same with what each service is told of its release.
pub fn at(deploy: &Deploy, name: &str, secrets: &Secrets, versions: &Versions) -> Option<Desired> {
    let environment = deploy.environments.get(name)?;
    let coolify = environment.coolify.as_ref()?;
    let mark = mark(&deploy.project, name);
    let key = secrets.get("database.url").map(|secret| Key::of(secret, &mark));
    let context = Context { deploy, name, environment, secrets, key: key.as_ref(), versions };
    let services = deploy.rollout_order().into_iter();
    let applications = services.map(|service| Application {
        name: service.name.clone(),
        settings: settings::of_application(&context, coolify, service, &mark),
        variables: variables::of(&context, service),
        released: variables::of_release(service),
        in_doubt: variables::in_doubt(&context, service),
    });
    Some(Desired {
        project: coolify.project.clone(),
        environment: coolify.environment.clone(),
        destination: coolify.destination.clone(),
        applications: applications.collect(),
        cleanup: coolify.cleanup.as_ref().map(settings::of_cleanup),
        storage: storage(&context, coolify, &mark),
        notifications: notifications(&context, coolify),
        mark,
    })
}

/// What marks things of an environment as ours.
pub fn mark(project: &str, environment: &str) -> String {
    format!("{MARK} {project}/{environment}")
}

/// What everything is made from.
struct Context<'a> {
    deploy: &'a Deploy,
    name: &'a str,
    environment: &'a Environment,
    secrets: &'a Secrets,
    key: Option<&'a Key>,
    /// The release of each service, where a rollout asks.
    versions: &'a Versions,
}

impl Context<'_> {
    /// A secret, or its name where it is not at hand.
    fn secret(&self, name: &str) -> Given<Secret> {
        match self.secrets.get(name) {
            Some(secret) => Given::Value(secret.clone()),
            None => Given::Absent(vec![name.to_owned()]),
        }
    }
}

fn storage(context: &Context<'_>, coolify: &Coolify, mark: &str) -> Option<Storage> {
    let storage = coolify.storage.as_ref()?;
    let parts = ["coolify.storage.key", "coolify.storage.secret"].map(|it| context.secret(it));
    let keys = match parts {
        [Given::Value(key), Given::Value(secret)] => Given::Value((key, secret)),
        parts => Given::Absent(parts.into_iter().flat_map(Given::absent).collect()),
    };
    let fingerprint = match (&keys, context.key) {
        (Given::Value((key, secret)), Some(print)) => {
            let both = Secret::new(format!("{}\n{}", key.expose(), secret.expose()));
            Some(Fingerprint::keyed(print, &storage.name, &both))
        }
        _ => None,
    };
    let settings = settings::of_storage(storage, mark);
    Some(Storage { name: storage.name.clone(), settings, keys, fingerprint })
}

fn notifications(context: &Context<'_>, coolify: &Coolify) -> Option<Notifications> {
    coolify.notifications.as_ref()?;
    let webhook = context.secret("coolify.notifications.webhook");
    Some(Notifications { settings: settings::of_notifications(), webhook })
}
