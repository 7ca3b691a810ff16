//! `state`: what a server needs to be itself again, in one encrypted file.

use crate::backup::state;
use crate::edge::files;
use crate::edge::vault::Vault;
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{State, StateBackup, StateRestore};
use crate::ship::place;
use crate::world::World;
use serde_json::json;
use xtask_core::backup::evidence::size;
use xtask_core::backup::state::{ORDER, Of, State as Kept};
use xtask_core::deploy::SecretSource;
use xtask_core::ship::database::Address;

pub(super) fn run(verb: &State, world: &World<'_>) -> Result<Exit> {
    match verb {
        State::Backup(flags) => backup(flags, world),
        State::Restore(flags) => restore(flags, world),
    }
}

fn backup(flags: &StateBackup, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    world.environment(name)?;
    let shown = flags.to.display().to_string();
    if files::is_there(&flags.to)? {
        return Err(Failure::refused(format!("cannot write `{shown}`: it is there already"))
            .code(&code::STATE_REFUSED)
            .hint("name another file; none is written over"));
    }
    let vault = Vault::of(&world.places.root, name);
    let database = database(flags.database.as_deref())?;
    let kept = state::gather(world, name, &flags.coolify, &database)?;
    let sealed = vault.seal(kept.text().as_bytes())?;
    files::write_private(&flags.to, &sealed)?;
    let value = json!({ "environment": name, "file": shown, "pieces": kept.pieces.len(), "bytes": sealed.len() });
    let text =
        format!("kept {} pieces in {shown} ({})", kept.pieces.len(), size(sealed.len() as u64));
    world.report.data(&value, &text);
    Ok(Exit::Done)
}

fn restore(flags: &StateRestore, world: &World<'_>) -> Result<Exit> {
    let shown = flags.from.display().to_string();
    let sealed = files::bytes_if_there(&flags.from)?
        .ok_or_else(|| Failure::usage(format!("cannot restore from `{shown}`: it is not there")))?;
    let text = Vault::of(&world.places.root, &flags.environment).unseal(&shown, &sealed)?;
    let kept = Kept::parse(&text).or_refused(|| format!("cannot use `{shown}`"));
    let kept = kept.coded(&code::STATE_REFUSED)?;
    if kept.environment != flags.environment {
        return Err(Failure::refused(format!(
            "cannot restore `{}` from `{shown}`",
            flags.environment
        ))
        .code(&code::STATE_REFUSED)
        .reason(format!("it is the state of `{}`", kept.environment)));
    }
    let database = database(flags.database.as_deref())?;
    let left = state::left(world, &kept, &flags.coolify, &database)?;
    say(world, &kept, flags.apply);
    if !flags.apply {
        return Ok(if left.is_nothing() { Exit::Done } else { Exit::Planned });
    }
    if left.is_nothing() {
        world.report.status("Coolify's files and database are there already, as they were kept");
    }
    state::bring_back(world, &kept, &left, &flags.coolify, &database)?;
    Ok(Exit::Done)
}

fn database(source: Option<&str>) -> Result<Address> {
    let wanted = "wanted `--database env:NAME` or `--database file:PATH`, with its address";
    let source = source.and_then(|it| it.parse::<SecretSource>().ok());
    let source =
        source.ok_or_else(|| Failure::usage("cannot reach Coolify's database").hint(wanted))?;
    place::at("database", &source)
}

fn say(world: &World<'_>, kept: &Kept, applied: bool) {
    let count = |of| kept.of(of).count();
    let value = json!({
        "environment": kept.environment, "made_at": kept.made_at, "applied": applied,
        "pieces": { "ours": count(Of::Ours), "coolify": count(Of::Coolify), "database": count(Of::Database) },
        "order": ORDER,
    });
    let lines = ORDER.iter().enumerate().map(|(at, line)| format!("{}. {line}", at + 1));
    let text = format!(
        "state of {} as of {}\n{}",
        kept.environment,
        kept.made_at,
        lines.collect::<Vec<_>>().join("\n")
    );
    world.report.data(&value, &text);
}
