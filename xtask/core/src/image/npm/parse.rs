//! From the bytes of a lock to its packages, or every mistake in it at once.

use super::entry::{Entry, Paper};
use super::names::{is_name, is_version, place, stays_inside};
use super::resolve::Graph;
use super::{Integrity, Link, NpmLock, Package, Root, Source};
use crate::address;
use crate::finding::Findings;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More packages of one address than this are counted: npm writes it to all of them, or to none.
const SHOWN_MAX: usize = 10;

impl NpmLock {
    /// Reads the lock in `file`. A byte order mark is read over, as npm does.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Findings> {
        let paper = Paper::open(file, bytes)?;
        let entries = entries(&paper)?;
        let mut lock = Self { root: root(&entries), ..Self::default() };
        let mut bare = BTreeSet::new();
        let paths: BTreeSet<&str> = entries.iter().map(|entry| entry.path).collect();
        for entry in entries.iter().filter(|entry| !entry.path.is_empty()) {
            check_place(entry, &paths);
            match (place(entry.path), entry.flag("link")) {
                (None, _) => check_folder(entry, &entries),
                (Some((_, called)), true) => lock.links.extend(link(entry, called, &entries)),
                (Some((_, called)), false) => {
                    let Some(package) = package(entry, called) else { continue };
                    if package.integrity().is_none() {
                        bare.insert(entry.path);
                    }
                    lock.packages.push(package);
                }
            }
        }
        refuse_addresses(&entries);
        cover(&mut lock, &bare, &entries);
        paper.close(lock)
    }
}

/// The entries by path, if the lock is of a version that has them.
fn entries<'a>(paper: &'a Paper) -> Result<Vec<Entry<'a>>, Findings> {
    let version = &paper.value["lockfileVersion"];
    if !matches!(version.as_u64(), Some(2 | 3)) {
        paper.note(
            "lockfileVersion",
            "lockfileVersion",
            match version {
                Value::Null => "missing; wanted 2 or 3".to_owned(),
                found => format!("wanted 2 or 3, found {found}"),
            },
        );
        return Err(paper.findings());
    }
    let Some(packages) = paper.value["packages"].as_object() else {
        paper.note("packages", "packages", "missing; it is what npm installs".to_owned());
        return Err(paper.findings());
    };
    if !packages.contains_key("") {
        paper.note("packages", "packages", "it has no entry of the root, `\"\"`".to_owned());
    }
    let entry = |(path, value): (&'a String, &'a Value)| Entry::new(paper, path, value);
    let mut entries: Vec<Entry<'_>> = packages.iter().filter_map(entry).collect();
    entries.sort_by_key(|entry| entry.path);
    Ok(entries)
}

fn root(entries: &[Entry<'_>]) -> Root {
    let Some(root) = entries.iter().find(|entry| entry.path.is_empty()) else {
        return Root::default();
    };
    Root { asked: root.asked(), workspaces: root.workspaces() }
}

/// A folder of packages is inside another package, a folder of ours, or the root.
fn check_place(entry: &Entry<'_>, paths: &BTreeSet<&str>) {
    if !stays_inside(entry.path) {
        return entry.refuse("its path leaves the folder of the lock");
    }
    let Some((holder, called)) = place(entry.path) else { return };
    if !is_name(called) {
        entry.refuse("its path ends in what is no name of a package");
    }
    if !holder.is_empty() && !paths.contains(holder) {
        entry.refuse(&format!("it is in `{holder}`, which the lock does not hold"));
    }
}

/// What is outside of `node_modules` is ours, and something links to it.
fn check_folder(entry: &Entry<'_>, entries: &[Entry<'_>]) {
    let is_own = |it: &&Entry<'_>| it.flag("link") && it.raw_text("resolved") == Some(entry.path);
    if !entries.iter().any(|it| is_own(&it)) {
        entry.refuse("it is not in `node_modules`, and no link leads to it");
    }
}

