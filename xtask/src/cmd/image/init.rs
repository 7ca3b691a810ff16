//! `image init`: the first files of an image and of its service. Nothing that is there is changed.

use crate::edge::files;
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::ImageInit;
use crate::world::{World, lock_file, this_platform};
use serde_json::json;
use xtask_core::deploy;
use xtask_core::image::starter::{self, Starter, Unfit, Wish};

pub(super) fn run(flags: &ImageInit, world: &World<'_>) -> Result<Exit> {
    let text = files::read(&world.places.file(deploy::FILE))?;
    let starter = plan(flags, world, &text)?;
    refuse_other(flags, world, &starter)?;
    for (path, text) in &starter.files {
        let file = world.places.file(path);
        if let Some(folder) = file.parent() {
            files::make_folder(folder)?;
        }
        files::write(&file, text.as_bytes())?;
    }
    if flags.deploy {
        let whole = starter::with(&text, &starter.stanza);
        files::write(&world.places.file(deploy::FILE), whole.as_bytes())?;
    }
    say(flags, world, &starter);
    Ok(Exit::Done)
}

fn plan(flags: &ImageInit, world: &World<'_>, text: &str) -> Result<Starter> {
    let name = flags.name.as_str();
    let taken = taken_ports(world, name)?;
    let (runtime, platform) = (flags.runtime, this_platform()?);
    let wish = Wish { runtime, name, platform, taken: &taken };
    starter::plan(&wish, &world.deploy, text).map_err(|unfit| {
        let failure = Failure::usage(cannot(name)).because(&unfit);
        match unfit {
            Unfit::Taken(_) => failure.hint("choose another name"),
            Unfit::Name { .. } | Unfit::Deploy(_) => {
                failure.hint("choose another name: short, of lowercase letters, digits and `-`")
            }
        }
    })
}

/// The ports of all definitions but that of `own`, which the same command may have written before.
fn taken_ports(world: &World<'_>, own: &str) -> Result<Vec<u16>> {
    let others = world.definitions()?.into_iter().filter(|it| it != own);
    // A definition with a mistake says so when it is built; until then it names no port.
    let readable = others.filter_map(|name| world.definition(&name).ok());
    Ok(readable.flat_map(|it| it.config.ports.clone()).collect())
}

fn cannot(name: &str) -> String {
    format!("cannot begin image `{name}`")
}

/// Refuses all files that are there and say something else. What says the same was written by a run
/// that was killed.
fn refuse_other(flags: &ImageInit, world: &World<'_>, starter: &Starter) -> Result<()> {
    let mut other = Vec::new();
    for (path, text) in &starter.files {
        let there = files::bytes_if_there(&world.places.file(path))?;
        if there.is_some_and(|there| there != text.as_bytes()) {
            other.push(path.clone());
        }
    }
    other.extend(of_others(&flags.name, world, starter)?);
    let lock = lock_file(&flags.name);
    if files::is_there(&world.places.file(&lock))? {
        other.push(lock);
    }
    if other.is_empty() {
        return Ok(());
    }
    let failure = Failure::refused(cannot(&flags.name)).code(&code::IMAGE_BEGUN);
    let failure = other.iter().fold(failure, |failure, path| {
        failure.reason(format!("`{path}` is there already, and nothing is written over"))
    });
    Err(failure.hint("choose another name, or move what is there away"))
}

/// What lies in the folder of the service and is none of its first files: it is of somebody else.
fn of_others(name: &str, world: &World<'_>, starter: &Starter) -> Result<Option<String>> {
    let folder = format!("services/{name}");
    let place = world.places.file(&folder);
    let there = if files::is_folder(&place)? { files::names(&place)? } else { Vec::new() };
    let is_ours = |entry: &String| {
        let path = format!("{folder}/{entry}");
        let below = format!("{path}/");
        starter.files.iter().any(|(own, _)| *own == path || own.starts_with(&below))
    };
    Ok(there.into_iter().find(|it| !is_ours(it)).map(|it| format!("{folder}/{it}")))
}

fn say(flags: &ImageInit, world: &World<'_>, starter: &Starter) {
    let paths: Vec<&str> = starter.files.iter().map(|(path, _)| path.as_str()).collect();
    // The weekly rebuild names every service, so the workflows change with `deploy.toml`.
    let next = [
        format!("cargo xtask image lock {}", flags.name),
        format!("cargo xtask image build {}", flags.name),
        "cargo xtask workflows".to_owned(),
        "cargo xtask up".to_owned(),
    ];
    let value = json!({
        "files": paths, "deploy": flags.deploy, "stanza": starter.stanza.trim_start(), "next": next,
    });
    let written = paths.iter().map(|path| format!("wrote {path}"));
    let added = format!("wrote {}", deploy::FILE);
    let mut lines: Vec<String> = written.chain(flags.deploy.then_some(added)).collect();
    if !flags.deploy {
        let file = deploy::FILE;
        lines.push(format!("\nto be added to {file}; `--deploy` does it:\n{}", starter.stanza));
    }
    lines.push("next:".to_owned());
    lines.extend(next.iter().map(|command| format!("  {command}")));
    world.report.data(&value, &lines.join("\n"));
}
