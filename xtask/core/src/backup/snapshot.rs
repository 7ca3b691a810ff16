//! What lies in a repository: restic's snapshots, and the back-ups that they make. A back-up is a
//! dump and the manifest that names it; their tags hold what a list needs, so that a list opens
//! nothing.

use super::alarm::Sized;
use super::retention::{Dated, Verdict};
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// Why a back-up is made before a change of the schema, as its tag says it.
pub const BEFORE_MIGRATION: &str = "migrate";

/// The first tag of everything that is ours.
pub const OURS: &str = "xtask";

/// A snapshot as restic lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    pub id: String,
    /// RFC 3339, with whatever zone the machine had.
    pub time: String,
    #[serde(default)]
    pub hostname: String,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What a snapshot of ours holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Dump,
    Manifest,
    /// The evidence of a drill.
    Drill,
    /// The state of a server, or of this program.
    State,
}

/// A whole back-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The snapshot of its manifest: the name that people use.
    pub id: String,
    /// The snapshot of its dump.
    pub dump: String,
    #[serde(serialize_with = "shown")]
    pub at: Moment,
    /// The size of the dump before restic compressed it.
    pub bytes: u64,
    pub rows: u64,
    pub migration_head: Option<String>,
    pub why: String,
}

/// A drill of before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drilled {
    pub id: String,
    #[serde(serialize_with = "shown")]
    pub at: Moment,
    pub outcome: String,
    pub rpo_seconds: u64,
    pub rto_seconds: u64,
}

/// Everything of an environment that a repository holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Those that are whole, the newest first.
    pub backups: Vec<Backup>,
    /// Dumps that no manifest names, with the moment of each: cut off, or under way.
    pub unfinished: Vec<Unfinished>,
    /// Those of before, the newest first.
    pub drills: Vec<Drilled>,
    /// Snapshots that carry our tags and are not to be understood; nobody touches them.
    pub strange: Vec<String>,
}

/// A dump without a manifest, or a manifest whose dump is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    pub id: String,
    #[serde(serialize_with = "shown")]
    pub at: Moment,
    pub what: &'static str,
}

fn shown<S: serde::Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

impl Kind {
    /// Its name in a tag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dump => "dump",
            Self::Manifest => "manifest",
            Self::Drill => "drill",
            Self::State => "state",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Dump, Self::Manifest, Self::Drill, Self::State]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// The tags of a snapshot of ours: `more` are pairs. A comma would end a tag, so none is in one.
pub fn tags(environment: &str, kind: Kind, run: &str, more: &[(&str, String)]) -> String {
    let own = [
        ("env", environment.to_owned()),
        ("kind", kind.name().to_owned()),
        ("run", run.to_owned()),
    ];
    let pair = |(key, value): &(&str, String)| format!("{key}:{}", value.replace([',', '\n'], "_"));
    let pairs = own.iter().chain(more).map(pair);
    std::iter::once(OURS.to_owned()).chain(pairs).collect::<Vec<_>>().join(",")
}

impl Snapshot {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.tag(key)?.parse().ok()
    }

    /// Whether it is of this environment, and made by us.
    pub fn is_of(&self, environment: &str) -> bool {
        self.tags.iter().any(|tag| tag == OURS) && self.tag("env") == Some(environment)
    }

    /// What it holds, if it is ours and known.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of(self.tag("kind")?)
    }

    /// When it was made.
    pub fn at(&self) -> Option<Moment> {
        Moment::of_any_zone(&self.time)
    }
}

/// What a repository holds of `environment`.
pub fn contents(snapshots: &[Snapshot], environment: &str) -> Contents {
    let mine: Vec<&Snapshot> = snapshots.iter().filter(|it| it.is_of(environment)).collect();
    let mut contents = Contents::default();
    for snapshot in &mine {
        let told = match snapshot.kind().zip(snapshot.at()) {
            Some((Kind::Manifest, at)) => manifest(snapshot, at, &mine).map(|it| contents.put(it)),
            Some((Kind::Dump, _)) if is_named(snapshot, &mine) => Some(()),
            Some((Kind::Dump, at)) => {
                contents.unfinished.push(unfinished(snapshot, at, "no manifest names it"));
                Some(())
            }
            Some((Kind::Drill, at)) => drilled(snapshot, at).map(|it| contents.drills.push(it)),
            Some((Kind::State, _)) => Some(()),
            None => None,
        };
        if told.is_none() {
            contents.strange.push(snapshot.id.clone());
        }
    }
    contents.backups.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    contents.drills.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    contents
}

/// A manifest with its dump, or without.
enum Read {
    Whole(Backup),
    Alone(Unfinished),
}

