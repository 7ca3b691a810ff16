//! The packages of a layer, found the way scanners find them: by the files that name packages.

use crate::image::requirements::normal;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was read of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Every file by its path; with its text, if the file names a package.
    pub files: BTreeMap<String, Option<String>>,
    /// The digest of each file that is a component of its own.
    pub digests: BTreeMap<String, crate::digest::Digest>,
}

/// A package that a file of the layer names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub name: String,
    pub version: String,
    /// The file that names it.
    pub path: String,
    /// The source package with its version, of a Debian package that has another one.
    pub source: Option<String>,
    /// The architecture of a Debian package.
    pub architecture: Option<String>,
    /// The licence of a wheel.
    pub licence: Option<String>,
}

/// Where Debian says which release it is.
const RELEASE: &str = "etc/debian_version";

/// Whether the text of the file at `path` is wanted, because it names a package or the release.
pub fn is_telling(path: &str) -> bool {
    path == RELEASE || is_status(path) || is_module(path) || is_metadata(path)
}

impl Contents {
    /// The release of Debian, if this is the layer that says so.
    pub fn release(&self) -> Option<String> {
        Some(self.files.get(RELEASE)?.as_deref()?.trim().to_owned())
    }

    /// The Debian packages.
    pub fn debian(&self) -> Vec<Found> {
        self.named(is_status, |path, text| {
            let name = field(text, "Package")?;
            let version = field(text, "Version")?;
            Some(Found {
                source: Some(source(&name, &version, field(text, "Source"))),
                architecture: field(text, "Architecture"),
                licence: None,
                path: path.to_owned(),
                name,
                version,
            })
        })
    }

    /// The packages of npm.
    pub fn modules(&self) -> Vec<Found> {
        self.named(is_module, |path, text| {
            let value: Value = serde_json::from_str(text).ok()?;
            let text = |key: &str| value[key].as_str().map(ToOwned::to_owned);
            Some(plain(text("name")?, text("version")?, path))
        })
    }

    pub fn wheels(&self) -> Vec<Found> {
        self.named(is_metadata, |path, text| {
            let head = text.split("\n\n").next().unwrap_or_default();
            let name = normal(&field(head, "Name")?);
            let licence = field(head, "License-Expression").or_else(|| field(head, "License"));
            Some(Found { licence, ..plain(name, field(head, "Version")?, path) })
        })
    }

    fn named(
        &self,
        is_it: fn(&str) -> bool,
        read: impl Fn(&str, &str) -> Option<Found>,
    ) -> Vec<Found> {
        let texts = self.files.iter().filter(|(path, _)| is_it(path));
        texts.filter_map(|(path, text)| read(path, text.as_deref()?)).collect()
    }
}

fn plain(name: String, version: String, path: &str) -> Found {
    let path = path.to_owned();
    Found { name, version, path, source: None, architecture: None, licence: None }
}

/// `var/lib/dpkg/status.d/<package>`, but not its md5sums.
fn is_status(path: &str) -> bool {
    path.starts_with("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums")
}

/// The `package.json` at the root of a package; deeper ones only say how files are read.
fn is_module(path: &str) -> bool {
    let Some((_, inside)) = path.rsplit_once("node_modules/") else { return false };
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        [scope, _, "package.json"] => scope.starts_with('@'),
        [_, "package.json"] => true,
        _ => false,
    }
}

fn is_metadata(path: &str) -> bool {
    path.ends_with(".dist-info/METADATA")
}

fn field(text: &str, name: &str) -> Option<String> {
    let values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    values.map(str::trim).find(|value| !value.is_empty()).map(ToOwned::to_owned)
}

/// Name and version of the source package: `Source: gcc-12 (12.2.0-14)`, or as the package itself.
fn source(name: &str, version: &str, stated: Option<String>) -> String {
    let Some(stated) = stated else { return format!("{name} {version}") };
    match stated.split_once(" (") {
        Some((source, rest)) => format!("{source} {}", rest.trim_end_matches(')')),
        None => format!("{stated} {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: &[(&str, &str)]) -> Contents {
        let file = |(path, text): &(&str, &str)| ((*path).to_owned(), Some((*text).to_owned()));
        Contents { files: files.iter().map(file).collect(), digests: BTreeMap::new() }
    }

    #[test]
    fn a_debian_package_knows_its_source() {
        let status = "Package: libgcc-s1\nVersion: 12.2-1+b1\nArchitecture: amd64\nSource: gcc-12";
        let sources = [("", "gcc-12 12.2-1+b1"), (" (12.2-1)", "gcc-12 12.2-1")];
        for (stated, wanted) in sources {
            let status = format!("{status}{stated}\n");
            let files = [
                ("var/lib/dpkg/status.d/libgcc-s1", status.as_str()),
                ("var/lib/dpkg/status.d/libgcc-s1.md5sums", "Package: no\nVersion: 1\n"),
            ];
            let found = contents(&files).debian();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].source.as_deref(), Some(wanted));
        }
    }

    #[test]
    fn only_the_root_of_a_module_names_it() {
        let json = r#"{"name": "a", "version": "1"}"#;
        let files = [
            ("app/node_modules/a/package.json", json),
            ("app/node_modules/a/dist/esm/package.json", r#"{"type": "module"}"#),
            ("app/node_modules/@s/b/package.json", json),
            ("app/node_modules/a/node_modules/c/package.json", json),
            ("app/package.json", json),
        ];
        let paths: Vec<String> =
            contents(&files).modules().into_iter().map(|found| found.path).collect();
        assert_eq!(paths, [files[2].0, files[3].0, files[0].0]);
    }

    #[test]
    fn a_wheel_is_named_by_the_head_of_its_metadata_only() {
        let text = "Metadata-Version: 2.4\nName: Typing_Extensions\nVersion: 4.1\n\
            License-Expression: PSF-2.0\n\nName: not this\n";
        let found = contents(&[("app/t-4.1.dist-info/METADATA", text)]).wheels();
        assert_eq!(
            (found[0].name.as_str(), found[0].version.as_str()),
            ("typing-extensions", "4.1")
        );
        assert_eq!(found[0].licence.as_deref(), Some("PSF-2.0"));
    }
}
