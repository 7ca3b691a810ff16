//! Why packages cannot be closed over, and what a person can do.

use super::super::index::{Index, Package};
use super::super::relation::{Group, Relation};
use super::{Asker, Need};
use std::fmt;

/// Why packages cannot be closed over.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ClosureError {
    /// The archive holds no package that the definition names.
    #[error("unknown package `{0}`, wanted by the definition")]
    Unknown(String),
    /// The definition names what is only provided.
    #[error("`{name}` is not a package but a name that packages provide: {}", list(.by))]
    Provided {
        name: String,
        /// Who provides it.
        by: Vec<Candidate>,
    },
    /// Nothing in the archive is what a package needs.
    #[error("nothing meets `{need}`, wanted by {wanted_by}{}", but_candidates(.candidates))]
    Unmet {
        /// The alternatives, as they are written.
        need: String,
        /// Who needs one of them.
        wanted_by: Asker,
        /// What bears one of the names and does not fit.
        candidates: Vec<Candidate>,
    },
    /// Several packages are equally what a package needs.
    #[error("several packages provide what {wanted_by} needs (`{need}`): {}", list(.by))]
    Several {
        /// The alternatives, as they are written.
        need: String,
        /// Who needs one of them.
        wanted_by: Asker,
        /// Who provides the first of them.
        by: Vec<Candidate>,
    },
    /// Two packages of an image do not go together.
    #[error("{package} and {other} cannot be in one image: the first refuses `{refused}`")]
    Pair {
        package: Candidate,
        /// Who is refused.
        other: Candidate,
        /// The relation, as it is written.
        refused: String,
    },
    /// Names that are left out although nothing asks for them: stale lines.
    #[error("nothing asks for `{}`; remove it from `without`", .0.join("`, `"))]
    Idle(Vec<String>),
}

/// A package that a message names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    name: String,
    version: String,
}

impl Candidate {
    fn all<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Vec<Self> {
        packages.into_iter().map(Self::of).collect()
    }

    fn of(package: &Package) -> Self {
        Self { name: package.file.name.clone(), version: package.file.version.clone() }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.name, self.version)
    }
}

fn list(candidates: &[Candidate]) -> String {
    candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn but_candidates(candidates: &[Candidate]) -> String {
    match candidates {
        [] => String::new(),
        some => format!("; the archive holds {}", list(some)),
    }
}

impl ClosureError {
    pub(super) fn named(index: &Index, name: &str) -> Self {
        let by = Candidate::all(index.providers(name));
        match by.is_empty() {
            true => Self::Unknown(name.to_owned()),
            false => Self::Provided { name: name.to_owned(), by },
        }
    }

    pub(super) fn unmet(index: &Index, need: &Need<'_>) -> Self {
        let bearers = |it: &Relation| {
            let package = index.package(&it.name).into_iter();
            Candidate::all(package.chain(index.providers(&it.name)))
        };
        Self::Unmet {
            need: need.group.to_string(),
            wanted_by: asker(need.by),
            candidates: need.group.0.iter().flat_map(bearers).collect(),
        }
    }

    pub(super) fn several(by: &Package, group: &Group, able: &[&Package]) -> Self {
        let (need, by) = (group.to_string(), asker(by));
        Self::Several { need, wanted_by: by, by: Candidate::all(able.iter().copied()) }
    }

    pub(super) fn pair(package: &Package, other: &Package, refused: &Relation) -> Self {
        let (package, other) = (Candidate::of(package), Candidate::of(other));
        Self::Pair { package, other, refused: refused.to_string() }
    }

    /// What a person can do.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Provided { .. } => Some("name one of them in `packages` instead"),
            Self::Several { .. } => Some(
                "name one of them in `packages`, or leave one out with its reason in `without`",
            ),
            Self::Unmet { .. } => Some(
                "try again later: a mirror that is being renewed lacks packages; or leave it out with its reason in `without`",
            ),
            Self::Pair { .. } => {
                Some("name another provider of either in `packages`, or leave one out in `without`")
            }
            Self::Unknown(_) | Self::Idle(_) => None,
        }
    }
}

fn asker(package: &Package) -> Asker {
    Asker::Package(package.file.name.clone())
}
