//! Which package another one's dependency is: Node.js looks in its own folder, then in each above.

use super::{Dependencies, NpmLock};
use std::collections::{BTreeMap, BTreeSet};

/// The packages and links of a lock by path, with what they ask for.
pub(super) struct Graph<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
}

struct Node<'a> {
    dependencies: &'a Dependencies,
    /// Where its own dependencies are looked for: a link's, in the folder that it leads to.
    home: &'a str,
}

impl<'a> Graph<'a> {
    pub(super) fn of(lock: &'a NpmLock) -> Self {
        let packages =
            lock.packages.iter().map(|it| (it.path.as_str(), &it.dependencies, &it.path));
        let links = lock.links.iter().map(|it| (it.path.as_str(), &it.dependencies, &it.folder));
        let node = |(path, dependencies, home): (&'a str, &'a Dependencies, &'a String)| {
            (path, Node { dependencies, home })
        };
        Self { nodes: packages.chain(links).map(node).collect() }
    }

    /// The path of what `name` means in the folder `home`.
    pub(super) fn resolve(&self, home: &str, name: &str) -> Option<&'a str> {
        let mut folder = Some(home);
        while let Some(here) = folder {
            let path = match here {
                "" => format!("node_modules/{name}"),
                _ => format!("{here}/node_modules/{name}"),
            };
            if let Some((found, _)) = self.nodes.get_key_value(path.as_str()) {
                return Some(*found);
            }
            folder = match here {
                "" => None,
                _ => Some(here.rsplit_once('/').map_or("", |(above, _)| above)),
            };
        }
        None
    }

    /// The paths of all that `starts` lead to, of those that `enters` lets in.
    pub(super) fn reach(
        &self,
        starts: impl IntoIterator<Item = &'a str>,
        enters: impl Fn(&str) -> bool,
    ) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&'a str> = starts.into_iter().collect();
        while let Some(path) = next.pop() {
            if !enters(path) || !reached.insert(path) {
                continue;
            }
            let Some(node) = self.nodes.get(path) else { continue };
            let asked = node.dependencies.asked.iter();
            next.extend(asked.filter_map(|name| self.resolve(node.home, name)));
        }
        reached
    }
}