fn link(entry: &Entry<'_>, called: &str, entries: &[Entry<'_>]) -> Option<Link> {
    let Some(folder) = entry.text("resolved") else {
        entry.refuse("it is a link to nowhere");
        return None;
    };
    let ours = |it: &&Entry<'_>| it.path == folder && place(it.path).is_none();
    let target = entries.iter().find(ours).filter(|_| stays_inside(folder));
    let Some(target) = target else {
        let shown = address::shown(folder);
        entry.refuse(&format!("it links to `{shown}`, which is no folder of ours beside the lock"));
        return None;
    };
    Some(Link {
        path: entry.path.to_owned(),
        folder: folder.to_owned(),
        name: target.text("name").unwrap_or(called).to_owned(),
        dev: entry.flag("dev"),
        optional: entry.flag("optional"),
        dependencies: target.dependencies(),
    })
}

fn package(entry: &Entry<'_>, called: &str) -> Option<Package> {
    let name = entry.text("name").unwrap_or(called);
    if !is_name(name) {
        entry.refuse(&format!("its name `{}` is no name of a package", address::shown(name)));
    }
    let version = version(entry);
    let source = source(entry);
    Some(Package {
        path: entry.path.to_owned(),
        name: name.to_owned(),
        version: version?,
        source: source?,
        licence: entry.licence(),
        dev: entry.flag("dev"),
        optional: entry.flag("optional"),
        dev_optional: entry.flag("devOptional"),
        has_install_script: entry.flag("hasInstallScript"),
        os: entry.list("os"),
        cpu: entry.list("cpu"),
        libc: entry.list("libc"),
        dependencies: entry.dependencies(),
    })
}

