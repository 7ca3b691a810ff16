//! What a rehearsal has shown of a release, as a signed statement beside it; and whether somebody who
//! is believed has stated that it works on the schema that is there.

use super::record::{attach, whole};
use super::store::Releases;
use crate::attest::{AttestationStore, key_if_there, public_keys};
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use std::collections::BTreeMap;
use xtask_core::ship::machine::Skew;
use xtask_core::ship::trial::{PREDICATE_TYPE, TrialRecord};
use xtask_core::trust::attestation::{Wanted, judge as believed};

/// States it about `version`, by this machine's key; whether there was one.
pub fn attest_trial(site: &Site<'_>, version: &str, shown: &TrialRecord) -> Result<bool> {
    let Some(key) = key_if_there(site.world)? else { return Ok(false) };
    let releases = Releases::of(&site.environment.registry)?;
    let release = releases.get(version)?;
    whole(attach(&releases, &release, PREDICATE_TYPE, json!(shown), &key)?)?;
    Ok(true)
}

/// What is said of `version` where the schema is only ahead of it and a signed trial shows that it
/// works there all the same.
pub fn forgiven(site: &Site<'_>, version: &str, skews: &[Skew]) -> Result<Option<String>> {
    let is_ahead = |it: &Skew| matches!(it, Skew::Ahead { .. });
    if skews.is_empty() || !skews.iter().all(is_ahead) {
        return Ok(None);
    }
    works(site.world, site.name, version, &Database::connect(&site.database()?)?)
}

/// What is said of `version` where a signed trial shows that it works on the schema of `database`,
/// which is that of the environment called `name`.
pub fn works(
    world: &World<'_>,
    name: &str,
    version: &str,
    database: &Database,
) -> Result<Option<String>> {
    let rows = database.migration_rows()?;
    let applied = rows.into_iter().filter(|row| row.finished && !row.rolled_back);
    let applied = applied.map(|row| (row.name, row.checksum)).collect();
    let record = shown(world, name, version, &applied)?;
    Ok(record.map(|it| format!("release `{version}` {}", it.line())))
}

/// The statement of a key that is believed that `version` works on a schema with exactly the
/// migrations `applied`, if there is one.
fn shown(
    world: &World<'_>,
    name: &str,
    version: &str,
    applied: &BTreeMap<String, String>,
) -> Result<Option<TrialRecord>> {
    if world.deploy.signing.public_keys.is_empty() {
        // Nobody is believed here, so nobody has shown anything.
        return Ok(None);
    }
    let keys = public_keys(world, &[])?;
    let releases = Releases::of(&world.environment(name)?.registry)?;
    let release = releases.get(version)?;
    let store = AttestationStore::of_repository(releases.repository())?;
    let wanted = Wanted { name: version, digest: release.artifact.digest };
    for (_, bundle) in store.bundles(&release.artifact)? {
        // What is not believed says nothing; `release verify` tells of it.
        let Ok((statement, _)) = believed(&bundle, wanted, &keys) else { continue };
        if statement.predicate_type != PREDICATE_TYPE {
            continue;
        }
        let record = serde_json::from_value::<TrialRecord>(statement.predicate);
        if let Ok(record) = record
            && record.is_of(name, applied)
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}
