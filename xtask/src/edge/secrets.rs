//! Secrets of an environment: made once and kept in a private file, or read where they are named.

use crate::edge::files;
use crate::edge::vault::Vault;
use crate::error::{Context as _, Failure, Result, code};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use xtask_core::deploy::{AgeName, KEPT, SecretSource};
use xtask_core::secret::Secret;

const FILE: &str = "secrets.json";

/// Every secret of an environment by name.
pub type Secrets = BTreeMap<String, Secret>;

/// Which generated secrets are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub names: Vec<String>,
    /// Whether none at all is there: nobody has brought the environment up yet.
    pub is_all: bool,
}

/// Where the generated secrets of an environment are kept, whose state is in `folder`.
pub fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Reads every secret; those that are to be made are made, if they are not there yet, and are in
/// no file before they are kept.
pub fn read(
    folder: &Path,
    sources: &BTreeMap<String, SecretSource>,
) -> Result<(Secrets, Option<Generated>)> {
    let mut generated = kept(folder)?;
    let before = generated.len();
    for name in made_by_us(sources) {
        if !generated.contains_key(name) {
            generated.insert(name.clone(), generate()?);
        }
    }
    let secrets = gather(&generated, sources)?;
    let is_new = generated.len() > before;
    Ok((secrets, is_new.then_some(Generated(generated))))
}

/// Reads every secret and makes none.
pub fn look(folder: &Path, sources: &BTreeMap<String, SecretSource>) -> Result<Secrets> {
    let missing = missing(folder, sources)?.names;
    if missing.is_empty() {
        return gather(&kept(folder)?, sources);
    }
    let path = file(folder);
    Err(Failure::refused(format!("cannot read secret `{}`", missing.join("`, `")))
        .code(&code::SECRET_MISSING)
        .reason(format!("it is not in `{}`", path.display()))
        .hint("bring that file back, or `./x up`, which makes what is not there"))
}

/// The names of what was generated before.
pub fn kept_names(folder: &Path) -> Result<BTreeSet<String>> {
    Ok(kept(folder)?.into_keys().collect())
}

/// Every secret, with a new value for the one called `name`, which is not kept yet.
pub fn renewed(
    folder: &Path,
    sources: &BTreeMap<String, SecretSource>,
    name: &str,
) -> Result<(Secrets, Generated)> {
    let mut generated = kept(folder)?;
    generated.remove(name);
    for name in made_by_us(sources) {
        if !generated.contains_key(name) {
            generated.insert(name.clone(), generate()?);
        }
    }
    Ok((gather(&generated, sources)?, Generated(generated)))
}

/// Generated values that are in no file yet.
pub struct Generated(BTreeMap<String, String>);

impl Generated {
    /// Keeps them, in place of what was kept.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        keep(folder, &self.0)
    }
}

/// Which generated secrets are not in `folder`.
pub fn missing(folder: &Path, sources: &BTreeMap<String, SecretSource>) -> Result<Missing> {
    let kept = kept(folder)?;
    let names: Vec<String> =
        made_by_us(sources).filter(|name| !kept.contains_key(*name)).cloned().collect();
    let is_all = !names.is_empty() && names.len() == made_by_us(sources).count();
    Ok(Missing { names, is_all })
}

/// A secret that is not where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    pub name: String,
    /// Why it cannot be read.
    pub why: String,
    /// How to give it.
    pub how: String,
}

/// Reads what is there of `sources` and makes nothing. What is not there is named, each with how
/// to give it.
pub fn at_hand(sources: &BTreeMap<String, SecretSource>) -> (Secrets, Vec<Absent>) {
    let (mut found, mut absent) = (Secrets::new(), Vec::new());
    for (name, source) in sources {
        match read_if_wanted(name, source) {
            Ok(Some(secret)) => {
                found.insert(name.clone(), Secret::new(secret.expose().trim()));
            }
            Ok(None) => {}
            Err(failure) => absent.push(Absent {
                name: name.clone(),
                why: failure.innermost_line().to_owned(),
                how: failure.advice().map_or_else(|| how(source), ToOwned::to_owned),
            }),
        }
    }
    (found, absent)
}

/// Reads all of `sources` and makes nothing; refuses with every one that is not there.
pub fn given(sources: &BTreeMap<String, SecretSource>) -> Result<Secrets> {
    let (found, absent) = at_hand(sources);
    if absent.is_empty() { Ok(found) } else { Err(refused(&absent)) }
}

/// That these are not there.
pub fn refused(absent: &[Absent]) -> Failure {
    let names: Vec<&str> = absent.iter().map(|it| it.name.as_str()).collect();
    let failure = Failure::refused(format!("cannot read secret `{}`", names.join("`, `")))
        .code(&code::SECRET_MISSING);
    let said = absent.iter().fold(failure, |failure, it| failure.reason(it.why.clone()));
    let mut ways: Vec<&str> = absent.iter().map(|it| it.how.as_str()).collect();
    ways.dedup();
    said.hint(ways.join("; "))
}