fn manifest(snapshot: &Snapshot, at: Moment, mine: &[&Snapshot]) -> Option<Read> {
    let dump = snapshot.tag("dump")?;
    if !mine.iter().any(|it| it.kind() == Some(Kind::Dump) && it.id == dump) {
        return Some(Read::Alone(unfinished(snapshot, at, "its dump is gone")));
    }
    Some(Read::Whole(Backup {
        id: snapshot.id.clone(),
        dump: dump.to_owned(),
        // The moment of the data and not that of the upload's end.
        at: snapshot.tag("at").and_then(|at| at.parse().ok()).unwrap_or(at),
        bytes: snapshot.number("bytes")?,
        rows: snapshot.number("rows")?,
        migration_head: snapshot.tag("head").filter(|it| !it.is_empty()).map(ToOwned::to_owned),
        why: snapshot.tag("why").unwrap_or("asked").to_owned(),
    }))
}

fn is_named(dump: &Snapshot, mine: &[&Snapshot]) -> bool {
    mine.iter().any(|it| it.kind() == Some(Kind::Manifest) && it.tag("dump") == Some(&dump.id))
}

fn unfinished(snapshot: &Snapshot, at: Moment, what: &'static str) -> Unfinished {
    Unfinished { id: snapshot.id.clone(), at, what }
}

fn drilled(snapshot: &Snapshot, at: Moment) -> Option<Drilled> {
    Some(Drilled {
        id: snapshot.id.clone(),
        at,
        outcome: snapshot.tag("outcome")?.to_owned(),
        rpo_seconds: snapshot.number("rpo")?,
        rto_seconds: snapshot.number("rto")?,
    })
}

impl Contents {
    fn put(&mut self, read: Read) {
        match read {
            Read::Whole(backup) => self.backups.push(backup),
            Read::Alone(unfinished) => self.unfinished.push(unfinished),
        }
    }

    /// The back-up that `name` means: `latest`, or the beginning of exactly one name.
    pub fn find(&self, name: &str) -> Result<&Backup, NotFound> {
        if name == "latest" {
            return self.backups.first().ok_or(NotFound::None);
        }
        let is_it = |it: &&Backup| it.id.starts_with(name) || it.dump.starts_with(name);
        let found: Vec<&Backup> = self.backups.iter().filter(is_it).collect();
        match (found.as_slice(), name.len()) {
            ([one], SHORTEST..) => Ok(one),
            ([_], _) => Err(NotFound::Short(name.to_owned())),
            ([_, _, ..], _) => Err(NotFound::Several(name.to_owned())),
            _ => Err(NotFound::Unknown(name.to_owned())),
        }
    }

    /// As retention judges them.
    pub fn dated(&self) -> Vec<Dated> {
        let dated = |it: &Backup| Dated {
            id: it.id.clone(),
            at: it.at,
            before_change: it.why == BEFORE_MIGRATION,
        };
        self.backups.iter().map(dated).collect()
    }

    /// The snapshots of those that do not stay. Whoever may only add can write a manifest that names
    /// somebody else's dump and is old: a dump that stays for any manifest stays for all.
    pub fn forgotten(&self, verdicts: &[Verdict]) -> Vec<String> {
        let stays = |id: &str| verdicts.iter().any(|it| it.id == id && it.stays());
        let (stay, go): (Vec<&Backup>, Vec<&Backup>) =
            self.backups.iter().partition(|it| stays(&it.id));
        // The manifest goes first: a back-up without a dump is none, and one without a manifest too.
        let is_free = |dump: &&String| stay.iter().all(|it| it.dump != **dump);
        let both = go.iter().flat_map(|it| [Some(&it.id), Some(&it.dump).filter(is_free)]);
        both.flatten().cloned().collect()
    }

    /// As alarms judge them.
    pub fn sized(&self) -> Vec<Sized> {
        let sized = |it: &Backup| Sized { id: it.id.clone(), at: it.at, bytes: it.bytes };
        self.backups.iter().map(sized).collect()
    }
}

/// Of less of a name nobody can tell whether it was meant.
const SHORTEST: usize = 4;

/// No back-up is meant, or it cannot be told which.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotFound {
    #[error("there is no whole back-up")]
    None,
    #[error("no whole back-up begins with `{0}`; `backup list` shows them")]
    Unknown(String),
    #[error("`{0}` is too little of a name: give at least {SHORTEST} letters of it")]
    Short(String),
    #[error("several back-ups begin with `{0}`; give more of the name")]
    Several(String),
}

