//! foreign: what others did to an environment goes into its ledger too, before we change anything:
//! a deployment at the panel or by a webhook, each once.

use super::lease::Lease;
use super::site::Site;
use super::{ledger, record};
use crate::error::Result;
use xtask_core::ship::ledger::{Action, Record};

/// Notes the deployments of others that the ledger does not hold yet. That they cannot be told is
/// warned of: what is asked of us is not theirs to stop.
pub(super) fn note_all(site: &Site<'_>, lease: &Lease<'_>) {
    if let Err(failure) = note_new(site, lease) {
        let line = format!("what others deployed is not recorded: {}", failure.first_line());
        site.world.report.warning(&line);
    }
}

fn note_new(site: &Site<'_>, lease: &Lease<'_>) -> Result<()> {
    let foreign = site.target.foreign()?;
    if foreign.is_empty() {
        return Ok(());
    }
    let records = record::known(site)?;
    for one in foreign.iter().filter(|it| !holds(&records, &it.deployment)) {
        ledger::note(site, lease, Action::Foreign, &format!("not ours: {one}"))?;
    }
    Ok(())
}

fn holds(records: &[Record], deployment: &str) -> bool {
    let is_it = |record: &Record| {
        let reason = record.reason.as_deref().unwrap_or_default();
        record.action == Action::Foreign && reason.contains(deployment)
    };
    records.iter().any(is_it)
}
