//! What a wheel asks of the machine's C library, by its tags (PEP 600, PEP 656).

use serde::Serialize;
use std::fmt;

/// A version of glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Glibc(pub u32, pub u32);

/// What a wheel needs to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// No C library: it has no binaries, or promises nothing.
    Nothing,
    /// This version of glibc, or a newer one.
    Glibc(Glibc),
    /// The other C library.
    Musl,
}

impl Glibc {
    /// The version that a Debian package of `libc6` brings: `2.36-9+deb12u14` is 2.36.
    pub fn of_package(version: &str) -> Option<Self> {
        let upstream = version.split(['-', '+', '~']).next()?;
        let mut numbers = upstream.split('.').map(str::parse);
        Some(Self(numbers.next()?.ok()?, numbers.next()?.ok()?))
    }
}

impl Needs {
    /// What the wheel with this `WHEEL` file needs. Each tag is a promise that it runs there, so
    /// the oldest one counts.
    pub fn of_wheel(text: &str) -> Self {
        let tags = text.lines().filter_map(|line| line.strip_prefix("Tag:"));
        let platforms = tags.filter_map(|tag| tag.trim().splitn(3, '-').nth(2));
        let platforms: Vec<&str> = platforms.flat_map(|it| it.split('.')).collect();
        let glibc = platforms.iter().filter_map(|platform| glibc_of(platform)).min();
        match glibc {
            Some(glibc) => Self::Glibc(glibc),
            None if platforms.iter().any(|it| it.starts_with("musllinux_")) => Self::Musl,
            None => Self::Nothing,
        }
    }

    /// Why a wheel that needs this cannot be used with `found`, if it cannot.
    pub fn refusal(self, found: Option<Glibc>) -> Option<String> {
        let shown = found.map_or_else(|| "none".to_owned(), |it| it.to_string());
        match self {
            Self::Nothing => None,
            Self::Musl => Some(format!("wanted musl, found {shown}")),
            Self::Glibc(wanted) if found.is_some_and(|found| found >= wanted) => None,
            Self::Glibc(wanted) => Some(format!("wanted {wanted} or newer, found {shown}")),
        }
    }
}

fn glibc_of(platform: &str) -> Option<Glibc> {
    for (legacy, glibc) in [("1_", 5), ("2010_", 12), ("2014_", 17)] {
        if platform.strip_prefix("manylinux").is_some_and(|rest| rest.starts_with(legacy)) {
            return Some(Glibc(2, glibc));
        }
    }
    let mut numbers = platform.strip_prefix("manylinux_")?.splitn(3, '_').map(str::parse);
    Some(Glibc(numbers.next()?.ok()?, numbers.next()?.ok()?))
}

impl fmt::Display for Glibc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "glibc {}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_promise_of_a_wheel_counts() {
        let needs = |text: &str| Needs::of_wheel(text);
        let glibc = |minor| Needs::Glibc(Glibc(2, minor));
        for (text, wanted) in [
            ("Tag: py2-none-any\nTag: py3-none-any\n", Needs::Nothing),
            ("Tag: cp311-cp311-linux_x86_64", Needs::Nothing),
            ("Tag: cp311-cp311-manylinux_2_40_x86_64", glibc(40)),
            ("Tag: cp311-cp311-manylinux_2_28_aarch64\nTag: x-y-manylinux2014_aarch64", glibc(17)),
            ("Tag: cp310-abi3-manylinux_2_28_x86_64.manylinux_2_27_x86_64", glibc(27)),
            ("Tag: cp310-abi3-manylinux1_x86_64", glibc(5)),
            ("Tag: cp310-abi3-musllinux_1_2_x86_64", Needs::Musl),
            ("Tag: cp310-abi3-manylinux_x_y", Needs::Nothing),
        ] {
            assert_eq!(needs(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_newer_or_another_library_than_there_is_is_refused_with_both_sides() {
        let found = Glibc::of_package("2.36-9+deb12u14");
        assert_eq!(found, Some(Glibc(2, 36)));
        assert_eq!(Glibc::of_package("nonsense"), None);
        let refusal = |needs: Needs, found| needs.refusal(found);
        assert_eq!(refusal(Needs::Glibc(Glibc(2, 36)), found), None);
        assert_eq!(refusal(Needs::Nothing, None), None);
        let message = refusal(Needs::Glibc(Glibc(2, 38)), found).unwrap();
        assert_eq!(message, "wanted glibc 2.38 or newer, found glibc 2.36");
        assert_eq!(refusal(Needs::Musl, found).unwrap(), "wanted musl, found glibc 2.36");
        let message = refusal(Needs::Glibc(Glibc(2, 17)), None).unwrap();
        assert_eq!(message, "wanted glibc 2.17 or newer, found none");
    }
}
