//! Secrets of an environment: made once and kept in a private file, or read where they are named.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use xtask_core::deploy::SecretSource;
use xtask_core::secret::Secret;

const FILE: &str = "secrets.json";

/// Every secret of an environment by name.
pub type Secrets = BTreeMap<String, Secret>;

/// Reads every secret; those that are to be made are made now, if they are not there yet.
pub fn read(folder: &Path, sources: &BTreeMap<String, SecretSource>) -> Result<Secrets> {
    files::make_private_folder(folder)?;
    let path = folder.join(FILE);
    let mut kept = kept(&path)?;
    let mut secrets = Secrets::new();
    let mut made = false;
    for (name, source) in sources {
        let value = match source {
            SecretSource::Generate if kept.contains_key(name) => kept[name].clone(),
            SecretSource::Generate => {
                made = true;
                let fresh = generate()?;
                kept.insert(name.clone(), fresh.clone());
                fresh
            }
            SecretSource::Variable(variable) => from_variable(name, variable)?,
            SecretSource::File(path) => files::read(Path::new(path))?.trim().to_owned(),
        };
        secrets.insert(name.clone(), Secret::new(value));
    }
    if made {
        let text = serde_json::to_string(&kept).expect("texts only");
        files::write_private(&path, text.as_bytes())?;
    }
    Ok(secrets)
}

/// The one secret at `source`, which is called `name` in messages.
pub fn read_one(name: &str, source: &SecretSource) -> Result<Secret> {
    let value = match source {
        SecretSource::Variable(variable) => from_variable(name, variable)?,
        SecretSource::File(path) => files::read(Path::new(path))?,
        SecretSource::Generate => {
            return Err(Failure::usage(format!("cannot read secret `{name}`: nobody makes it"))
                .hint("say where it is kept: `env:VARIABLE` or `file:PATH`"));
        }
    };
    Ok(Secret::new(value))
}

/// Whether secrets were made for the environment whose state is in `folder`.
pub fn are_made(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

fn kept(path: &Path) -> Result<BTreeMap<String, String>> {
    let Some(text) = files::read_if_there(path)? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&text).or_outside(|| format!("failed to read `{}`", path.display()))
}

fn from_variable(name: &str, variable: &str) -> Result<String> {
    std::env::var(variable).map_err(|_| {
        Failure::refused(format!("cannot read secret `{name}`: `{variable}` is not set"))
            .hint(format!("set `{variable}` for this command only"))
    })
}

/// 256 bits of the kernel's randomness, in hex: legal in a URL, a file and a variable.
fn generate() -> Result<String> {
    let mut bytes = [0; 32];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.or_outside(|| "failed to read randomness".to_owned())?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let sources = BTreeMap::from([("jwt".to_owned(), SecretSource::Generate)]);
        let first = read(folder.path(), &sources).unwrap();
        assert_eq!(first, read(folder.path(), &sources).unwrap());
        assert_eq!(first["jwt"].expose().len(), 64);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_that_is_not_set_names_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource::Variable("XTASK_TEST_NOT_SET".into());
        let error = read(folder.path(), &BTreeMap::from([("jwt".to_owned(), source)])).unwrap_err();
        assert!(error.to_string().contains("`XTASK_TEST_NOT_SET` is not set"));
    }
}
