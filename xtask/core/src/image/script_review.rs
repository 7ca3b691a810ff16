//! Which maintainer scripts a person has read, each by its digest, and what became of its effect.
//!
//! A review is of bytes, not of a name: the same package with another script is unread again.
//! One thing does not count: some scripts hold the version of their own package, and a new version
//! alone is nothing to read again.

use crate::digest::Digest;
use crate::finding::Findings;
use crate::reader::{Source, Table};
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{Array, DocumentMut, Item, Table as TomlTable, Value};

/// The parts of a package that a review is about. They have an effect when a package is
/// unpacked for the first time; what runs on upgrades and removals only never happens in an image.
pub const SCRIPTS: [&str; 4] = ["config", "postinst", "preinst", "triggers"];

/// What stands as the effect of a package whose scripts were accepted without being read.
pub const UNREAD_EFFECT: &str = "nobody has read its scripts: they were accepted unread";

/// One script, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Script {
    /// The package that has it.
    pub package: String,
    /// What dpkg calls it: `preinst`, `postinst`, …
    pub name: String,
    /// The digest of its bytes, its package's own version left open.
    pub digest: Digest,
}

impl Script {
    /// The script called `name` of `package` in `version`.
    pub fn of(package: &str, version: &str, name: &str, bytes: &[u8]) -> Self {
        let digest = match std::str::from_utf8(bytes) {
            Ok(text) if is_telling(version) && !text.contains(OWN_VERSION) => {
                Digest::of(without_version(text, version).as_bytes())
            }
            _ => Digest::of(bytes),
        };
        Self { package: package.to_owned(), name: name.to_owned(), digest }
    }
}

/// What takes the place of a version: no shell script can hold it.
const OWN_VERSION: char = '\0';

/// Whether a version can be told from any other number in a script: `2.36-9` can, `3` and `1.2`
/// cannot.
fn is_telling(version: &str) -> bool {
    version.len() >= 5 && version.contains(['-', '+'])
}

/// Leaves open every `version` that is not a part of a longer word.
fn without_version(text: &str, version: &str) -> String {
    let part = |letter: char| letter.is_ascii_alphanumeric() || ".+~-:".contains(letter);
    let mut left_open = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(version) {
        let (before, after) = (&rest[..at], &rest[at + version.len()..]);
        left_open.push_str(before);
        if left_open.ends_with(part) || after.starts_with(part) {
            left_open.push_str(version);
        } else {
            left_open.push(OWN_VERSION);
        }
        rest = after;
    }
    left_open + rest
}

/// What a person has said about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptReview {
    /// These bytes were read.
    Read,
    /// Scripts of the package were read, and this one is none of them; these were read under its
    /// name.
    Changed(BTreeSet<Digest>),
    /// Nobody has said anything about the package.
    Unread,
}

/// All reviews, by package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptReviews(BTreeMap<String, BTreeMap<String, BTreeSet<Digest>>>);

impl ScriptReviews {
    /// Reads the file of reviews; `file` is how messages call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Findings> {
        Source::new(file, text).read(|root| {
            let packages = root.optional_table("reviewed");
            let packages = packages.map(|table| table.each(|_, it| read_package(it)));
            Some(Self(packages.unwrap_or_default().into_iter().collect()))
        })
    }

    /// What was said about `script`.
    pub fn of(&self, script: &Script) -> ScriptReview {
        let Some(package) = self.0.get(&script.package) else { return ScriptReview::Unread };
        let read = package.get(&script.name).cloned().unwrap_or_default();
        if read.contains(&script.digest) { ScriptReview::Read } else { ScriptReview::Changed(read) }
    }
}

fn read_package(table: &Table<'_>) -> Option<BTreeMap<String, BTreeSet<Digest>>> {
    let effect = table.text("effect");
    if effect.as_ref().is_some_and(|effect| effect.trim().is_empty()) {
        table.refuse("effect", "says nothing; name what became of the script's effect");
    }
    let scripts = SCRIPTS.map(|name| (name.to_owned(), read_digests(table, name)));
    effect.map(|_| scripts.into_iter().filter(|(_, digests)| !digests.is_empty()).collect())
}

fn read_digests(table: &Table<'_>, name: &str) -> BTreeSet<Digest> {
    let parse = |text: &String| match text.parse::<Digest>() {
        Ok(digest) => Some(digest),
        Err(error) => {
            table.refuse(name, error.to_string());
            None
        }
    };
    table.texts(name).iter().filter_map(parse).collect()
}

