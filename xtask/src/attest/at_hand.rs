//! Which keys there are: the one that signs, and those that are believed.

use super::key::{PublicKey, SigningKey};
use crate::edge::{encrypted, files, passphrase, secrets};
use crate::error::{Failure, Result, code};
use crate::world::World;
use std::path::{Path, PathBuf};
use xtask_core::deploy::SecretSource;
use xtask_core::secret::Secret;

/// The key that signs: `source`, or the one that `deploy.toml` names; opened if it is encrypted.
pub fn signing_key(world: &World<'_>, source: Option<&SecretSource>) -> Result<SigningKey> {
    let source = source.or(world.deploy.signing.key.as_ref()).ok_or_else(|| {
        Failure::refused("cannot attest: there is no key to sign with")
            .code(&code::KEY_UNUSABLE)
            .hint(
                "`cargo xtask image keygen` makes one; then `--key file:PATH` or `--key env:NAME`",
            )
    })?;
    read(source, |name| passphrase::ask(&format!("key `{name}`")))
}

/// The key that `deploy.toml` names, if it names one. Nobody is asked for a passphrase: who signs
/// what a long run has done must have given it before.
pub fn key_at_hand(world: &World<'_>) -> Result<Option<SigningKey>> {
    let Some(source) = &world.deploy.signing.key else { return Ok(None) };
    let given = |name: &str| {
        passphrase::given().ok_or_else(|| {
            Failure::refused(format!("cannot open key `{name}`: no passphrase is at hand"))
                .code(&code::KEY_UNUSABLE)
                .hint(format!("set `{}` for this command only", passphrase::VARIABLE))
        })
    };
    read(source, given).map(Some)
}

/// The same, or none where what `deploy.toml` names is not there. A key that is there and cannot be
/// used is a failure.
pub fn key_if_there(world: &World<'_>) -> Result<Option<SigningKey>> {
    let Some(source) = &world.deploy.signing.key else { return Ok(None) };
    match secrets::read_if_there(source)? {
        Some(_) => key_at_hand(world),
        None => Ok(None),
    }
}

fn read(
    source: &SecretSource,
    passphrase: impl FnOnce(&str) -> Result<Secret>,
) -> Result<SigningKey> {
    let name = match source {
        SecretSource::Variable(variable) => format!("env:{variable}"),
        SecretSource::File(path) => format!("file:{path}"),
        other => other.to_string(),
    };
    let text = secrets::read_one(&name, source)?;
    if !encrypted::is_encrypted(text.expose()) {
        return SigningKey::parse(&name, &text);
    }
    let opened = encrypted::open(&name, text.expose(), &passphrase(&name)?)?;
    SigningKey::parse(&name, &opened)
}

/// The keys in the files `named`, or else those that `deploy.toml` names.
pub fn public_keys(world: &World<'_>, named: &[PathBuf]) -> Result<Vec<PublicKey>> {
    let own = world.deploy.signing.public_keys.iter();
    // In messages a key is called as the file calls it.
    let own = own.map(|path| (path.clone(), world.places.file(path)));
    let others = named.iter().map(|path| (path.display().to_string(), path.clone()));
    let keys: Vec<(String, PathBuf)> =
        if named.is_empty() { own.collect() } else { others.collect() };
    if keys.is_empty() {
        return Err(Failure::usage("cannot check: there is no public key to believe")
            .hint("name its file with `--key`, or in `signing.public_keys` of `deploy.toml`"));
    }
    let read = |(name, path): &(String, PathBuf)| public_key(name, path);
    keys.iter().map(read).collect()
}

fn public_key(name: &str, path: &Path) -> Result<PublicKey> {
    let text = files::read_if_there(path)?.ok_or_else(|| {
        Failure::usage(format!("cannot use key `{name}`: there is no such file"))
            .hint("`cargo xtask image keygen` makes a key, and `--public` names its public half")
    })?;
    PublicKey::parse(name, &text)
}
