//! What is inside an encrypted file of secrets: TOML, so that a person who decrypts it can read it.
//!
//! No error repeats a line of it: every line may be secret.

use crate::deploy::AgeName;
use crate::moment::Moment;
use crate::secret::Secret;
use crate::secrets::rotation::Rotation;
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item, TableLike};

const SECRETS: &str = "secrets";
const CHANGED: &str = "changed";
const ROTATIONS: &str = "rotations";

/// The secrets of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    entries: BTreeMap<String, Entry>,
    rotations: BTreeMap<String, Rotation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub value: Secret,
    /// When it got it, if we gave it.
    pub changed: Option<Moment>,
}

/// The text is no such file. What is told of it holds nothing of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Damage {
    /// It is no TOML.
    #[error("line {0} is no TOML; wanted `NAME = \"VALUE\"`")]
    Syntax(usize),
    /// A key that nobody knows.
    #[error("key {0} of the file is unknown; known: `secrets`, `changed`, `rotations`")]
    Unknown(usize),
    /// A name that none may have.
    #[error("secret {0} has no legal name: wanted lowercase letters, digits and `_`")]
    Name(usize),
    /// A value that is none.
    #[error("`{0}`: {1}")]
    Value(String, Unfit),
    /// A time or a rotation that is none.
    #[error("what is kept beside `{0}` cannot be read")]
    Beside(String),
}

/// Why a text can be no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A service must not start with none.
    #[error("it is empty")]
    Empty,
    /// No variable holds one.
    #[error("it holds a NUL character")]
    Nul,
    /// Numbers and lists are no texts.
    #[error("it is no text: write it between quotes")]
    NoText,
}

/// Refuses what can be no secret.
pub fn check(value: &str) -> Result<(), Unfit> {
    match value {
        value if value.trim().is_empty() => Err(Unfit::Empty),
        value if value.contains('\0') => Err(Unfit::Nul),
        _ => Ok(()),
    }
}

impl Document {
    /// Reads the inside of a file.
    pub fn parse(text: &Secret) -> Result<Self, Damage> {
        let root = table(text)?;
        let known = [SECRETS, CHANGED, ROTATIONS];
        if let Some(at) = root.iter().position(|(key, _)| !known.contains(&key)) {
            return Err(Damage::Unknown(at + 1));
        }
        let changed = part(&root, CHANGED)?;
        let rotations = pairs(part(&root, ROTATIONS)?).map(|(name, value)| {
            let rotation = Rotation::read(value).ok_or_else(|| beside(name))?;
            Ok((name.to_owned(), rotation))
        });
        let values = part(&root, SECRETS)?.map_or(Ok(BTreeMap::new()), values)?;
        let entries = values.into_iter().map(|(name, value)| {
            let changed = changed.and_then(|it| it.get(&name));
            let changed = changed.map(|it| moment(it).ok_or_else(|| beside(&name))).transpose()?;
            Ok((name, Entry { value, changed }))
        });
        let entries = entries.collect::<Result<_, Damage>>()?;
        Ok(Self { entries, rotations: rotations.collect::<Result<_, Damage>>()? })
    }

    /// It as the inside of a file.
    pub fn text(&self) -> Secret {
        let mut text = format!("[{SECRETS}]\n{}", self.lines());
        text.push_str(&format!("\n[{CHANGED}]\n"));
        let changed = self.entries.iter().filter_map(|(name, it)| Some((name, it.changed?)));
        changed.for_each(|(name, at)| text.push_str(&format!("{name} = \"{at}\"\n")));
        for (name, rotation) in &self.rotations {
            text.push_str(&format!("\n[{ROTATIONS}.{name}]\n{}", rotation.lines()));
        }
        Secret::new(text)
    }

    fn lines(&self) -> String {
        let line = |(name, it): (&String, &Entry)| format!("{name} = {}\n", quoted(&it.value));
        self.entries.iter().map(line).collect()
    }

    /// It as a person edits it.
    pub fn editable(&self, file: &str) -> Secret {
        Secret::new(format!(
            "# Secrets of {file}: NAME = \"VALUE\". A line that is removed is a secret removed.\n\
             # What is not changed is not written.\n{}",
            self.lines()
        ))
    }

    /// It after a person edited that to `text`; what has another value has it since `now`.
    pub fn edited(&self, text: &Secret, now: Moment) -> Result<Self, Damage> {
        let mut edited = Self { entries: BTreeMap::new(), rotations: self.rotations.clone() };
        for (name, value) in values(table(text)?.as_table())? {
            let before = self.entries.get(&name).filter(|it| it.value == value);
            let entry = before.cloned().unwrap_or(Entry { value, changed: Some(now) });
            edited.entries.insert(name, entry);
        }
        Ok(edited)
    }

