//! The closure of some packages: they, what they need, what those need, and so on.
//!
//! As apt does it, with one difference: where several packages stand in for a name, apt takes one
//! by their order in the index, and here a person is asked. The order of packages and of their
//! needs decides nothing: what leaves no choice is chosen first, then what has a first choice.

mod trouble;

pub use trouble::{Candidate, ClosureError};

use super::index::{Index, Package};
use super::relation::{Group, Relation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who asks for a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// A person, in the definition.
    Definition,
    /// A package that depends on it.
    Package(String),
}

impl fmt::Display for Asker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition => formatter.write_str("the definition"),
            Self::Package(name) => write!(formatter, "package `{name}`"),
        }
    }
}

/// A package of a closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    pub package: &'a Package,
    /// Everyone who asked for it.
    pub wanted_by: BTreeSet<Asker>,
}

/// Every package that `wanted` need, less those `without` and those already `below`.
/// The result is ordered by name.
pub fn close<'a>(
    index: &'a Index,
    wanted: &[String],
    without: &[String],
    below: &BTreeSet<String>,
) -> Result<Vec<Chosen<'a>>, ClosureError> {
    let mut closure = Closure {
        index,
        without,
        below,
        chosen: BTreeMap::new(),
        open: Vec::new(),
        choices: Vec::new(),
        left_out: BTreeSet::new(),
    };
    wanted.iter().try_for_each(|name| closure.name(name))?;
    while let Some(package) = closure.next()? {
        closure.take(package);
    }
    closure.refuse_idle()?;
    closure.refuse_pairs()?;
    Ok(closure.chosen.into_values().collect())
}

/// A need of a chosen package.
struct Need<'a> {
    group: &'a Group,
    by: &'a Package,
}

struct Closure<'a, 'b> {
    index: &'a Index,
    without: &'b [String],
    below: &'b BTreeSet<String>,
    chosen: BTreeMap<&'a str, Chosen<'a>>,
    /// Needs that nobody looked at yet.
    open: Vec<Need<'a>>,
    /// Needs that more than one package can meet.
    choices: Vec<Need<'a>>,
    /// The names of `without` that something asked for.
    left_out: BTreeSet<&'b str>,
}

impl<'a> Closure<'a, '_> {
    /// Takes what the definition names: a package, never a name that others provide.
    fn name(&mut self, name: &str) -> Result<(), ClosureError> {
        if let Some(name) = self.without.iter().find(|it| *it == name) {
            self.left_out.insert(name);
            return Ok(());
        }
        if self.below.contains(name) {
            return Ok(());
        }
        let found = self.index.package(name);
        let package = found.ok_or_else(|| ClosureError::named(self.index, name))?;
        self.take(package);
        self.note(package, Asker::Definition);
        Ok(())
    }

    fn take(&mut self, package: &'a Package) {
        let name = package.file.name.as_str();
        if !self.chosen.contains_key(name) {
            self.chosen.insert(name, Chosen { package, wanted_by: BTreeSet::new() });
            self.open.extend(package.needs.iter().map(|group| Need { group, by: package }));
        }
    }

    fn note(&mut self, package: &Package, asker: Asker) {
        if let Some(chosen) = self.chosen.get_mut(package.file.name.as_str()) {
            chosen.wanted_by.insert(asker);
        }
    }

    /// The next package to take: the only one that meets some need; once there is no such need,
    /// the first choice of one. `None` when every need is met.
    fn next(&mut self) -> Result<Option<&'a Package>, ClosureError> {
        while let Some(need) = self.open.pop() {
            if self.is_met(&need) {
                continue;
            }
            let mut able = need.group.0.iter().flat_map(|it| self.index.servers(it));
            let first = able.next().ok_or_else(|| ClosureError::unmet(self.index, &need))?;
            if able.all(|other| other == first) {
                self.open.push(need);
                return Ok(Some(first));
            }
            self.choices.push(need);
        }
        for need in std::mem::take(&mut self.choices) {
            if !self.is_met(&need) {
                self.choices.push(need);
            }
        }
        self.first_choice()
    }

    /// Of the needs that leave a choice, the one with the clearest first choice.
    fn first_choice(&self) -> Result<Option<&'a Package>, ClosureError> {
        let preferred = |need: &Need<'a>| (self.preferred(need.group), need.by, need.group);
        let all = self.choices.iter().map(preferred);
        let first = all.min_by_key(|(able, by, _)| (able.len(), by.file.name.as_str()));
        match first {
            None => Ok(None),
            Some((able, ..)) if able.len() == 1 => Ok(Some(able[0])),
            Some((able, by, group)) => Err(ClosureError::several(by, group, &able)),
        }
    }

    /// Who serves the first alternative that anyone serves: the package of that name alone, or
    /// all that stand in for it.
    fn preferred(&self, group: &Group) -> Vec<&'a Package> {
        let of_one = |relation: &Relation| {
            let able: Vec<_> = self.index.servers(relation).collect();
            let named = able.first().is_some_and(|it| it.file.name == relation.name);
            if named { able[..1].to_vec() } else { able }
        };
        group.0.iter().map(of_one).find(|able| !able.is_empty()).unwrap_or_default()
    }

    /// Whether something chosen, below or left out meets a need. What is chosen learns who asked.
    fn is_met(&mut self, need: &Need<'a>) -> bool {
        let able: Vec<&Package> =
            need.group.0.iter().flat_map(|it| self.index.servers(it)).collect();
        let names: Vec<&str> = able.iter().map(|it| it.file.name.as_str()).collect();
        let asked = |name: &&String| {
            names.contains(&name.as_str()) || need.group.0.iter().any(|it| it.name == **name)
        };
        let left_out: Vec<&String> = self.without.iter().filter(asked).collect();
        self.left_out.extend(left_out.iter().map(|name| name.as_str()));
        let chosen = able.iter().find(|it| self.chosen.contains_key(it.file.name.as_str()));
        if let Some(package) = chosen {
            self.note(package, Asker::Package(need.by.file.name.clone()));
            return true;
        }
        !left_out.is_empty() || names.iter().any(|name| self.below.contains(*name))
    }

    fn refuse_idle(&self) -> Result<(), ClosureError> {
        let idle = self.without.iter().filter(|name| !self.left_out.contains(name.as_str()));
        let idle: Vec<String> = idle.cloned().collect();
        if idle.is_empty() { Ok(()) } else { Err(ClosureError::Idle(idle)) }
    }

    /// Nothing that is chosen may be beside what it refuses, in this layer or below it.
    fn refuse_pairs(&self) -> Result<(), ClosureError> {
        let below = self.below.iter().filter_map(|name| self.index.package(name));
        let chosen = self.chosen.values().map(|it| it.package);
        let all: Vec<&Package> = below.chain(chosen).collect();
        for package in &all {
            for refused in &package.refuses {
                let mut able = self.index.servers(refused).filter(|it| it != package);
                if let Some(other) = able.find(|it| all.contains(it)) {
                    return Err(ClosureError::pair(package, other, refused));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
