//! What a rehearsal is played on: the environment of `deploy.toml`, with everything outside this
//! machine in memory replaced by the double and by what the local environment runs.

use crate::database::scratch::Scratch;
use crate::edge::double::Double;
use crate::edge::files;
use crate::edge::secrets;
use crate::error::{Failure, Result};
use crate::ship::scan;
use crate::ship::site::Site;
use crate::world::World;
use std::path::{Path, PathBuf};
use xtask_core::deploy::{self, Demand, Entry, Environment, SecretSource, Signing};
use xtask_core::ship::release::Release;

/// Whose database, cache and registry a rehearsal uses.
pub(super) const LOCAL: &str = "local";
/// How much faster than a real one the double's Coolify works.
const SCALE: &str = "0.1";
/// What one client may ask in a minute: a rehearsal does in one what else takes a day.
const SEED: &str = r#"{ "limit": 100000 }"#;

pub(super) struct Stage<'a> {
    pub(super) world: World<'a>,
    pub(super) name: &'a str,
    double: Option<Double>,
    folder: PathBuf,
    scratch: Scratch,
}

impl<'a> Stage<'a> {
    /// Sets it: a database of its own, the double, and secrets that are made for this run.
    pub(super) fn set(world: &'a World<'_>, local: &Site<'_>, name: &'a str) -> Result<Self> {
        let phase = world.report.phase("stage");
        let folder = world.state(LOCAL).join("rehearsal");
        files::make_private_folder(&folder)?;
        let scratch = Scratch::make(&local.database()?, "rehearsal")?;
        let seed = write(&folder, "seed.json", SEED)?;
        let network = &world.deploy.project;
        let arguments =
            ["--docker", "--network", network, "--scale", SCALE, "--seed", seed.as_str()];
        phase.doing("Coolify's double");
        let double = Double::start(&world.shell, &world.cancel, &arguments)?;
        let mut deploy = world.deploy.clone();
        // What is made for a rehearsal is signed by nobody.
        deploy.signing = Signing::default();
        let environment = deploy.environments.get_mut(name).expect("it was looked for before");
        replace(environment, local, &double, (network, &scratch), &folder)?;
        phase.done(&format!("Coolify's double at {}", double.card.url));
        let world = world.elsewhere(folder.clone(), deploy);
        Ok(Self { world, name, double: Some(double), folder, scratch })
    }

    /// The release as it enters. Where this machine could not scan all of it, production would
    /// refuse it: that is said, and the rehearsal goes on.
    pub(super) fn enters(&self, site: &Site<'_>, release: &Release) -> (Release, Option<String>) {
        let (mut release, mut refusal) = (release.clone(), None);
        let entered = scan::may_enter(site, &release, xtask_core::ship::ledger::Action::Rollout);
        if let Err(failure) = entered {
            let why = failure.innermost_line().to_owned();
            self.world.report.warning(&format!("refused where users are: {why}"));
            refusal = Some(why);
            let platforms: Vec<_> = release
                .services
                .iter()
                .map(|(name, it)| (name.clone(), it.platforms.iter().map(|it| it.0).collect()))
                .collect();
            for (name, platforms) in platforms {
                if let Some(verdict) = release.scans.get_mut(&name) {
                    verdict.not_scanned.clear();
                    verdict.platforms = platforms;
                    verdict.scanned_at = crate::edge::clock::now();
                    verdict.database = Some(crate::edge::clock::now());
                }
            }
        }
        (release, refusal)
    }

    /// Removes everything of it: the double goes with its containers.
    pub(super) fn strike(mut self) -> Result<()> {
        if let Some(double) = self.double.take() {
            double.end();
        }
        self.scratch.remove()?;
        files::remove_folder(&self.folder)
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<String> {
    let path = folder.join(name);
    files::write_private(&path, text.as_bytes())?;
    Ok(path.display().to_string())
}

fn replace(
    environment: &mut Environment,
    local: &Site<'_>,
    double: &Double,
    (network, scratch): (&str, &Scratch),
    folder: &Path,
) -> Result<()> {
    let kept = |name: &str, text: &str| write(folder, name, text).map(SecretSource::File);
    environment.registry = local.environment.registry.clone();
    environment.entry = Entry { builders: 1, verdict: Some(Demand::Optional), ..environment.entry };
    environment.url.clone_from(&double.card.proxy);
    // Its back-ups are of its own database.
    environment.backup = None;
    environment.without_backup = Some("it is a rehearsal".to_owned());
    let database = environment.database.get_or_insert(deploy::Database {
        url: SecretSource::Generate,
        direct_url: None,
        pooler: None,
    });
    // The rehearsal's server is this machine's, whatever stands before the real one.
    database.pooler = None;
    database.url = kept("database.url", &inner_database(local, scratch)?)?;
    database.direct_url = Some(kept("database.direct_url", scratch.address().url().expose())?);
    if let Some(redis) = &mut environment.redis {
        redis.url = kept("redis.url", &format!("{}/1", answer(local, "redis.url")?))?;
    }
    for (name, source) in &mut environment.secrets {
        *source = kept(&format!("secret.{name}"), &secrets::generate()?)?;
    }
    let place = environment.coolify.as_mut().expect("it is on a Coolify");
    let token = double.card.tokens.get("deployer-ci").map(String::as_str).unwrap_or_default();
    place.token = kept("coolify.token", token)?;
    place.url.clone_from(&double.card.url);
    (place.server, place.destination) = ("localhost".to_owned(), network.to_owned());
    (place.storage, place.notifications) = (None, None);
    Ok(())
}

fn answer(local: &Site<'_>, reference: &str) -> Result<String> {
    local.target.answer(reference).ok_or_else(|| {
        Failure::refused(format!("cannot rehearse: `{LOCAL}` has no `{reference}`")).hint("./x up")
    })
}

/// The rehearsal's database, as the services reach it.
fn inner_database(local: &Site<'_>, scratch: &Scratch) -> Result<String> {
    let url = answer(local, "database.url")?;
    let (server, _) = url.rsplit_once('/').expect("an address ends with its database");
    Ok(format!("{server}/{}", scratch.name()))
}