#[cfg(test)]
mod tests {
    use super::super::retention::Reason;
    use super::*;

    fn snapshot(id: &str, kind: Kind, more: &[(&str, String)]) -> Snapshot {
        let tags = tags("production", kind, "r1", more).split(',').map(ToOwned::to_owned).collect();
        let time = "2026-11-27T04:00:00.5+01:00".to_owned();
        Snapshot { id: id.repeat(16), time, hostname: "nutri".into(), tags }
    }

    fn whole(manifest: &str, dump: &str) -> [Snapshot; 2] {
        let more = [
            ("dump", dump.repeat(16)),
            ("bytes", "4096".to_owned()),
            ("rows", "3".to_owned()),
            ("head", "1_init".to_owned()),
        ];
        [snapshot(dump, Kind::Dump, &[]), snapshot(manifest, Kind::Manifest, &more)]
    }

    #[test]
    fn a_backup_is_a_dump_that_a_manifest_names() {
        let [dump, manifest] = whole("aaaa", "bbbb");
        let there = contents(&[dump.clone(), manifest.clone()], "production");
        let backup = &there.backups[0];
        assert_eq!((backup.bytes, backup.at.to_string().as_str()), (4096, "2026-11-27T03:00:00Z"));
        assert_eq!(backup.migration_head.as_deref(), Some("1_init"));
        let cut_off = contents(&[dump], "production");
        assert_eq!(
            (cut_off.backups.len(), cut_off.unfinished[0].what),
            (0, "no manifest names it")
        );
        let hollow = contents(&[manifest], "production");
        assert_eq!((hollow.backups.len(), hollow.unfinished[0].what), (0, "its dump is gone"));
    }

    /// Whoever took over the job has a key that adds, and deletes nothing.
    #[test]
    fn a_manifest_that_somebody_adds_takes_no_dump_of_another_one_along() {
        let [dump, manifest] = whole("aaaa", "bbbb");
        let mut forged = manifest.clone();
        forged.id = "eeee".repeat(16);
        forged.tags.push("at:2020-01-01T00:00:00Z".to_owned());
        let there = contents(&[dump.clone(), manifest.clone(), forged.clone()], "production");
        let verdict = |id: &str, kept_for: Vec<Reason>| {
            let at = "2026-11-27T03:00:00Z".parse().unwrap();
            Verdict { id: id.to_owned(), at, kept_for }
        };
        let verdicts = [verdict(&manifest.id, vec![Reason::Newest]), verdict(&forged.id, vec![])];
        assert_eq!(there.forgotten(&verdicts), [forged.id.clone()]);
        let verdicts = [verdict(&manifest.id, vec![]), verdict(&forged.id, vec![])];
        let gone = there.forgotten(&verdicts);
        assert!(gone.contains(&dump.id) && gone.contains(&manifest.id), "{gone:?}");
    }

    #[test]
    fn what_is_of_others_is_not_seen_and_what_is_not_understood_is_only_named() {
        let mut other = snapshot("cccc", Kind::Dump, &[]);
        other.tags = vec!["env:production".into(), "kind:dump".into()];
        assert_eq!(contents(&[other.clone()], "production"), Contents::default());
        assert_eq!(contents(&whole("aaaa", "bbbb"), "staging"), Contents::default());
        let mut strange = snapshot("dddd", Kind::Manifest, &[]);
        assert_eq!(contents(&[strange.clone()], "production").strange.len(), 1);
        strange = snapshot("dddd", Kind::Dump, &[]);
        strange.time = "soon".into();
        assert_eq!(contents(&[strange], "production").strange.len(), 1);
    }

    #[test]
    fn a_backup_is_found_by_the_beginning_of_its_name() {
        let all: Vec<Snapshot> =
            [whole("aaaa", "bbbb"), whole("aaac", "dddd")].into_iter().flatten().collect();
        let there = contents(&all, "production");
        assert!(
            there.find("latest").is_ok()
                && there.find("aaaaa").is_ok()
                && there.find("dddd").is_ok()
        );
        assert_eq!(there.find("aaa"), Err(NotFound::Several("aaa".into())));
        assert_eq!(there.find("b"), Err(NotFound::Short("b".into())));
        assert_eq!(there.find("e"), Err(NotFound::Unknown("e".into())));
        assert_eq!(Contents::default().find("latest"), Err(NotFound::None));
    }

    #[test]
    fn no_value_ends_a_tag() {
        let tags = tags("production", Kind::Dump, "r", &[("why", "a,kind:manifest".into())]);
        assert_eq!(tags, "xtask,env:production,kind:dump,run:r,why:a_kind:manifest");
    }
}
