//! Whether whoever an image names has an account in it: programs ask for the name of their user,
//! and some refuse to run for one that has none.

use super::Judge;
use crate::rootfs::Led;
use crate::shape::Form;
use std::collections::BTreeSet;
use xtask_core::finding::Finding;
use xtask_core::image::definition::Addition;

/// Who there is.
struct Accounts {
    users: Option<BTreeSet<u32>>,
    groups: Option<BTreeSet<u32>>,
}

impl Judge<'_> {
    pub(super) fn accounts(&self) -> Vec<Finding> {
        let accounts = Accounts { users: self.ids("/etc/passwd"), groups: self.ids("/etc/group") };
        let (uid, gid) = self.user();
        let user = accounts.flaws(uid, gid).into_iter();
        let mut findings: Vec<Finding> =
            user.map(|flaw| self.definition.finding("config.user", flaw)).collect();
        for (place, layer) in self.definition.layers.iter().enumerate() {
            for addition in &layer.additions {
                let Addition::Directory(path, it) = addition else { continue };
                let flaws = accounts.flaws(it.uid, it.gid).into_iter();
                let key = format!("directories.{path}");
                findings.extend(flaws.map(|it| self.definition.layer_finding(place, &key, it)));
            }
        }
        findings
    }

    /// The third field of each line; none where there is no such file.
    fn ids(&self, path: &str) -> Option<BTreeSet<u32>> {
        let Led::To(_, Form::File(file)) = self.rootfs.follow(path) else { return None };
        let lines = file.text.as_deref().unwrap_or_default().lines();
        Some(lines.filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect())
    }
}

impl Accounts {
    /// Root is root without an account.
    fn flaws(&self, uid: u32, gid: u32) -> Vec<String> {
        let user = flaw("user", uid, "/etc/passwd", self.users.as_ref());
        let group = flaw("group", gid, "/etc/group", self.groups.as_ref());
        user.into_iter().chain(group).collect()
    }
}

fn flaw(what: &str, id: u32, file: &str, known: Option<&BTreeSet<u32>>) -> Option<String> {
    let name = &file[1..];
    match known {
        _ if id == 0 => None,
        None => Some(format!(
            "{what} {id} has no account: there is no `{file}` in the image; \
             write one in a layer: files = {{ \"{name}\" = \"…\" }}"
        )),
        Some(known) if known.contains(&id) => None,
        Some(_) => Some(format!("{what} {id} is not in the image's `{file}`; add its line there")),
    }
}
