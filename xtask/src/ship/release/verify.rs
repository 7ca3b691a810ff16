//! Whether everything of a release belongs together, and the verdict on it: signed, in the form
//! that others read too (SLSA VSA), beside the release.

use super::evidence::{Gathered, gather};
use super::record::{attach, whole};
use super::store::{Published, Releases};
use crate::attest::{PublicKey, SigningKey};
use crate::edge::clock;
use crate::error::{Failure, Result, code};
use crate::world::World;
use serde_json::json;
use std::collections::BTreeMap;
use xtask_core::platform::Platform;
use xtask_core::ship::release::Policy;
use xtask_core::ship::release::check::{Check, Verdict, judge, worst};
use xtask_core::trust::attestation::Verifier as _;
use xtask_core::trust::attestation::summary::{self, Finding, Resource, Summary, VerifiedBy};

/// Who says so, in every summary of ours.
const VERIFIER: &str =
    "https://github.com/nutri-app/nutri/blob/main/docs/ATTESTATIONS.md#release-verify";

/// What came of looking at a release.
pub struct Verified {
    /// Everything that was looked at.
    pub checks: Vec<Check>,
    /// What all of it comes to.
    pub verdict: Verdict,
    /// The policy that it was held against.
    pub policy: Policy,
    /// The statements that were believed.
    inputs: Vec<Resource>,
    /// The moment from which on things may have changed.
    began: String,
}

/// What the environment called `name` asks of a release, with the keys that it believes.
pub(super) fn policy(world: &World<'_>, name: &str, keys: &[PublicKey]) -> Result<Policy> {
    let builders = world.environment(name)?.entry.builders;
    let keys = keys.iter().map(|key| key.key_id().to_owned()).collect();
    Ok(Policy { environment: name.to_owned(), builders, keys })
}

/// Looks at everything of `release` that there is, for the environment called `name`, where it
/// should run on each of `platforms`.
pub fn verify(
    world: &World<'_>,
    name: &str,
    release: &Published,
    keys: &[PublicKey],
    platforms: &[Platform],
) -> Result<Verified> {
    let began = clock::now();
    let policy = policy(world, name, keys)?;
    let Gathered { evidence, inputs } = gather(world, &release.release, keys);
    let services: Vec<&str> = world.deploy.services.iter().map(|it| it.name.as_str()).collect();
    let checks = judge(&release.release, &policy, &services, platforms, &evidence);
    let verdict = worst(&checks);
    Ok(Verified { checks, verdict, policy, inputs, began })
}

impl Verified {
    /// Signs the verdict and attaches it to the release. What could not be found out is no verdict,
    /// and is not signed: then this is false.
    pub fn sign(&self, releases: &Releases, release: &Published, key: &SigningKey) -> Result<bool> {
        let finding = match self.verdict {
            Verdict::Good => Finding::Passed,
            Verdict::Bad => Finding::Failed,
            Verdict::Unknown | Verdict::Skipped => return Ok(false),
        };
        refuse_foreign(&self.policy, key)?;
        let summary = self.summary(finding, releases.pin(release).to_string());
        let kind = summary::PREDICATE_TYPE;
        whole(attach(releases, release, kind, json!(summary), key)?)?;
        Ok(true)
    }

    /// Why the release is not what is asked, or could not be looked at; nothing if it is.
    pub fn failure(&self, version: &str) -> Option<Failure> {
        let name = &self.policy.environment;
        let failure = match self.verdict {
            Verdict::Good | Verdict::Skipped => return None,
            Verdict::Bad => {
                Failure::refused(format!("release `{version}` is not what `{name}` asks for"))
                    .code(&code::RELEASE_REFUSED)
            }
            Verdict::Unknown => {
                Failure::outside(format!("failed to find out whether release `{version}` is whole"))
                    .code(&code::RELEASE_UNCHECKED)
                    .hint("run it again when the registry answers; nothing was signed")
            }
        };
        let of = || self.checks.iter().filter(|it| it.verdict == self.verdict);
        let reason = |failure: Failure, check: &Check| {
            failure.reason(format!("{}: {}", check.what, check.said))
        };
        let failure = of().fold(failure, reason);
        let hint = of().find_map(|check| check.hint.clone());
        Some(hint.into_iter().fold(failure, Failure::hint))
    }

    fn summary(&self, finding: Finding, resource_uri: String) -> Summary {
        let version = ("xtask".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Summary {
            verifier: VerifiedBy { id: VERIFIER.to_owned(), version: BTreeMap::from([version]) },
            time_verified: self.began.clone(),
            resource_uri,
            policy: Resource::new(Policy::URI, &self.policy.digest()),
            input_attestations: self.inputs.clone(),
            verification_result: finding,
            verified_levels: Summary::levels(finding, self.policy.builders),
            slsa_version: Summary::slsa_version(),
        }
    }
}

/// A verdict by a key that nobody there believes would help nobody.
fn refuse_foreign(policy: &Policy, key: &SigningKey) -> Result<()> {
    let public = key.public();
    if policy.keys.contains(public.key_id()) {
        return Ok(());
    }
    let (name, environment) = (public.name(), &policy.environment);
    Err(Failure::refused(format!("cannot sign a verdict for `{environment}` with key `{name}`"))
        .code(&code::KEY_FOREIGN)
        .reason(format!("its id is {}, which the policy does not name", public.key_id()))
        .hint("commit its public key, and name the file in `signing.public_keys` of `deploy.toml`"))
}
