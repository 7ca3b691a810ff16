//! Where a secret comes from. The secret itself never stands in `deploy.toml`.

use std::fmt;
use std::str::FromStr;

/// The sources of what somebody keeps, for messages.
pub const KEPT: &str = "`env:VARIABLE`, `file:PATH` or `age:FILE/NAME`";

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Made once, kept in a private file of this machine.
    Generate,
    /// The environment variable of that name.
    Variable(String),
    /// The file of that path, outside the repository.
    File(String),
    /// A secret in an encrypted file of the repository.
    Age(AgeName),
    /// The same, and that it is not there is no mistake: every setting that asks for it may be
    /// left out. It is not written so; the settings say it.
    Optional(Box<SecretSource>),
}

/// A secret in an encrypted file of the repository: `production/jwt` is `jwt` in
/// `secrets/production.age`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgeName {
    /// The file's name, without the ending.
    pub file: String,
    /// The secret's name in it.
    pub name: String,
}

/// The text is no source of a secret.
#[derive(Debug, thiserror::Error)]
#[error("wanted `generate`, {KEPT}; a secret itself never stands here")]
pub struct UnknownSecretSource;

/// The text is no name of a secret in a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no name of a secret: wanted lowercase letters, digits and `_`, a letter first")]
pub struct NotAName(String);

impl AgeName {
    /// Where the file is, from the root of the repository.
    pub fn path(file: &str) -> String {
        format!("secrets/{file}.age")
    }

    /// Where those who may read it stand, from the root of the repository.
    pub fn recipients(file: &str) -> String {
        format!("secrets/{file}.recipients")
    }

    /// Whether secrets may have that name.
    pub fn check(name: &str) -> Result<(), NotAName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let is_name = starts && name.len() <= 64 && name.bytes().all(fits);
        if is_name { Ok(()) } else { Err(NotAName(name.to_owned())) }
    }
}

impl SecretSource {
    /// The variable that it comes from, if it comes from one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::Optional(source) => source.variable(),
            _ => None,
        }
    }

    /// What it is called in an encrypted file, if it is in one.
    pub fn age(&self) -> Option<&AgeName> {
        match self {
            Self::Age(name) => Some(name),
            Self::Optional(source) => source.age(),
            _ => None,
        }
    }

    /// Whether it may be absent.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_))
    }
}

/// An address behind `env:` would be repeated where the variable is missed.
fn is_variable(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(fits) && name.starts_with(|it: char| !it.is_ascii_digit())
}

impl FromStr for SecretSource {
    type Err = UnknownSecretSource;

    fn from_str(text: &str) -> Result<Self, UnknownSecretSource> {
        match text.split_once(':') {
            None if text == "generate" => Ok(Self::Generate),
            Some(("env", name)) if is_variable(name) => Ok(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() && !path.contains("://") => {
                Ok(Self::File(path.to_owned()))
            }
            Some(("age", name)) => name.parse().map(Self::Age),
            _ => Err(UnknownSecretSource),
        }
    }
}

impl FromStr for AgeName {
    type Err = UnknownSecretSource;

    fn from_str(text: &str) -> Result<Self, UnknownSecretSource> {
        let (file, name) = text.split_once('/').ok_or(UnknownSecretSource)?;
        if !crate::deploy::is_name(file) || Self::check(name).is_err() {
            return Err(UnknownSecretSource);
        }
        Ok(Self { file: file.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generate => formatter.write_str("generate"),
            Self::Variable(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file:{path}"),
            Self::Age(it) => write!(formatter, "age:{}/{}", it.file, it.name),
            Self::Optional(source) => source.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_source_whatever_stands_before_it() {
        for before in ["", "env:", "file:"] {
            let text = format!("{before}postgres://own:pw@host/app");
            let said = text.parse::<SecretSource>().unwrap_err().to_string();
            assert!(!said.contains("pw@"), "{said}");
        }
    }

    #[test]
    fn each_source_reads_as_it_is_written() {
        for text in ["generate", "env:JWT", "file:/run/jwt", "age:production/jwt_previous"] {
            assert_eq!(text.parse::<SecretSource>().unwrap().to_string(), text);
        }
        for text in ["hunter2", "env:", "age:", "age:jwt", "age:../jwt", "age:a/B", "age:a/b/c"] {
            let error = text.parse::<SecretSource>().unwrap_err().to_string();
            assert!(error.contains("a secret itself never stands here"), "{text}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
