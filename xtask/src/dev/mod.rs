//! The stack that Compose runs on this machine, for development or as in production: its images, its
//! variables, how far it is, its schema and its data. Verbs are in `cmd/dev.rs`.

mod bases;
mod database;
mod variables;

pub use bases::bases;
pub use database::seed;

use crate::edge::docker::Docker;
use crate::edge::{clock, compose, files};
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use crate::world::World;
use std::path::PathBuf;
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::dev::{self, Member, Progress, Stack};

/// The services of both files.
pub const SERVICES: [&str; 4] = ["postgres", "redis", "ml-service", "backend"];
/// The place of its state: what it generated, its lease, its variables.
pub const PLACE: &str = "compose";

/// A model is loaded on a busy machine.
const HEALTHY_LIMIT: Duration = Duration::from_secs(300);
const EVERY: Duration = Duration::from_millis(500);

/// A stack on this machine.
pub struct Dev<'a> {
    pub world: &'a World<'a>,
    pub stack: Stack,
    /// What Compose puts in the place of variables; private, because secrets are among them.
    variables: PathBuf,
}

impl<'a> Dev<'a> {
    /// That stack. What a person wrote into `.env` wins over `chosen`.
    pub fn open(world: &'a World<'a>, stack: Stack, chosen: &[(&str, String)]) -> Result<Self> {
        let own = files::read_if_there(&world.places.file(".env"))?.unwrap_or_default();
        Self::with(world, stack, chosen, &own)
    }

    /// The same with nothing but `chosen`: a measurement depends on nobody's settings.
    pub fn measured(world: &'a World<'a>, chosen: &[(&str, String)]) -> Result<Self> {
        Self::with(world, Stack::measured(&world.deploy.project), chosen, "")
    }

    fn with(
        world: &'a World<'a>,
        stack: Stack,
        chosen: &[(&str, String)],
        own: &str,
    ) -> Result<Self> {
        let variables = variables::write(world, &stack, chosen, own)?;
        let dev = Self { world, stack, variables };
        dev.refuse_foreign()?;
        Ok(dev)
    }

    /// Brings it up to where it serves: started, its services let in, its database migrated and
    /// seeded, and all of it healthy. With `build`, of images that are built now.
    pub fn bring_up(&self, build: bool) -> Result<()> {
        self.start(build)?;
        // The services log in as a role of their own, and are not healthy before they can.
        database::admit(self)?;
        database::migrate(self)?;
        database::seed(self)?;
        self.wait()
    }

    /// Brings its containers up; with `build`, of images that are built now.
    fn start(&self, build: bool) -> Result<()> {
        let phase = self.world.report.phase("stack");
        let up = self.stack.up(self.compose()?, build);
        self.world.shell.follow(&up, &|line| phase.doing(line))?;
        phase.done(&format!("`{}` runs", self.stack.name));
        Ok(())
    }

    /// Waits until all of it is healthy.
    fn wait(&self) -> Result<()> {
        let phase = self.world.report.phase("healthy");
        self.wait_until_healthy(&phase)?;
        phase.done(&SERVICES.join(", "));
        Ok(())
    }

    /// Ends it; with `volumes`, its data goes too.
    pub fn end(&self, volumes: bool) -> Result<()> {
        self.world.shell.run(&self.stack.down(self.compose()?, volumes)).map(drop)
    }

    fn docker(&self) -> Docker<'a> {
        Docker::new(&self.world.shell)
    }

    /// The beginning of a command of Compose about this stack.
    fn compose(&self) -> Result<Command> {
        compose::command_of(&self.world.shell, &self.stack, &self.variables)
    }

    /// The containers of the stack, as Compose lists them: stopped ones too.
    pub fn members(&self) -> Result<Vec<Member>> {
        let listed = self.docker().run(&self.stack.list())?;
        dev::members(&listed).ok_or_else(|| {
            Failure::outside(format!("failed to read the containers of `{}`", self.stack.name))
                .reason(listed)
        })
    }

    /// Its containers; that there are none is a refusal.
    pub fn there(&self) -> Result<Vec<Member>> {
        let members = self.members()?;
        if members.is_empty() {
            return Err(Failure::refused(format!(
                "nothing of stack `{}` is there",
                self.stack.name
            ))
            .code(&code::NOT_UP)
            .hint("./x dev up"));
        }
        Ok(members)
    }

    /// The container of `service`.
    pub fn member(&self, service: &str) -> Result<Member> {
        let found = self.members()?.into_iter().find(|it| it.service == service);
        found.ok_or_else(|| {
            Failure::refused(format!("`{service}` of stack `{}` does not run", self.stack.name))
                .code(&code::NOT_UP)
                .hint("./x dev up")
        })
    }

    /// A stack of that name that another folder made is somebody else's.
    fn refuse_foreign(&self) -> Result<()> {
        let here = self.world.places.root.display().to_string();
        match self.members()?.into_iter().find(|it| it.folder != here) {
            None => Ok(()),
            Some(other) => Err(Failure::refused(format!(
                "cannot use stack `{}`: folder `{}` made it",
                self.stack.name, other.folder
            ))
            .code(&code::FOREIGN)
            .hint("end it there, or give this checkout another `project` in `deploy.toml`")),
        }
    }

    /// Waits until all of it is healthy; one that ends meanwhile is shown with its last lines.
    fn wait_until_healthy(&self, phase: &Phase<'_>) -> Result<()> {
        let looked = clock::wait_for(HEALTHY_LIMIT, EVERY, || self.look(phase));
        looked.unwrap_or_else(|waiting| Err(self.silent(&waiting)))
    }

    /// An inner failure ends the waiting; an outer one is who is waited for.
    fn look(&self, phase: &Phase<'_>) -> std::result::Result<Result<()>, Vec<String>> {
        let members = match self.world.cancel.check().and_then(|()| self.members()) {
            Ok(members) => members,
            Err(failure) => return Ok(Err(failure)),
        };
        match dev::progress(&members, &SERVICES) {
            Progress::Up => Ok(Ok(())),
            Progress::Ended(service) => Ok(Err(self.silent(&[service]))),
            Progress::Waiting(names) => {
                phase.doing(&format!("waiting for {}", names.join(", ")));
                Err(names)
            }
        }
    }

    fn silent(&self, services: &[String]) -> Failure {
        let names = services.join("`, `");
        let failure = Failure::outside(format!("failed to bring up `{names}`: not healthy"))
            .code(&code::BACKING_SILENT)
            .hint("./x dev logs shows what it wrote; ./x dev down ends the stack");
        let first = services.first().and_then(|name| self.member(name).ok());
        match first {
            Some(member) => {
                let lines = self.docker().logs_or_why(&member.id, 10);
                failure.reason(format!("`{}` wrote last:\n{lines}", member.service))
            }
            None => failure,
        }
    }

    /// Where the backend is reached from this machine.
    pub fn url(&self) -> Result<String> {
        let backend = self.member("backend")?.id;
        let port =
            self.docker().run(&Command::new("docker").args(["port", &backend, "3000/tcp"]))?;
        let address = port.lines().next().unwrap_or_default();
        Ok(format!("http://{address}"))
    }
}
