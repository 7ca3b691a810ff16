//! What stands in for official images, so that a stack comes up where nothing can be pulled: the
//! systems, languages and servers of our own images. What installs packages is this machine's.

use crate::edge::docker::Docker;
use crate::edge::files;
use crate::edge::shell::command;
use crate::error::{Failure, Result};
use crate::image::{loaded, python_of};
use crate::report::Phase;
use crate::world::World;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xtask_core::command::Command;
use xtask_core::digest::Digest;

/// A base is copied, not made.
const BUILD_LIMIT: Duration = Duration::from_secs(900);
/// Authorities that this machine believes; packages are fetched in a container as here.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";
const PIP: &str = "services/ml-service/requirements-dev.txt";

/// A base: which variable names it, which image of ours it is made of, and of which files.
struct Base {
    variable: &'static str,
    ours: &'static str,
    recipe: &'static str,
    made_of: &'static [&'static str],
}

const NODE: Base = Base {
    variable: "NODE_IMAGE",
    ours: "backend",
    recipe: "images/compose/base/Dockerfile",
    made_of: &["images/backend.lock", "images/backend.toml", "images/node/package-lock.json"],
};
const PYTHON: Base = Base {
    variable: "PYTHON_IMAGE",
    ours: "ml-service",
    recipe: "images/compose/base/Dockerfile",
    made_of: &["images/ml-service.lock", "images/ml-service.toml", "images/backend.lock", PIP],
};
const POSTGRES: Base = Base {
    variable: "POSTGRES_IMAGE",
    ours: "backing-postgres",
    recipe: "images/compose/postgres/Dockerfile",
    made_of: &[
        "images/backing-postgres.lock",
        "images/backing-postgres.toml",
        "images/compose/postgres/entrypoint.sh",
    ],
};

/// All four, each with the variable by which the Compose files name it.
pub fn bases(world: &World<'_>) -> Result<Vec<(&'static str, String)>> {
    let phase = world.report.phase("bases");
    let node = made(world, &NODE, &phase, |folder| put_npm(world, folder), None)?;
    let python = made(world, &PYTHON, &phase, |folder| put_pip(world, folder), Some(&node))?;
    let postgres = made(
        world,
        &POSTGRES,
        &phase,
        |folder| {
            let from = world.places.file("images/compose/postgres/entrypoint.sh");
            files::write(&folder.join("entrypoint.sh"), files::read(&from)?.as_bytes())
        },
        None,
    )?;
    let redis = loaded(world, "backing-redis", &phase)?;
    phase.done("images of our own, nothing is pulled");
    let made = [(NODE.variable, node), (PYTHON.variable, python), (POSTGRES.variable, postgres)];
    Ok(made.into_iter().chain([("REDIS_IMAGE", redis)]).collect())
}

/// The tag of `base`, named after what it is made of: it is made once, however often the service
/// whose image it comes from is edited.
fn made(
    world: &World<'_>,
    base: &Base,
    phase: &Phase<'_>,
    put: impl FnOnce(&Path) -> Result<()>,
    busybox: Option<&str>,
) -> Result<String> {
    let docker = Docker::new(&world.shell);
    let tag = tag(world, base)?;
    if docker.has_image(&tag)? {
        return Ok(tag);
    }
    let ours = loaded(world, base.ours, phase)?;
    phase.doing(&format!("making {}", base.variable));
    let folder = world.places.file("target/compose").join(base.variable);
    files::remove_folder(&folder)?;
    files::make_folder(&folder)?;
    put(&folder)?;
    let recipe = files::read(&world.places.file(base.recipe))?;
    files::write(&folder.join("Dockerfile"), recipe.as_bytes())?;
    let argument = |name: &str, value: &str| ["--build-arg".to_owned(), format!("{name}={value}")];
    let names = if busybox.is_none() && base.variable == POSTGRES.variable {
        argument("BASE", &ours).to_vec()
    } else {
        [argument("OURS", &ours), argument("BUSYBOX", busybox.unwrap_or(&ours))].concat()
    };
    let build = Command::new("docker").args(["build", "--quiet", "--tag", &tag]).args(names);
    docker.run(&build.arg(folder.display().to_string()).limit(BUILD_LIMIT))?;
    Ok(tag)
}

fn tag(world: &World<'_>, base: &Base) -> Result<String> {
    let mut text = String::new();
    for file in base.made_of.iter().chain([&base.recipe]) {
        text += &files::read(&world.places.file(file))?;
    }
    let name = base.variable.to_lowercase().replace('_', "-");
    let key = Digest::of(text.as_bytes());
    Ok(format!("{}/compose-{name}:{}", world.deploy.project, key.short()))
}

/// The npm of this machine, behind the Node.js of the image.
fn put_npm(world: &World<'_>, folder: &Path) -> Result<()> {
    let installed = world.shell.run(&command!("npm root --global"))?.text();
    let npm = Path::new(installed.trim()).join("npm");
    if !files::is_folder(&npm)? {
        return Err(Failure::outside(format!("cannot find npm in `{}`", npm.display()))
            .hint("it comes with Node.js; `npm root --global` says where"));
    }
    let root = rootfs(world, folder)?;
    let modules = root.join("usr/local/lib/node_modules");
    files::make_folder(&modules)?;
    let (from, to) = (npm.display().to_string(), modules.display().to_string());
    world.shell.run(&command!("cp -rL {from} {to}"))?;
    let script = "exec /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/npm-cli.js \"$@\"";
    put_program(world, &root, "npm", script)
}

/// The pip that the lock of the service's tools names, by its hash.
fn put_pip(world: &World<'_>, folder: &Path) -> Result<()> {
    let list = files::read(&world.places.file(PIP))?;
    let of_pip: Vec<&str> = list
        .lines()
        .skip_while(|line| !line.starts_with("pip=="))
        .take_while(|line| line.starts_with("pip==") || line.starts_with(' '))
        .collect();
    let wanted = folder.join("pip.txt");
    files::write(&wanted, (of_pip.join("\n") + "\n").as_bytes())?;
    let root = rootfs(world, folder)?;
    let python = python_of(world, "services/ml-service")?.short().to_string();
    let target = root.join(format!("usr/local/lib/python{python}/dist-packages"));
    let target = target.display().to_string();
    let wanted = wanted.display().to_string();
    let install = command!(
        "uv pip install --quiet --no-deps --require-hashes --python {python} --target {target} --requirement {wanted}"
    );
    world.shell.run(&install.env("UV_PYTHON_DOWNLOADS", "never"))?;
    put_program(world, &root, "pip", "exec /usr/local/bin/python3 -m pip \"$@\"")
}

/// The folder that is copied over the image, with what this machine believes.
fn rootfs(world: &World<'_>, folder: &Path) -> Result<PathBuf> {
    let root = folder.join("rootfs");
    files::make_folder(&root.join("usr/local/bin"))?;
    files::make_folder(&root.join("etc/ssl/certs"))?;
    let here = Path::new("/").join(AUTHORITIES);
    if files::is_file(&here)? {
        let (from, to) = (here.display().to_string(), root.join(AUTHORITIES).display().to_string());
        world.shell.run(&command!("cp -L {from} {to}"))?;
    }
    Ok(root)
}

fn put_program(world: &World<'_>, root: &Path, name: &str, script: &str) -> Result<()> {
    let path = root.join("usr/local/bin").join(name);
    files::write(&path, format!("#!/bin/sh\n{script}\n").as_bytes())?;
    let path = path.display().to_string();
    world.shell.run(&command!("chmod 755 {path}")).map(drop)
}
