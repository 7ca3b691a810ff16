//! The variables of a stack: what a person wrote into `.env` or set, and below it what we choose.

use super::PLACE;
use crate::edge::{files, secrets};
use crate::error::Result;
use crate::world::World;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xtask_core::deploy::SecretSource;
use xtask_core::dev::{self, Kind, Stack};

/// What a production stack does not start without, and the generated secret that it is given.
const SECRETS: [(&str, &str); 3] = [
    ("JWT_SECRET", "jwt"),
    ("POSTGRES_PASSWORD", "database"),
    ("POSTGRES_APP_PASSWORD", "database_services"),
];

/// Writes them; gives the file.
pub(super) fn write(
    world: &World<'_>,
    stack: &Stack,
    chosen: &[(&str, String)],
    own: &str,
) -> Result<PathBuf> {
    let folder = world.state(PLACE);
    files::make_private_folder(&folder)?;
    let generated = match stack.kind {
        Kind::Development => secrets::Secrets::new(),
        Kind::Production => generated(&folder)?,
    };
    let secrets = SECRETS.iter().filter_map(|(variable, name)| {
        generated.get(*name).map(|secret| (*variable, secret.expose()))
    });
    let built = stack.built();
    let chosen = built.iter().chain(chosen).map(|(name, value)| (*name, value.as_str()));
    let path = folder.join(format!("{}.env", stack.name));
    let text = dev::variables(&secrets.chain(chosen).collect::<Vec<_>>(), own);
    files::write_private(&path, text.as_bytes())?;
    Ok(path)
}

/// Made once, and kept: the database keeps its password too.
fn generated(folder: &std::path::Path) -> Result<secrets::Secrets> {
    let source = |(_, name): &(&str, &str)| ((*name).to_owned(), SecretSource::Generate);
    let sources: BTreeMap<String, SecretSource> = SECRETS.iter().map(source).collect();
    let (secrets, made) = secrets::read(folder, &sources)?;
    made.iter().try_for_each(|made| made.keep(folder))?;
    Ok(secrets)
}
