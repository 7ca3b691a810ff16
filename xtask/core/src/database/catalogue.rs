//! What a database consists of beside its rows, and where two databases are not the same.
//!
//! Everything is read by the queries of the edge, as text that the server itself writes; here it is
//! only compared. Not compared: rows, the order of columns, statistics, tablespaces, settings of
//! the database and of roles, and what belongs to an extension.

mod kind;
#[cfg(test)]
mod tests;

pub use kind::{Kind, UnknownKind};

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One fact about one object, as a query of the edge gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub kind: String,
    /// With its schema, and for parts of a table with the table: `public.meals.note`.
    pub name: String,
    /// Such as `definition` or `owner`; [`OF`] names the object that it is a part of.
    pub property: String,
    pub value: String,
}

/// The property that names the object, with its schema, without which this one is not.
pub const OF: &str = "of";

/// How the role that migrates is called in a comparison.
const OWNER: &str = "(who migrates)";

type Key = (Kind, String);
type Properties = BTreeMap<String, String>;

/// Every object of a database by kind and name, with its properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    objects: BTreeMap<Key, Properties>,
}

/// One place where two databases are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub kind: Kind,
    pub name: String,
    #[serde(flatten)]
    pub change: Change,
}

/// What is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// It is wanted and not there.
    Missing,
    /// It is there and not wanted.
    Extra,
    /// It is on both sides, with another value of this property; `None` where it has none.
    Changed { property: String, wanted: Option<String>, found: Option<String> },
}

impl Catalogue {
    /// Puts facts together.
    pub fn read(facts: impl IntoIterator<Item = Fact>) -> Result<Self, UnknownKind> {
        let mut objects: BTreeMap<Key, Properties> = BTreeMap::new();
        for Fact { kind, name, property, value } in facts {
            let kind = kind.parse()?;
            objects.entry((kind, name)).or_default().insert(property, value);
        }
        Ok(Self { objects })
    }

    /// The same, where what the role `name` owns is the owner's: it has another name on each server.
    #[must_use]
    pub fn owned_by(mut self, name: &str) -> Self {
        let owners = self.objects.values_mut().filter_map(|it| it.get_mut("owner"));
        for owner in owners.filter(|it| *it == name) {
            OWNER.clone_into(owner);
        }
        self
    }

    /// How many objects it has.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// What one object is like, if it is there.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&BTreeMap<String, String>> {
        self.objects.get(&(kind, name.to_owned()))
    }

    /// The objects of one kind, by name.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        let is_it = move |(key, _): &(&Key, _)| key.0 == kind;
        self.objects.iter().filter(is_it).map(|((_, name), it)| (name.as_str(), it))
    }

    /// Those of the other that this has not.
    fn lacks<'a>(&self, other: &'a Self) -> Vec<(&'a Key, &'a Properties)> {
        let absent: Vec<_> =
            other.objects.iter().filter(|(key, _)| !self.objects.contains_key(*key)).collect();
        let names: BTreeSet<&str> = absent.iter().map(|((_, name), _)| name.as_str()).collect();
        // With its table, a column is gone as well: that goes without saying.
        let is_part = |it: &Properties| it.get(OF).is_some_and(|of| names.contains(of.as_str()));
        absent.into_iter().filter(|(_, it)| !is_part(it)).collect()
    }
}

/// Every place where `found` is not as `wanted`.
pub fn compare(wanted: &Catalogue, found: &Catalogue) -> Vec<Difference> {
    let one = |change: Change| {
        move |((kind, name), _): (&Key, &Properties)| Difference {
            kind: *kind,
            name: name.clone(),
            change: change.clone(),
        }
    };
    let missing = found.lacks(wanted).into_iter().map(one(Change::Missing));
    let extra = wanted.lacks(found).into_iter().map(one(Change::Extra));
    let both = wanted.objects.iter().filter_map(|(key, wanted)| {
        found.objects.get(key).map(|found| changed(key, wanted, found))
    });
    let mut all: Vec<Difference> = missing.chain(extra).chain(both.flatten()).collect();
    all.sort_by(|left, right| (left.kind, &left.name).cmp(&(right.kind, &right.name)));
    all
}

fn changed((kind, name): &Key, wanted: &Properties, found: &Properties) -> Vec<Difference> {
    let properties: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differ = properties.into_iter().filter(|it| wanted.get(*it) != found.get(*it));
    let one = |property: &String| Difference {
        kind: *kind,
        name: name.clone(),
        change: Change::Changed {
            property: property.clone(),
            wanted: wanted.get(property).cloned(),
            found: found.get(property).cloned(),
        },
    };
    differ.map(one).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, change } = self;
        match change {
            Change::Missing => write!(formatter, "{kind} `{name}` is missing"),
            Change::Extra => write!(formatter, "{kind} `{name}` is not wanted"),
            Change::Changed { property, wanted, found } => {
                let said = |it: &Option<String>| match it {
                    Some(text) => format!("`{}`", text.trim().replace('\n', " ")),
                    None => "none".to_owned(),
                };
                let (wanted, found) = (said(wanted), said(found));
                write!(formatter, "{kind} `{name}`: {property}: wanted {wanted}, found {found}")
            }
        }
    }
}
