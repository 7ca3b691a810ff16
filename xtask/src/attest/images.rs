//! What is said of whole images: prepared from what this very tree makes, then attached to what is
//! kept here and to where they were pushed. Everything is looked at before the first is attached.

use super::{AttestationStore, Claim, SigningKey, Tally, attest, claims};
use crate::edge::git::{self, Checkout};
use crate::error::{Context as _, Failure, Result, code};
use crate::image::{StoredImage, build, stored_image};
use crate::world::World;
use xtask_core::descriptor::media_type;
use xtask_core::plan::Count;
use xtask_core::platform::Platform;
use xtask_core::reference::Repository;
use xtask_image::layout::Layout;

/// An image that may be attested: its bytes are what their names say, wherever it is.
pub struct Prepared {
    /// What the tree makes.
    pub image: StoredImage,
    /// What is said of it.
    pub claims: Vec<Claim>,
    /// The repository that it was pushed to, if one is named.
    pushed: Option<AttestationStore>,
}

/// Looks at the images called `names`, and at where they were pushed below `base`.
pub fn prepare(
    world: &World<'_>,
    names: &[String],
    platforms: &[Platform],
    base: Option<&Repository>,
) -> Result<Vec<Prepared>> {
    let checkout = git::checkout(&world.shell)?;
    let one = |name: &String| prepared(world, name, platforms, base, &checkout);
    let prepared = names.iter().map(one).collect::<Result<Vec<Prepared>>>()?;
    refuse_changed_tree(world, &checkout)?;
    Ok(prepared)
}

/// Only of what this very tree makes can it be said that it does.
fn prepared(
    world: &World<'_>,
    name: &str,
    platforms: &[Platform],
    base: Option<&Repository>,
    checkout: &Checkout,
) -> Result<Prepared> {
    let phase = world.report.phase(name);
    let built = build(world, name, platforms, &phase)?;
    let image = stored_image(world, name)?;
    if image.index.digest != built.index.digest {
        return Err(Failure::refused(format!("cannot attest image `{name}`"))
            .reason("another build has changed it meanwhile")
            .hint("run it again"));
    }
    phase.doing("reading what it is made of");
    image.check()?;
    let claims = claims(world, &image, checkout)?;
    let pushed = base.map(|base| pushed(base, &image)).transpose()?;
    phase.done(&format!("{} about {}", Count(claims.len(), "statement"), image.index.digest));
    Ok(Prepared { image, claims, pushed })
}

/// What was said of a commit while its tree changed would be said of another tree.
fn refuse_changed_tree(world: &World<'_>, before: &Checkout) -> Result<()> {
    if git::checkout(&world.shell)? == *before {
        return Ok(());
    }
    Err(Failure::refused("cannot attest: the tree changed while it was built")
        .code(&code::TREE_CHANGED)
        .hint("run it again"))
}

impl Prepared {
    /// Attaches to what is kept here first, and then where it was pushed to.
    pub fn attach(&self, world: &World<'_>, key: &SigningKey) -> Tally {
        let phase = world.report.phase("attest");
        let Self { image, claims, pushed } = self;
        let to = |store: &AttestationStore| {
            phase.doing(&format!("{} in {store}", image.name));
            attest(store, &image.name, claims, key)
        };
        let mut tally = match kept(world, image) {
            Ok(layout) => to(&AttestationStore::Layout(layout)),
            Err(failure) => Tally::of_failed(Claim::count(claims), failure),
        };
        pushed.iter().for_each(|store| tally.add(to(store)));
        phase.done(&format!("{}: {tally}", image.name));
        tally
    }
}

/// The failure of a tally that has one. What is attached stays: the next run finds it and goes on.
pub fn whole(tally: Tally) -> Result<()> {
    if tally.failed == 0 {
        return Ok(());
    }
    let (counts, failed, attached) = (tally.to_string(), tally.failed, tally.attached);
    let mut reasons = tally.reasons.into_iter();
    let first = reasons.next().unwrap_or_else(|| Failure::outside("nothing says why"));
    let failure = reasons.fold(first, |all, it| all.reason(it.innermost_line()));
    let failure = failure
        .during(counts)
        .during(format!("failed to attach {}", Count(failed, "statement")))
        .hint("run it again: what is attached stays, and is not attached twice");
    Err(if attached > 0 { failure.partly() } else { failure })
}

/// The repository below `base` that `image` was pushed to, if it is there as a whole.
fn pushed(base: &Repository, image: &StoredImage) -> Result<AttestationStore> {
    let name = &image.name;
    let repository = base.join(name).or_usage(|| format!("cannot name `{base}/{name}`"))?;
    let store = AttestationStore::of_repository(&repository)?;
    store.check(image)?;
    Ok(store)
}

/// Index and manifests of `image`, without layers, where its attestations are kept.
fn kept(world: &World<'_>, image: &StoredImage) -> Result<Layout> {
    let failed = || "failed to keep what is attested".to_owned();
    let layout = Layout::open_or_create(world.places.attestations()).or_outside(failed)?;
    let manifests = image.platforms.iter().map(|on| &on.manifest);
    for descriptor in manifests.chain([&image.index]) {
        let kind =
            if *descriptor == image.index { media_type::INDEX } else { media_type::MANIFEST };
        let bytes = image.layout.read_blob(descriptor).or_outside(failed)?;
        layout.write_blob(kind, &bytes).or_outside(failed)?;
    }
    layout.set_name(&image.name, &image.index).or_outside(failed)?;
    Ok(layout)
}
