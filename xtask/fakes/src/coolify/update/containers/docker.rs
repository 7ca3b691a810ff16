//! Real containers, through the Docker CLI. Everything it makes carries the label of its run and
//! goes with its value; nothing else is touched.

mod arguments;
mod cli;
mod listing;
mod watched;

use super::{Container, Containers, Exec, Health, LocalImage, NewContainer, PullError};
use crate::coolify::update::Event;
use cli::Cli;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use watched::Watched;

/// The label; its value is the run.
const RUN: &str = "xtask.coolify-double";

/// An engine, as far as it is ours.
pub struct Docker {
    cli: Cli,
    run: String,
    /// Where images are pulled from, instead of the host in their names.
    registry: Option<String>,
    watched: Watched,
    /// What we pulled.
    pulled: Mutex<BTreeSet<String>>,
    events: Mutex<Vec<Event>>,
}

impl Docker {
    /// With the client at that path.
    pub fn new(client: PathBuf) -> std::io::Result<Self> {
        let cli = Cli::new(client);
        let run = run_name();
        let watched = Watched::start(&cli, &format!("{RUN}={run}"))?;
        let (pulled, events) = (Mutex::default(), Mutex::default());
        Ok(Self { cli, run, registry: None, watched, pulled, events })
    }

    /// Pulls every image from that registry, whatever host its name has.
    #[must_use]
    pub fn with_registry(mut self, registry: &str) -> Self {
        self.registry = Some(registry.to_owned());
        self
    }

    /// The label that everything of this run carries.
    pub fn label(&self) -> String {
        format!("{RUN}={}", self.run)
    }

    /// The name under which the engine has an image.
    fn local(&self, image: &str) -> String {
        match (&self.registry, image.split_once('/')) {
            (Some(registry), Some((host, rest))) if host.contains(['.', ':']) => {
                format!("{registry}/{rest}")
            }
            (Some(registry), _) => format!("{registry}/{image}"),
            (None, _) => image.to_owned(),
        }
    }

    /// Whether a container is of this run: a name alone could be a stranger's.
    fn is_ours(&self, name: &str) -> bool {
        let format = format!("{{{{index .Config.Labels \"{RUN}\"}}}}");
        self.cli.text(["container", "inspect", "--format", &format, name]) == Some(self.run.clone())
    }

    fn ids(&self, filter: Option<&str>) -> Vec<String> {
        let label = format!("label={}", self.label());
        let mut arguments = vec!["ps", "--all", "--quiet", "--no-trunc", "--filter", &label];
        arguments.extend(filter.iter().flat_map(|it| ["--filter", *it]));
        self.cli.lines(arguments)
    }

    fn described(&self, filter: Option<&str>) -> Vec<Container> {
        let ids = self.ids(filter);
        if ids.is_empty() {
            return Vec::new();
        }
        let inspect = ["container", "inspect"].map(str::to_owned);
        // One may be gone by now; the others are printed all the same.
        let output = self.cli.printed(inspect.into_iter().chain(ids));
        listing::containers(&output)
    }
}

fn run_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{}-{}", std::process::id(), now.unwrap_or_default().as_nanos())
}

impl Containers for Docker {
    fn pull(&self, image: &str) -> Result<(), PullError> {
        let local = self.local(image);
        let was_here = self.cli.text(["image", "inspect", "--format", "{{.Id}}", &local]).is_some();
        self.cli.done(["pull", "--quiet", &local]).map_err(pull_error)?;
        if !was_here {
            self.pulled.lock().unwrap_or_else(PoisonError::into_inner).insert(local);
        }
        Ok(())
    }

    fn start(&self, container: &NewContainer) -> Result<(), String> {
        self.create_network(&container.network);
        let local = self.local(&container.image);
        let environment =
            arguments::Environment::of(&container.env).map_err(|it| it.to_string())?;
        let create = arguments::create(container, &self.label(), &local, &environment);
        self.cli.done_with(create, &environment.inherited)?;
        self.cli.done(["start", &container.name])
    }

