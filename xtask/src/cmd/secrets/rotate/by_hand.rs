//! A secret that a provider gave: a person gets a new one there, and here it takes the place of the
//! old one.

use super::super::{set, vault};
use crate::edge::{clock, typed};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::SecretsRotate;
use crate::world::World;
use serde_json::json;
use std::collections::BTreeMap;
use xtask_core::deploy::SecretSource;

pub(super) fn run(flags: &SecretsRotate, world: &World<'_>) -> Result<Exit> {
    let (environment, sources) =
        (&flags.environment, world.environment(&flags.environment)?.sources());
    let (name, source) = find(&sources, &flags.name, environment)?;
    let advice = advice(name);
    if !flags.apply {
        let then = format!(
            "{advice}\nthen: `cargo xtask secrets rotate {environment} {name} --apply`, which takes the new value"
        );
        world.report.data(&json!({ "secret": name, "by_hand": advice }), &then);
        return Ok(Exit::Planned);
    }
    let Some(age) = source.age() else {
        return Err(Failure::refused(format!(
            "cannot rotate `{name}` of `{environment}` here: it is `{source}`"
        ))
        .code(&code::ROTATION)
        .reason(advice)
        .hint("put the new value where it is kept, and roll out"));
    };
    let vault = vault(world, &age.file)?;
    let mut opened = vault.open()?;
    let value = typed::secret(&format!("new `{}` of `{}`", age.name, age.file))?;
    set::refuse_unfit(world, &age.file, &age.name, &value)?;
    if opened.document.get(&age.name) == Some(&value) {
        return Err(Failure::refused(format!("cannot rotate `{name}`: that is its value already"))
            .code(&code::ROTATION));
    }
    opened.document.set(&age.name, value, clock::moment());
    vault.write(&opened)?;
    let said = format!(
        "`{name}` has a new value; commit `{}`; `cargo xtask secrets sync {environment} --apply`, roll out, and only then end the old one at its provider",
        vault.shown()
    );
    world.report.data(&json!({ "secret": name, "file": vault.shown() }), &said);
    Ok(Exit::Done)
}

fn find<'a>(
    sources: &'a BTreeMap<String, SecretSource>,
    wanted: &str,
    environment: &str,
) -> Result<(&'a str, &'a SecretSource)> {
    let names = [wanted.to_owned(), format!("secrets.{wanted}")];
    let found = names.iter().find_map(|name| sources.get_key_value(name));
    found.map(|(name, source)| (name.as_str(), source)).ok_or_else(|| {
        let known: Vec<&str> = sources.keys().map(String::as_str).collect();
        Failure::usage(format!(
            "unknown secret `{wanted}` of `{environment}`; known: `{}`",
            known.join("`, `")
        ))
        .code(&code::SECRET_UNKNOWN)
    })
}

/// What a person does at the provider, so that the old one is good until the new one is used.
fn advice(name: &str) -> &'static str {
    match name {
        "database.url" | "database.direct_url" => {
            "make a second role with the same rights and a new password, and put it into the address; \
             where there is one role only, a new password ends the old one at once: connections that \
             are open stay, new ones fail until the rollout"
        }
        "redis.url" => {
            "make a second user (`ACL SETUSER`), or reset the password at the provider: that ends the \
             old one at once, and the services go on without their cache until the rollout"
        }
        "coolify.token" => {
            "make a second token under `Keys & Tokens`; remove the old one afterwards"
        }
        _ => "make a second one at its provider, so that both are good until the rollout",
    }
}
