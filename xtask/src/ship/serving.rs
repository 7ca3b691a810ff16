//! serving: which release serves. Each service answers as the release that rolled it out last, so
//! only the ledger tells what they are together.

use super::record;
use super::site::Site;
use crate::error::Result;
use xtask_core::ship::ledger::{Record, Versions};
use xtask_core::ship::machine::{Ended, Past, release_of};

/// The release that serves, by what the services answer as.
pub fn release(site: &Site<'_>, records: &[Record]) -> Result<Option<String>> {
    let answers = site.answers()?;
    Ok(release_of(&Past::of(records), &answers, &site.public()?.name))
}

/// The release that was verified last, and what each service answers as where it serves. Where no
/// record tells, what the target says.
pub fn expected(site: &Site<'_>) -> Result<Option<(String, Versions)>> {
    let past = Past::of(&record::known(site)?);
    if let Some(last) = past.into_iter().rfind(|it| it.ended == Ended::Done) {
        return Ok(Some((last.to, last.versions)));
    }
    let answers = site.answers()?;
    let public = answers.get(&site.public()?.name).cloned();
    Ok(public.map(|public| (public, answers)))
}