    fn health(&self, name: &str) -> Option<Health> {
        let format = "{{if .State.Health}}{{.State.Health.Status}}{{end}}";
        let said = self.cli.text(["container", "inspect", "--format", format, name])?;
        listing::health(&said)
    }

    fn health_log(&self, name: &str) -> Option<(i64, String)> {
        let format = "{{json .State.Health.Log}}";
        let said = self.cli.text(["container", "inspect", "--format", format, name])?;
        listing::last_check(&said)
    }

    fn stop(&self, name: &str, grace: Duration) -> bool {
        let seconds = grace.as_secs_f64().ceil().to_string();
        self.is_ours(name) && self.cli.done(["stop", "--time", &seconds, name]).is_ok()
    }

    fn remove(&self, name: &str) -> bool {
        self.is_ours(name) && self.cli.done(["rm", "--force", "--volumes", name]).is_ok()
    }

    fn list(&self, app: &str) -> Vec<Container> {
        self.described(Some(&format!("label=com.docker.compose.project={app}")))
    }

    fn all(&self) -> Vec<Container> {
        self.described(None)
    }

    fn logs(&self, name: &str, lines: usize) -> String {
        if !self.is_ours(name) {
            return String::new();
        }
        let lines = lines.to_string();
        self.cli.both(["logs", "--tail", &lines, name]).1
    }

    fn exec(&self, name: &str, command: &str) -> Exec {
        if !self.is_ours(name) {
            let output = format!("Error response from daemon: No such container: {name}");
            return Exec { status: 1, output };
        }
        let (status, output) = self.cli.both(["exec", name, "sh", "-c", command]);
        Exec { status, output }
    }

    fn images(&self, repository: &str) -> Vec<LocalImage> {
        let format = "{{.Tag}} {{.ID}}";
        let local = self.local(repository);
        let lines = self.cli.lines(["images", "--no-trunc", "--format", format, &local]);
        let image = |line: String| {
            let (tag, id) = line.split_once(' ')?;
            let created = self.cli.text(["image", "inspect", "--format", "{{.Created}}", id])?;
            let created = listing::seconds(&created);
            let (repository, tag) = (repository.to_owned(), tag.to_owned());
            Some(LocalImage { repository, tag, created, id: id.to_owned() })
        };
        lines.into_iter().filter_map(image).collect()
    }

    fn remove_image(&self, image: &str) {
        let local = self.local(image);
        let ours = self.pulled.lock().unwrap_or_else(PoisonError::into_inner).remove(&local);
        if ours {
            self.cli.done(["rmi", &local]).ok();
        }
    }

    fn create_network(&self, name: &str) {
        if self.cli.text(["network", "inspect", "--format", "{{.Name}}", name]).is_none() {
            // Another deployment may make it now; then it is there.
            self.cli.done(["network", "create", "--label", &self.label(), name]).ok();
        }
    }

    fn remove_network(&self, name: &str) {
        let format = format!("{{{{index .Labels \"{RUN}\"}}}}");
        let of = self.cli.text(["network", "inspect", "--format", &format, name]);
        if of.as_deref() == Some(self.run.as_str()) {
            self.cli.done(["network", "rm", name]).ok();
        }
    }

    fn prune_host(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(Event::HostPruned);
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait_for_change(&self, seen: u64, at_most: Duration) -> u64 {
        self.watched.wait(seen, at_most)
    }
}

fn pull_error(said: String) -> PullError {
    if said.contains("connection refused") {
        PullError::ConnectionRefused(said)
    } else {
        PullError::Denied(said)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        self.watched.end();
        let ids = self.ids(None);
        if !ids.is_empty() {
            let remove = ["rm", "--force", "--volumes"].map(str::to_owned);
            self.cli.done(remove.into_iter().chain(ids)).ok();
        }
        let label = format!("label={}", self.label());
        for network in self.cli.lines(["network", "ls", "--quiet", "--filter", &label]) {
            self.cli.done(["network", "rm", &network]).ok();
        }
        let pulled =
            std::mem::take(&mut *self.pulled.lock().unwrap_or_else(PoisonError::into_inner));
        for image in pulled {
            self.cli.done(["rmi", &image]).ok();
        }
    }
}

#[cfg(test)]
mod tests;