/// The machine's registry is asked by name and version. With an address in its place, what is
/// built would be listed under a name that it may not have.
fn refuse_addresses(entries: &[Entry<'_>]) {
    let is_package = |it: &&Entry<'_>| place(it.path).is_some() && !it.flag("link");
    let mut by_origin: BTreeMap<String, Vec<(&Entry<'_>, &str)>> = BTreeMap::new();
    for entry in entries.iter().filter(is_package) {
        let Some(address) = entry.raw_text("resolved") else { continue };
        let origin = address::origin(address).unwrap_or_else(|| address::shown(address));
        by_origin.entry(origin).or_default().push((entry, address));
    }
    for (origin, entries) in by_origin {
        let (first, more) = (entries[0].0, entries.len() - 1);
        if more >= SHOWN_MAX {
            let why = "(`resolved`), not from the machine's registry";
            first.refuse(&format!("it and {more} others come from `{origin}` {why}"));
            continue;
        }
        for (entry, address) in entries {
            let shown = address::shown(address);
            entry.refuse(&format!(
                "it comes from `{shown}` (`resolved`), not from the machine's registry"
            ));
        }
    }
}

fn version(entry: &Entry<'_>) -> Option<String> {
    match entry.text("version") {
        Some(version) if is_version(version) => Some(version.to_owned()),
        Some(other) => {
            let shown = address::shown(other);
            entry.refuse(&format!("wanted a version such as 1.2.3, found `{shown}`"));
            None
        }
        None => {
            entry.refuse("it has no `version`");
            None
        }
    }
}

/// Bundled packages get the path of their bundle later, when all packages are known.
fn source(entry: &Entry<'_>) -> Option<Source> {
    let Some(text) = entry.text("integrity") else {
        if entry.flag("inBundle") {
            return Some(Source::Bundled(String::new()));
        }
        entry.refuse("it has no `integrity`: nothing says which bytes it is");
        return None;
    };
    match text.parse::<Integrity>() {
        Ok(integrity) => Some(Source::Registry(integrity)),
        Err(error) => {
            entry.refuse(&error.to_string());
            None
        }
    }
}

/// Finds for each package without a hash the one whose archive holds it.
fn cover(lock: &mut NpmLock, bare: &BTreeSet<&str>, entries: &[Entry<'_>]) {
    let found: Vec<Option<String>> = bare.iter().map(|path| bundle(lock, path)).collect();
    for (path, bundle) in bare.iter().zip(found) {
        match bundle {
            Some(bundle) => {
                let package = lock.packages.iter_mut().find(|it| it.path == **path);
                package.expect("it was read above").source = Source::Bundled(bundle);
            }
            None => {
                let entry = entries.iter().find(|entry| entry.path == *path);
                let why = "it has no `integrity`, and no package above it bundles it";
                entry.expect("it was read above").refuse(why);
            }
        }
    }
}

/// The package above `path` that has a hash and says that it bundles what is there.
fn bundle(lock: &NpmLock, path: &str) -> Option<String> {
    let mut above = place(path)?.0;
    while !above.is_empty() {
        let holder = lock.packages.iter().find(|it| it.path == above)?;
        if holder.integrity().is_some() {
            return bundles(lock, holder, path).then(|| holder.path.clone());
        }
        above = place(above)?.0;
    }
    None
}

/// Whether the archive of `holder` holds `path`: it is named there, or asked for by what is named,
/// or inside of either.
fn bundles(lock: &NpmLock, holder: &Package, path: &str) -> bool {
    let graph = Graph::of(lock);
    let inside = format!("{}/", holder.path);
    let named = holder.dependencies.bundled.iter();
    let named = named.filter_map(|name| graph.resolve(&holder.path, name));
    let reached = graph.reach(named, |found| found.starts_with(&inside));
    reached.iter().any(|found| {
        path.strip_prefix(found).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::image::npm) const HASH: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8\
                                           XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

    pub(in crate::image::npm) fn lock(packages: &Value) -> NpmLock {
        read(packages).unwrap()
    }

    fn read(packages: &Value) -> Result<NpmLock, Findings> {
        let lock = json!({ "lockfileVersion": 3, "packages": packages });
        let text = serde_json::to_string_pretty(&lock).unwrap();
        NpmLock::parse("package-lock.json", text.as_bytes())
    }

    fn refused(packages: &Value) -> String {
        read(packages).unwrap_err().to_string()
    }

    #[test]
    fn reads_paths_names_and_integrity_and_an_alias_by_its_real_name() {
        let lock = lock(&json!({
            "": { "name": "x" },
            "node_modules/a": { "version": "1.0.0", "integrity": HASH },
            "node_modules/a/node_modules/@s/b":
                { "version": "2.0.0", "license": "MIT", "integrity": HASH },
            "node_modules/alias": { "name": "real", "version": "3.0.0", "integrity": HASH },
        }));
        let names: Vec<&str> = lock.packages.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "@s/b", "real"]);
        let nested = lock.package("node_modules/a/node_modules/@s/b").unwrap();
        assert_eq!(nested.licence.as_deref(), Some("MIT"));
        assert_eq!(nested.integrity().unwrap().to_string(), HASH);
    }

    #[test]
    fn every_entry_that_is_not_the_registrys_by_hash_is_refused_at_once_with_its_line() {
        let message = refused(&json!({
            "": {},
            "node_modules/bare": { "version": "1.0.0" },
            "node_modules/git": { "version": "1.0.0", "integrity": HASH,
                "resolved": "git+ssh://git:secret@host/a/b.git#abc" },
            "node_modules/tar": { "version": "1.0.0", "integrity": HASH,
                "resolved": "https://elsewhere.example/tar.tgz?token=secret" },
            "node_modules/local": { "version": "1.0.0", "integrity": HASH,
                "resolved": "file:../local.tgz" },
            "node_modules/alias": { "version": "npm:evil@1.0.0", "integrity": HASH },
            "node_modules/named": { "name": "b@https://elsewhere.example", "version": "1.0.0",
                "integrity": HASH },
            "node_modules/weak":
                { "version": "1.0.0", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" },
            "node_modules/damaged": { "version": "1.0.0", "integrity": "sha512-AAAA" },
        }));
        insta::assert_snapshot!(message);
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn a_registry_that_npm_wrote_everywhere_is_said_once() {
        let package = |name: String| {
            let address = format!("https://registry.example/{name}/-/{name}-1.0.0.tgz");
            let package = json!({ "version": "1.0.0", "integrity": HASH, "resolved": address });
            (format!("node_modules/{name}"), package)
        };
        let mut packages: serde_json::Map<String, Value> =
            (0..30).map(|number| package(format!("p{number:02}"))).collect();
        packages.insert(String::new(), json!({}));
        let wanted = "package-lock.json:4: `node_modules/p00`: it and 29 others come from \
                      `https://registry.example` (`resolved`), not from the machine's registry";
        assert_eq!(refused(&packages.into()), wanted);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let package = json!({ "version": "1.0.0", "integrity": HASH });
        let message = refused(&json!({
            "": {}, "node_modules/../x": package, "node_modules/a/b": package, "/etc": package,
            "node_modules/gone/node_modules/c": package, "own": { "version": "1.0.0" },
        }));
        insta::assert_snapshot!(message);
    }

    #[test]
    fn a_link_is_ours_inside_the_folder_and_refused_outside_of_it() {
        let lock = lock(&json!({
            "": { "workspaces": ["packages/*"] },
            "node_modules/@x/own": { "resolved": "packages/own", "link": true },
            "packages/own": { "name": "@x/own", "version": "1.0.0", "dependencies": { "c": "1" } },
            "packages/own/node_modules/c": { "version": "1.0.0", "integrity": HASH },
        }));
        assert_eq!(lock.links[0].folder, "packages/own");
        assert!(lock.package("node_modules/@x/own/node_modules/c").is_some());
        let message = refused(&json!({
            "": {}, "node_modules/out": { "resolved": "../out", "link": true }, "../out": {},
            "node_modules/gone": { "resolved": "gone", "link": true },
            "node_modules/odd": { "resolved": "node_modules/out", "link": true },
        }));
        insta::assert_snapshot!(message);
    }

    #[test]
    fn what_is_bundled_is_covered_by_the_package_that_says_so_and_by_no_other() {
        let bundled = json!({ "version": "1.0.0", "inBundle": true });
        let mut packages = json!({
            "": {},
            "node_modules/big": { "version": "1.0.0", "integrity": HASH,
                "bundleDependencies": ["in"], "dependencies": { "in": "1" } },
            "node_modules/big/node_modules/in":
                { "version": "1.0.0", "inBundle": true, "dependencies": { "deep": "1" } },
            "node_modules/big/node_modules/deep": bundled,
            "node_modules/big/node_modules/in/node_modules/deeper": bundled,
        });
        let lock = lock(&packages);
        let by = |it: &Package| it.source == Source::Bundled("node_modules/big".into());
        assert_eq!(lock.packages.iter().filter(|it| by(it)).count(), 3);
        packages["node_modules/top"] = bundled.clone();
        packages["node_modules/big/node_modules/other"] = bundled;
        insta::assert_snapshot!(refused(&packages));
    }

    #[test]
    fn other_versions_and_what_is_damaged_are_refused() {
        let refused = |bytes: &[u8]| NpmLock::parse("x.json", bytes).unwrap_err().to_string();
        let old = refused(b"{\n\"lockfileVersion\": 1, \"dependencies\": {} }");
        assert_eq!(old, "x.json:2: `lockfileVersion`: wanted 2 or 3, found 1");
        assert!(refused(b"{}").contains("`lockfileVersion`: missing"));
        assert!(refused(b"{ \"lockfileVersion\": 3 }").contains("`packages`: missing"));
        let none = b"{ \"lockfileVersion\": 3, \"packages\": {} }";
        assert!(refused(none).contains("the root"), "{}", refused(none));
        let twice =
            br#"{"lockfileVersion":3,"packages":{"":{},"node_modules/a":{},"node_modules/a":{}}}"#;
        assert!(refused(twice).contains("the key `node_modules/a` stands twice"));
        assert!(refused(b"{\n<<<<<<< HEAD\n").starts_with("x.json:2: `(syntax)`"));
        assert!(refused(b"{\n\xff").starts_with("x.json:2: `(syntax)`: it is no UTF-8"));
        assert!(refused(b"[]").contains("`lockfileVersion`"));
    }

    #[test]
    fn a_byte_order_mark_is_read_over() {
        let lock = "\u{feff}{ \"lockfileVersion\": 2, \"packages\": { \"\": {} } }";
        assert_eq!(
            NpmLock::parse("x.json", lock.as_bytes()),
            Ok(NpmLock { root: lock_root(), ..NpmLock::default() })
        );
    }

    fn lock_root() -> Root {
        lock(&json!({ "": {} })).root
    }
}
