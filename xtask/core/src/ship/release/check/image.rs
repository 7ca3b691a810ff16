//! One image of a release: that it is there as a whole, that enough keys say how it was made, and
//! that what it is made of is what the release says.

use super::super::{Policy, Release, ReleasedImage};
use super::{Asked, Check, Heard, ImageEvidence, Said, Verdict, What};
use crate::digest::Digest;
use crate::platform::Platform;
use crate::trust::sbom::Format;
use std::collections::BTreeMap;

/// An image, and what was found out about it.
pub(super) struct About<'a> {
    pub(super) release: &'a Release,
    pub(super) service: &'a str,
    pub(super) image: &'a ReleasedImage,
    pub(super) policy: &'a Policy,
    pub(super) found: &'a ImageEvidence,
}

/// What is wrong, and what could not be found out.
#[derive(Default)]
struct Doubts {
    bad: Vec<String>,
    unknown: Vec<String>,
}

impl Doubts {
    fn check(self, what: String, good: impl FnOnce() -> String) -> Check {
        let (verdict, said) = match (self.bad.is_empty(), self.unknown.is_empty()) {
            (true, true) => return Check::new(what, Verdict::Good, good()),
            (false, _) => (Verdict::Bad, self.bad),
            (true, false) => (Verdict::Unknown, self.unknown),
        };
        Check::new(what, verdict, said.join("\n"))
    }
}

