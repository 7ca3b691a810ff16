//! What every verb is handed: the places, the shell, the voice, and what `deploy.toml` says.

use crate::cancel::Cancel;
use crate::edge::files;
use crate::edge::leftovers;
use crate::edge::places::Places;
use crate::edge::shell::Shell;
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::report::Report;
use std::path::PathBuf;
use xtask_core::deploy::{self, Deploy, Environment, Service};
use xtask_core::finding::Findings;
use xtask_core::image::conditions::{self, Conditions};
use xtask_core::image::definition::Definition;
use xtask_core::image::lock::{Lock, checksum};
use xtask_core::platform::Platform;
use xtask_core::ship::owner::Owner;

/// What every verb is handed.
pub struct World<'a> {
    /// Where things are.
    pub places: Places,
    /// What runs programs.
    pub shell: Shell,
    /// Whether this run is to end.
    pub cancel: Cancel,
    pub report: &'a Report,
    /// What is shipped, and where to.
    pub deploy: Deploy,
    /// How images are packed where that must not show; as usual unless `image verify` runs us.
    pub conditions: Conditions,
    /// Where the report of a rollout is written, if not among the others.
    pub page: Option<PathBuf>,
}

impl<'a> World<'a> {
    /// Finds the repository and reads `deploy.toml`.
    pub fn open(report: &'a Report, cancel: &Cancel) -> Result<Self> {
        let places = Places::find()?;
        let shell = Shell::new(&places.root, &places.cache.join("tools/bin"), cancel)?;
        let text = files::read(&places.file(deploy::FILE)).coded(&code::CONFIG)?;
        let deploy = Deploy::parse(&text)
            .or_usage(|| format!("cannot use `{}`", deploy::FILE))
            .coded(&code::CONFIG)?;
        let conditions = conditions()?;
        let world =
            Self { places, shell, cancel: cancel.clone(), report, deploy, conditions, page: None };
        world.cancel.listen(report.speaker());
        world.sweep()?;
        Ok(world)
    }

    /// The same where state lies in another folder and something else is shipped.
    #[must_use]
    pub fn elsewhere(&self, state: PathBuf, deploy: Deploy) -> Self {
        Self {
            places: Places { state, ..self.places.clone() },
            shell: self.shell.clone(),
            cancel: self.cancel.clone(),
            report: self.report,
            deploy,
            conditions: self.conditions,
            page: None,
        }
    }

    /// Removes the files with settings that killed runs of earlier versions have left: they hold
    /// secrets, so they go at the next start, whatever it does.
    fn sweep(&self) -> Result<()> {
        let folders = self.deploy.environments.keys().map(|name| self.state(name));
        folders.into_iter().try_for_each(|folder| leftovers::sweep(&folder, &self.deploy.project))
    }

    /// The environment called `name`.
    pub fn environment(&self, name: &str) -> Result<&Environment> {
        self.deploy.environment(name).map_err(|error| Failure::usage(error.to_string()))
    }

    /// What the environment called `name` labels its own with.
    pub fn owner(&self, name: &str) -> Owner {
        Owner::new(&self.deploy.project, name)
    }

    /// The folder that holds the state of the environment called `name`.
    pub fn state(&self, name: &str) -> PathBuf {
        self.places.environment(&self.deploy.project, name)
    }

    /// The definition called `name`.
    pub fn definition(&self, name: &str) -> Result<Definition> {
        let file = format!("images/{name}.toml");
        let text = files::read_if_there(&self.places.file(&file))?.ok_or_else(|| {
            let known = self.definitions().unwrap_or_default().join("`, `");
            Failure::usage(format!("unknown image `{name}`; known: `{known}`"))
        })?;
        let definition = Definition::parse(name, &file, &text)
            .and_then(|definition| self.fits_its_services(&file, definition));
        self.on_base(
            definition.or_usage(|| format!("cannot use `{file}`")).coded(&code::DEFINITION)?,
        )
    }

    /// The only place where the image of a service and what `deploy.toml` says of it meet.
    fn fits_its_services(
        &self,
        file: &str,
        definition: Definition,
    ) -> std::result::Result<Definition, Findings> {
        let mut services = self.deploy.services.iter().filter(|service| service.image == file);
        services.try_for_each(|service| deploy::drain::check(service, &definition))?;
        Ok(definition)
    }

    fn on_base(&self, definition: Definition) -> Result<Definition> {
        let Some(base) = definition.base.clone() else { return Ok(definition) };
        let file = format!("images/bases/{base}.toml");
        let text = files::read_if_there(&self.places.file(&file))?.ok_or_else(|| {
            Failure::usage(format!(
                "cannot use image `{}`: its base `{file}` is not there",
                definition.name
            ))
        })?;
        definition
            .on_base(&file, &text)
            .or_usage(|| format!("cannot use `{file}`"))
            .coded(&code::DEFINITION)
    }

    /// The names of all definitions, ordered.
    pub fn definitions(&self) -> Result<Vec<String>> {
        let names = files::names(&self.places.file("images"))?.into_iter();
        let names = names.filter_map(|name| name.strip_suffix(".toml").map(ToOwned::to_owned));
        Ok(names.filter(|name| name != "debian-scripts").collect())
    }

    /// The lock of the image called `name`, if there is one.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>> {
        let file = lock_file(name);
        let Some(text) = files::read_if_there(&self.places.file(&file))? else { return Ok(None) };
        let edited = || format!("cannot use `{file}`: it is not as `image lock` wrote it");
        checksum::check(&text)
            .or_refused(edited)
            .coded(&code::LOCK_STALE)
            .map_err(|failure| failure.hint(format!("cargo xtask image lock {name}")))?;
        Lock::parse(&file, &text).or_usage(|| format!("cannot use `{file}`")).map(Some)
    }

    /// The service called `name`.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.deploy.service(name).ok_or_else(|| {
            let known: Vec<&str> = self.deploy.services.iter().map(|it| it.name.as_str()).collect();
            Failure::usage(format!("unknown service `{name}`; known: `{}`", known.join("`, `")))
        })
    }
}

/// What `image verify` told this process, if it started it.
fn conditions() -> Result<Conditions> {
    let text = std::env::var(conditions::VARIABLE).unwrap_or_default();
    text.parse().or_usage(|| format!("cannot use `{}`", conditions::VARIABLE))
}

/// Where the lock of the image called `name` is, from the root of the repository.
pub fn lock_file(name: &str) -> String {
    format!("images/{name}.lock")
}

/// The name of the definition in the file `path`.
pub fn definition_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

/// The platform of this machine.
pub fn this_platform() -> Result<Platform> {
    let machine = std::env::consts::ARCH;
    Platform::of_machine(machine).ok_or_else(|| {
        Failure::usage(format!("cannot run images here: machine `{machine}` is unknown"))
    })
}
