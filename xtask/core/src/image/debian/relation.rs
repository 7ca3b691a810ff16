//! Relations between packages, as a control file writes them (Debian Policy 7): names,
//! alternatives, versions and architectures.

use super::version::newer;
use crate::image::lock::is_plain;
use std::cmp::Ordering;
use std::fmt;

/// What a package asks for: any one of these alternatives, the first rather than the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(pub Vec<Relation>);

/// A name, and what is asked of whoever bears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The name: a package's, or one that packages provide.
    pub name: String,
    /// The architecture after a colon, such as `any`.
    pub architecture: Option<String>,
    pub version: Option<Bound>,
}

/// Which versions fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    operator: Operator,
    version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Earlier,
    AtMost,
    Exactly,
    AtLeast,
    Later,
}

/// The operators as they are written; the last two are old forms that mean `<=` and `>=`.
const OPERATORS: [(&str, Operator); 7] = [
    ("<<", Operator::Earlier),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    (">>", Operator::Later),
    ("=", Operator::Exactly),
    ("<", Operator::AtMost),
    (">", Operator::AtLeast),
];

impl Bound {
    /// Whether `version` fits.
    pub fn fits(&self, version: &str) -> bool {
        let order = newer(version, &self.version);
        match self.operator {
            Operator::Earlier => order == Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Exactly => order == Ordering::Equal,
            Operator::AtLeast => order != Ordering::Less,
            Operator::Later => order == Ordering::Greater,
        }
    }

    /// The one version that fits, as `Provides` names it.
    pub fn exact(&self) -> Option<&str> {
        (self.operator == Operator::Exactly).then_some(self.version.as_str())
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign))?;
        let version = text.strip_prefix(sign)?.trim();
        let fine = is_plain(version) && !version.contains([' ', '(', '<', '>', '=']);
        fine.then(|| Self { operator: *operator, version: version.to_owned() })
    }
}

impl Relation {
    /// Whether any version is as good as another.
    pub fn takes_version(&self, version: &str) -> bool {
        self.version.as_ref().is_none_or(|bound| bound.fits(version))
    }

    /// Reads `name:architecture (>= version)`. Restrictions to architectures and build profiles
    /// (`[amd64]`, `<!nocheck>`) belong to sources: an index that has one is not understood.
    fn parse(text: &str) -> Option<Self> {
        let (names, version) = match text.split_once('(') {
            Some((names, rest)) => (names, Some(Bound::parse(rest.strip_suffix(')')?.trim())?)),
            None => (text, None),
        };
        let (name, architecture) = match names.trim().split_once(':') {
            Some((name, architecture)) => (name, Some(architecture)),
            None => (names.trim(), None),
        };
        let fine = is_name(name) && architecture.is_none_or(is_name);
        let architecture = architecture.map(str::to_owned);
        fine.then(|| Self { name: name.to_owned(), architecture, version })
    }
}

/// Whether `text` has only what names of packages and architectures are made of.
fn is_name(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}

/// Reads a field of relations: groups apart by commas, alternatives by bars.
pub(super) fn parse(text: &str) -> Option<Vec<Group>> {
    let alternatives = |group: &str| {
        let alternatives = group.split('|').map(|one| Relation::parse(one.trim()));
        alternatives.collect::<Option<_>>().map(Group)
    };
    let groups = text.split(',').map(str::trim).filter(|group| !group.is_empty());
    groups.map(alternatives).collect()
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = OPERATORS.iter().find(|(_, operator)| operator == self);
        formatter.write_str(written.map_or("", |(sign, _)| sign))
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if let Some(architecture) = &self.architecture {
            write!(formatter, ":{architecture}")?;
        }
        match &self.version {
            Some(Bound { operator, version }) => write!(formatter, " ({operator} {version})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alternatives: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&alternatives.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_in_full_and_written_as_they_were() {
        let fields = [
            "a",
            "a (>= 1:2.0~rc1-3), b | c (<< 2)",
            "python3:any (>= 3.11), libc6:amd64",
            "mawk | awk, lib+x.y (= 1) | z",
        ];
        for field in fields {
            let groups = parse(field).unwrap_or_else(|| panic!("{field}"));
            let written: Vec<String> = groups.iter().map(ToString::to_string).collect();
            assert_eq!(written.join(", "), field);
        }
        let loose = parse(" a(>=1)|b ,\n c ( = 2 ), ").unwrap();
        assert_eq!(loose, parse("a (>= 1) | b, c (= 2)").unwrap());
    }

    #[test]
    fn what_is_not_a_relation_of_an_index_is_refused() {
        let fields = [
            "a (1)",
            "a (>= )",
            "a (>= 1",
            "a b",
            "a |",
            "a [amd64]",
            "a <!nocheck>",
            "a:",
            ":any",
            "a (>= 1) b",
            "a (!= 1)",
            "a (>= 1 2)",
            "a`b",
        ];
        fields.iter().for_each(|field| assert_eq!(parse(field), None, "{field}"));
    }

    #[test]
    fn bounds_are_held_by_the_order_of_debian() {
        let table = [
            ("<< 2", [true, false, false]),
            ("<= 2", [true, true, false]),
            ("< 2", [true, true, false]),
            ("= 2", [false, true, false]),
            ("> 2", [false, true, true]),
            (">= 2", [false, true, true]),
            (">> 2", [false, false, true]),
        ];
        for (bound, fits) in table {
            let bound = Bound::parse(bound).unwrap();
            assert_eq!(["2~rc1", "2", "2+b1"].map(|it| bound.fits(it)), fits, "{bound:?}");
        }
    }
}