fn how(source: &SecretSource) -> String {
    match source {
        SecretSource::Variable(variable) => format!("set `{variable}` for this command only"),
        SecretSource::File(path) => format!("write it into `{path}`"),
        SecretSource::Generate => format!("say where it is kept: {KEPT}"),
        SecretSource::Age(AgeName { file, name }) => {
            format!("`cargo xtask secrets set {file} {name}`")
        }
        SecretSource::Optional(source) => how(source),
    }
}

fn made_by_us(sources: &BTreeMap<String, SecretSource>) -> impl Iterator<Item = &String> {
    let generated = |source: &SecretSource| matches!(source, SecretSource::Generate);
    sources.iter().filter(move |(_, source)| generated(source)).map(|(name, _)| name)
}

/// The value of every secret, each from where it is.
fn gather(
    generated: &BTreeMap<String, String>,
    sources: &BTreeMap<String, SecretSource>,
) -> Result<Secrets> {
    let mut secrets = Secrets::new();
    for (name, source) in sources {
        let found = match (source, generated.get(name)) {
            (SecretSource::Generate, value) => value.map(Secret::new),
            (SecretSource::Optional(inner), value) if **inner == SecretSource::Generate => {
                value.map(Secret::new)
            }
            (SecretSource::File(_), _) => {
                Some(Secret::new(read_one(name, source)?.expose().trim()))
            }
            _ => read_if_wanted(name, source)?,
        };
        secrets.extend(found.map(|secret| (name.clone(), secret)));
    }
    Ok(secrets)
}

/// The one secret at `source`; none if it may be absent and is.
fn read_if_wanted(name: &str, source: &SecretSource) -> Result<Option<Secret>> {
    match source {
        SecretSource::Optional(inner) => read_if_there(inner),
        source => read_one(name, source).map(Some),
    }
}

/// The one secret at `source`, if it is there. What cannot be looked at is a failure.
pub fn read_if_there(source: &SecretSource) -> Result<Option<Secret>> {
    let value = match source {
        SecretSource::Variable(variable) => std::env::var(variable).ok().map(Secret::new),
        SecretSource::File(path) => files::read_if_there(Path::new(path))?.map(Secret::new),
        SecretSource::Age(secret) => {
            let document = Vault::holding(secret)?.read()?;
            document.and_then(|it| it.get(&secret.name).cloned())
        }
        SecretSource::Generate => None,
        SecretSource::Optional(inner) => read_if_there(inner)?,
    };
    Ok(value.filter(|value| !is_blank(value.expose())))
}

/// The one secret at `source`, which is called `name` in messages.
pub fn read_one(name: &str, source: &SecretSource) -> Result<Secret> {
    let value = match source {
        SecretSource::Variable(variable) => from_variable(name, variable)?,
        SecretSource::File(path) => from_file(name, path)?,
        SecretSource::Age(_) => return from_vault(name, source),
        SecretSource::Optional(inner) => return read_one(name, inner),
        SecretSource::Generate => {
            return Err(Failure::usage(format!("cannot read secret `{name}`: nobody makes it"))
                .code(&code::SECRET_MISSING)
                .hint(format!("say where it is kept: {KEPT}")));
        }
    };
    Ok(Secret::new(value))
}

fn from_vault(name: &str, source: &SecretSource) -> Result<Secret> {
    read_if_there(source)?.ok_or_else(|| {
        Failure::refused(format!("cannot read secret `{name}`: `{source}` is not there"))
            .code(&code::SECRET_MISSING)
            .hint(how(source))
    })
}

/// What was generated before. A file that cannot be read is not one without secrets.
fn kept(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = file(folder);
    let Some(text) = files::read_if_there(&path)? else { return Ok(BTreeMap::new()) };
    let kept: BTreeMap<String, String> = serde_json::from_str(&text).map_err(|error| {
        // The error of the parser may quote the text, which is secret.
        let place = format!("line {}, column {}", error.line(), error.column());
        damaged(&path, &format!("it is not JSON with a text for each name: {place}"))
    })?;
    match kept.iter().find(|(_, value)| is_blank(value)) {
        Some((name, _)) => Err(damaged(&path, &format!("`{name}` is empty"))),
        None => Ok(kept),
    }
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::refused(format!("cannot use `{}`: it is damaged", path.display()))
        .code(&code::SECRETS_DAMAGED)
        .reason(why)
        .hint(
            "bring it back as it was; or move it away and set a new password: \
             `./x db reset-password local`",
        )
}

/// Where a secret is named and was never set, a service must not start with none.
fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}

