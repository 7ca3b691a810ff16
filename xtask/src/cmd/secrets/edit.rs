//! `secrets edit`: the whole file in a person's editor.

use super::{set, vault};
use crate::edge::{clock, editor};
use crate::error::{Coded as _, Context as _, Result, code};
use crate::exit::Exit;
use crate::flags::SecretsOf;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;

pub(super) fn run(flags: &SecretsOf, world: &World<'_>) -> Result<Exit> {
    let file = &flags.environment;
    let vault = vault(world, file)?;
    vault.recipients()?.refuse_none()?;
    let mut opened = vault.open()?;
    let before = opened.document.clone();
    let text = before.editable(&format!("`{file}`"));
    let edited = editor::edit(&format!("{file}.toml"), &text)?;
    let failed = || format!("cannot take what was edited into `{}`", vault.shown());
    let edited = before.edited(&edited, clock::moment()).or_refused(failed);
    opened.document = edited.coded(&code::SECRET_UNFIT)?;
    let new = opened.document.entries().iter();
    let new: Vec<_> = new.filter(|(name, it)| before.get(name) != Some(&it.value)).collect();
    for (name, entry) in &new {
        set::refuse_unfit(world, file, name, &entry.value)?;
    }
    let is_gone = |name: &&String| opened.document.get(name).is_none();
    let gone: Vec<&String> = before.entries().keys().filter(is_gone).collect();
    let names: Vec<&String> = new.iter().map(|(name, _)| *name).collect();
    let count = names.len() + gone.len();
    let value = json!({ "file": vault.shown(), "set": names, "removed": gone });
    if count > 0 {
        vault.write(&opened)?;
    }
    let said = match count {
        0 => "nothing was changed; nothing was written".to_owned(),
        _ => format!("{} changed in `{}`; commit that file", Count(count, "secret"), vault.shown()),
    };
    world.report.data(&value, &said);
    Ok(Exit::Done)
}
