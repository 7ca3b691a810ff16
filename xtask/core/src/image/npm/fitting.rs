//! Which packages of a lock npm installs somewhere.

use super::resolve::Graph;
use super::{KINDS, NpmLock, Package, Target};
use std::collections::BTreeSet;

/// What is wanted of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where the packages are to run.
    pub target: Target,
    /// Whether those that only development needs are wanted.
    pub dev: bool,
    /// Whether those are wanted without which nothing breaks, where they fit.
    pub optional: bool,
}

impl Wanted {
    /// Whether npm leaves out what is flagged like this, wherever it is to run.
    fn omits(&self, dev: bool, optional: bool, dev_optional: bool) -> bool {
        (dev && !self.dev)
            || (optional && !self.optional)
            || (dev_optional && !self.dev && !self.optional)
    }

    fn takes(&self, package: &Package) -> bool {
        !self.omits(package.dev, package.optional, package.dev_optional)
    }
}

impl NpmLock {
    /// The packages that `npm ci` installs, in the order of their paths. An optional one that is
    /// for another platform stays out, with all that only it asks for. (npm also leaves out an
    /// optional package that does not want its own Node.js, which is not judged here.)
    pub fn fitting(&self, wanted: &Wanted) -> Vec<&Package> {
        let is_unfit = |package: &&Package| package.optional && !package.fits(&wanted.target);
        let unfit: BTreeSet<&str> =
            self.packages.iter().filter(is_unfit).map(|it| it.path.as_str()).collect();
        let graph = Graph::of(self);
        let reached = graph.reach(self.starts(&graph, wanted), |path| !unfit.contains(path));
        let is_asked_for =
            |package: &&Package| !package.optional || reached.contains(package.path.as_str());
        self.packages.iter().filter(|it| wanted.takes(it)).filter(is_asked_for).collect()
    }

    /// The folders of ours that are among them.
    pub fn fitting_links(&self, wanted: &Wanted) -> Vec<&super::Link> {
        let takes = |link: &&super::Link| !wanted.omits(link.dev, link.optional, false);
        self.links.iter().filter(takes).collect()
    }

    /// What the root asks for, and our own folders.
    fn starts<'a>(&'a self, graph: &Graph<'a>, wanted: &Wanted) -> Vec<&'a str> {
        let kinds = KINDS.iter().filter(|kind| wanted.dev || **kind != "devDependencies");
        let asked = kinds.filter_map(|kind| self.root.asked.get(kind)).flat_map(|it| it.keys());
        let asked = asked.filter_map(|name| graph.resolve("", name));
        asked.chain(self.fitting_links(wanted).into_iter().map(|it| it.path.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::{HASH, lock};
    use super::*;
    use crate::platform::Platform;
    use serde_json::json;

    fn paths(lock: &NpmLock, cpu: Platform, dev: bool, optional: bool) -> Vec<String> {
        let wanted = Wanted { target: cpu.into(), dev, optional };
        let name = |it: &&Package| it.path.replace("node_modules/", "");
        lock.fitting(&wanted).iter().map(name).collect()
    }

    #[test]
    fn each_platform_gets_its_own_and_nothing_that_only_another_one_asks_for() {
        let package = |more: serde_json::Value| {
            let mut package = json!({ "version": "1.0.0", "integrity": HASH });
            package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            package
        };
        let native = |cpu: &str, needs: &str| {
            package(json!({ "optional": true, "os": "linux", "cpu": [cpu],
                            "dependencies": { needs: "1" } }))
        };
        let lock = lock(&json!({
            "": { "dependencies": { "app": "1" }, "devDependencies": { "tool": "1" } },
            "node_modules/app": package(json!({ "optionalDependencies": {
                "on-x64": "1", "on-arm64": "1", "on-musl": "1" } })),
            "node_modules/on-x64": native("x64", "shared"),
            "node_modules/on-arm64": native("arm64", "wasm"),
            "node_modules/on-musl": package(json!({ "optional": true, "libc": ["musl"] })),
            "node_modules/shared": package(json!({ "optional": true })),
            "node_modules/wasm": package(json!({ "optional": true,
                "dependencies": { "shared": "1" } })),
            "node_modules/tool": package(json!({ "dev": true })),
            "node_modules/both": package(json!({ "devOptional": true })),
        }));
        let amd64 = |dev, optional| paths(&lock, Platform::Amd64, dev, optional);
        assert_eq!(amd64(false, true), ["app", "both", "on-x64", "shared"]);
        assert_eq!(amd64(false, false), ["app"]);
        assert_eq!(amd64(true, false), ["app", "both", "tool"]);
        let arm64 = paths(&lock, Platform::Arm64, false, true);
        assert_eq!(arm64, ["app", "both", "on-arm64", "shared", "wasm"]);
    }
}
