//! `preflight`: everything that may stop a rollout, at once.

use super::infra::place;
use crate::edge::certificate;
use crate::edge::clock;
use crate::edge::coolify as edge;
use crate::edge::postgres::Database;
use crate::edge::secrets::{self, Secrets};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Preflight;
use crate::infra::preflight::{Told, ask};
use crate::report::table;
use crate::runtime;
use crate::ship::{migrate, release};
use crate::world::World;
use serde_json::json;
use xtask_core::coolify::desired;
use xtask_core::coolify::observed::Known;
use xtask_core::coolify::preflight::{
    Certificate, Facts, Image, Line, Schema, Verdict, judge, worst,
};
use xtask_core::database::migration::check_rollback;
use xtask_core::deploy::Environment;
use xtask_core::ship::database::Address;
use xtask_core::ship::release::{Release, ReleasedImage};
use xtask_registry::Registry;

pub(super) fn run(flags: &Preflight, world: &World<'_>) -> Result<Exit> {
    let phase = world.report.phase("preflight");
    let facts = gather(flags, world)?;
    let lines = judge(&facts);
    let failed = lines.iter().filter(|it| it.verdict == Verdict::Fail).count();
    phase.done(&format!("{} things were looked at", lines.len()));
    let value = json!({ "verdict": worst(&lines), "lines": lines, "failed": failed });
    world.report.data(&value, &said(&lines, &flags.environment));
    Ok(if failed == 0 { Exit::Done } else { Exit::Planned })
}

fn said(lines: &[Line], environment: &str) -> String {
    let row = |line: &Line| {
        let hint = line.hint.as_deref().map(|it| format!("; {it}")).unwrap_or_default();
        let hint = hint.replace("ENVIRONMENT", environment);
        vec![line.verdict.word().to_owned(), line.what.clone(), format!("{}{hint}", line.said)]
    };
    table(&lines.iter().map(row).collect::<Vec<_>>())
}

fn gather(flags: &Preflight, world: &World<'_>) -> Result<Facts> {
    let name = &flags.environment;
    let place = place(world, name)?;
    let environment = world.environment(name)?;
    let (found, absent) = secrets::at_hand(&environment.sources());
    let desired = desired::of(&world.deploy, name, &found).expect("it is on a Coolify");
    let coolify = edge::open(place)?;
    let told: Told = runtime::wait(ask(&coolify, place, &desired));
    let release = released(environment, flags.release.as_deref());
    let names = world.deploy.services.iter().map(|it| it.name.clone());
    Ok(Facts {
        images: names.map(|name| (name.clone(), image(&release, &name))).collect(),
        absent: absent.into_iter().map(|it| (it.name, it.how)).collect(),
        schema: schema(world, name, &found, release.as_ref().ok()),
        certificate: certificate_of(&environment.url),
        ..told.facts(clock::moment())
    })
}

/// A failure in a line.
fn line(failure: &Failure) -> String {
    match failure.first_line() == failure.innermost_line() {
        true => failure.first_line().to_owned(),
        false => format!("{}: {}", failure.first_line(), failure.innermost_line()),
    }
}

fn released(environment: &Environment, version: Option<&str>) -> Known<Release> {
    let version = version.ok_or("no release was named".to_owned())?;
    let releases = release::Releases::of(&environment.registry);
    let found = releases.and_then(|releases| releases.find(version));
    let found = found.map_err(|failure| line(&failure))?;
    let found = found.ok_or_else(|| format!("the registry has no release `{version}`"))?;
    Ok(found.release)
}

fn image(release: &Known<Release>, service: &str) -> Known<Image> {
    let release = release.as_ref().map_err(Clone::clone)?;
    let Some(image) = release.services.get(service) else { return Ok(Image::Absent) };
    let ReleasedImage { repository, index, platforms } = image;
    let asked = runtime::wait(async {
        let registry = Registry::of(repository).await.map_err(|error| error.to_string())?;
        let head = registry.head_manifest(&repository.pin(*index)).await;
        head.map_err(|error| error.to_string())
    });
    Ok(match asked? {
        Some(_) => Image::There(platforms.iter().map(|(platform, _)| *platform).collect()),
        None => Image::Absent,
    })
}

/// Against the release that was named, else against the migrations of the checkout.
fn schema(
    world: &World<'_>,
    name: &str,
    secrets: &Secrets,
    release: Option<&Release>,
) -> Known<Schema> {
    let address = secrets.get("database.direct_url").or_else(|| secrets.get("database.url"));
    let address = address.ok_or("the database's address is not at hand".to_owned())?;
    // An address that cannot be read holds a password: its error quotes nothing of it.
    let address: Address = match address.expose().parse() {
        Ok(address) => address,
        Err(error) => return Ok(Schema::Refused(format!("the database's address: {error}"))),
    };
    let database = Database::connect(&address).map_err(|failure| line(&failure))?;
    let files = migrate::files(world).map_err(|failure| line(&failure))?;
    let plan = match migrate::plan(&database, &files) {
        Ok(plan) => plan,
        Err(failure) => return Ok(Schema::Refused(failure.innermost_line().to_owned())),
    };
    let Some(release) = release else {
        return Ok(match plan.pending.is_empty() {
            true => Schema::Fits,
            false => Schema::Behind(plan.pending),
        });
    };
    let is_pending = |name: &String| plan.pending.contains(name);
    let behind: Vec<String> = release.migrations.iter().map(|it| it.name.clone()).collect();
    let behind: Vec<String> = behind.into_iter().filter(is_pending).collect();
    if !behind.is_empty() {
        return Ok(Schema::Behind(behind));
    }
    let applied: Vec<_> = files.into_iter().filter(|it| !is_pending(&it.name)).collect();
    match check_rollback(&release.version, &release.migrations, &applied) {
        Ok(()) => Ok(Schema::Fits),
        Err(ahead) => match release::works(world, name, &release.version, &database) {
            Ok(Some(said)) => Ok(Schema::Tried(said)),
            Ok(None) => Ok(Schema::Refused(ahead.to_string())),
            Err(failure) => Err(format!("{ahead}; no trial could be read: {}", line(&failure))),
        },
    }
}

fn certificate_of(url: &str) -> Known<Option<Certificate>> {
    let Some(host) = url.strip_prefix("https://") else { return Ok(None) };
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(443)),
        None => (host, 443),
    };
    let (begins, ends) = certificate::validity(host, port).map_err(|failure| line(&failure))?;
    Ok(Some(Certificate { begins, ends }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_release_images_are_not_known_and_plain_http_has_no_certificate() {
        let none: Known<Release> = Err("no release was named".to_owned());
        assert_eq!(image(&none, "backend"), Err("no release was named".to_owned()));
        assert_eq!(certificate_of("http://127.0.0.1:8080"), Ok(None));
    }

    #[test]
    fn a_hint_names_the_environment() {
        let line = Line {
            what: "infra".into(),
            verdict: Verdict::Warn,
            said: "differs".into(),
            hint: Some("`cargo xtask infra plan ENVIRONMENT` shows it".into()),
        };
        let said = said(&[line], "production");
        assert!(said.ends_with("differs; `cargo xtask infra plan production` shows it"), "{said}");
    }
}