impl About<'_> {
    pub(super) fn checks(&self, platforms: &[Platform]) -> Vec<Check> {
        vec![self.there(platforms), self.provenance(), self.boms()]
    }

    fn name(&self, what: &str) -> String {
        format!("{}: {what}", self.service)
    }

    /// Index, manifests and their blobs are in the registry, and the index lists what the release
    /// says, and each platform that is wanted.
    fn there(&self, platforms: &[Platform]) -> Check {
        let mut doubts = Doubts::default();
        let ours = |platform: &Platform| self.image.platforms.iter().any(|it| it.0 == *platform);
        let absent = platforms.iter().filter(|it| !ours(it));
        doubts.bad.extend(absent.map(|it| format!("the release has no image for {it}")));
        let pin = self.image.pin();
        match &self.found.listed {
            Asked::Absent => doubts.bad.push(format!("`{pin}` is not in the registry")),
            Asked::Unknown(why) => doubts.unknown.push(why.clone()),
            Asked::There(listed) => doubts.bad.extend(self.listed_otherwise(listed)),
        }
        for manifest in &self.found.manifests {
            let on = manifest.platform;
            match &manifest.missing {
                Asked::Absent => doubts.bad.push(format!("its manifest for {on} is not there")),
                Asked::Unknown(why) => doubts.unknown.push(why.clone()),
                Asked::There(missing) => {
                    let line = |blob: &Digest| format!("blob `{blob}` for {on} is not there");
                    doubts.bad.extend(missing.iter().map(line));
                }
            }
        }
        doubts.check(self.name("image"), || {
            let on = self.image.platforms.iter().map(|(platform, _)| platform.to_string());
            format!("{pin} for {}", on.collect::<Vec<_>>().join(", "))
        })
    }

    fn listed_otherwise(&self, listed: &[(Platform, Digest)]) -> Vec<String> {
        let by_platform =
            |of: &[(Platform, Digest)]| of.iter().copied().collect::<BTreeMap<_, _>>();
        let (ours, theirs) = (by_platform(&self.image.platforms), by_platform(listed));
        let all: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        let shown = |digest: Option<&Digest>| digest.map_or("nothing".to_owned(), Digest::short);
        let differing = all.into_iter().filter(|it| ours.get(it) != theirs.get(it));
        let line = |on: &Platform| {
            let (wanted, found) = (shown(ours.get(on)), shown(theirs.get(on)));
            format!("the index lists {found} for {on}; wanted {wanted}")
        };
        differing.map(line).collect()
    }

    /// What is said about the index and each manifest, with what people call them.
    fn subjects(&self) -> Vec<(String, &Asked<Heard>)> {
        let index = (format!("index {}", self.image.index.short()), &self.found.about_index);
        let manifests = self.found.manifests.iter();
        let manifests = manifests.map(|it| (format!("manifest for {}", it.platform), &it.about));
        [index].into_iter().chain(manifests).collect()
    }

    /// Enough different keys say of index and manifests that they were made from the commit.
    fn provenance(&self) -> Check {
        let (mut doubts, mut keys) = (Doubts::default(), BTreeMap::new());
        for (subject, heard) in self.subjects() {
            match heard {
                Asked::Unknown(why) => doubts.unknown.push(why.clone()),
                Asked::Absent => doubts.bad.push(self.too_few(&subject, &Heard::default())),
                Asked::There(heard) => {
                    let found = self.builders(heard);
                    if (found.len() as u64) < self.policy.builders {
                        doubts.bad.push(self.too_few(&subject, heard));
                    }
                    keys.extend(found);
                }
            }
        }
        let is_bad = !doubts.bad.is_empty();
        let check = doubts.check(self.name("provenance"), || {
            let names: Vec<&str> = keys.values().copied().collect();
            format!("made from {}, as `{}` say", self.release.commit, names.join("`, `"))
        });
        if is_bad { check.hint(self.cure()) } else { check }
    }

    /// The keys that say that it was made from the commit of the release, id and name.
    fn builders<'h>(&self, heard: &'h Heard) -> BTreeMap<&'h str, &'h str> {
        let ours = |it: &&Said| match &it.what {
            What::Provenance { commit, dirty } => {
                *commit == self.release.commit && *dirty == self.release.dirty
            }
            What::Bom { .. } => false,
        };
        let keys = heard.said.iter().filter(ours).flat_map(|it| &it.keys);
        keys.map(|(id, name)| (id.as_str(), name.as_str())).collect()
    }

    fn too_few(&self, subject: &str, heard: &Heard) -> String {
        let found: Vec<&str> = self.builders(heard).into_values().collect();
        let by = match found.as_slice() {
            [] => "by no key".to_owned(),
            names => format!("by `{}`", names.join("`, `")),
        };
        let wanted = match self.policy.builders {
            1 => "one key".to_owned(),
            several => format!("{several} different keys"),
        };
        let mut lines = vec![format!("{subject} is attested {by}; wanted {wanted}")];
        lines.extend(self.other_commits(heard));
        lines.extend(heard.doubts.iter().map(|doubt| format!("a bundle about it: {doubt}")));
        lines.join("\n")
    }

    fn other_commits(&self, heard: &Heard) -> Vec<String> {
        let other = |it: &Said| match &it.what {
            What::Provenance { commit, dirty }
                if *commit != self.release.commit || *dirty != self.release.dirty =>
            {
                let work = if *dirty { " with uncommitted work" } else { "" };
                let name = it.keys.first().map_or("", |(_, name)| name.as_str());
                Some(format!("`{name}` says that it was made from {commit}{work}"))
            }
            _ => None,
        };
        heard.said.iter().filter_map(other).collect()
    }

    fn cure(&self) -> String {
        let (commit, home) = (&self.release.commit, self.image.repository.to_string());
        let (home, image) = home.rsplit_once('/').unwrap_or((&home, self.service));
        let another = if self.policy.builders > 1 { "another key" } else { "a key" };
        format!(
            "check out {commit}, and with {another}: \
             `cargo xtask image attest {image} --to {home} --key file:PATH`"
        )
    }

    /// Each manifest has its lists, and they are those of the release.
    fn boms(&self) -> Check {
        let mut doubts = Doubts::default();
        for manifest in &self.found.manifests {
            let on = manifest.platform;
            match &manifest.about {
                Asked::Unknown(why) => doubts.unknown.push(why.clone()),
                Asked::Absent => doubts.bad.push(format!("nothing is said about {on}")),
                Asked::There(heard) => doubts.bad.extend(self.bom_flaws(on, heard)),
            }
        }
        let is_bad = !doubts.bad.is_empty();
        let check = doubts.check(self.name("SBOM"), || {
            let named = self.release.sboms.get(self.service).map_or(0, Vec::len);
            match named {
                0 => "attested; the release names none to compare".to_owned(),
                named => format!("{named} are those of the release"),
            }
        });
        if is_bad { check.hint(self.cure()) } else { check }
    }

    fn bom_flaws(&self, on: Platform, heard: &Heard) -> Vec<String> {
        let flaw = |format: Format| {
            let kind = format.predicate_type();
            let stated = said_boms(heard, kind);
            let named = self.release.sboms.get(self.service).into_iter().flatten();
            let mut named = named.filter(|it| it.platform == on && it.kind == kind);
            match (stated.as_slice(), named.next()) {
                ([], _) => Some(format!("nothing that is believed says `{kind}` for {on}")),
                (stated, Some(named)) if !stated.contains(&named.digest) => {
                    let (wanted, found) = (named.digest.short(), stated[0].short());
                    Some(format!("`{kind}` for {on} is {found}; the release says {wanted}"))
                }
                _ => None,
            }
        };
        Format::ALL.into_iter().filter_map(flaw).collect()
    }
}

fn said_boms(heard: &Heard, wanted: &str) -> Vec<Digest> {
    let digest = |it: &Said| match &it.what {
        What::Bom { kind, digest } if kind == wanted => Some(*digest),
        _ => None,
    };
    heard.said.iter().filter_map(digest).collect()
}
