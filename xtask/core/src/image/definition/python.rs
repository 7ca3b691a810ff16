//! The Python of an image: which wheels fit is decided by it.

use super::{Definition, Layer, Stuff};
use crate::image::lock::Lock;
use crate::image::requirements::{Environment, Python};
use crate::platform::Platform;
use crate::reader::Table;

const KEY: &str = "python";

/// Nobody can tell for which Python wheels are to be chosen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnknownPython {
    #[error("image `{0}` has wheels, and its definition does not say `{KEY} = \"…\"`")]
    Unsaid(String),
    #[error(
        "the definition of image `{image}` says Python {said}, and its packages bring `{found}`"
    )]
    Another { image: String, said: Python, found: String },
}

impl Definition {
    /// What wheels are chosen for: the Python of the definition, at the patch level of the package
    /// that brings it.
    pub fn environment(
        &self,
        lock: &Lock,
        platform: Platform,
    ) -> Result<Environment, UnknownPython> {
        let unsaid = || UnknownPython::Unsaid(self.name.clone());
        let said = self.python.clone().ok_or_else(unsaid)?;
        let brought = lock.named(platform).filter(|it| is_python(&it.name)).collect::<Vec<_>>();
        let ours = format!("python{}-minimal", said.short());
        let package = brought.iter().find(|package| package.name == ours);
        match (package, brought.first()) {
            (None, Some(another)) => {
                let (image, found) = (self.name.clone(), another.name.clone());
                Err(UnknownPython::Another { image, said, found })
            }
            (package, _) => {
                let exact = package.and_then(|package| Python::of_package(&package.version));
                Ok(Environment { platform, python: exact.unwrap_or(said) })
            }
        }
    }
}

/// Whether a package brings a Python: `python3.11-minimal`.
fn is_python(package: &str) -> bool {
    let version = package.strip_prefix("python").and_then(|it| it.strip_suffix("-minimal"));
    version.is_some_and(|it| it.contains('.') && it.parse::<Python>().is_ok())
}

/// Reads the version; it must be there where wheels are.
pub(super) fn read(root: &Table<'_>, layers: &[Layer]) -> Option<Python> {
    let is_needed = layers.iter().any(|layer| matches!(layer.stuff, Stuff::Wheels { .. }));
    match root.optional_text(KEY) {
        Some(text) => {
            let python = text.parse::<Python>().ok().filter(Python::is_plain);
            if python.is_none() {
                root.refuse(
                    KEY,
                    format!("`{text}` is no version of Python; wanted one such as `3.11`"),
                );
            }
            python
        }
        None if is_needed && !root.keys().iter().any(|key| key == KEY) => {
            let message = "missing; wheels are chosen for one version, such as `python = \"3.11\"`";
            root.refuse(KEY, message);
            None
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::image::lock::LockedPackage;
    use std::collections::BTreeMap;

    fn definition(python: &str) -> Result<Definition, String> {
        let text = format!(
            "{python}\n[[layer]]\nname = \"a\"\nkind = \"wheels\"\nrequirements = \"r.txt\"\n\
             copy = {{ \".\" = \"app\" }}\n\
             [config]\nuser = \"1:1\"\nentrypoint = [\"/a\"]\nworking_directory = \"/\"\n\
             [budget]\nunpacked_mb = 1\n"
        );
        Definition::parse("x", "x.toml", &text).map_err(|findings| findings.to_string())
    }

    fn lock(packages: &[(&str, &str)]) -> Lock {
        let package = |(name, version): &(&str, &str)| LockedPackage {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            archive: "debian".into(),
            path: "pool/x.deb".into(),
            digest: Digest::of(name.as_bytes()),
            size: 1,
        };
        let on = BTreeMap::from([(Platform::Amd64, packages.iter().map(package).collect())]);
        Lock {
            encoder: "gzip-v1".into(),
            suite: "bookworm".into(),
            archive_time: 1,
            wanted: BTreeMap::new(),
            layers: BTreeMap::from([("python".to_owned(), on)]),
        }
    }

    fn environment(python: &str, packages: &[(&str, &str)]) -> String {
        let environment = definition(python).unwrap().environment(&lock(packages), Platform::Amd64);
        environment.map_or_else(|error| error.to_string(), |it| it.to_string())
    }

    #[test]
    fn the_patch_level_is_that_of_the_package() {
        let debian = [("libc6", "2.36-9"), ("python3.11-minimal", "3.11.2-6+deb12u9")];
        assert_eq!(environment("python = \"3.11\"", &debian), "Python 3.11.2 on linux/amd64");
    }

    #[test]
    fn a_python_that_no_package_brings_is_as_it_is_said() {
        assert_eq!(
            environment("python = \"3.13\"", &[("libc6", "2.36-9")]),
            "Python 3.13 on linux/amd64"
        );
        assert_eq!(environment("python = \"3.13.2\"", &[]), "Python 3.13.2 on linux/amd64");
    }

    #[test]
    fn a_package_of_another_python_is_refused() {
        let said = environment("python = \"3.12\"", &[("python3.11-minimal", "3.11.2-6")]);
        let wanted = "the definition of image `x` says Python 3.12, and its packages bring \
                      `python3.11-minimal`";
        assert_eq!(said, wanted);
    }

    #[test]
    fn wheels_without_a_version_and_what_is_none_are_refused() {
        let said = definition("").unwrap_err();
        assert!(said.contains("`python`: missing; wheels are chosen for one version"), "{said}");
        for odd in ["", "3", "three", "3.11rc1", "3.11.*"] {
            let said = definition(&format!("python = \"{odd}\"")).unwrap_err();
            let wanted = format!(
                "x.toml:1: `python`: `{odd}` is no version of Python; wanted one such as `3.11`"
            );
            assert_eq!(said, wanted);
        }
        let said = definition("python = 3.11").unwrap_err();
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
