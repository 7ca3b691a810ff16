//! A service, started on a database that is nobody's and asked, so that it is shown and not believed
//! that it works there.

use crate::cancel::Cancel;
use crate::edge::docker::{self, Docker};
use crate::edge::http::{self, Asked};
use crate::edge::lease::{self, Lease, Wait};
use crate::edge::shell::{Shell, last_lines};
use crate::edge::{clock, machine, secrets};
use crate::error::{Failure, Result, code};
use std::path::PathBuf;
use std::time::Duration;
use xtask_core::deploy::Service;
use xtask_core::deploy::trial::{Known, Method, Question, filled, judge};
use xtask_core::secret::Secret;
use xtask_core::ship::owner::Owner;
use xtask_core::ship::trial;

const EVERY: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// Another trial of the same environment takes this long at most.
const TURN_LIMIT: Duration = Duration::from_secs(600);

/// Where trials are held.
pub struct Place<'p> {
    pub shell: &'p Shell,
    pub cancel: &'p Cancel,
    /// What the containers are labelled with.
    pub owner: Owner,
    /// The folder whose lease is held meanwhile: one trial at a time is held there.
    pub folder: PathBuf,
}

/// A container of a trial; it goes with its value.
struct Container<'p> {
    place: &'p Place<'p>,
    name: String,
    port: u16,
}

impl Place<'_> {
    /// Starts `service` from `image` with these settings, by which it listens on `port`, and asks
    /// it everything that `deploy.toml` says. One wrong answer is a refusal.
    pub fn ask(&self, service: &Service, image: &str, settings: Secret, port: u16) -> Result<()> {
        if !docker::answers(self.shell)? {
            let what = format!("cannot try `{}`: no Docker engine answers", service.name);
            return Err(Failure::refused(what).code(&code::ENGINE_SILENT));
        }
        let wait = Wait { limit: TURN_LIMIT, cancel: self.cancel };
        let _lease = Lease::wait(&self.folder, "trial", &lease::who(), &wait)?;
        let key = machine::key_of(&self.folder)?;
        self.sweep(&key)?;
        let name = trial::container(&self.owner.project, &key, &secrets::generate()?[..12]);
        let command = trial::start(service, &self.owner, image, &name);
        let container = Container { place: self, name, port };
        let started = Docker::new(self.shell).run(&command.input(settings));
        started.map_err(|failure| failure.during(format!("failed to try `{}`", service.name)))?;
        container.wait(service)?;
        container.ask(service)
    }

    /// Removes the containers of trials that were killed: whoever has the lease is alone here.
    fn sweep(&self, key: &str) -> Result<()> {
        let docker = Docker::new(self.shell);
        let found = docker.containers(&self.owner)?.into_iter();
        let mut left = found.filter(|it| trial::is_trial(&self.owner.project, key, &it.container));
        left.try_for_each(|it| docker.remove(&self.owner, &it.container))
    }
}

impl Container<'_> {
    fn wait(&self, service: &Service) -> Result<()> {
        let limit = Duration::from_secs(service.health.start_seconds);
        let url = format!("http://127.0.0.1:{}{}", self.port, service.health.ready);
        let ready = clock::wait_for(limit, EVERY, || match self.place.cancel.check() {
            Err(ended) => Ok(Err(ended)),
            Ok(()) => match http::get(&url, ANSWER_LIMIT) {
                Ok(answer) if answer.status == 200 => Ok(Ok(())),
                Ok(answer) => Err((true, format!("it answered {}", answer.status))),
                Err(error) => Err((false, error.to_string())),
            },
        });
        ready.unwrap_or_else(|(answered, last)| {
            let why = format!("it is not ready: {last}");
            Err(if answered { self.failed(service, &why) } else { self.unanswered(service, &why) })
        })
    }

    fn ask(&self, service: &Service) -> Result<()> {
        let random = secrets::generate()?[..16].to_owned();
        let mut known = Known::from([("random".to_owned(), random)]);
        for question in &service.trial {
            self.place.cancel.check()?;
            let answer =
                http::ask_for(&self.asked(question, &known), ANSWER_LIMIT).map_err(|error| {
                    self.unanswered(service, &format!("`{}`: {error}", question.path))
                })?;
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

    /// Nothing came back. That is the service's doing where it has ended; where it runs, or nobody
    /// can tell, nothing was shown of it.
    fn unanswered(&self, service: &Service, why: &str) -> Failure {
        let state = Docker::new(self.place.shell).state(&self.name);
        if state.is_ok_and(|it| it.is_some_and(|it| !it.running)) {
            return self.failed(service, why);
        }
        Failure::outside(format!("failed to try `{}`", service.name))
            .reason(format!("nothing tells whether it works on that database: {why}"))
    }

    fn failed(&self, service: &Service, why: &str) -> Failure {
        let logs = Docker::new(self.place.shell).logs_or_why(&self.name, 15);
        Failure::refused(format!("`{}` does not work on that database: {why}", service.name))
            .code(&code::TRIAL_FAILED)
            .reason(format!("it wrote last:\n{}", last_lines(&logs, 15)))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // It cannot be said here; the next trial finds it by its name and its labels.
        let _left = Docker::new(self.place.shell).remove(&self.place.owner, &self.name);
    }
}
