//! `release create`: a release of images that were pushed, without a rollout. Only images that this
//! very tree makes are released.

use super::list::value;
use super::releases;
use crate::attest::AttestationStore;
use crate::cmd::ship::refuse_changed_tree;
use crate::edge::actions;
use crate::edge::git::{self, Checkout};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::ReleaseCreate;
use crate::image::Built;
use crate::ship::release::{self, Parts, attest_release};
use crate::ship::{build, migrate, scan};
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::deploy::TargetKind;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_core::reference::{Name, Repository, Tag};
use xtask_core::ship::release::{ReleasedImage, tag_of};

/// The pushed images by service, each with its platforms.
type Pushed = BTreeMap<String, ReleasedImage>;

pub(super) fn run(flags: &ReleaseCreate, world: &World<'_>) -> Result<Exit> {
    let releases = releases(world, &flags.environment)?;
    let checkout = git::checkout(&world.shell)?;
    refuse_dirty(flags, world, &checkout)?;
    let services = pushed(flags, world, &release::version(&checkout))?;
    let built = build::services(world, &platforms(&services)?)?;
    refuse_others(flags, &services, &built)?;
    refuse_changed_tree(world, &checkout)?;
    let scans = scan::services(world, &built)?;
    let migrations = migrate::files(world)?;
    let parts = Parts { checkout: &checkout, services, migrations: &migrations, scans };
    let made = release::made(world, &releases, parts)?;
    attest_release(world, &releases, &made);
    let pin = releases.pin(&made);
    actions::output("version", &made.release.version)?;
    world.report.data(&value(&made), &format!("{}\n{pin}", made.release.version));
    Ok(Exit::Done)
}

/// Where users are, what no commit has is released only by somebody who says so.
fn refuse_dirty(flags: &ReleaseCreate, world: &World<'_>, checkout: &Checkout) -> Result<()> {
    let name = &flags.environment;
    let is_here = world.environment(name)?.target == TargetKind::Docker;
    if checkout.dirty_tree.is_none() || is_here || flags.allow_dirty {
        return Ok(());
    }
    Err(Failure::refused(format!("cannot release for `{name}`: there is uncommitted work"))
        .hint("commit it; or say `--allow-dirty`, which the release keeps on record"))
}

/// What the registry has of this version.
fn pushed(flags: &ReleaseCreate, world: &World<'_>, version: &str) -> Result<Pushed> {
    let phase = world.report.phase("pushed");
    let tag = tag_of(version).expect("a version is made of hex digits");
    let home = &world.environment(&flags.environment)?.registry;
    let mut found = Pushed::new();
    for service in &world.deploy.services {
        phase.doing(&service.name);
        let repository = home.join(&service.name);
        let repository =
            repository.or_usage(|| format!("cannot name the repository of `{}`", service.name))?;
        let image = one(home, repository, &tag)?;
        for platform in &flags.platform {
            if !image.platforms.iter().any(|(on, _)| on == platform) {
                let why = format!("`{}` is not for {platform}", image.pin());
                return Err(not_pushed(home, version, why));
            }
        }
        found.insert(service.name.clone(), image);
    }
    phase.done(&format!("{} images under `{version}`", found.len()));
    Ok(found)
}

fn one(home: &Repository, repository: Repository, tag: &Tag) -> Result<ReleasedImage> {
    let store = AttestationStore::of_repository(&repository)?;
    let found = store.resolve(&Name::Tag(tag.clone()))?;
    let absent = || not_pushed(home, tag.as_str(), format!("`{repository}:{tag}` is not there"));
    let index = found.ok_or_else(absent)?;
    let entries = store.entries(&index)?;
    let platforms: Vec<(Platform, Digest)> =
        entries.iter().filter_map(|it| Some((it.our_platform()?, it.digest))).collect();
    Ok(ReleasedImage { repository, index: index.digest, platforms })
}

fn not_pushed(home: &Repository, version: &str, why: String) -> Failure {
    Failure::refused(format!("cannot make release `{version}`: an image is missing"))
        .code(&code::IMAGE_NOT_PUSHED)
        .reason(why)
        .hint(format!("cargo xtask image push --to {home}"))
}

/// The platforms that every image is for. Images for different ones are no release.
fn platforms(services: &Pushed) -> Result<Vec<Platform>> {
    let of = |image: &ReleasedImage| image.platforms.iter().map(|it| it.0).collect::<Vec<_>>();
    let mut all = services.values().map(of);
    let first = all.next().unwrap_or_default();
    if !first.is_empty() && all.all(|other| other == first) {
        return Ok(first);
    }
    let image = |(name, image): (&String, &ReleasedImage)| {
        let on: Vec<String> = of(image).iter().map(ToString::to_string).collect();
        format!("`{name}` is for {}", if on.is_empty() { "none".to_owned() } else { on.join(", ") })
    };
    let said: Vec<String> = services.iter().map(image).collect();
    Err(Failure::refused("cannot make a release: its images are not for the same platforms")
        .code(&code::IMAGE_NOT_PUSHED)
        .reason(said.join("; "))
        .hint("push all of them for the same ones: `cargo xtask image push --platform`"))
}

/// A release says that a commit makes these images, so it must.
fn refuse_others(
    flags: &ReleaseCreate,
    pushed: &Pushed,
    built: &BTreeMap<String, Built>,
) -> Result<()> {
    for (service, image) in pushed {
        let here = built[service].index.digest;
        if here != image.index {
            return Err(Failure::refused(format!("cannot release `{service}` as it was pushed"))
                .code(&code::RELEASE_CONFLICT)
                .reason(format!("this tree makes `{here}`; the registry has `{}`", image.index))
                .hint(format!(
                    "`cargo xtask image verify {service} --against {}` says what differs; \
                     release `{}` from the tree that made it",
                    image.pin(),
                    flags.environment
                )));
        }
    }
    Ok(())
}
