//! `image scripts`: the maintainer scripts of locked packages, for a person to read and accept.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageScripts;
use crate::image::{LockedScript, SCRIPTS_FILE, locked_scripts, reviews};
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use xtask_core::image::script_review::{self, Script, ScriptReview, ScriptReviews};
use xtask_core::plan::Count;

type Found = BTreeMap<Script, LockedScript>;

pub(super) fn run(flags: &ImageScripts, world: &World<'_>) -> Result<Exit> {
    let reviews = reviews(world)?;
    let found = gather(world, &world.definitions()?, &flags.packages)?;
    check_named(&flags.packages, &found)?;
    let open = unread(&found, &reviews);
    show(world, &found, &reviews, !flags.packages.is_empty());
    if open.is_empty() {
        return Ok(Exit::Done);
    }
    if !flags.accept {
        say_how_to_accept(world, &open, &reviews);
        return Ok(Exit::Planned);
    }
    check_effects(&open, &reviews)?;
    write(world, &open)?;
    world.report.status(&format!("accepted {}", Count(open.len(), "script")));
    Ok(Exit::Done)
}

/// Accepts whatever scripts the locked packages of `images` have, and names each one.
pub(super) fn accept_unread(world: &World<'_>, images: &[String]) -> Result<()> {
    let reviews = reviews(world)?;
    let open = unread(&gather(world, images, &[])?, &reviews);
    for Script { package, name, digest } in &open {
        let line = format!("the `{name}` of `{package}` is accepted unread: {digest}");
        world.report.warning(&line);
    }
    if open.is_empty() { Ok(()) } else { write(world, &open) }
}

fn gather(world: &World<'_>, images: &[String], packages: &[String]) -> Result<Found> {
    let phase = world.report.phase("scripts");
    let found = locked_scripts(world, images, packages, &phase)?;
    phase.done(&format!("{} of locked packages", Count(found.len(), "script")));
    Ok(found)
}

fn unread(found: &Found, reviews: &ScriptReviews) -> Vec<Script> {
    let open = |script: &&Script| reviews.of(script) != ScriptReview::Read;
    found.keys().filter(open).cloned().collect()
}

fn check_named(packages: &[String], found: &Found) -> Result<()> {
    let known: BTreeSet<&String> = found.keys().map(|script| &script.package).collect();
    match packages.iter().find(|package| !known.contains(package)) {
        None => Ok(()),
        Some(package) => Err(Failure::usage(format!(
            "cannot show the scripts of `{package}`: no locked package of that name has any"
        ))
        .hint("`cargo xtask image scripts` lists those that do")),
    }
}

/// What became of an effect is a sentence that only a person can write.
fn check_effects(open: &[Script], reviews: &ScriptReviews) -> Result<()> {
    let silent = open.iter().find(|script| reviews.of(script) == ScriptReview::Unread);
    match silent {
        None => Ok(()),
        Some(Script { package, .. }) => Err(Failure::usage(format!(
            "cannot accept the scripts of `{package}`: nobody has said what becomes of their effect"
        ))
        .hint(format!(
            "add `[reviewed.\"{package}\"]` with `effect = \"…\"` to `{SCRIPTS_FILE}`, then accept"
        ))),
    }
}

fn write(world: &World<'_>, scripts: &[Script]) -> Result<()> {
    let path = world.places.file(SCRIPTS_FILE);
    let text = script_review::accept(&files::read(&path)?, scripts);
    let text = text.or_usage(|| format!("cannot use `{SCRIPTS_FILE}`"))?;
    files::write(&path, text.as_bytes())
}

fn say_how_to_accept(world: &World<'_>, open: &[Script], reviews: &ScriptReviews) {
    let say = |line: &str| world.report.status(line);
    let packages: BTreeSet<&str> = open.iter().map(|script| script.package.as_str()).collect();
    let packages = joined(&packages, " ");
    say(&format!("nobody has read {} of {packages}", Count(open.len(), "script")));
    say("declare what is useful of their effect in the definition; then either");
    say(&format!("  cargo xtask image scripts {packages} --accept"));
    say(&format!("or write into `{SCRIPTS_FILE}`:"));
    for script in open {
        let Script { package, name, digest } = script;
        let known = reviews.of(script) != ScriptReview::Unread;
        let effect = if known { "" } else { "effect = \"what became of it\"; " };
        say(&format!("  [reviewed.\"{package}\"]: {effect}{name} = [\"{digest}\"]"));
    }
}

fn show(world: &World<'_>, found: &Found, reviews: &ScriptReviews, in_full: bool) {
    let values: Vec<Value> =
        found.iter().map(|(script, locked)| value(script, locked, reviews)).collect();
    let text = if in_full {
        found.iter().map(|(script, locked)| full(script, locked, reviews)).collect()
    } else {
        table(&rows(found, reviews))
    };
    world.report.data(&json!({ "scripts": values }), &text);
}

fn value(script: &Script, locked: &LockedScript, reviews: &ScriptReviews) -> Value {
    json!({
        "package": script.package, "script": script.name, "digest": script.digest,
        "versions": locked.versions, "images": locked.images, "platforms": locked.platforms,
        "read": reviews.of(script) == ScriptReview::Read,
        "text": String::from_utf8_lossy(&locked.bytes),
    })
}

/// A script as a person reads it: whose it is, then every line of it.
fn full(script: &Script, locked: &LockedScript, reviews: &ScriptReviews) -> String {
    let (versions, platforms) = (joined(&locked.versions, ", "), joined(&locked.platforms, ", "));
    let Script { package, name, digest } = script;
    let state = state(&reviews.of(script));
    let text = String::from_utf8_lossy(&locked.bytes);
    format!("==> {package} {versions}, {name}, {platforms}: {state}\n==> {digest}\n{text}\n")
}

fn rows(found: &Found, reviews: &ScriptReviews) -> Vec<Vec<String>> {
    let head = ["PACKAGE", "SCRIPT", "DIGEST", "PLATFORMS", "IMAGES", "READ"];
    let row = |(script, locked): (&Script, &LockedScript)| {
        vec![
            script.package.clone(),
            script.name.clone(),
            script.digest.short(),
            joined(&locked.platforms, " "),
            joined(&locked.images, " "),
            state(&reviews.of(script)).to_owned(),
        ]
    };
    [head.map(ToOwned::to_owned).to_vec()].into_iter().chain(found.iter().map(row)).collect()
}

fn state(review: &ScriptReview) -> &'static str {
    match review {
        ScriptReview::Read => "yes",
        ScriptReview::Changed(read) if read.is_empty() => "no, others of the package were",
        ScriptReview::Changed(_) => "no, it was another",
        ScriptReview::Unread => "no",
    }
}

fn joined<T: Display>(words: &BTreeSet<T>, with: &str) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(with)
}
