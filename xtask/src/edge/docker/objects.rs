//! What an engine keeps under a name, and whose it is.

use super::inspected::{self, Marked};
use super::{Docker, docker, parse};
use crate::edge::shell::last_lines;
use crate::error::{Context as _, Failure, Result, code};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::ship::instance::LABEL_PROJECT;
use xtask_core::ship::owner::Owner;

/// What has a name on an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A container, running or not.
    Container,
    /// A volume, with data.
    Volume,
    Network,
    Image,
}

/// Something that is there under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    /// When it was made, as the engine says it (RFC 3339).
    pub created: String,
}

/// How much a volume holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The volume's name.
    pub volume: String,
    /// Its size as the engine says it, such as `48.2MB`; `None` if it could not tell.
    pub size: Option<String>,
}

impl Kind {
    /// As the engine calls it, and as people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Volume => "volume",
            Self::Network => "network",
            Self::Image => "image",
        }
    }
}

impl Docker<'_> {
    /// Everything that the engine knows of `name`; `None` if its own list does not have it. A
    /// question that failed says nothing about what is there.
    pub(super) fn inspect<T: DeserializeOwned>(&self, kind: Kind, name: &str) -> Result<Option<T>> {
        let inspect = docker(["inspect", "--type", kind.word(), name]);
        let output = self.shell.observe(&inspect)?;
        if output.succeeded() {
            return Ok(parse(&output.stdout)?.into_iter().next());
        }
        if !self.lists(kind, name)? {
            return Ok(None);
        }
        Err(Failure::outside(format!("failed to look at {} `{name}`", kind.word()))
            .code(&code::TOOL_FAILED)
            .reason(last_lines(&output.stderr, 6)))
    }

    /// Whether the engine's list of that kind has `name`.
    fn lists(&self, kind: Kind, name: &str) -> Result<bool> {
        let list = match kind {
            Kind::Container => docker(["ps", "--all", "--format", "{{.Names}}"]),
            Kind::Volume => docker(["volume", "ls", "--format", "{{.Name}}"]),
            Kind::Network => docker(["network", "ls", "--format", "{{.Name}}"]),
            // An image has many names; the engine itself knows whether this is one.
            Kind::Image => return Ok(!self.run(&docker(["images", "--quiet", name]))?.is_empty()),
        };
        Ok(self.run(&list)?.lines().any(|listed| listed == name))
    }

    /// What is there under `name`, whoever made it.
    pub fn find(&self, kind: Kind, name: &str) -> Result<Option<Found>> {
        match kind {
            Kind::Container => self.marks::<inspected::Container>(kind, name),
            Kind::Volume => self.marks::<inspected::Volume>(kind, name),
            Kind::Network => self.marks::<inspected::Network>(kind, name),
            Kind::Image => self.marks::<inspected::Image>(kind, name),
        }
    }

    fn marks<T: DeserializeOwned + Marked>(&self, kind: Kind, name: &str) -> Result<Option<Found>> {
        let found = self.inspect::<T>(kind, name)?.map(Marked::marks);
        Ok(found.map(|(labels, created)| Found { name: name.to_owned(), labels, created }))
    }

    /// What is there under `name`; refused if it is not `owner`'s.
    pub fn owned(&self, owner: &Owner, kind: Kind, name: &str) -> Result<Option<Found>> {
        let found = self.find(kind, name)?;
        match found.as_ref().and_then(|it| it.not_owned_by(owner, kind)) {
            Some(line) => Err(foreign(owner, &[line])),
            None => Ok(found),
        }
    }

    /// Refuses, all at once, what has one of these names and is not `owner`'s.
    pub fn refuse_foreign(&self, owner: &Owner, names: &[(Kind, String)]) -> Result<()> {
        let mut not_owned = Vec::new();
        for (kind, name) in names {
            not_owned.extend(self.find(*kind, name)?.and_then(|it| it.not_owned_by(owner, *kind)));
        }
        if not_owned.is_empty() { Ok(()) } else { Err(foreign(owner, &not_owned)) }
    }

    /// Refuses, before anything is removed, containers of others that hold what is `owner`'s: a
    /// network that they are attached to and volumes that they mount cannot be removed.
    pub fn refuse_guests(&self, owner: &Owner, volumes: &[Found]) -> Result<()> {
        let network = self.inspect::<inspected::Network>(Kind::Network, &owner.project)?;
        let attached = network.into_iter().flat_map(inspected::Network::attached);
        let mut names: BTreeSet<String> = attached.collect();
        for volume in volumes {
            let mounts = format!("volume={}", volume.name);
            let list = ["ps", "--all", "--filter", &mounts, "--format", "{{.Names}}"];
            names.extend(self.run(&docker(list))?.lines().map(ToOwned::to_owned));
        }
        let mut guests = Vec::new();
        for name in names {
            let found = self.find(Kind::Container, &name)?;
            guests.extend(found.and_then(|it| it.not_owned_by(owner, Kind::Container)));
        }
        if guests.is_empty() { Ok(()) } else { Err(volumes_in_use(owner, &guests)) }
    }

    /// Every volume of `owner`.
    pub fn volumes(&self, owner: &Owner) -> Result<Vec<Found>> {
        let mine = format!("label={LABEL_PROJECT}={}", owner.project);
        let names = self.run(&docker(["volume", "ls", "--quiet", "--filter", &mine]))?;
        let mut volumes = Vec::new();
        for name in names.lines() {
            volumes.extend(self.find(Kind::Volume, name)?.filter(|it| owner.owns(&it.labels)));
        }
        Ok(volumes)
    }

    /// How much each volume of the engine holds.
    pub fn usage(&self) -> Result<Vec<Usage>> {
        let command = docker(["system", "df", "--verbose", "--format", "{{json .Volumes}}"]);
        let output = self.run(&command)?;
        let listed: Vec<VolumeSize> = serde_json::from_str(&output)
            .or_outside(|| "failed to read what `docker system df` said".to_owned())?;
        let usage =
            |it: VolumeSize| Usage { volume: it.name, size: it.size.filter(|it| it != "N/A") };
        Ok(listed.into_iter().map(usage).collect())
    }
}

/// A volume as `docker system df` lists it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VolumeSize {
    name: String,
    #[serde(default)]
    size: Option<String>,
}

impl Found {
    /// What it is and why it is not `owner`'s, if it is not.
    fn not_owned_by(&self, owner: &Owner, kind: Kind) -> Option<String> {
        let why =
            || format!("{} `{}`: {}", kind.word(), self.name, owner.why_not_owned(&self.labels));
        (!owner.owns(&self.labels)).then(why)
    }
}

fn foreign(owner: &Owner, not_owned: &[String]) -> Failure {
    let refusal = Failure::refused(format!(
        "cannot use what is not of `{}` in environment `{}`",
        owner.project, owner.environment
    ))
    .code(&code::FOREIGN);
    let refusal = not_owned.iter().fold(refusal, |refusal, line| refusal.reason(line.clone()));
    refusal.hint("rename or remove it yourself, or choose another `project` in `deploy.toml`")
}

fn volumes_in_use(owner: &Owner, guests: &[String]) -> Failure {
    let line = format!("cannot erase `{}`: others use its network or volumes", owner.project);
    let refusal = Failure::refused(line).code(&code::FOREIGN);
    let refusal = guests.iter().fold(refusal, |refusal, guest| refusal.reason(guest.clone()));
    refusal.hint("remove them yourself, or detach them from it; nothing was erased")
}
