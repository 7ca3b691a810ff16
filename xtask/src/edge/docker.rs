//! The Docker engine, through its own command line: containers, images, networks, volumes.

mod engine;
mod inspected;
mod login;
mod objects;

pub use engine::{Engine, answers, ensure};
pub use objects::{Found, Kind, Usage};

use crate::edge::shell::{Shell, command, last_lines};
use crate::error::{Context as _, Result};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::ship::instance::{LABEL_PROJECT, Observed};
use xtask_core::ship::lines::in_order;
use xtask_core::ship::owner::Owner;
use xtask_core::ship::same_image::EngineImage;
use xtask_registry::credentials::Surroundings;

/// How often a list is asked for again, because a container of it went away meanwhile.
const LOOKS: usize = 5;

/// Hundreds of megabytes over a thin line; a registry that has gone silent is given up on.
const TRANSFER_LIMIT: Duration = Duration::from_secs(1800);

/// The engine that `docker` talks to.
#[derive(Clone, Debug)]
pub struct Docker<'a> {
    shell: &'a Shell,
}

/// How the process of a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessState {
    /// Whether it runs.
    pub running: bool,
    /// How it ended, if it did.
    pub exit_code: i64,
    /// How often the engine started it again.
    pub restarts: i64,
}

impl<'a> Docker<'a> {
    /// Talks to the engine through `shell`.
    pub fn new(shell: &'a Shell) -> Self {
        Self { shell }
    }

    /// Runs a command that the core described.
    pub fn run(&self, command: &Command) -> Result<String> {
        Ok(self.shell.run(command)?.text())
    }

