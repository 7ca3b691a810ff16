//! The locks of what others published, read for all who build, list or ask by them.

use super::folder;
use crate::edge::files;
use crate::edge::npm::{LOCK, MANIFEST, OwnFolder};
use crate::error::{Failure, Result, code};
use crate::world::World;
use xtask_core::finding::Findings;
use xtask_core::image::definition::{Definition, Layer, Stuff};
use xtask_core::image::lock::Lock;
use xtask_core::image::npm::{self, NpmLock};
use xtask_core::image::requirements::{
    self, Environment, Opened, Python, Requirement, Requirements,
};
use xtask_core::platform::Platform;

/// A second lock, of which npm thinks more.
const SHRINKWRAP: &str = "npm-shrinkwrap.json";

/// The lock in `folder`, which was made for the `package.json` beside it.
pub fn npm_lock(world: &World<'_>, folder: &str) -> Result<NpmLock> {
    let [manifest, file] = [MANIFEST, LOCK].map(|it| format!("{folder}/{it}"));
    let anew = format!("`npm install --package-lock-only` in `{folder}` makes it anew");
    let bytes = |file: &str| {
        let there = files::bytes_if_there(&world.places.file(file))?;
        there.ok_or_else(|| {
            Failure::usage(format!("cannot use `{folder}`: `{file}` is not there")).hint(&anew)
        })
    };
    if files::is_there(&world.places.file(folder).join(SHRINKWRAP))? {
        return Err(Failure::usage(format!("cannot use `{folder}/{SHRINKWRAP}`"))
            .reason(format!("npm reads it instead of `{file}`"))
            .hint(format!("`git mv {folder}/{SHRINKWRAP} {file}`")));
    }
    let lock = NpmLock::parse(&file, &bytes(&file)?);
    let lock = lock.map_err(|findings| refused(&file, &findings).hint(fix(folder, &findings)))?;
    npm::agree(&manifest, &bytes(&manifest)?, &lock)
        .map_err(|findings| refused(&file, &findings).hint(anew))?;
    Ok(lock)
}

fn refused(file: &str, findings: &Findings) -> Failure {
    Failure::usage(format!("cannot use `{file}`")).because(findings)
}

/// npm keeps what is in a lock; only `update` asks the registry for hashes again.
fn fix(folder: &str, findings: &Findings) -> String {
    let is_about = |key: &str| findings.0.iter().any(|finding| finding.key == key);
    if is_about("(syntax)") {
        return format!(
            "`git restore {folder}/package-lock.json`, or remove it, and then \
             `npm install --package-lock-only` in `{folder}`"
        );
    }
    if is_about("lockfileVersion") {
        return format!("`npm install --package-lock-only --lockfile-version=3` in `{folder}`");
    }
    format!(
        "`npm update --package-lock-only --omit-lockfile-registry-resolved` in `{folder}` asks \
         the registry anew; what comes from elsewhere, `npm install NAME@VERSION` replaces"
    )
}

/// The folders of ours that the lock in `folder` links to, with their sources.
pub(super) fn own_folders(
    world: &World<'_>,
    folder: &str,
    lock: &NpmLock,
) -> Result<Vec<OwnFolder>> {
    let own = |link: &npm::Link| {
        let path = format!("{folder}/{}", link.folder);
        let sources = folder::read_whole(world, &path).map_err(|failure| {
            let file = format!("{folder}/{LOCK}");
            failure
                .during(format!("cannot use `{file}`, which links to `{path}`"))
                .hint("bring that folder back, or take the dependency out with `npm uninstall`")
        })?;
        let (sources, digest) = (sources.entries, sources.digest);
        let (link, folder) = (link.path.clone(), link.folder.clone());
        Ok(OwnFolder { link, folder, sources, digest })
    };
    lock.links.iter().map(own).collect()
}

/// The list in `file`, with all that it includes.
pub fn requirements(world: &World<'_>, file: &str) -> Result<Requirements> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let open = |path: &str| {
        let found = files::bytes_within(&world.places.file(folder), &world.places.file(path))?;
        Ok(match found {
            files::Within::Bytes(bytes) => Opened::Bytes(bytes),
            files::Within::Absent => Opened::Absent,
            files::Within::Elsewhere => Opened::Elsewhere,
        })
    };
    requirements::read(file, open)?.map_err(|findings| unusable(file, &findings))
}

/// What of the list in `file` is for `environment`.
pub fn fitting<'a>(
    file: &str,
    list: &'a Requirements,
    environment: &Environment,
) -> Result<Vec<&'a Requirement>> {
    list.fitting(environment).map_err(|findings| unusable(file, &findings))
}

fn unusable(file: &str, findings: &Findings) -> Failure {
    refused(file, findings).hint(
        "`uv pip compile --universal --generate-hashes --no-emit-index-url` writes such a list",
    )
}

/// What the wheels of an image are chosen for.
pub(super) fn environment(
    definition: &Definition,
    lock: &Lock,
    platform: Platform,
) -> Result<Environment> {
    let name = &definition.name;
    definition.environment(lock, platform).map_err(|error| {
        Failure::usage(format!("cannot choose wheels for image `{name}`"))
            .code(&code::DEFINITION)
            .because(&error)
            .hint(format!("`python` of `images/{name}.toml` is the version that the image holds"))
    })
}

/// Whether a folder asks for packages of npm: then a build in it finds them beside its sources.
pub fn asks_npm(world: &World<'_>, folder: &str) -> Result<bool> {
    let mut there = [MANIFEST, LOCK, SHRINKWRAP].into_iter();
    let folder = world.places.file(folder);
    there.try_fold(false, |any, file| Ok(any || files::is_there(&folder.join(file))?))
}

/// The Python of the image that takes wheels from a list in `folder`, of unknown patch level.
pub fn python_of(world: &World<'_>, folder: &str) -> Result<Python> {
    for name in world.definitions()? {
        let definition = world.definition(&name)?;
        let takes = |layer: &Layer| match &layer.stuff {
            Stuff::Wheels { requirements, .. } => {
                requirements.rsplit_once('/').is_some_and(|(parent, _)| parent == folder)
            }
            _ => false,
        };
        if let Some(python) = definition.python.filter(|_| definition.layers.iter().any(takes)) {
            return Ok(python);
        }
    }
    Err(Failure::usage(format!("cannot tell the Python of the lists in `{folder}`"))
        .reason("no image takes wheels from one of them")
        .hint("a layer of kind `wheels` does, in `images/NAME.toml`"))
}