fn keep(folder: &Path, generated: &BTreeMap<String, String>) -> Result<()> {
    files::make_private_folder(folder)?;
    let text = serde_json::to_string(generated).expect("texts only");
    files::write_private(&file(folder), text.as_bytes())
}

fn from_variable(name: &str, variable: &str) -> Result<String> {
    let cannot = |why: &str| {
        Failure::refused(format!("cannot read secret `{name}`: `{variable}` {why}"))
            .code(&code::SECRET_MISSING)
            .hint(format!("set `{variable}` for this command only"))
    };
    let value = std::env::var(variable).map_err(|_| cannot("is not set"))?;
    if is_blank(&value) { Err(cannot("is empty")) } else { Ok(value) }
}

fn from_file(name: &str, path: &str) -> Result<String> {
    let value = files::read(Path::new(path))?;
    if is_blank(&value) {
        return Err(Failure::refused(format!("cannot read secret `{name}`: `{path}` is empty"))
            .code(&code::SECRET_MISSING)
            .hint("write the secret into it"));
    }
    Ok(value)
}

/// 256 bits of the kernel's randomness, in hex: legal in a URL, a file and a variable.
pub fn generate() -> Result<String> {
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
        let (first, made) = read(folder.path(), &sources).unwrap();
        assert!(!file(folder.path()).exists(), "nothing is kept yet");
        made.unwrap().keep(folder.path()).unwrap();
        let (again, made) = read(folder.path(), &sources).unwrap();
        assert!(again == first && made.is_none());
        assert_eq!(first["jwt"].expose().len(), 64);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn looking_makes_no_secret_and_a_damaged_file_is_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let sources = BTreeMap::from([("jwt".to_owned(), SecretSource::Generate)]);
        assert!(look(&state, &sources).is_err() && !state.exists());
        std::fs::create_dir(&state).unwrap();
        std::fs::write(file(&state), "{}").unwrap();
        let refusal = look(&state, &sources).unwrap_err().to_string();
        assert!(refusal.contains("cannot read secret `jwt`"), "{refusal}");
        assert_eq!(std::fs::read_to_string(file(&state)).unwrap(), "{}");
        std::fs::write(file(&state), r#"{"jwt":"5ec"#).unwrap();
        let refusal = read(&state, &sources).err().unwrap().to_string();
        assert!(refusal.contains("it is damaged") && !refusal.contains("5ec"), "{refusal}");
        assert_eq!(std::fs::read_to_string(file(&state)).unwrap(), r#"{"jwt":"5ec"#);
    }

    #[test]
    fn a_secret_that_is_empty_is_none_wherever_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let blank = folder.path().join("blank");
        std::fs::write(&blank, "\n").unwrap();
        let path = blank.display().to_string();
        let source = SecretSource::File(path.clone());
        let message = read_one("key", &source).unwrap_err().to_string();
        assert!(message.contains(&format!("`{path}` is empty")), "{message}");
        assert!(read(folder.path(), &BTreeMap::from([("key".to_owned(), source)])).is_err());
        std::fs::write(file(folder.path()), r#"{"jwt":""}"#).unwrap();
        let generated = BTreeMap::from([("jwt".to_owned(), SecretSource::Generate)]);
        let message = read(folder.path(), &generated).err().unwrap().to_string();
        assert!(message.contains("it is damaged"), "{message}");
    }

    #[test]
    fn what_is_given_is_read_at_once_and_every_one_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redis");
        std::fs::write(&path, "redis://cache\n").unwrap();
        let source = |text: &str| text.parse::<SecretSource>().unwrap();
        let there = ("redis".to_owned(), source(&format!("file:{}", path.display())));
        let unset =
            ["jwt", "token"].map(|name| (name.to_owned(), source("env:XTASK_TEST_NOT_SET")));
        let sources: BTreeMap<_, _> = unset.into_iter().chain([there]).collect();
        let (found, absent) = at_hand(&sources);
        assert_eq!(found["redis"].expose(), "redis://cache");
        assert_eq!(absent.len(), 2);
        insta::assert_snapshot!(given(&sources).unwrap_err().to_string(), @"
        error: cannot read secret `jwt`, `token`
          caused by: cannot read secret `jwt`: `XTASK_TEST_NOT_SET` is not set
          caused by: cannot read secret `token`: `XTASK_TEST_NOT_SET` is not set
          hint: set `XTASK_TEST_NOT_SET` for this command only
          code: E-secret-missing
        ");
    }

    #[test]
    fn a_secret_that_is_not_set_names_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource::Variable("XTASK_TEST_NOT_SET".into());
        let error = read(folder.path(), &BTreeMap::from([("jwt".to_owned(), source)]));
        let error = error.err().unwrap();
        assert!(error.to_string().contains("`XTASK_TEST_NOT_SET` is not set"));
    }
}
