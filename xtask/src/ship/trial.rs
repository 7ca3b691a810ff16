//! trial: a release is started on another database and asked, so that it is shown and not believed
//! that it works there.

use super::settings;
use super::site::Site;
use crate::edge::docker::{self, Docker};
use crate::edge::http::{self, Asked};
use crate::edge::shell::last_lines;
use crate::edge::{clock, ports, secrets};
use crate::error::{Failure, Result, code};
use std::time::Duration;
use xtask_core::deploy::Service;
use xtask_core::deploy::trial::{Known, Method, Question, filled, judge};
use xtask_core::secret::Secret;
use xtask_core::ship::database::Address;
use xtask_core::ship::release::Release;
use xtask_core::ship::trial::{self, Shown};

const EVERY: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Nothing listens there: what is not the database is not tried, and must not be needed.
const NOWHERE: &str = "127.0.0.1:1";

/// A container of a trial; it goes with its value.
struct Container<'d> {
    docker: Docker<'d>,
    site: &'d Site<'d>,
    name: String,
    port: u16,
}

/// Asks every service of `release` that has a trial, on the database at `address`, whose last
/// migration is `schema`. The address is that of the services' role.
pub fn run(
    site: &Site<'_>,
    release: &Release,
    address: &Address,
    schema: &str,
) -> Result<Vec<Shown>> {
    docker::ensure(&site.world.shell, &site.world.places.state)?;
    sweep(site)?;
    let mut shown = Vec::new();
    for service in site.world.deploy.services.iter().filter(|it| !it.trial.is_empty()) {
        let image = release.services.get(&service.name).ok_or_else(|| {
            let (version, name) = (&release.version, &service.name);
            Failure::refused(format!("cannot try release `{version}`: it has no image of `{name}`"))
        })?;
        let image = image.pin().to_string();
        let container = start(site, service, release, &image, address)?;
        container.wait(service)?;
        container.ask(service)?;
        shown.push(Shown {
            service: service.name.clone(),
            release: release.version.clone(),
            image,
            schema: schema.to_owned(),
            questions: service.trial.len(),
        });
    }
    Ok(shown)
}

/// Removes the containers of trials that were killed.
fn sweep(site: &Site<'_>) -> Result<()> {
    let docker = Docker::new(&site.world.shell);
    let (owner, project) = (site.world.owner(site.name), &site.world.deploy.project);
    let left = docker.containers(&owner)?.into_iter();
    let left = left.filter(|it| trial::is_trial(project, &it.container));
    left.map(|it| docker.remove(&owner, &it.container)).collect()
}

fn start<'d>(
    site: &'d Site<'d>,
    service: &Service,
    release: &Release,
    image: &str,
    address: &Address,
) -> Result<Container<'d>> {
    let world = site.world;
    let docker = Docker::new(&world.shell);
    let name = trial::container(&world.deploy.project, &secrets::generate()?[..12]);
    let port = ports::free()?;
    let settings = told(service, &release.version, address, port)?;
    let command = trial::start(service, &world.owner(site.name), image, &name);
    let container = Container { docker, site, name, port };
    let started = container.docker.run(&command.input(settings));
    started.map_err(|failure| failure.during(format!("failed to try `{}`", service.name)))?;
    Ok(container)
}

/// The settings of the service, with this database and with nothing else of the environment.
fn told(service: &Service, version: &str, address: &Address, port: u16) -> Result<Secret> {
    let made = secrets::generate()?;
    let answer = |reference: &str| match reference {
        "release.version" => Some(version.to_owned()),
        "database.url" => Some(address.url().expose().to_owned()),
        "redis.url" => Some(format!("redis://{NOWHERE}")),
        it if it.starts_with("services.") => Some(format!("http://{NOWHERE}")),
        it if it.starts_with("secrets.") => Some(made.clone()),
        _ => None,
    };
    let lines = settings::with(service, port, &answer, None)?;
    Ok(Secret::new(format!("{}HOST=127.0.0.1\nMETRICS_PORT=0\n", lines.expose())))
}

impl Container<'_> {
    fn wait(&self, service: &Service) -> Result<()> {
        let limit = Duration::from_secs(service.health.start_seconds);
        let url = format!("http://127.0.0.1:{}{}", self.port, service.health.ready);
        let ready = clock::wait_for(limit, EVERY, || match self.site.world.cancel.check() {
            Err(ended) => Ok(Err(ended)),
            Ok(()) => match http::get(&url, ANSWER_LIMIT) {
                Ok(answer) if answer.status == 200 => Ok(Ok(())),
                Ok(answer) => Err(format!("it answered {}", answer.status)),
                Err(error) => Err(error.to_string()),
            },
        });
        ready.unwrap_or_else(|last| Err(self.failed(service, &format!("it is not ready: {last}"))))
    }

    fn ask(&self, service: &Service) -> Result<()> {
        let random = secrets::generate()?[..16].to_owned();
        let mut known = Known::from([("random".to_owned(), random)]);
        for question in &service.trial {
            self.site.world.cancel.check()?;
            let asked = self.asked(question, &known);
            let answer = http::ask_for(&asked, ANSWER_LIMIT)
                .map_err(|error| self.failed(service, &format!("`{}`: {error}", question.path)))?;
            judge(question, &known, answer.status, &answer.body)
                .map_err(|why| self.failed(service, &why))?;
            for (name, pointer) in &question.keep {
                let value = answer.text_at(pointer).ok_or_else(|| {
                    self.failed(service, &format!("`{}`: no text at `{pointer}`", question.path))
                })?;
                known.insert(name.clone(), value);
            }
        }
        Ok(())
    }

    fn asked(&self, question: &Question, known: &Known) -> Asked {
        Asked {
            url: format!("http://127.0.0.1:{}{}", self.port, filled(&question.path, known)),
            is_post: question.method == Method::Post,
            body: filled(&question.body, known),
            bearer: question.bearer.as_ref().and_then(|it| known.get(it)).map(Secret::new),
        }
    }

    fn failed(&self, service: &Service, why: &str) -> Failure {
        let logs = self.docker.logs_or_why(&self.name, 15);
        Failure::refused(format!("`{}` does not work on that database: {why}", service.name))
            .code(&code::TRIAL_FAILED)
            .reason(format!("it wrote last:\n{}", last_lines(&logs, 15)))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // It cannot be said here; the next trial finds it by its name and its labels.
        let owner = self.site.world.owner(self.site.name);
        let _left = self.docker.remove(&owner, &self.name);
    }
}
