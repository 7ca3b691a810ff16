//! `hooks`: puts our two hooks where git looks, takes them away, and is what they run.

use crate::cmd::{ci, leaks};
use crate::edge::{files, hooks as edge};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::{self, Hooks};
use crate::world::World;
use serde_json::json;
use std::path::PathBuf;
use xtask_core::check::hooks::{self, Check, Found, NAMES, found, script};
use xtask_core::check::leaks::Scope;
use xtask_core::secret::Secret;

/// A hook of ours, and what is in its place.
struct Place {
    name: &'static str,
    path: PathBuf,
    found: Found,
}

pub(super) fn run(flags: &Hooks, world: &World<'_>) -> Result<Exit> {
    match flags {
        Hooks::Install => install(world),
        Hooks::Remove => remove(world),
        Hooks::Status => Ok(show(world, &places(world)?)),
        Hooks::Run(flags) if flags.hook == "pre-commit" => pre_commit(world),
        Hooks::Run(flags) if flags.hook == "pre-push" => pre_push(world),
        Hooks::Run(flags) => {
            let known = NAMES.join("`, `");
            Err(Failure::usage(format!("unknown hook `{}`; known: `{known}`", flags.hook)))
        }
    }
}

fn places(world: &World<'_>) -> Result<Vec<Place>> {
    let folder = edge::folder(&world.shell, &world.places.root)?;
    let place = |name| {
        let path = folder.join(name);
        let found = found(files::read_if_there(&path)?.as_deref());
        Ok(Place { name, path, found })
    };
    NAMES.into_iter().map(place).collect()
}

fn install(world: &World<'_>) -> Result<Exit> {
    let places = places(world)?;
    refuse_shared(world)?;
    let foreign = places.iter().filter(|it| it.found == Found::Foreign);
    let foreign: Vec<String> = foreign.map(|it| format!("`{}`", it.path.display())).collect();
    if !foreign.is_empty() {
        let line = format!("cannot install hooks: {} is not ours", foreign.join(" and "));
        let hint =
            "have that hook call `./x hooks run pre-commit` or `./x hooks run pre-push` itself";
        return Err(Failure::refused(line).hint(hint));
    }
    for place in &places {
        edge::write(&place.path, &script(place.name))?;
    }
    Ok(show(world, &self::places(world)?))
}

/// A folder that other repositories use too is not ours to fill.
fn refuse_shared(world: &World<'_>) -> Result<()> {
    let folder = edge::folder(&world.shell, &world.places.root)?;
    let own = [edge::repository(&world.shell, &world.places.root)?, world.places.root.clone()];
    if own.iter().any(|it| folder.starts_with(it)) {
        return Ok(());
    }
    let line = format!(
        "cannot install hooks: `core.hooksPath` leads to `{}`, outside this repository",
        folder.display()
    );
    Err(Failure::refused(line).hint("git config --local core.hooksPath .git/hooks"))
}

fn remove(world: &World<'_>) -> Result<Exit> {
    for place in places(world)?.iter().filter(|it| it.found == Found::Ours) {
        files::remove_file(&place.path)?;
    }
    Ok(show(world, &places(world)?))
}

fn show(world: &World<'_>, places: &[Place]) -> Exit {
    let word = |it: &Place| match it.found {
        Found::Nothing => "not installed",
        Found::Ours => "installed",
        Found::Foreign => "not ours",
    };
    let line = |it: &Place| format!("{:<11} {} ({})", it.name, word(it), it.path.display());
    let values = places.iter().map(|it| json!({ "hook": it.name, "found": word(it) }));
    let text: Vec<String> = places.iter().map(line).collect();
    let values: Vec<_> = values.collect();
    world.report.data(&json!({ "hooks": values }), &text.join("\n"));
    Exit::Done
}

/// What is staged is looked at, not what lies in the work tree.
fn pre_commit(world: &World<'_>) -> Result<Exit> {
    let staged = edge::staged(&world.shell)?;
    let leaks = leaks::look(world, Scope::Staged)?;
    if !leaks.is_empty() {
        world.report.status(&leaks::shown(&leaks));
    }
    let mut wrong = 0;
    for check in hooks::checks(&staged) {
        wrong += usize::from(!holds(world, &check)?);
    }
    Ok(if leaks.is_empty() && wrong == 0 { Exit::Done } else { Exit::Refused })
}

/// Whether a staged file has its form. A program that is not installed yet is said and passed by:
/// `ci` will look again.
fn holds(world: &World<'_>, check: &Check) -> Result<bool> {
    if world.shell.find(&check.command.program).is_none()
        && !files::is_file(&world.places.file(&check.command.program))?
    {
        let program = &check.command.program;
        world.report.warning(&format!("not checked: `{}`: no `{program}` here", check.file));
        return Ok(true);
    }
    let content = edge::content(&world.shell, &check.file)?;
    let mut command = check.command.clone().input(Secret::new(content.expose()));
    if command.program.contains('/') {
        command.program = world.places.file(&command.program).display().to_string();
    }
    let output = world.shell.observe(&command)?;
    let same = !check.prints || output.stdout == content.expose().as_bytes();
    if output.succeeded() && same {
        return Ok(true);
    }
    world.report.status(&format!("{}: staged in another form; {}", check.file, check.fix));
    Ok(false)
}

/// The quick tasks: those that hold forms and lint, without what passed on the same files before.
/// All others are what `./x ci` is for.
fn pre_push(world: &World<'_>) -> Result<Exit> {
    let only = ["rustfmt", "clippy", "gitleaks", "shellcheck"].map(ToOwned::to_owned).to_vec();
    let quick = flags::Ci { only, keep_going: true, ..flags::Ci::default() };
    ci::run(&quick, world)
}
