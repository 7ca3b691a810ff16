//! Between *release* and *lease*: where an environment asks who built and verified a release, and a
//! key is at hand, what was just built is attested, and the release verified. Both are signed.
//! Without a key it must have been done by somebody else; the gate before the rollout says so.

use crate::attest::images::{prepare, whole};
use crate::attest::{PublicKey, SigningKey, Tally, key_if_there, public_keys};
use crate::error::{Failure, Result, code};
use crate::ship::release::{Published, Releases, attest_release, verified_by, verify};
use crate::ship::site::Site;
use crate::world::definition_name;
use xtask_core::platform::Platform;
use xtask_core::ship::release::Release;
use xtask_core::trust::attestation::Verifier as _;

/// Whose word counts in an environment, and the key of this machine if it has one.
pub(super) struct Voucher {
    key: Option<SigningKey>,
    keys: Vec<PublicKey>,
}

impl Voucher {
    /// For an environment that asks for a verdict. A key that cannot be used, or that nobody there
    /// believes, ends the run before anything is built.
    pub(super) fn of(site: &Site<'_>) -> Result<Option<Self>> {
        let world = site.world;
        let signing = &world.deploy.signing;
        if site.environment.demand(signing).is_none() || signing.public_keys.is_empty() {
            return Ok(None);
        }
        let (key, keys) = (key_if_there(world)?, public_keys(world, &[])?);
        if let Some(key) = &key {
            refuse_foreign(site, key, &keys)?;
        }
        Ok(Some(Self { key, keys }))
    }

    /// Attests and verifies `release`, which this very tree makes, unless that was done before.
    pub(super) fn release(
        &self,
        site: &Site<'_>,
        release: &Release,
        platforms: &[Platform],
    ) -> Result<()> {
        if verified_by(site, release).is_ok() {
            return Ok(());
        }
        let Some(key) = &self.key else {
            let line = "nothing is signed here, so somebody else must have done it: `signing.key` \
                        of `deploy.toml` is not there";
            site.world.report.warning(line);
            return Ok(());
        };
        attest(site, key, platforms)?;
        let releases = Releases::of(&site.environment.registry)?;
        let published = releases.get(&release.version)?;
        attest_release(site.world, &releases, &published);
        self.sign(site, &releases, &published, key)
    }

    /// Only a good verdict is signed: of a bad one this run ends, which is told.
    fn sign(
        &self,
        site: &Site<'_>,
        releases: &Releases,
        published: &Published,
        key: &SigningKey,
    ) -> Result<()> {
        let verified = verify(site.world, site.name, published, &self.keys, &[])?;
        match verified.failure(&published.release.version) {
            Some(failure) => Err(failure),
            None => verified.sign(releases, published, key).map(drop),
        }
    }
}

/// What nobody would believe is not put beside the images.
fn refuse_foreign(site: &Site<'_>, key: &SigningKey, keys: &[PublicKey]) -> Result<()> {
    let own = key.public();
    if keys.iter().any(|it| it.key_id() == own.key_id()) {
        return Ok(());
    }
    let name = own.name();
    Err(Failure::refused(format!("cannot attest for `{}` with key `{name}`", site.name))
        .code(&code::KEY_FOREIGN)
        .reason(format!("its id is {}, which `signing.public_keys` does not name", own.key_id()))
        .hint("commit its public key, and name the file in `signing.public_keys` of `deploy.toml`"))
}

fn attest(site: &Site<'_>, key: &SigningKey, platforms: &[Platform]) -> Result<()> {
    let world = site.world;
    let services = world.deploy.services.iter();
    let names: Vec<String> =
        services.map(|service| definition_name(&service.image).to_owned()).collect();
    let home = &site.environment.registry;
    let mut all = Tally::default();
    for one in &prepare(world, &names, platforms, Some(home))? {
        all.add(one.attach(world, key));
    }
    whole(all)
}
