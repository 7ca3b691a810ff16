//! Where packages are to run, as npm asks it.

use crate::platform::Platform;

/// An operating system, a processor and a C library, as npm spells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `linux`, `darwin`.
    pub os: String,
    /// `x64`, `arm64`.
    pub cpu: String,
    /// `glibc` or `musl` on Linux; elsewhere npm does not ask.
    pub libc: Option<String>,
}

impl From<Platform> for Target {
    /// An image: its base is Debian's, with glibc.
    fn from(platform: Platform) -> Self {
        let cpu = platform.npm_cpu().to_owned();
        Self { os: "linux".to_owned(), cpu, libc: Some("glibc".to_owned()) }
    }
}

impl super::Package {
    /// Whether the package is for `target`.
    pub fn fits(&self, target: &Target) -> bool {
        let libc = target.libc.as_deref().unwrap_or_default();
        allows(&self.os, &target.os) && allows(&self.cpu, &target.cpu) && allows(&self.libc, libc)
    }
}

/// Whether a list of words, some with `!` in front, lets `wanted` in.
fn allows(list: &[String], wanted: &str) -> bool {
    if matches!(list, [any] if any == "any") {
        return true;
    }
    let refused = list.iter().filter_map(|word| word.strip_prefix('!'));
    if refused.clone().any(|word| word == wanted) {
        return false;
    }
    refused.count() == list.len() || list.iter().any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_what_it_names_and_what_it_does_not_refuse() {
        let allows = |list: &[&str]| {
            allows(&list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), "linux")
        };
        for good in [&[][..], &["any"], &["linux"], &["darwin", "linux"], &["!win32"]] {
            assert!(allows(good), "{good:?}");
        }
        for bad in [&["darwin"][..], &["!linux"], &["!win32", "darwin"], &["linux", "!linux"]] {
            assert!(!allows(bad), "{bad:?}");
        }
    }
}
