//! `image attest`: says how images were made and what they are made of, signed, beside them.

use super::build::service_images;
use crate::attest::{AttestationStore, Claim, SigningKey, Tally, attest, claims};
use crate::edge::git::{self, Checkout};
use crate::edge::{encrypted, passphrase, secrets};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::ImageAttest;
use crate::image::{StoredImage, build, stored_image};
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::deploy::SecretSource;
use xtask_core::descriptor::media_type;
use xtask_core::plan::Count;
use xtask_core::platform::Platform;
use xtask_core::reference::Repository;
use xtask_core::secret::Secret;
use xtask_core::trust::attestation::Verifier as _;
use xtask_image::layout::Layout;

/// An image that may be attested: its bytes are what their names say, wherever it is.
struct Prepared {
    image: StoredImage,
    claims: Vec<Claim>,
    /// The repository that it was pushed to, if one is named.
    pushed: Option<AttestationStore>,
}

pub(super) fn run(flags: &ImageAttest, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    let key = key(world, flags.key.as_ref())?;
    let checkout = git::checkout(&world.shell)?;
    // Everything is looked at before the first statement is attached.
    let prepared = names.iter().map(|name| prepare(flags, world, name, &checkout));
    let prepared = prepared.collect::<Result<Vec<Prepared>>>()?;
    refuse_changed_tree(world, &checkout)?;
    let (mut rows, mut all) = (Vec::new(), Tally::default());
    for one in &prepared {
        let tally = attach(world, one, &key);
        rows.push(value(one, &tally, &key));
        all.add(tally);
    }
    if all.failed > 0 {
        return Err(failure(all));
    }
    let line = |it: &Value| format!("{}@{}", it["image"], it["index"]).replace('"', "");
    let text: Vec<String> = rows.iter().map(line).collect();
    world.report.data(&json!({ "images": rows }), &text.join("\n"));
    Ok(Exit::Done)
}

/// Only of what this very tree makes can it be said that it does.
fn prepare(
    flags: &ImageAttest,
    world: &World<'_>,
    name: &str,
    checkout: &Checkout,
) -> Result<Prepared> {
    let phase = world.report.phase(name);
    let platforms = if flags.platform.is_empty() { &Platform::ALL[..] } else { &flags.platform };
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
    let pushed = flags.to.as_ref().map(|base| pushed(base, &image)).transpose()?;
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

/// Attaches to what is kept here first, and then where it was pushed to.
fn attach(world: &World<'_>, one: &Prepared, key: &SigningKey) -> Tally {
    let phase = world.report.phase("attest");
    let Prepared { image, claims, pushed } = one;
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

fn value(one: &Prepared, tally: &Tally, key: &SigningKey) -> Value {
    json!({
        "image": one.image.name, "index": one.image.index.digest, "statements": one.claims.len(),
        "attached": tally.attached, "present": tally.present, "key": key.public().hint(),
        "keyId": key.public().key_id(),
    })
}

/// What is attached stays: the next run finds it and goes on.
fn failure(tally: Tally) -> Failure {
    let (counts, failed, attached) = (tally.to_string(), tally.failed, tally.attached);
    let mut reasons = tally.reasons.into_iter();
    let first = reasons.next().unwrap_or_else(|| Failure::outside("nothing says why"));
    let failure = reasons.fold(first, |all, it| all.reason(it.innermost_line()));
    let failure = failure
        .during(counts)
        .during(format!("failed to attach {}", Count(failed, "statement")))
        .hint("run it again: what is attached stays, and is not attached twice");
    if attached > 0 { failure.partly() } else { failure }
}

/// The key that signs, opened if it is encrypted.
fn key(world: &World<'_>, source: Option<&SecretSource>) -> Result<SigningKey> {
    let source = source.or(world.deploy.signing.key.as_ref()).ok_or_else(|| {
        Failure::refused("cannot attest: there is no key to sign with")
            .code(&code::KEY_UNUSABLE)
            .hint(
                "`cargo xtask image keygen` makes one; then `--key file:PATH` or `--key env:NAME`",
            )
    })?;
    let name = match source {
        SecretSource::Variable(variable) => format!("env:{variable}"),
        SecretSource::File(path) => format!("file:{path}"),
        other => other.to_string(),
    };
    let text = secrets::read_one(&name, source)?;
    SigningKey::parse(&name, &opened(&name, text)?)
}

fn opened(name: &str, text: Secret) -> Result<Secret> {
    if !encrypted::is_encrypted(text.expose()) {
        return Ok(text);
    }
    let passphrase = passphrase::ask(&format!("key `{name}`"))?;
    encrypted::open(name, text.expose(), &passphrase)
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
