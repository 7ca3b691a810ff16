//! Environment markers: for which Python and which platform a line counts (PEP 508, as far as
//! `uv pip compile --universal` writes them; whatever else there is gets refused).

mod parse;

use crate::platform::Platform;
use pep440_rs::{Operator, Version, VersionSpecifier};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The version of a Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python(Version);

/// A Python on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The platform of the image, not of this machine.
    pub platform: Platform,
    /// The Python in the image, by its locked package.
    pub python: Python,
}

/// A condition on an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    All(Vec<Marker>),
    Any(Vec<Marker>),
    /// A version of the environment is what the specifier says.
    Version(VersionVariable, VersionSpecifier),
    /// A word of the environment is, or is not, this one.
    Word {
        variable: Variable,
        is: bool,
        word: String,
    },
    /// A word of the environment is, or is not, a part of this one.
    PartOf {
        variable: Variable,
        is: bool,
        text: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionVariable {
    /// `python_version`: two numbers.
    Short,
    /// `python_full_version`, and `implementation_version`, which is the same for CPython.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    OsName,
    SysPlatform,
    PlatformMachine,
    PlatformSystem,
    Implementation,
    ImplementationName,
}

impl Python {
    /// The version that a Debian package of Python brings: `3.11.2-6+deb12u9` is 3.11.2.
    pub fn of_package(version: &str) -> Option<Self> {
        version.split(['-', '+', '~']).next()?.parse().ok().map(Self)
    }

    /// Whether it is two or three numbers and nothing more.
    pub fn is_plain(&self) -> bool {
        let numbers = self.0.release().len();
        (2..=3).contains(&numbers) && Version::new(self.0.release().iter().copied()) == self.0
    }

    /// Its first two numbers: `3.11`.
    pub fn short(&self) -> Version {
        Version::new(self.0.release().iter().take(2).copied())
    }
}

impl FromStr for Python {
    type Err = pep440_rs::VersionParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Python {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Python {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Python {} on {}", self.python, self.platform)
    }
}

impl Environment {
    fn version(&self, variable: VersionVariable) -> Version {
        match variable {
            VersionVariable::Short => self.python.short(),
            VersionVariable::Full => self.python.0.clone(),
        }
    }

    fn word(&self, variable: Variable) -> &'static str {
        match variable {
            Variable::OsName => "posix",
            Variable::SysPlatform => "linux",
            Variable::PlatformMachine => self.platform.machine(),
            Variable::PlatformSystem => "Linux",
            Variable::Implementation => "CPython",
            Variable::ImplementationName => "cpython",
        }
    }
}

impl Marker {
    /// Reads what stands behind `;`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text)
    }

    /// Whether it holds in `environment`.
    pub(super) fn holds(&self, environment: &Environment) -> bool {
        match self {
            Self::All(all) => all.iter().all(|it| it.holds(environment)),
            Self::Any(any) => any.iter().any(|it| it.holds(environment)),
            Self::Version(variable, wanted) => wanted.contains(&environment.version(*variable)),
            Self::Word { variable, is, word } => (environment.word(*variable) == word) == *is,
            Self::PartOf { variable, is, text } => {
                text.contains(environment.word(*variable)) == *is
            }
        }
    }
}

/// The same comparison with its sides exchanged, if there is one.
fn mirrored(operator: Operator) -> Option<Operator> {
    Some(match operator {
        Operator::LessThan => Operator::GreaterThan,
        Operator::LessThanEqual => Operator::GreaterThanEqual,
        Operator::GreaterThan => Operator::LessThan,
        Operator::GreaterThanEqual => Operator::LessThanEqual,
        Operator::Equal | Operator::NotEqual => operator,
        _ => return None,
    })
}
