//! Containers that are none: a catalogue of images, and how each behaves. Nothing depends on
//! time: a check changes with every look at it.

use super::{Container, Containers, Exec, Health, LocalImage, NewContainer, PullError};
use crate::coolify::update::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// A host without containers.
#[derive(Debug, Default)]
pub struct Simulated {
    state: Mutex<State>,
    changed: Condvar,
    elsewhere: OnceLock<Elsewhere>,
}

type Find = dyn Fn(&str) -> Option<Image> + Send + Sync;

/// Finds an image that nobody published here, by its name.
struct Elsewhere(Box<Find>);

impl fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

#[derive(Debug, Default)]
struct State {
    catalogue: BTreeMap<String, Image>,
    silent: BTreeSet<String>,
    pulled: BTreeMap<String, Image>,
    containers: Vec<Running>,
    networks: BTreeSet<String>,
    events: Vec<Event>,
    changes: u64,
}

/// An image in a registry, and how a container of it behaves.
#[derive(Clone, Debug)]
pub struct Image {
    /// What its process does.
    pub process: Process,
    /// Whether it has a shell, and curl or wget: a check of Coolify needs both.
    pub shell: bool,
    /// How often its check is looked at before it has an answer.
    pub looks: u32,
    /// Whether a check passes.
    pub answers: bool,
    /// Whether it has a HEALTHCHECK of its own.
    pub own_check: bool,
    /// What it writes when it starts.
    pub log: String,
    /// What its commands print, by command; every other prints nothing.
    pub commands: BTreeMap<String, Exec>,
    /// When it says it was made, in seconds.
    pub created: i64,
    /// Where it answers, for a proxy.
    pub served: Option<SocketAddr>,
}

/// What the process of an image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// It runs, and ends when it is told to.
    Runs,
    /// It runs, and takes no notice of TERM: a stop takes its whole grace.
    IgnoresTerm,
    /// It ends at once, again and again.
    Crashes,
}

impl Image {
    /// It starts, answers its check, and ends when it is told to.
    pub fn good() -> Self {
        Self {
            process: Process::Runs,
            shell: true,
            looks: 0,
            answers: true,
            own_check: false,
            log: "listening 3000".to_owned(),
            commands: BTreeMap::new(),
            created: 0,
            served: None,
        }
    }

    /// It runs, and its check fails.
    pub fn bad() -> Self {
        Self { answers: false, looks: 2, ..Self::good() }
    }

    /// Its process ends at once.
    pub fn crashing() -> Self {
        Self { process: Process::Crashes, answers: false, looks: 1, ..Self::good() }
    }

    /// Nothing in it could run a check of Coolify.
    pub fn without_shell() -> Self {
        Self { shell: false, looks: 2, log: String::new(), ..Self::good() }
    }

    /// With a HEALTHCHECK of its own.
    #[must_use]
    pub fn with_own_check(self) -> Self {
        Self { own_check: true, ..self }
    }
}

#[derive(Debug)]
struct Running {
    container: NewContainer,
    image: Image,
    looked: u32,
}

impl Simulated {
    /// A host with no image within reach.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an image into its registry, under its name with a tag or a digest.
    pub fn publish(&self, name: &str, image: Image) {
        self.state().catalogue.insert(name.to_owned(), image);
    }

    /// From now on what was not published is looked for by `find`, such as in a real registry.
    ///
    /// # Panics
    /// If it was told so before.
    pub fn pull_from(&self, find: impl Fn(&str) -> Option<Image> + Send + Sync + 'static) {
        self.elsewhere.set(Elsewhere(Box::new(find))).expect("it is told once");
    }

    /// Nothing answers at that registry any more.
    pub fn silence(&self, registry: &str) {
        self.state().silent.insert(registry.to_owned());
    }

    /// What the container sees.
    pub fn environment(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.created(name).map(|it| it.env)
    }

    /// How the container was made.
    pub fn created(&self, name: &str) -> Option<NewContainer> {
        let state = self.state();
        let found = state.containers.iter().find(|it| it.container.name == name)?;
        Some(found.container.clone())
    }

    fn change(&self, state: &mut State) {
        state.changes += 1;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn running(&mut self, name: &str) -> Option<&mut Running> {
        self.containers.iter_mut().find(|it| it.container.name == name)
    }
}

impl Running {
    fn has_check(&self) -> bool {
        self.container.check.is_some() || self.image.own_check
    }

    fn health(&self) -> Option<Health> {
        if !self.has_check() {
            return None;
        }
        let passes = self.image.answers && (self.container.check.is_none() || self.image.shell);
        Some(match (self.looked > self.image.looks, passes) {
            (false, _) => Health::Starting,
            (true, true) => Health::Healthy,
            (true, false) => Health::Unhealthy,
        })
    }

    fn seen(&self) -> Container {
        let crashes = self.image.process == Process::Crashes;
        Container {
            name: self.container.name.clone(),
            app: self.container.app.clone(),
            image: self.container.image.clone(),
            state: if crashes { "restarting" } else { "running" }.to_owned(),
            health: self.health(),
            labels: self.container.labels.clone(),
            address: None,
            served: self.image.served,
        }
    }

