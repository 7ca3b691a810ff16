//! Where a drill is played: an environment of this machine that exists for it alone, with its own
//! cluster, cache and proxy, under a name that no other drill has. What a killed drill has left is
//! ours by its labels, and goes before the next one of the same environment.

use crate::edge::docker::{self, Docker};
use crate::edge::lease::{self, Lease};
use crate::edge::{files, machine, ports};
use crate::error::{Failure, Result};
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::deploy::{Deploy, Environment, Notify, SecretSource, TargetKind};
use xtask_core::ship::owner::Owner;
use xtask_core::ship::{backing, instance};

/// How the project's name begins there: of containers, volumes, network and database.
const PROJECT: &str = "xtask_scratch_drill";
const NAME: &str = "drill";

pub struct Stage<'a> {
    world: World<'a>,
    owner: Owner,
    _lease: Lease,
}

impl<'a> Stage<'a> {
    /// Makes room for it; nothing is started yet.
    pub fn set(world: &'a World<'_>, name: &str) -> Result<Self> {
        let folder = world.state(name).join("drill");
        files::make_private_folder(&folder)?;
        let lease = Lease::take(&folder, "backup drill", &lease::who())?;
        docker::ensure(&world.shell, &world.places.state)?;
        // Whoever holds the lease of this folder is the only one who makes containers of this name.
        let owner = Owner::new(&format!("{PROJECT}_{}", machine::key_of(&folder)?), NAME);
        sweep(world, &owner)?;
        let deploy = deploy(world, name, &owner.project)?;
        let world = world.elsewhere(folder, deploy);
        Ok(Self { world, owner, _lease: lease })
    }

    /// What verbs are handed there.
    pub fn world(&self) -> &World<'a> {
        &self.world
    }

    /// Its environment's name.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// Removes everything of it.
    pub fn strike(self) -> Result<()> {
        let _whole = self.world.cancel.whole();
        sweep(&self.world, &self.owner)?;
        files::remove_folder(&self.world.places.state.join(&self.owner.project))
    }
}

fn sweep(world: &World<'_>, owner: &Owner) -> Result<()> {
    let docker = Docker::new(&world.shell);
    for found in docker.containers(owner)? {
        if found.running {
            docker.run(&instance::stop(&found.container, 0))?;
        }
        docker.remove(owner, &found.container)?;
    }
    for volume in docker.volumes(owner)? {
        docker.remove_volume(owner, &volume.name)?;
    }
    backing::networks(&owner.project).iter().try_for_each(|it| docker.remove_network(owner, it))
}

/// `deploy.toml` with the environment of the drill alone: the backing of this machine's own one on
/// other ports, the registry of the one that is drilled, and secrets made for it.
fn deploy(world: &World<'_>, name: &str, project: &str) -> Result<Deploy> {
    let source = world.environment(name)?;
    let own = world.deploy.environments.values().find_map(|it| it.backing.clone());
    let mut backing = own.ok_or_else(|| {
        Failure::usage(
            "cannot make a scratch cluster: no environment of `deploy.toml` has a `backing`",
        )
    })?;
    let [postgres, redis, registry, proxy] = ports::free()?;
    (backing.postgres.port, backing.redis.port) = (postgres, redis);
    (backing.registry.port, backing.proxy.port) = (registry, proxy);
    let made = |name: &String| (name.clone(), SecretSource::Generate);
    let wanted = source.secrets.iter().filter(|(_, source)| !source.is_optional());
    let secrets: BTreeMap<_, _> =
        wanted.map(|(name, _)| made(name)).chain([made(&"database".to_owned())]).collect();
    let environment = Environment {
        target: TargetKind::Docker,
        registry: source.registry.clone(),
        url: format!("http://127.0.0.1:{proxy}"),
        backing: Some(backing),
        database: None,
        redis: None,
        coolify: None,
        server: None,
        hetzner: None,
        github: None,
        secrets,
        entry: source.entry,
        notify: Notify::default(),
        backup: None,
        without_backup: None,
    };
    let environments = BTreeMap::from([(NAME.to_owned(), environment)]);
    Ok(Deploy { project: project.to_owned(), environments, ..world.deploy.clone() })
}
