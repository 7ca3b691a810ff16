//! `secrets sync`: the secrets of an environment, put where its services and its jobs get them from:
//! the variables of a Coolify, and the secrets of an environment of GitHub.

mod coolify;
mod github;

use crate::cmd::infra;
use crate::edge::secrets;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::SecretsSync;
use crate::report::table;
use crate::ship::review;
use crate::world::World;
use coolify::InCoolify;
use github::InGitHub;
use serde_json::json;
use xtask_core::coolify::desired::Secrets;
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::ship::review::Review;

pub(super) use coolify::differing;

const VERB: &str = "secrets sync";

/// What would be done, and where.
struct Looked {
    coolify: Option<InCoolify>,
    github: Option<InGitHub>,
}

pub(super) fn run(flags: &SecretsSync, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    if !flags.apply {
        return show(&look(world, name)?, world, name);
    }
    let (_machine, _lease) = infra::leases(world, name, VERB, flags.wait.limit())?;
    let looked = look(world, name)?;
    looked.refuse(name)?;
    review::hold(world, flags.plan.as_ref(), &looked.review(name))?;
    let done = looked.apply(world)?;
    let said = match done {
        0 => "nothing to do".to_owned(),
        _ => format!(
            "{} done; services are told when the release that serves is deployed again: \
             `cargo xtask rollout {name} RELEASE --apply`",
            Count(done, "step")
        ),
    };
    world.report.data(&json!({ "applied": done }), &said);
    Ok(Exit::Done)
}

fn look(world: &World<'_>, name: &str) -> Result<Looked> {
    let environment = world.environment(name)?;
    if environment.coolify.is_none() && environment.github.is_none() {
        return Err(Failure::usage(format!("cannot hand over the secrets of `{name}`: to nobody"))
            .hint("an environment with `coolify` or `github` in `deploy.toml` has somebody"));
    }
    let mut sources = environment.sources();
    sources.retain(|name, _| name != "coolify.token" && name != "database.direct_url");
    let (found, absent) = secrets::at_hand(&sources);
    if !absent.is_empty() {
        return Err(secrets::refused(&absent));
    }
    let coolify = environment.coolify.as_ref();
    let coolify = coolify.map(|place| InCoolify::look(world, name, place, &found)).transpose()?;
    let github = environment.github.as_ref();
    let github = github.map(|place| InGitHub::look(world, name, place, &found)).transpose()?;
    Ok(Looked { coolify, github })
}

fn show(looked: &Looked, world: &World<'_>, name: &str) -> Result<Exit> {
    let review = looked.review(name);
    let digest: Option<Digest> =
        (!review.steps.is_empty()).then(|| review::show(world, &review)).transpose()?;
    let remarks = looked.remarks();
    let mut rows: Vec<Vec<String>> =
        review.steps.iter().map(|it| vec!["write".to_owned(), it.what.clone()]).collect();
    rows.extend(remarks.iter().map(|(word, what)| vec![(*word).to_owned(), what.clone()]));
    let mut said = table(&rows);
    match digest {
        Some(digest) => said.push_str(&format!("\nplan {digest}")),
        None => said = format!("nothing to do\n{said}"),
    }
    let value = json!({ "plan": digest, "steps": review.steps, "remarks": remarks });
    world.report.data(&value, said.trim_end());
    let is_refused = remarks.iter().any(|(word, _)| *word == "refused");
    let is_unknown = remarks.iter().any(|(word, _)| *word == "unknown");
    Ok(match (review.steps.is_empty() && !is_refused, is_unknown) {
        (false, _) => Exit::Planned,
        (true, true) => Exit::NotChecked,
        (true, false) => Exit::Done,
    })
}

impl Looked {
    fn review(&self, name: &str) -> Review {
        let coolify = self.coolify.iter().flat_map(InCoolify::review);
        let github = self.github.iter().flat_map(InGitHub::review);
        let steps = coolify.chain(github).collect();
        Review { verb: VERB.to_owned(), environment: name.to_owned(), steps }
    }

    fn remarks(&self) -> Vec<(&'static str, String)> {
        let coolify = self.coolify.iter().flat_map(InCoolify::remarks);
        coolify.chain(self.github.iter().flat_map(InGitHub::remarks)).collect()
    }

    /// Nothing is begun that cannot be finished.
    fn refuse(&self, name: &str) -> Result<()> {
        let remarks = self.remarks();
        let mut refused = remarks.iter().filter(|(word, _)| *word == "refused").peekable();
        if refused.peek().is_none() {
            return Ok(());
        }
        let failure = Failure::refused(format!("cannot hand over the secrets of `{name}`"))
            .code(&crate::error::code::INFRA_REFUSED)
            .hint(format!("cargo xtask infra plan {name}"));
        Err(refused.fold(failure, |failure, (_, what)| failure.reason(what.clone())))
    }

    fn apply(&self, world: &World<'_>) -> Result<usize> {
        let mut done = 0;
        if let Some(coolify) = &self.coolify {
            done += coolify.apply(world)?;
        }
        if let Some(github) = &self.github {
            let put = github.apply(world);
            done += put.map_err(|failure| if done > 0 { failure.partly() } else { failure })?;
        }
        Ok(done)
    }
}

/// What tells the secrets of an environment from those of another is made with this one.
fn key_secret(found: &Secrets) -> Result<&xtask_core::secret::Secret> {
    found.get("database.url").ok_or_else(|| {
        Failure::usage("cannot tell what was handed over: the environment names no `database.url`")
    })
}
