//! notify: those whom `deploy.toml` names hear how it ended. The rollout is over and recorded, so
//! nothing here fails it: whom it did not reach is said, and given back.

use super::site::Site;
use crate::edge::{actions, clock, git, lease, secrets, tell as edge};
use crate::error::{Failure, Result, code};
use crate::runtime;
use crate::world::World;
use std::pin::Pin;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use xtask_core::deploy::{Environment, SecretSource};
use xtask_core::secret::Secret;
use xtask_core::ship::ledger::Record;
use xtask_core::ship::notify::{Message, Told, sentry};

/// All of them together, side by side, are given this long.
const LIMIT: Duration = Duration::from_secs(20);

/// Somebody who is to hear of it, and how that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub place: &'static str,
    /// Why not, in one line.
    pub outcome: Result<(), String>,
}

type Telling = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// What is told of a record.
pub fn told(site: &Site<'_>, record: &Record) -> Told {
    let project = &site.world.deploy.project;
    let told = Told::of(record, project, site.name, &site.environment.url);
    let told = Told { ended: clock::now(), ..told };
    if site.world.cancel.is_cancelled() { told.interrupted() } else { told }
}

/// Tells everybody, and says whom it did not reach.
pub fn tell(site: &Site<'_>, told: &Told) -> Vec<Heard> {
    let environment = site.environment;
    if environment.notify_sources().is_empty() {
        return Vec::new();
    }
    let phase = site.world.report.phase("notify");
    let heard = all(messages(environment, &Message::of(told)).chain(records(site, told)).collect());
    for Heard { place, outcome } in &heard {
        if let Err(why) = outcome {
            let name = code::NOT_TOLD.name;
            site.world.report.warning(&format!("{place} was not told ({name}): {why}"));
        }
    }
    phase.done(&reached(&heard));
    heard
}

/// Sends one message to each channel of the environment called `name`.
pub fn trial(world: &World<'_>, name: &str) -> Result<Vec<Heard>> {
    let environment = world.environment(name)?;
    let message = Message::trial(&world.deploy.project, name, &lease::who(), &clock::now());
    let told: Vec<_> = messages(environment, &message).collect();
    if told.is_empty() {
        return Err(Failure::usage(format!("cannot test whom `{name}` tells: nobody is named"))
            .hint(format!("name `discord` or `slack` below `[environments.{name}.notify]`")));
    }
    Ok(all(told))
}

fn reached(heard: &[Heard]) -> String {
    let names: Vec<&str> =
        heard.iter().filter(|it| it.outcome.is_ok()).map(|it| it.place).collect();
    if names.is_empty() { "nobody was reached".to_owned() } else { names.join(", ") }
}

/// The channels where people read.
fn messages<'a>(
    environment: &'a Environment,
    message: &'a Message,
) -> impl Iterator<Item = (&'static str, Telling)> + use<'a> {
    let notify = &environment.notify;
    let discord = notify.discord.as_ref().map(|source| {
        let message = message.clone();
        ("Discord", with_secret("notify.discord", source, |url| edge::discord(url, message)))
    });
    let slack = notify.slack.as_ref().map(|source| {
        let message = message.clone();
        ("Slack", with_secret("notify.slack", source, |url| edge::slack(url, message)))
    });
    discord.into_iter().chain(slack)
}

/// Those who keep a list of what was rolled out.
fn records<'a>(
    site: &'a Site<'_>,
    told: &'a Told,
) -> impl Iterator<Item = (&'static str, Telling)> + use<'a> {
    let notify = &site.environment.notify;
    // On GitHub the job's own environment has made a deployment already.
    let github = notify.github.as_ref().filter(|_| !actions::is_here()).map(|place| {
        let (own, told) = (place.clone(), told.clone());
        let telling =
            with_secret("notify.github.token", &place.token, |it| edge::github(own, it, told));
        ("GitHub", telling)
    });
    let sentry = notify.sentry.as_ref().map(|place| {
        let (own, own_told, commits) = (place.clone(), told.clone(), commits(site, told));
        let telling = with_secret("notify.sentry.token", &place.token, |it| {
            edge::sentry(own, it, own_told, commits)
        });
        ("Sentry", telling)
    });
    github.into_iter().chain(sentry)
}

/// The commits since the release that served before. A release that goes back holds none.
fn commits(site: &Site<'_>, told: &Told) -> Vec<sentry::Commit> {
    let Some(from) = &told.from else { return Vec::new() };
    // A version begins with its commit.
    let from = from.split('-').next().unwrap_or_default();
    match git::subjects(&site.world.shell, from, &told.commit, sentry::COMMITS_MAX) {
        Ok(text) => sentry::commits(&text),
        Err(failure) => {
            let line = format!("Sentry is told of no commits: {}", failure.first_line());
            site.world.report.warning(&line);
            Vec::new()
        }
    }
}

fn with_secret<F>(name: &str, source: &SecretSource, tell: impl FnOnce(Secret) -> F) -> Telling
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    match secrets::read_one(name, source) {
        Ok(secret) => Box::pin(tell(Secret::new(secret.expose().trim()))),
        Err(failure) => {
            let line = failure.first_line().to_owned();
            Box::pin(async move { Err(line) })
        }
    }
}

/// Tells all of them side by side; whoever takes longer than all may is left.
fn all(tellings: Vec<(&'static str, Telling)>) -> Vec<Heard> {
    let end = Instant::now() + LIMIT;
    let begun: Vec<(&'static str, JoinHandle<Result<(), String>>)> =
        tellings.into_iter().map(|(place, telling)| (place, runtime::spawn(telling))).collect();
    let heard = begun.into_iter().map(|(place, mut task)| {
        let outcome = runtime::wait(async {
            match timeout_at(end, &mut task).await {
                Ok(ended) => {
                    ended.unwrap_or_else(|_| Err("telling it failed by itself".to_owned()))
                }
                Err(_) => Err(format!("it took longer than {} s", LIMIT.as_secs())),
            }
        });
        task.abort();
        Heard { place, outcome }
    });
    heard.collect()
}
