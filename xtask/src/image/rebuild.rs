//! Builds images twice from nothing, in two sandboxes that have as little in common as this
//! machine allows. Downloads are shared, because each is held to a hash; nothing made of them is.

use super::sandbox::{self, Habit, Sandbox};
use super::stored::{StoredImage, stored_image_in};
use super::{locks, sources};
use crate::edge::entry::Entries;
use crate::edge::files;
use crate::edge::shell::last_lines;
use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use std::path::{Path, PathBuf};
use xtask_core::image::conditions::{self, Means, Surroundings, Variation};
use xtask_core::image::definition::Stuff;
use xtask_core::platform::Platform;
use xtask_image::layout::Layout;

/// Images that were built twice, with the sandboxes that hold them.
#[derive(Debug)]
pub struct Rebuilt {
    /// Each image as it came out first, and second.
    pub images: Vec<(StoredImage, StoredImage)>,
    /// What differed between the builds, and what could not.
    pub variations: Vec<Variation>,
    _workshops: [Sandbox; 2],
}

/// Builds `names` for `platforms` twice; each for all of its own where none is named.
pub fn rebuild(world: &World<'_>, names: &[String], platforms: &[Platform]) -> Result<Rebuilt> {
    check(world, names)?;
    let sources = sources::all(world)?;
    let (npm, uv) = sandbox::download_caches()?;
    let debs = world.places.cache.join("debs");
    files::make_folder(&debs)?;

    let first = open(world, &std::env::temp_dir(), conditions::first(), &sources, Habit::Plain)?;
    for (from, to) in [(&debs, "cache/debs"), (&npm, "npm"), (&uv, "uv")] {
        files::make_folder(from)?;
        first.point(from, to)?;
    }
    build(world, &first, names, platforms, "once")?;

    let mut means = Means {
        is_root: sandbox::is_root(),
        clock_library: sandbox::clock_library(),
        host: sandbox::other_host(&world.shell),
        processors: sandbox::fewer_processors(&world.shell),
        ..Means::default()
    };
    let elsewhere = sandbox::memory_folder().unwrap_or_else(std::env::temp_dir);
    let second = open(world, &elsewhere, conditions::second(&means), &sources, Habit::Odd)?;
    // uv unpacks while it downloads and keeps no wheels, so it downloads again.
    second.lend(&debs, "cache/debs")?;
    second.lend(&npm.join("_cacache"), "npm/_cacache")?;
    if let Some(uv) = world.shell.find("uv") {
        second.lend(&uv, "cache/tools/bin/uv")?;
    }
    means.listings = sandbox::listings(&first.path("tree"), &second.path("tree"), &sources);
    // Removing ten thousands of files takes a disk its time; nothing waits for it here.
    std::thread::scope(|scope| {
        scope.spawn(|| first.clear());
        build(world, &second, names, platforms, "again")
    })?;

    let images =
        names.iter().map(|name| Ok((stored_image(&first, name)?, stored_image(&second, name)?)));
    Ok(Rebuilt {
        images: images.collect::<Result<_>>()?,
        variations: conditions::variations(&means),
        _workshops: [first, second],
    })
}

/// Refuses what an ordinary build would: git's word about sources does not reach the sandboxes.
fn check(world: &World<'_>, names: &[String]) -> Result<()> {
    for name in names {
        for layer in &world.definition(name)?.layers {
            match &layer.stuff {
                Stuff::Build { path, .. } if !locks::asks_npm(world, path)? => {}
                Stuff::Build { path, .. } | Stuff::Npm { path, .. } => {
                    locks::own_folders(world, path, &locks::npm_lock(world, path)?)?;
                }
                Stuff::Debian(_) | Stuff::Files { .. } | Stuff::Wheels { .. } => {}
            }
            if let Stuff::Build { path, .. } | Stuff::Files { path, .. } = &layer.stuff {
                sources::sources(world, path)?;
            }
        }
    }
    Ok(())
}

fn open(
    world: &World<'_>,
    base: &Path,
    surroundings: Surroundings,
    sources: &Entries,
    habit: Habit,
) -> Result<Sandbox> {
    let sandbox = Sandbox::open(base, surroundings)?;
    sandbox.check_out(&world.shell, &world.places.root, sources, habit)?;
    // How this machine reaches its registries is the same for both.
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for name in [".npmrc", ".netrc"] {
        sandbox.lend(&home.join(name), &format!("home/{name}"))?;
    }
    Ok(sandbox)
}

/// Builds all images side by side, because npm alone does not keep two processors busy.
fn build(
    world: &World<'_>,
    sandbox: &Sandbox,
    names: &[String],
    platforms: &[Platform],
    which: &str,
) -> Result<()> {
    let phase = world.report.phase(which);
    phase.doing(&format!("building {} from nothing", names.join(", ")));
    sandbox.hand_over()?;
    sandbox.share_clock(&world.shell)?;
    let built: Vec<Result<()>> = std::thread::scope(|scope| {
        let running: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(move || build_one(world, sandbox, name, platforms, which)))
            .collect();
        running.into_iter().map(|it| it.join().expect("a build does not panic")).collect()
    });
    built.into_iter().collect::<Result<()>>()?;
    phase.done(&format!("built {} from nothing", names.join(", ")));
    Ok(())
}

fn build_one(
    world: &World<'_>,
    sandbox: &Sandbox,
    name: &str,
    platforms: &[Platform],
    which: &str,
) -> Result<()> {
    let mut args = ["image", "build", name].map(ToOwned::to_owned).to_vec();
    args.extend(platforms.iter().flat_map(|it| ["--platform".to_owned(), it.to_string()]));
    let output = sandbox.run(&world.shell, &args)?;
    if output.succeeded() {
        return Ok(());
    }
    let line = format!("failed to build `{name}` {which}, from nothing");
    let failure = match output.code {
        Some(2) => Failure::usage(line),
        Some(4) => Failure::refused(line),
        _ => Failure::outside(line),
    };
    Err(failure.reason(last_lines(&output.stderr, 12)))
}

fn stored_image(sandbox: &Sandbox, name: &str) -> Result<StoredImage> {
    let failed = || "failed to open the image layout".to_owned();
    let layout = Layout::open_or_create(sandbox.path("tree/target/images")).or_outside(failed)?;
    stored_image_in(layout, name)
}