    /// Every secret by name.
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// The value of one.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.entries.get(name).map(|it| &it.value)
    }

    /// Gives `name` a value.
    pub fn set(&mut self, name: &str, value: Secret, now: Moment) {
        self.entries.insert(name.to_owned(), Entry { value, changed: Some(now) });
    }

    /// Takes one away.
    pub fn remove(&mut self, name: &str) -> Option<Entry> {
        self.entries.remove(name)
    }

    /// Where the exchange of a key is, if one was begun.
    pub fn rotation(&self, name: &str) -> Option<&Rotation> {
        self.rotations.get(name)
    }

    /// Says where the exchange of a key is, or that there is none.
    pub fn set_rotation(&mut self, name: &str, rotation: Option<Rotation>) {
        match rotation {
            Some(rotation) => drop(self.rotations.insert(name.to_owned(), rotation)),
            None => drop(self.rotations.remove(name)),
        }
    }
}

/// The parser's own words quote the text, so only the line's number is taken.
fn table(text: &Secret) -> Result<DocumentMut, Damage> {
    let text = text.expose();
    text.parse::<DocumentMut>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        Damage::Syntax(text.as_bytes()[..at].iter().filter(|it| **it == b'\n').count() + 1)
    })
}

fn part<'a>(root: &'a DocumentMut, key: &str) -> Result<Option<&'a dyn TableLike>, Damage> {
    let part = root.get(key).map(|it| it.as_table_like().ok_or_else(|| beside(key)));
    part.transpose()
}

fn pairs(table: Option<&dyn TableLike>) -> impl Iterator<Item = (&str, &Item)> {
    table.into_iter().flat_map(TableLike::iter)
}

fn values(table: &dyn TableLike) -> Result<BTreeMap<String, Secret>, Damage> {
    let value = |(at, (name, value)): (usize, (&str, &Item))| {
        AgeName::check(name).map_err(|_| Damage::Name(at + 1))?;
        let unfit = |why| Damage::Value(name.to_owned(), why);
        let text = value.as_str().ok_or_else(|| unfit(Unfit::NoText))?;
        check(text).map_err(unfit)?;
        Ok((name.to_owned(), Secret::new(text)))
    };
    table.iter().enumerate().map(value).collect()
}

fn moment(value: &Item) -> Option<Moment> {
    value.as_str()?.parse().ok()
}

fn beside(name: &str) -> Damage {
    Damage::Beside(name.to_owned())
}

/// A text of JSON is one of TOML too, but for one character.
fn quoted(value: &Secret) -> String {
    serde_json::to_string(value.expose()).expect("a text").replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds).unwrap()
    }

    fn document(pairs: &[(&str, &str)]) -> Document {
        let mut document = Document::default();
        pairs.iter().for_each(|(name, value)| document.set(name, Secret::new(*value), at(9)));
        document
    }

    proptest! {
        #[test]
        fn whatever_a_secret_holds_it_is_read_as_it_was_written(value in "\\PC{1,20}[\u{1}-\u{7f}\n\"\\\\]{1,20}") {
            let written = document(&[("jwt", &format!("x{value}"))]);
            prop_assert_eq!(&Document::parse(&written.text()).unwrap(), &written);
            let edited = Document::default().edited(&written.editable("production"), at(9));
            prop_assert_eq!(edited.unwrap(), written);
        }
    }

    #[test]
    fn what_is_edited_is_new_and_the_rest_keeps_its_time() {
        let before = document(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let text = Secret::new("a = \"1\"\nb = \"other\"\nd = '''4'''\n");
        let after = before.edited(&text, at(70)).unwrap();
        let found: Vec<_> = after.entries().iter().collect();
        let times = found.iter().map(|(name, it)| (name.as_str(), it.changed.unwrap()));
        assert_eq!(times.collect::<Vec<_>>(), [("a", at(9)), ("b", at(70)), ("d", at(70))]);
        assert_eq!(before.edited(&before.editable("x"), at(70)).unwrap(), before);
    }

    #[test]
    fn no_damage_repeats_what_is_there() {
        for (text, wanted) in [
            ("[secrets]\njwt = \"hunter2", "line 2 is no TOML"),
            ("[secrets]\njwt = hunter2", "line 2 is no TOML"),
            ("[hunter2]\na = 1", "key 1 of the file is unknown"),
            ("[secrets]\nHUNTER2 = \"hunter2\"", "secret 1 has no legal name"),
            ("[secrets]\njwt = 12", "`jwt`: it is no text"),
            ("[secrets]\njwt = \" \"", "`jwt`: it is empty"),
            ("[secrets]\njwt = \"a\\u0000\"", "`jwt`: it holds a NUL"),
            ("[secrets]\njwt = \"a\"\n[changed]\njwt = \"hunter2\"", "beside `jwt`"),
            ("[rotations.jwt]\nphase = \"hunter2\"", "beside `jwt`"),
            ("secrets = \"hunter2\"", "beside `secrets`"),
        ] {
            let damage = Document::parse(&Secret::new(text)).unwrap_err();
            let said = format!("{damage} {damage:?}");
            assert!(said.contains(wanted) && !said.to_lowercase().contains("hunter2"), "{said}");
        }
        assert!(!format!("{:?}", document(&[("jwt", "hunter2")])).contains("hunter2"));
    }
}
