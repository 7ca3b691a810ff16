//! `image attest`: says how images were made and what they are made of, signed, beside them.

use super::build::service_images;
use crate::attest::{Shelf, SigningKey, attest, claims, sealed};
use crate::edge::{git, passphrase, secrets};
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageAttest;
use crate::image::{Held, build, held};
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::attestation::Verifier as _;
use xtask_core::deploy::SecretSource;
use xtask_core::descriptor::media_type;
use xtask_core::plan::Count;
use xtask_core::platform::Platform;
use xtask_core::reference::{Name, Repository};
use xtask_core::secret::Secret;
use xtask_image::layout::Layout;

pub(super) fn run(flags: &ImageAttest, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    let key = key(world, flags.key.as_ref())?;
    let checkout = git::checkout(&world.shell)?;
    let mut said = Vec::new();
    for name in &names {
        let phase = world.report.phase(name);
        // Only of what this very tree makes can it be said that it does.
        build(world, name, &Platform::ALL, &phase)?;
        let image = held(world, name)?;
        phase.doing("reading what it is made of");
        let claims = claims(world, &image, &checkout)?;
        let mut attached = 0;
        for shelf in shelves(world, &image, flags.to.as_ref())? {
            for claim in &claims {
                attached += attest(&shelf, claim, &key)?;
            }
        }
        phase.done(&format!("{}, {attached} attached now", Count(claims.len(), "statement")));
        said.push(json!({
            "image": name, "index": image.index.digest, "statements": claims.len(),
            "attached": attached, "key": key.public().hint(),
        }));
    }
    let line = |it: &Value| format!("{}@{}", it["image"], it["index"]).replace('"', "");
    let text: Vec<String> = said.iter().map(line).collect();
    world.report.data(&json!({ "images": said }), &text.join("\n"));
    Ok(Exit::Done)
}

/// The key that signs, opened if it is sealed.
fn key(world: &World<'_>, source: Option<&SecretSource>) -> Result<SigningKey> {
    let source = source.or(world.deploy.signing.key.as_ref()).ok_or_else(|| {
        Failure::refused("cannot attest: there is no key to sign with").hint(
            "`cargo xtask image keygen` makes one; then `--key file:PATH` or `--key env:NAME`",
        )
    })?;
    let name = match source {
        SecretSource::Variable(variable) => format!("env:{variable}"),
        SecretSource::File(path) => format!("file:{path}"),
        SecretSource::Generate => "generate".to_owned(),
    };
    let text = secrets::read_one(&name, source)?;
    SigningKey::parse(&name, &opened(&name, text)?)
}

fn opened(name: &str, text: Secret) -> Result<Secret> {
    if !sealed::is_sealed(text.expose()) {
        return Ok(text);
    }
    let passphrase = passphrase::ask(&format!("key `{name}`"))?;
    sealed::open(name, text.expose(), &passphrase)
}

/// The layout of attestations, and the repository if one is named; `image` is on both.
fn shelves(world: &World<'_>, image: &Held, to: Option<&Repository>) -> Result<Vec<Shelf>> {
    let mut shelves = vec![Shelf::Layout(kept(world, image)?)];
    if let Some(base) = to {
        let name = &image.name;
        let repository = base.join(name).or_usage(|| format!("cannot name `{base}/{name}`"))?;
        let shelf = Shelf::of_repository(&repository)?;
        let digest = image.index.digest;
        if shelf.resolve(&Name::Digest(digest))?.is_none() {
            let what = format!("cannot attest `{repository}@{digest}`: it is not there");
            return Err(Failure::refused(what)
                .hint("push first, of this very tree; `image build` says what it makes"));
        }
        shelves.push(shelf);
    }
    Ok(shelves)
}

/// Index and manifests of `image`, without layers, where its attestations are kept.
fn kept(world: &World<'_>, image: &Held) -> Result<Layout> {
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
