//! What a Coolify tells of itself before a rollout. One question that fails takes no other with it.

use super::observe::observe;
use crate::error::{Failure, Result, code};
use std::collections::BTreeMap;
use xtask_core::coolify::desired::{Desired, Marked};
use xtask_core::coolify::observed::{Application, Known, Observed, named};
use xtask_core::coolify::plan::{Plan, plan};
use xtask_core::coolify::preflight::{Active, Api, Facts, Line, Server, Verdict, worst};
use xtask_core::deploy;
use xtask_core::moment::Moment;
use xtask_providers::coolify::{Ability, Coolify, Error, Kind, Status};

/// What a Coolify tells of itself.
pub struct Told {
    /// How the API answered.
    pub api: Api,
    /// By how much the clocks differ, in words, if they do.
    pub clock: Known<Option<String>>,
    /// What the token may do.
    pub abilities: Vec<(&'static str, Known<bool>)>,
    /// Whether the token is the root user's.
    pub is_root: Known<bool>,
    pub server: Known<Server>,
    /// The application of each service.
    pub applications: BTreeMap<String, Known<Option<Application>>>,
    /// Deployments that wait or run.
    pub active: Known<Vec<Active>>,
    /// What differs from `deploy.toml`.
    pub plan: Known<Plan>,
}

impl Told {
    /// The facts so far; what is not Coolify's to tell says that nobody asked.
    pub fn facts(self, now: Moment) -> Facts {
        fn nobody<T>() -> Known<T> {
            Err("nobody asked; `cargo xtask preflight` does".to_owned())
        }
        let end = "the API tells of no token when it ends; the panel does";
        let disk = "the API does not tell; Coolify notifies from a threshold on";
        Facts {
            now,
            api: self.api,
            clock: self.clock,
            abilities: self.abilities,
            is_root: self.is_root,
            token_ends: Err(end.to_owned()),
            server: self.server,
            disk_used: Err(disk.to_owned()),
            applications: self.applications,
            active: self.active,
            plan: self.plan,
            images: BTreeMap::new(),
            platform: Err("the API does not tell".to_owned()),
            absent: Vec::new(),
            schema: nobody(),
            certificate: nobody(),
        }
    }
}

/// Refuses a change for all that is wrong at once.
pub fn refuse(environment: &str, lines: &[Line]) -> Result<()> {
    if worst(lines) != Verdict::Fail {
        return Ok(());
    }
    let failure = Failure::refused(format!("cannot change `{environment}`: it is not fit"))
        .code(&code::PREFLIGHT)
        .hint(format!("cargo xtask preflight {environment}"));
    let failed = lines.iter().filter(|line| line.verdict == Verdict::Fail);
    let reason = |failure: Failure, it: &Line| failure.reason(format!("{}: {}", it.what, it.said));
    Err(failed.fold(failure, reason))
}

pub async fn ask(coolify: &Coolify, place: &deploy::Coolify, desired: &Desired) -> Told {
    let api = match coolify.tested_version().await {
        Ok(version) => Api::Answers(version.to_string()),
        Err(error) => return refused(&error, desired),
    };
    let observed = observe(coolify, place, desired).await;
    let server = server(coolify, place).await;
    let uuid = server.as_ref().map(|(uuid, _)| uuid.clone()).map_err(Clone::clone);
    Told {
        api,
        abilities: abilities(coolify, uuid).await,
        is_root: is_root(coolify).await,
        server: server.map(|(_, server)| server),
        active: active(coolify).await,
        applications: applications(observed.as_ref(), desired),
        plan: observed.map(|it| plan(desired, &it)).map_err(|failure| why(&failure)),
        clock: Ok(coolify.warnings().first().map(ToString::to_string)),
    }
}

fn why(failure: &Failure) -> String {
    match failure.first_line() == failure.innermost_line() {
        true => failure.first_line().to_owned(),
        false => format!("{}: {}", failure.first_line(), failure.innermost_line()),
    }
}

/// Nothing else can be asked.
fn refused(error: &Error, desired: &Desired) -> Told {
    fn unknown<T>() -> Known<T> {
        Err("the API did not answer us".to_owned())
    }
    let api = match error.kind() {
        kind @ Kind::OutsideTestedVersions { .. } => Api::Untested(kind.to_string()),
        _ => {
            let failure = crate::edge::coolify::failed("ask Coolify", error);
            let hint = failure.to_json()["hint"].as_str().map(ToOwned::to_owned);
            let hint = hint.unwrap_or_else(|| "run the same again".to_owned());
            Api::Refuses(error.to_string(), hint)
        }
    };
    let names = desired.applications.iter().map(|it| it.name.clone());
    Told {
        api,
        clock: unknown(),
        abilities: ["read", "write", "deploy"].map(|name| (name, unknown())).to_vec(),
        is_root: unknown(),
        server: unknown(),
        applications: names.map(|name| (name, unknown())).collect(),
        active: unknown(),
        plan: unknown(),
    }
}

async fn server(coolify: &Coolify, place: &deploy::Coolify) -> Known<(String, Server)> {
    let wanted = &place.server;
    let listed = coolify.servers().await.map_err(|error| error.to_string())?;
    let found = listed.into_iter().find(|it| it.name == *wanted || it.uuid == *wanted);
    let found = found.ok_or_else(|| format!("there is no server `{wanted}`"))?;
    // Its proxy is shown only where it is asked for alone.
    let whole = coolify.server(&found.uuid).await.map_err(|error| error.to_string())?;
    let whole = whole.as_ref().unwrap_or(&found);
    let settings = whole.settings.as_ref().or(found.settings.as_ref());
    let server = Server {
        name: found.name.clone(),
        is_reachable: found.is_reachable(),
        is_usable: found.is_usable(),
        queue_limit: settings.and_then(|it| it.deployment_queue_limit),
        time_limit: settings.and_then(|it| it.dynamic_timeout),
        proxy: whole.proxy.as_ref().and_then(|it| it.kind.clone()),
    };
    Ok((found.uuid, server))
}

/// `read` has told the version; `delete` cannot be asked for without removing something.
async fn abilities(coolify: &Coolify, server: Known<String>) -> Vec<(&'static str, Known<bool>)> {
    let mut abilities = vec![("read", Ok(true))];
    for (name, ability) in [("write", Ability::Write), ("deploy", Ability::Deploy)] {
        let has = match &server {
            Ok(server) => coolify.may(ability, server).await.map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        abilities.push((name, has));
    }
    let version = coolify.tested_version().await;
    if version.is_ok_and(|it| it.capabilities().delete_needs_own_ability) {
        let why = "nothing asks for it without removing something; only `infra apply` needs it";
        abilities.push(("delete", Err(why.to_owned())));
    }
    abilities
}

async fn is_root(coolify: &Coolify) -> Known<bool> {
    let shares = coolify.shares_its_limit().await.map_err(|error| error.to_string())?;
    shares.ok_or_else(|| "Coolify does not tell how many requests are left".to_owned())
}

async fn active(coolify: &Coolify) -> Known<Vec<Active>> {
    let rows = coolify.deployments().await.map_err(|error| error.to_string())?;
    let moment = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let own = rows.iter().map(|row| Active {
        application: row.application_name.clone().unwrap_or_default(),
        uuid: row.uuid.as_str().to_owned(),
        is_queued: row.status == Status::Queued,
        since: moment(row.created_at.as_deref()),
    });
    Ok(own.collect())
}

fn applications(
    observed: std::result::Result<&Observed, &Failure>,
    desired: &Desired,
) -> BTreeMap<String, Known<Option<Application>>> {
    let found = |name: &str| match &observed {
        Err(failure) => Err(why(failure)),
        Ok(observed) => {
            let is_ours = |it: &Application| Marked::is(it.description.as_deref(), &desired.mark);
            let found = named(&observed.applications, |it| it.name == name, is_ours);
            found.map(|it| it.cloned()).map_err(|error| error.to_string())
        }
    };
    let names = desired.applications.iter().map(|it| it.name.clone());
    names.map(|name| (name.clone(), found(&name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_everything_that_fails_and_nothing_else() {
        let line = |verdict, what: &str| Line {
            what: what.to_owned(),
            verdict,
            said: "said".to_owned(),
            hint: None,
        };
        let lines = [line(Verdict::Fail, "API"), line(Verdict::Warn, "disk")];
        let said = refuse("production", &lines).unwrap_err().to_string();
        assert!(said.contains("API: said") && !said.contains("disk"), "{said}");
        assert!(said.contains("E-preflight"), "{said}");
        assert!(refuse("production", &lines[1..]).is_ok());
    }
}
