//! The evidence of a drill: the record as JSON, as a page, as a signed statement; and in the
//! repository, where the next drill finds it.

use crate::attest::{bundle, key_if_there};
use crate::backup::Home;
use crate::edge::{clock, files};
use crate::error::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xtask_core::backup::evidence::{html, word};
use xtask_core::backup::facts::Facts;
use xtask_core::backup::manifest::Manifest;
use xtask_core::backup::snapshot::{Contents, Kind, tags};
use xtask_core::digest::Digest;
use xtask_core::trust::attestation::record::{DRILL, DrillBefore, DrillRecord, DrillTable};
use xtask_core::trust::attestation::{Statement, Subject};

/// So many of each kind are kept.
const KEPT: usize = 60;
/// So many drills before it stand on a page.
const TREND: usize = 12;

/// Where it was written.
pub struct Written {
    pub page: PathBuf,
    pub json: PathBuf,
    /// Only where there is a key to sign with.
    pub statement: Option<PathBuf>,
}

/// Writes it in each form.
pub(super) fn write(home: &Home<'_>, record: &DrillRecord) -> Result<Written> {
    let world = home.world;
    let folder = world.places.drills();
    files::make_folder(&folder)?;
    let stem = format!("{}-{}", clock::stamp(), home.name);
    let json = serde_json::to_string_pretty(record).expect("texts and numbers are JSON") + "\n";
    let path = |ending: &str| folder.join(format!("{stem}.{ending}"));
    let written = Written {
        page: path("html"),
        json: path("json"),
        statement: signed(home, record)?
            .map(|bytes| (path("sigstore.json"), bytes))
            .map(put)
            .transpose()?,
    };
    files::write(&written.json, json.as_bytes())?;
    files::write(&written.page, html(record).as_bytes())?;
    files::keep_newest(&folder, 3 * KEPT)?;
    remember(home, record, &json);
    Ok(written)
}

fn put((path, bytes): (PathBuf, Vec<u8>)) -> Result<PathBuf> {
    files::write(&path, &bytes)?;
    Ok(path)
}

/// The statement about the snapshot of the manifest, signed. A drill without a back-up is about
/// nothing that has a digest.
fn signed(home: &Home<'_>, record: &DrillRecord) -> Result<Option<Vec<u8>>> {
    let Ok(digest) = format!("sha256:{}", record.backup).parse::<Digest>() else { return Ok(None) };
    let Some(key) = key_if_there(home.world)? else {
        home.world.report.warning("the evidence is not signed: this machine has no key");
        return Ok(None);
    };
    let subject = Subject::new(&format!("back-up of {}", record.environment), &digest);
    let predicate = serde_json::to_value(record).expect("texts and numbers are JSON");
    bundle(&Statement::new(vec![subject], DRILL, predicate), &key).map(Some)
}

/// Puts it beside the back-ups: machines of CI forget. That it cannot be put there is said.
fn remember(home: &Home<'_>, record: &DrillRecord, json: &str) {
    let more = [
        ("outcome", word(record.outcome).to_owned()),
        ("rpo", record.rpo_seconds.to_string()),
        ("rto", record.rto_seconds.to_string()),
    ];
    let tags = tags(home.name, Kind::Drill, &clock::stamp(), &more);
    if let Err(failure) = home.restic.store("drill.json", json, &tags) {
        let line = format!("the next drill will not know of this one: {}", failure.first_line());
        home.world.report.warning(&line);
    }
}

/// What was backed up beside what came back.
pub(super) fn tables(
    manifest: &Manifest,
    restored: Option<&Facts>,
) -> BTreeMap<String, DrillTable> {
    let found = |name: &String| restored.and_then(|it| it.tables.get(name));
    let table = |(name, wanted): (&String, &xtask_core::backup::facts::TableFacts)| {
        let table = DrillTable {
            rows: wanted.rows,
            restored_rows: found(name).map_or(0, |it| it.rows),
            checksum: wanted.checksum.clone(),
            restored_checksum: found(name).and_then(|it| it.checksum.clone()),
        };
        (name.clone(), table)
    };
    manifest.facts.tables.iter().map(table).collect()
}

/// The drills before, newest first.
pub(super) fn before(contents: &Contents) -> Vec<DrillBefore> {
    let drills = contents.drills.iter().take(TREND).map(|it| DrillBefore {
        at: it.at.to_string(),
        outcome: it.outcome.clone(),
        rpo_seconds: it.rpo_seconds,
        rto_seconds: it.rto_seconds,
    });
    drills.collect()
}
