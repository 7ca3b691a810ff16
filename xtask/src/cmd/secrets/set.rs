//! `secrets set`: gives one secret of an encrypted file a value.

use super::vault;
use crate::edge::typed;
use crate::edge::{clock, secrets};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::SecretsSet;
use crate::world::World;
use serde_json::json;
use xtask_core::deploy::AgeName;
use xtask_core::secret::Secret;
use xtask_core::secrets::check::asked_of;
use xtask_core::secrets::{document, fit, weak};

pub(super) fn run(flags: &SecretsSet, world: &World<'_>) -> Result<Exit> {
    let (file, name) = (&flags.environment, &flags.name);
    refuse_value(&flags.misplaced)?;
    let vault = vault(world, file)?;
    AgeName::check(name).or_usage(|| format!("cannot set secret `{name}`"))?;
    vault.recipients()?.refuse_none()?;
    // Without the key of the file nobody is asked for a value.
    let mut opened = vault.open()?;
    let value = match flags.generate {
        true => Secret::new(secrets::generate()?),
        false => typed::secret(&format!("secret `{name}` of `{file}`"))?,
    };
    refuse_unfit(world, file, name, &value)?;
    let is_same = opened.document.get(name) == Some(&value);
    if !is_same {
        opened.document.set(name, value.clone(), clock::moment());
        vault.write(&opened)?;
    }
    tell(world, file, name, &value);
    let shown = vault.shown();
    let said = match is_same {
        true => format!("`{name}` has that value already; nothing was written"),
        false => format!("`{name}` is set in `{shown}`; commit that file"),
    };
    world.report.data(&json!({ "secret": name, "file": shown, "written": !is_same }), &said);
    Ok(Exit::Done)
}

/// Whoever may list the programs of the machine reads their arguments.
fn refuse_value(misplaced: &[String]) -> Result<()> {
    if misplaced.is_empty() {
        return Ok(());
    }
    Err(Failure::usage("cannot take a value as an argument: every user of this machine sees those")
        .hint("give it on standard input; the one you typed is in your shell's history now"))
}

/// Refuses what is no secret, and what would not reach those who are told it.
pub(super) fn refuse_unfit(
    world: &World<'_>,
    file: &str,
    name: &str,
    value: &Secret,
) -> Result<()> {
    let cannot = || format!("cannot set secret `{name}` of `{file}`");
    document::check(value.expose())
        .map_err(|why| Failure::refused(cannot()).code(&code::SECRET_UNFIT).because(&why))?;
    let lost = fit::lost(&world.deploy, file, name, value.expose());
    if lost.is_empty() {
        return Ok(());
    }
    let failure = Failure::refused(cannot()).code(&code::SECRET_UNFIT);
    Err(lost
        .iter()
        .fold(failure, |failure, it| failure.reason(format!("{}: {}", it.whose, it.why))))
}

fn tell(world: &World<'_>, file: &str, name: &str, value: &Secret) {
    if let Some(weakness) = weak::weakness(value) {
        world.report.warning(&format!("`{name}` is weak: {weakness}"));
    }
    if !asked_of(&world.deploy, file).contains(name) {
        let line = format!("nothing in `deploy.toml` asks for `age:{file}/{name}` yet");
        world.report.warning(&line);
    }
}