/// The file `text` with `scripts` accepted: digests are added, everything else stays as it is. A
/// package that is not named yet says that nobody has read it.
pub fn accept(text: &str, scripts: &[Script]) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let reviewed = document.entry("reviewed").or_insert_with(|| {
        let mut table = TomlTable::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    for script in scripts {
        let package = &mut reviewed[script.package.as_str()];
        if package.is_none() {
            *package = Item::Table(TomlTable::new());
            package["effect"] = toml_edit::value(UNREAD_EFFECT);
        }
        add_digest(&mut package[script.name.as_str()], &script.digest);
    }
    Ok(document.to_string())
}

/// One digest a line, in order, so that a change reads as a change of that script.
fn add_digest(item: &mut Item, digest: &Digest) {
    let known = item.as_array().map(|array| array.iter().filter_map(Value::as_str));
    let mut digests: BTreeSet<String> = known.into_iter().flatten().map(str::to_owned).collect();
    digests.insert(digest.to_string());
    let mut array = Array::new();
    for digest in digests {
        array.push_formatted(Value::from(digest).decorated("\n  ", ""));
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
    *item = toml_edit::value(array);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(package: &str, name: &str, bytes: &str) -> Script {
        let digest = Digest::of(bytes.as_bytes());
        Script { package: package.into(), name: name.into(), digest }
    }

    const HEAD: &str = "# Read by people.\n\n[reviewed.libc6]\neffect = \"restarts services\"\n";

    #[test]
    fn a_judgement_is_of_bytes() {
        let read = script("libc6", "postinst", "old");
        let text = accept(HEAD, std::slice::from_ref(&read)).unwrap();
        let reviewed = ScriptReviews::parse("x.toml", &text).unwrap();
        assert_eq!(reviewed.of(&read), ScriptReview::Read);
        let changed = reviewed.of(&script("libc6", "postinst", "new"));
        assert_eq!(changed, ScriptReview::Changed(BTreeSet::from([read.digest])));
        let another = reviewed.of(&script("libc6", "preinst", "old"));
        assert_eq!(
            another,
            ScriptReview::Changed(BTreeSet::new()),
            "another script of the package"
        );
        assert_eq!(reviewed.of(&script("dash", "postinst", "old")), ScriptReview::Unread);
    }

    #[test]
    fn the_version_of_its_own_package_is_left_open_and_nothing_else() {
        let digest =
            |version, text: &str| Script::of("a", version, "postinst", text.as_bytes()).digest;
        let (old, new) = ("2.36-9+deb12u9", "2.36-9+deb12u14");
        assert_eq!(
            digest(old, "[ $1 = \"2.36-9+deb12u9\" ]"),
            digest(new, "[ $1 = \"2.36-9+deb12u14\" ]")
        );
        assert_ne!(digest(old, "rm 2.36-9+deb12u9"), digest(new, "rm 2.36-9+deb12u9"), "another's");
        assert_ne!(
            digest(old, "x-2.36-9+deb12u9"),
            digest(new, "x-2.36-9+deb12u14"),
            "a longer word"
        );
        assert_ne!(digest("1", "exit 1"), digest("2", "exit 2"), "too short to be told");
        assert_eq!(digest(old, "exit 1"), Digest::of(b"exit 1"));
    }

    #[test]
    fn accepting_adds_and_keeps_what_a_person_wrote() {
        let (amd64, arm64) = (script("libc6", "postinst", "a"), script("libc6", "postinst", "b"));
        let text = accept(HEAD, &[amd64, arm64.clone(), script("dash", "triggers", "c")]).unwrap();
        assert_eq!(accept(&text, &[arm64]).unwrap(), text, "once is enough");
        insta::assert_snapshot!(text, @r#"
        # Read by people.

        [reviewed.libc6]
        effect = "restarts services"
        postinst = [
          "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
          "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ]

        [reviewed.dash]
        effect = "nobody has read its scripts: they were accepted unread"
        triggers = [
          "sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6",
        ]
        "#);
    }

    #[test]
    fn what_is_no_judgement_is_refused_with_its_line() {
        let text = "[reviewed]\nlibc6 = \"by name\"\n[reviewed.dash]\neffect = \" \"\npostinst = [\"x\"]\nprerm = []\n";
        let findings = ScriptReviews::parse("x.toml", text).unwrap_err();
        insta::assert_snapshot!(findings.to_string(), @r#"
        x.toml:2: `reviewed.libc6`: wanted a table, found the text "by name"
        x.toml:4: `reviewed.dash.effect`: says nothing; name what became of the script's effect
        x.toml:5: `reviewed.dash.postinst`: `x` is not a digest: wanted `sha256:` and 64 lowercase hex digits
        x.toml:6: `reviewed.dash.prerm`: unknown key; known here: `config`, `effect`, `postinst`, `preinst`, `triggers`
        "#);
    }
}
