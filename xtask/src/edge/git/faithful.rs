//! Files that git calls unchanged though their bytes are not those that a checkout of the commit
//! makes: line ends, keywords and filters are taken back before git compares.

use super::in_folder;
use super::listing::{Listed, Tracked};
use crate::edge::entry::join;
use crate::edge::files;
use crate::edge::shell::Shell;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use xtask_core::command::Command;
use xtask_core::secret::Secret;

/// What stands in a file in place of its content, until a filter is set up.
const STAND_INS: [(&[u8], &str); 3] = [
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS"),
    (b"\0GITCRYPT\0", "what git-crypt has locked"),
    (b"/annex/objects/", "a pointer of git-annex"),
];

/// Settings of the machine do not decide what a commit says.
const NEUTRAL: [&str; 4] = ["-c", "core.autocrlf=false", "-c", "core.eol=lf"];

/// The attributes by which a checkout writes other bytes than are committed.
const CONVERTING: [&str; 4] = ["eol", "filter", "ident", "working-tree-encoding"];

/// A file on the disk that is not what its commit says, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfaithful {
    /// Relative to the root of the checkout.
    pub path: String,
    /// What it is instead.
    pub instead: Instead,
}

/// What lies in place of what the commit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instead {
    /// What stands in for the content until it is fetched or unlocked.
    StandIn(&'static str),
    /// Other line ends or keywords, or what a filter made.
    Converted,
}

/// Which of `listed`, all of them files on the disk, are not what their commit says. What git
/// knows to be edited is not asked about.
pub fn unfaithful(shell: &Shell, listed: &[&Listed]) -> Result<Vec<Unfaithful>> {
    let mut repositories: BTreeMap<&str, Vec<&Tracked>> = BTreeMap::new();
    for one in listed {
        let tracked = one.tracked.iter();
        repositories.entry(&one.repository).or_default().extend(tracked);
    }
    let mut found = Vec::new();
    for (folder, tracked) in repositories.into_iter().filter(|(_, tracked)| !tracked.is_empty()) {
        found.extend(Repository { shell, folder }.unfaithful(&tracked)?);
    }
    found.sort();
    Ok(found)
}

struct Repository<'a> {
    shell: &'a Shell,
    folder: &'a str,
}

impl Repository<'_> {
    fn unfaithful(&self, tracked: &[&Tracked]) -> Result<Vec<Unfaithful>> {
        let attributes = self.attributes(tracked)?;
        let plain = self.digests(tracked, &["--no-filters"])?;
        let suspects = tracked.iter().zip(&plain).filter(|(it, plain)| {
            it.object != **plain || attributes.contains_key(it.path.as_str())
        });
        let suspects: Vec<&Tracked> = suspects.map(|(it, _)| *it).collect();
        let committed = self.digests(&suspects, &[])?;
        let mut found = Vec::new();
        for (one, committed) in suspects.into_iter().zip(committed) {
            let filter = attributes.get(one.path.as_str()).and_then(|it| it.get("filter"));
            if one.object == committed
                && let Some(instead) = self.judge(one, filter.map(String::as_str))?
            {
                let path = join(self.folder, &one.path);
                found.push(Unfaithful { path, instead });
            }
        }
        Ok(found)
    }

    /// What is wrong with a file that git calls unchanged.
    fn judge(&self, one: &Tracked, filter: Option<&str>) -> Result<Option<Instead>> {
        let path = self.shell.root().join(self.folder).join(&one.path);
        let bytes = files::bytes_if_there(&path)?.unwrap_or_default();
        if filter.is_some() {
            let is_stand_in = |it: &&(&[u8], &str)| bytes.starts_with(it.0);
            if let Some((_, what)) = STAND_INS.iter().find(is_stand_in) {
                return Ok(Some(Instead::StandIn(what)));
            }
        }
        // Its pointer holds the digest of the content, and git has compared it.
        if filter == Some("lfs") {
            return Ok(None);
        }
        let path = format!("--path={}", one.path);
        let checked_out = ["cat-file", "--filters", &path, &one.object];
        let checked_out = in_folder(self.folder, NEUTRAL.into_iter().chain(checked_out));
        let is_same = self.shell.run(&checked_out)?.stdout == bytes;
        Ok((!is_same).then_some(Instead::Converted))
    }

    /// What git would call the files that are on the disk, in their order.
    fn digests(&self, tracked: &[&Tracked], how: &[&str]) -> Result<Vec<String>> {
        if tracked.is_empty() {
            return Ok(Vec::new());
        }
        let ask = ["hash-object", "--stdin-paths"].into_iter().chain(how.iter().copied());
        let paths: String = tracked.iter().map(|it| quoted(&it.path) + "\n").collect();
        let output = self.ask(in_folder(self.folder, ask), paths)?;
        let digests: Vec<String> = output.lines().map(ToOwned::to_owned).collect();
        if digests.len() != tracked.len() {
            return Err(Failure::outside("failed to ask git what files are").reason(format!(
                "wanted {}, found {}",
                tracked.len(),
                digests.len()
            )));
        }
        Ok(digests)
    }

    /// The attributes of files by which a checkout converts them, by path and name.
    fn attributes(
        &self,
        tracked: &[&Tracked],
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
        let paths: String = tracked.iter().map(|it| format!("{}\0", it.path)).collect();
        let ask = ["check-attr", "-z", "--stdin"].into_iter().chain(CONVERTING);
        let output = self.ask(in_folder(self.folder, ask), paths)?;
        let mut attributes: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let words: Vec<&str> = output.split_terminator('\0').collect();
        for word in words.chunks_exact(3) {
            let (path, name, value) = (word[0], word[1], word[2]);
            if !matches!((name, value), (_, "unspecified" | "unset") | ("eol", "lf")) {
                let of_path = attributes.entry(path.to_owned()).or_default();
                of_path.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(attributes)
    }

    fn ask(&self, command: Command, input: String) -> Result<String> {
        let output = self.shell.run(&command.input(Secret::new(input)))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A path as git reads it from a line of its own.
fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
