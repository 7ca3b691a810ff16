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
    }
    paper.close(())
}

type Versions = BTreeMap<String, String>;

fn compare(paper: &Paper, kind: &str, asked: &Versions, locked: &Versions) {
    let said = |version: Option<&String>| {
        version.map_or_else(|| "nothing".to_owned(), |it| format!("`{}`", address::shown(it)))
    };
    let names: BTreeSet<&String> = asked.keys().chain(locked.keys()).collect();
    for name in names.into_iter().filter(|name| asked.get(*name) != locked.get(*name)) {
        let (wanted, found) = (said(asked.get(name)), said(locked.get(name)));
        let message = format!("this says {wanted}, and the lock was made for {found}");
        paper.note(name, &format!("{kind}.{name}"), message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::lock;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_edited_since_the_lock_is_named_from_both_sides() {
        let lock = lock(&json!({ "": {
            "dependencies": { "a": "1.0.0", "b": "1.0.0" }, "optionalDependencies": { "o": "1" },
        } }));
        let same = r#"{ "name": "x", "dependencies": { "a": "1.0.0", "b": "1.0.0", "o": "1" },
                        "optionalDependencies": { "o": "1" } }"#;
        assert_eq!(agree("package.json", same.as_bytes(), &lock), Ok(()));
        let edited = "{\n\"dependencies\": {\n\"a\": \"2.0.0\"\n},\n\"devDependencies\": {\n\
                      \"c\": \"git+ssh://u:secret@host/c\"\n},\n\"workspaces\": [\"p/*\"]\n}";
        let said = agree("package.json", edited.as_bytes(), &lock).unwrap_err().to_string();
        insta::assert_snapshot!(said);
        assert!(!said.contains("secret"), "{said}");
    }
}