    fn check_output(&self) -> (i64, String) {
        if !self.image.shell && self.container.check.is_some() {
            let missing = "exec: \"/bin/sh\": stat /bin/sh: no such file or directory";
            return (-1, missing.to_owned());
        }
        if self.image.answers { (0, String::new()) } else { (1, "not found".to_owned()) }
    }
}

impl Containers for Simulated {
    fn pull(&self, image: &str) -> Result<(), PullError> {
        let mut state = self.state();
        let registry = image.split('/').next().unwrap_or_default().to_owned();
        if state.silent.contains(&registry) {
            return Err(PullError::ConnectionRefused(format!(
                "Get \"http://{registry}/v2/\": dial tcp {registry}: connect: connection refused"
            )));
        }
        let mut found = state.catalogue.get(image).cloned();
        if let (None, Some(elsewhere)) = (&found, self.elsewhere.get()) {
            // It may look at this host meanwhile.
            drop(state);
            found = elsewhere.0(image);
            state = self.state();
        }
        let Some(found) = found else {
            let unknown = "not found: manifest unknown: manifest unknown";
            return Err(PullError::Denied(format!("manifest for {image} {unknown}")));
        };
        state.pulled.insert(image.to_owned(), found);
        Ok(())
    }

    fn start(&self, container: &NewContainer) -> Result<(), String> {
        let mut state = self.state();
        let NewContainer { name, image, .. } = container;
        if state.running(name).is_some() {
            return Err(format!("Conflict. The container name \"/{name}\" is already in use"));
        }
        let image = state.pulled.get(image).cloned();
        let image = image.ok_or_else(|| format!("No such image: {}", container.image))?;
        state.containers.push(Running { container: container.clone(), image, looked: 0 });
        self.change(&mut state);
        Ok(())
    }

    fn health(&self, name: &str) -> Option<Health> {
        let mut state = self.state();
        let running = state.running(name)?;
        running.looked += 1;
        let health = running.health();
        self.change(&mut state);
        health
    }

    fn health_log(&self, name: &str) -> Option<(i64, String)> {
        let mut state = self.state();
        let running = state.running(name)?;
        running.has_check().then(|| running.check_output())
    }

    fn stop(&self, name: &str, grace: Duration) -> bool {
        let process = self.state().running(name).map(|it| it.image.process);
        if process == Some(Process::IgnoresTerm) {
            std::thread::sleep(grace);
        }
        process.is_some()
    }

    fn remove(&self, name: &str) -> bool {
        let mut state = self.state();
        let before = state.containers.len();
        state.containers.retain(|it| it.container.name != name);
        let removed = state.containers.len() < before;
        self.change(&mut state);
        removed
    }

    fn list(&self, app: &str) -> Vec<Container> {
        self.all().into_iter().filter(|it| it.app == app).collect()
    }

    fn all(&self) -> Vec<Container> {
        self.state().containers.iter().rev().map(Running::seen).collect()
    }

    fn logs(&self, name: &str, lines: usize) -> String {
        let mut state = self.state();
        let log = state.running(name).map(|it| it.image.log.clone()).unwrap_or_default();
        let all: Vec<_> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    fn exec(&self, name: &str, command: &str) -> Exec {
        let mut state = self.state();
        let Some(running) = state.running(name) else {
            let output = format!("Error response from daemon: No such container: {name}");
            return Exec { status: 1, output };
        };
        let known = running.image.commands.get(command).cloned();
        known.unwrap_or(Exec { status: 0, output: String::new() })
    }

    fn images(&self, repository: &str) -> Vec<LocalImage> {
        let state = self.state();
        let tags = state.pulled.iter().filter_map(|(name, image)| {
            let (of, tag) = named(name);
            let (of, tag) = (of.to_owned(), tag.to_owned());
            (of == repository).then(|| LocalImage {
                repository: of,
                tag,
                created: image.created,
                id: name.clone(),
            })
        });
        tags.collect()
    }

    fn remove_image(&self, image: &str) {
        self.state().pulled.remove(image);
    }

    fn create_network(&self, name: &str) {
        self.state().networks.insert(name.to_owned());
    }

    fn remove_network(&self, name: &str) {
        self.state().networks.remove(name);
    }

    fn prune_host(&self) {
        self.state().events.push(Event::HostPruned);
    }

    fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    fn wait_for_change(&self, seen: u64, at_most: Duration) -> u64 {
        let unchanged = |state: &mut State| state.changes == seen;
        let waited = self.changed.wait_timeout_while(self.state(), at_most, unchanged);
        waited.unwrap_or_else(PoisonError::into_inner).0.changes
    }
}

/// The repository and the tag; an image by digest has none.
pub(super) fn named(image: &str) -> (&str, &str) {
    if let Some((repository, _)) = image.split_once('@') {
        return (repository, "<none>");
    }
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
}
