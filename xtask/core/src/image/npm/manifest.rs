//! Whether a lock was made for the `package.json` beside it.

use super::entry::{Entry, Paper};
use super::{KINDS, NpmLock};
use crate::address;
use crate::finding::Findings;
use std::collections::{BTreeMap, BTreeSet};

/// Compares the `package.json` in `file` with `lock`: npm resolves anew what differs.
pub fn agree(file: &str, bytes: &[u8], lock: &NpmLock) -> Result<(), Findings> {
    let paper = Paper::open(file, bytes)?;
    if let Some(entry) = Entry::new(&paper, "", &paper.value) {
        let (asked, none) = (entry.asked(), BTreeMap::new());
        for kind in KINDS {
            compare(&paper, kind, &asked[kind], lock.root.asked.get(kind).unwrap_or(&none));
        }
        if entry.workspaces() != lock.root.workspaces {
            paper.note("workspaces", "workspaces", "the lock was made for others".to_owned());
        }
        note_absent(&paper, &asked, lock);
    }
    paper.close(())
}

type Versions = BTreeMap<String, String>;

fn compare(paper: &Paper, kind: &str, asked: &Versions, locked: &Versions) {
    let quoted = |version: Option<&String>| {
        version.map_or_else(|| "nothing".to_owned(), |it| format!("`{}`", address::shown(it)))
    };
    let names: BTreeSet<&String> = asked.keys().chain(locked.keys()).collect();
    for name in names.into_iter().filter(|name| asked.get(*name) != locked.get(*name)) {
        let (wanted, found) = (quoted(asked.get(name)), quoted(locked.get(name)));
        let message = format!("this says {wanted}, and the lock was made for {found}");
        paper.note(name, &format!("{kind}.{name}"), message);
    }
}

/// A merge may keep what is asked for and lose the package; of that npm says only how it is used.
fn note_absent(paper: &Paper, asked: &BTreeMap<&'static str, Versions>, lock: &NpmLock) {
    let is_there = |name: &str| {
        let path = format!("node_modules/{name}");
        lock.package(&path).is_some() || lock.link(&path).is_some()
    };
    let may_lack = &asked["optionalDependencies"];
    for kind in ["dependencies", "devDependencies"] {
        let names = lock.root.asked.get(kind).into_iter().flat_map(BTreeMap::keys);
        for name in names.filter(|name| !is_there(name) && !may_lack.contains_key(*name)) {
            let message = "it is asked for, and the lock holds no such package".to_owned();
            paper.note(name, &format!("{kind}.{name}"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::{HASH, lock};
    use super::*;
    use serde_json::json;

    fn package() -> serde_json::Value {
        json!({ "version": "1.0.0", "integrity": HASH })
    }

    #[test]
    fn a_package_that_is_asked_for_and_not_in_the_lock_is_named() {
        let text = r#"{ "dependencies": { "a": "1", "b": "1" }, "devDependencies": { "c": "1" },
                        "optionalDependencies": { "o": "1" } }"#;
        let root: serde_json::Value = serde_json::from_str(text).unwrap();
        let lock = lock(&json!({ "": root, "node_modules/a": package() }));
        let message = agree("package.json", text.as_bytes(), &lock).unwrap_err().to_string();
        for key in ["dependencies.b", "devDependencies.c"] {
            let line = format!("`{key}`: it is asked for, and the lock holds no such package");
            assert!(message.contains(&line), "{message}");
        }
        assert!(!message.contains(".a`") && !message.contains(".o`"), "{message}");
    }

    #[test]
    fn what_was_edited_since_the_lock_is_named_from_both_sides() {
        let lock = lock(&json!({ "": {
            "dependencies": { "a": "1.0.0", "b": "1.0.0" }, "optionalDependencies": { "o": "1" },
        }, "node_modules/a": package(), "node_modules/b": package() }));
        let same = r#"{ "name": "x", "dependencies": { "a": "1.0.0", "b": "1.0.0", "o": "1" },
                        "optionalDependencies": { "o": "1" } }"#;
        assert_eq!(agree("package.json", same.as_bytes(), &lock), Ok(()));
        let edited = "{\n\"dependencies\": {\n\"a\": \"2.0.0\"\n},\n\"devDependencies\": {\n\
                      \"c\": \"git+ssh://u:secret@host/c\"\n},\n\"workspaces\": [\"p/*\"]\n}";
        let message = agree("package.json", edited.as_bytes(), &lock).unwrap_err().to_string();
        insta::assert_snapshot!(message);
        assert!(!message.contains("secret"), "{message}");
    }
}