    /// Every container of `owner`, running or not.
    pub fn containers(&self, owner: &Owner) -> Result<Vec<Observed>> {
        let mut last = None;
        for _ in 0..LOOKS {
            match self.look_at_containers(owner) {
                Ok(found) => return Ok(found),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.expect("it was looked at least once"))
    }

    /// Fails when a container of the list is gone when it is looked at.
    fn look_at_containers(&self, owner: &Owner) -> Result<Vec<Observed>> {
        let mine = format!("label={LABEL_PROJECT}={}", owner.project);
        let names = self.run(&docker(["ps", "--all", "--quiet", "--filter", &mine]))?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let command = docker(["inspect", "--type", "container"]).args(names.lines());
        let found: Vec<inspected::Container> = parse(&self.shell.run(&command)?.stdout)?;
        let ours = found.iter().filter(|it| owner.owns(it.labels()));
        Ok(ours.map(inspected::Container::observed).collect())
    }

    /// How the process of `container` is; `None` if there is no such container.
    pub fn state(&self, container: &str) -> Result<Option<ProcessState>> {
        let found = self.inspect::<inspected::Container>(Kind::Container, container)?;
        Ok(found.map(|it| ProcessState {
            running: it.state.running,
            exit_code: it.state.exit_code,
            restarts: it.restart_count,
        }))
    }

    /// The container as it was found, if there is one of that name.
    pub fn container(&self, name: &str) -> Result<Option<Observed>> {
        let found = self.inspect::<inspected::Container>(Kind::Container, name)?;
        Ok(found.as_ref().map(inspected::Container::observed))
    }

    /// The addresses of a container on its networks.
    pub fn address(&self, name: &str) -> Result<Vec<String>> {
        let found = self.inspect::<inspected::Container>(Kind::Container, name)?;
        Ok(found.map(inspected::Container::addresses).unwrap_or_default())
    }

    /// The last lines that a container wrote.
    pub fn logs(&self, container: &str, lines: usize) -> Result<String> {
        let count = lines.to_string();
        let ask = command!("docker logs --timestamps --tail {count} {container}");
        let output = self.shell.run(&ask)?;
        Ok(last_lines(in_order(&output.text(), &output.stderr).trim(), lines))
    }

    /// What a container wrote to stdout within the last while.
    pub fn written_within(&self, container: &str, within: Duration) -> Result<String> {
        let since = format!("{}s", within.as_secs());
        Ok(self.shell.run(&command!("docker logs --since {since} {container}"))?.text())
    }

    /// The same where another failure is being told: it must not be hidden by this one.
    pub fn logs_or_why(&self, container: &str, lines: usize) -> String {
        let logs = self.logs(container, lines);
        logs.unwrap_or_else(|failure| format!("its lines are unknown: {}", failure.first_line()))
    }

    /// Removes a container of `owner`, running or not. That it is gone already is fine.
    pub fn remove(&self, owner: &Owner, container: &str) -> Result<()> {
        if self.owned(owner, Kind::Container, container)?.is_some() {
            self.run(&docker(["rm", "--force", "--volumes", container]).finishes())?;
        }
        Ok(())
    }

    /// Whether an image is on this engine.
    pub fn has_image(&self, image: &str) -> Result<bool> {
        Ok(self.inspect::<inspected::Image>(Kind::Image, image)?.is_some())
    }

    /// Whether `image` is there and is the one whose config has these bytes; `None` if it is not
    /// there.
    pub fn is_image(&self, image: &str, config: &[u8]) -> Result<Option<bool>> {
        let found = self.inspect::<EngineImage>(Kind::Image, image)?;
        Ok(found.map(|found| found.is(config)))
    }

    /// Whether `container` was started from what bears the name `image` now.
    pub fn is_from(&self, container: &str, image: &str) -> Result<bool> {
        let image = self.inspect::<inspected::Image>(Kind::Image, image)?;
        let container = self.inspect::<inspected::Container>(Kind::Container, container)?;
        Ok(image.zip(container).is_some_and(|(image, it)| it.image == image.id))
    }

    /// Fetches an image from its registry. A name with a digest cannot be given to anything else:
    /// the engine takes it from a registry only, and holds what comes to it.
    /// `doing` is told how far it is.
    pub fn pull(&self, image: &str, doing: &(dyn Fn(&str) + Sync)) -> Result<()> {
        if self.has_image(image)? {
            return Ok(());
        }
        let login = login::folder(image, &Surroundings::of(|name| std::env::var_os(name)))?;
        let pull = command!("docker pull {image}").limit(TRANSFER_LIMIT);
        let pull = match &login {
            Some(folder) => pull.env("DOCKER_CONFIG", folder.path().display().to_string()),
            None => pull,
        };
        self.shell.follow(&pull, doing).map(drop)
    }

    /// Feeds an archive to the engine; `write` makes the archive.
    pub fn load(&self, write: impl FnOnce(&mut dyn std::io::Write) -> Result<()>) -> Result<()> {
        let loaded = self.shell.feed(&docker(["load", "--quiet"]).limit(TRANSFER_LIMIT), write);
        loaded.map(drop).map_err(|failure| failure.during("failed to load an image"))
    }

    /// Makes a network of `owner`, if it is not there.
    pub fn ensure_network(&self, owner: &Owner, network: &str) -> Result<()> {
        if self.owned(owner, Kind::Network, network)?.is_none() {
            let create = docker(["network", "create"]).args(owner.label_flags());
            self.run(&create.arg(network).finishes())?;
        }
        Ok(())
    }

    /// Makes a volume of `owner`, if it is not there.
    pub fn ensure_volume(&self, owner: &Owner, volume: &str) -> Result<()> {
        if self.owned(owner, Kind::Volume, volume)?.is_none() {
            let create = docker(["volume", "create"]).args(owner.label_flags()).arg(volume);
            self.run(&create.finishes())?;
        }
        Ok(())
    }

    /// Removes a volume of `owner` with what is in it. That it is gone already is fine.
    pub fn remove_volume(&self, owner: &Owner, volume: &str) -> Result<()> {
        if self.owned(owner, Kind::Volume, volume)?.is_some() {
            self.run(&docker(["volume", "rm", volume]).finishes())?;
        }
        Ok(())
    }

    /// Removes a network of `owner`. That it is gone already is fine.
    pub fn remove_network(&self, owner: &Owner, network: &str) -> Result<()> {
        if self.owned(owner, Kind::Network, network)?.is_some() {
            self.run(&docker(["network", "rm", network]).finishes())?;
        }
        Ok(())
    }

    /// The names of all images that start with `prefix`: by tag, or by digest where there is none.
    pub fn images(&self, prefix: &str) -> Result<Vec<String>> {
        let format = "{{.Repository}} {{.Tag}} {{.Digest}}";
        let listed = self.run(&docker(["images", "--digests", "--format", format]))?;
        let mine = listed.lines().filter(|line| line.starts_with(prefix));
        Ok(mine.filter_map(image_name).collect())
    }

    /// The image that bears `name`, by the digest that the engine knows it by.
    pub fn image_id(&self, name: &str) -> Result<Option<String>> {
        Ok(self.inspect::<inspected::Image>(Kind::Image, name)?.map(|it| it.id))
    }

    /// The images that containers of `owner` were started from, by the same digest.
    pub fn images_in_use(&self, owner: &Owner) -> Result<BTreeSet<String>> {
        let mut images = BTreeSet::new();
        for found in self.containers(owner)? {
            let kind = Kind::Container;
            let details = self.inspect::<inspected::Container>(kind, &found.container)?;
            images.extend(details.map(|it| it.image));
        }
        Ok(images)
    }

    /// Takes the name of an image away; bytes that another name needs stay.
    pub fn remove_image(&self, name: &str) -> Result<()> {
        self.run(&docker(["rmi", name]).finishes()).map(drop)
    }
}

/// `repository tag digest`, as the engine lists an image, to the name it can be removed by.
fn image_name(line: &str) -> Option<String> {
    let [repository, tag, digest] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    match (tag, digest) {
        ("<none>", "<none>") => None,
        ("<none>", digest) => Some(format!("{repository}@{digest}")),
        (tag, _) => Some(format!("{repository}:{tag}")),
    }
}

fn docker<const N: usize>(args: [&str; N]) -> Command {
    Command::new("docker").args(args)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>> {
    serde_json::from_slice(bytes)
        .or_outside(|| "failed to read what `docker inspect` said".to_owned())
}
