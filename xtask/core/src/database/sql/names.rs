//! What a statement is about, by name.

use super::Type;
use serde::Serialize;
use std::fmt;

/// A relation, a type or a function, as the file names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name {
    /// Its schema, if the file says it.
    pub schema: Option<String>,
    pub name: String,
}

impl Name {
    /// A name without a schema.
    pub fn plain(name: &str) -> Self {
        Self { schema: None, name: name.to_owned() }
    }

    /// With its schema where nothing else is said than `schema`.
    #[must_use]
    pub fn whole(&self, schema: &str) -> Self {
        let schema = self.schema.clone().unwrap_or_else(|| schema.to_owned());
        Self { schema: Some(schema), name: self.name.clone() }
    }

    /// Its full name where nothing else is said than `schema`.
    pub fn within(&self, schema: &str) -> String {
        format!("{}.{}", self.schema.as_deref().unwrap_or(schema), self.name)
    }
}

impl fmt::Display for Name {
    /// As people write it: `public` is left out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema.as_deref() {
            None | Some("public") => formatter.write_str(&self.name),
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
        }
    }
}

/// Something that holds data, or whose loss takes data along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// `meals`
    Table(Name),
    /// `meals.note`
    Column(Name, String),
    /// `meals.note`, which is given a type that may not hold each of its values.
    Retyped(Name, String, Type),
    /// `meals:rows`
    Rows(Name),
    /// `type:mood`: a type, a domain, a sequence, a schema, an extension, a materialized view …
    Other(&'static str, Name),
    /// `notes:cascade`: what goes along with it by CASCADE, which the statement does not name.
    Cascade(Box<Object>),
    /// `20261127090000_tidy:12`: what a block of code destroys, which names nothing that can be
    /// read, by its file and its line. The file is filled in where it is known.
    Code(usize),
}

impl Object {
    /// The same, each of its names given by `name`.
    #[must_use]
    pub fn named(&self, name: &dyn Fn(&Name) -> Name) -> Self {
        match self {
            Self::Table(it) => Self::Table(name(it)),
            Self::Column(it, column) => Self::Column(name(it), column.clone()),
            Self::Retyped(it, column, to) => Self::Retyped(name(it), column.clone(), to.clone()),
            Self::Rows(it) => Self::Rows(name(it)),
            // These stand in no schema.
            Self::Other("schema" | "extension" | "language", _) | Self::Code(_) => self.clone(),
            Self::Other(kind, it) => Self::Other(kind, name(it)),
            Self::Cascade(of) => Self::Cascade(Box::new(of.named(name))),
        }
    }

    /// How it is named on the command line, in the file of this name.
    pub fn consent(&self, file: &str) -> String {
        match self {
            Self::Table(name) => name.to_string(),
            Self::Column(table, column) | Self::Retyped(table, column, _) => {
                format!("{table}.{column}")
            }
            Self::Rows(table) => format!("{table}:rows"),
            Self::Other(kind, name) => format!("{kind}:{name}"),
            Self::Cascade(of) => format!("{}:cascade", of.consent(file)),
            Self::Code(line) => format!("{file}:{line}"),
        }
    }
}
