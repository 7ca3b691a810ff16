//! The gate before a release enters an environment: one signed statement says that it was
//! verified, so nothing else has to be asked.

use super::store::{Published, Releases};
use super::verify::policy;
use crate::attest::{AttestationStore, PublicKey, public_keys};
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::ship::ledger::Ledger;
use crate::ship::scan::now;
use crate::ship::site::Site;
use xtask_core::deploy::Demand;
use xtask_core::ship::ledger::{Action, Outcome, Record};
use xtask_core::ship::release::Release;
use xtask_core::ship::release::entry::{Signed, judge};
use xtask_core::trust::attestation::summary::{self, Summary};
use xtask_core::trust::attestation::{Verifier as _, Wanted, judge as believed};

/// Refuses a release that the environment's policy does not let in. Where nobody signs, that is
/// said. Going back to what was verified here before must not wait: then it is a warning.
pub fn may_enter(site: &Site<'_>, release: &Release, action: Action) -> Result<()> {
    let signing = &site.world.deploy.signing;
    let (report, name, version) = (site.world.report, site.name, &release.version);
    let Some(demand) = site.environment.demand(signing) else { return Ok(()) };
    if signing.public_keys.is_empty() {
        report.warning(&format!(
            "nobody is asked who built and verified release `{version}`: `signing.public_keys` \
             of `deploy.toml` names no key"
        ));
        return Ok(());
    }
    let refusal = match judged(site, release, action) {
        Ok(said) => {
            report.status(&said);
            return Ok(());
        }
        Err(refusal) => refusal,
    };
    if demand == Demand::Optional || served_before(site, release, action) {
        report.warning(&format!("release `{version}`: {}", refusal.innermost_line()));
        return Ok(());
    }
    Err(refusal
        .during(format!("cannot roll out release `{version}` to `{name}`"))
        .hint(format!("cargo xtask release verify {name} {version}")))
}

/// Whether this goes back to what was verified here before. A ledger that cannot be read forbids
/// no rollback.
fn served_before(site: &Site<'_>, release: &Release, action: Action) -> bool {
    let was_here = || -> Result<bool> {
        let ledger = Ledger::open(site)?;
        let records = ledger.records_as_they_stand()?;
        let is_it = |it: &Record| it.to == release.version && it.outcome == Outcome::Done;
        Ok(!ledger.is_reached() || records.iter().any(is_it))
    };
    action == Action::Rollback && was_here().unwrap_or(true)
}

/// Who says that a release was verified for this environment, or why it may not be rolled out to it.
pub fn verified_by(site: &Site<'_>, release: &Release) -> Result<String> {
    judged(site, release, Action::Rollout)
}

/// The same, for what is about to be done.
fn judged(site: &Site<'_>, release: &Release, action: Action) -> Result<String> {
    let keys = public_keys(site.world, &[])?;
    let releases = Releases::of(&site.environment.registry)?;
    let published = releases.get(&release.version)?;
    if published.release != *release {
        return Err(Failure::refused("the registry holds another release of that version now")
            .code(&code::RELEASE_CONFLICT));
    }
    let (found, doubts) = summaries(&releases, &published, &keys)?;
    let policy = policy(site.world, site.name, &keys)?;
    let hours = site.environment.entry.verdict_hours;
    let most = (action == Action::Rollout).then_some(hours);
    let judged = judge(&found, &policy, now(), most);
    let unverified =
        || format!("release `{}` is not verified for `{}`", release.version, site.name);
    let signed = judged.or_refused(unverified).coded(&code::RELEASE_UNVERIFIED);
    let signed = signed.map_err(|failure| doubts.into_iter().fold(failure, Failure::reason))?;
    let at = &signed.summary.time_verified;
    Ok(format!("release `{}` was verified at {at}, as `{}` says", release.version, signed.key))
}

/// Every verdict on the release that is believed, and why others are not.
fn summaries(
    releases: &Releases,
    release: &Published,
    keys: &[PublicKey],
) -> Result<(Vec<Signed>, Vec<String>)> {
    let store = AttestationStore::of_repository(releases.repository())?;
    let wanted = Wanted { name: &release.release.version, digest: release.artifact.digest };
    let (mut found, mut doubts) = (Vec::new(), Vec::new());
    for (_, bundle) in store.bundles(&release.artifact)? {
        match believed(&bundle, wanted, keys) {
            Err(refusal) => doubts.push(format!("a bundle about it: {refusal}")),
            Ok((statement, key)) if statement.predicate_type == summary::PREDICATE_TYPE => {
                let summary: Summary = serde_json::from_value(statement.predicate)
                    .or_outside(|| "failed to read a verdict".to_owned())?;
                found.push(Signed { summary, key: key.name().to_owned() });
            }
            Ok(_) => {}
        }
    }
    doubts.sort_unstable();
    doubts.dedup();
    Ok((found, doubts))
}
