//! `image verify-attestation`: whether everything that should be said of an image is, by a key
//! that we know.

use crate::attest::{AttestationStore, Believed, Verified, public_keys, verify};
use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageVerifyAttestation;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::reference::{Name, Reference};
use xtask_image::layout::Layout;

pub(super) fn run(flags: &ImageVerifyAttestation, world: &World<'_>) -> Result<Exit> {
    let keys = public_keys(world, &flags.key)?;
    let Place { store, reference, image: name } = place(flags)?;
    let shown = &flags.reference;
    let image = store
        .resolve(&reference)?
        .ok_or_else(|| Failure::usage(format!("cannot check `{shown}`: there is no such image")))?;
    let Verified { believed, skipped } = verify(&store, shown, &name, &image, &keys)?;
    skipped.iter().for_each(|it| world.report.warning(&format!("`{shown}`: skipped {it}")));
    let value = json!({
        "image": shown, "name": name, "digest": image.digest, "believed": believed,
        "skipped": skipped,
    });
    world.report.data(&value, &format!("{}\n{}", image.digest, table(&rows(&believed))));
    Ok(Exit::Done)
}

/// Where to look, for what, and as which image.
struct Place {
    store: AttestationStore,
    reference: Name,
    image: String,
}

fn place(flags: &ImageVerifyAttestation) -> Result<Place> {
    let cannot = || format!("cannot check `{}`", flags.reference);
    let Some(folder) = &flags.layout else {
        let reference: Reference = flags.reference.parse().or_usage(cannot)?;
        let last = reference.repository.path().rsplit('/').next().unwrap_or_default();
        let image = flags.image.clone().unwrap_or_else(|| last.to_owned());
        let store = AttestationStore::of_repository(&reference.repository)?;
        return Ok(Place { store, reference: reference.name, image });
    };
    if !files::is_file(&folder.join("oci-layout"))? {
        return Err(Failure::usage(cannot()).reason(format!("`{}` is no layout", folder.display())));
    }
    let layout = Layout::open_or_create(folder).or_outside(cannot)?;
    let (reference, own) = match flags.reference.parse() {
        Ok(digest) => (Name::Digest(digest), None),
        Err(_) => {
            let name = Name::Tag(flags.reference.parse().or_usage(cannot)?);
            (name, Some(flags.reference.clone()))
        }
    };
    let image = flags.image.clone().or(own).ok_or_else(|| {
        Failure::usage(cannot())
            .reason("a digest does not say which image it should be")
            .hint("name it: `--image NAME`")
    })?;
    Ok(Place { store: AttestationStore::Layout(layout), reference, image })
}

fn rows(believed: &[Believed]) -> Vec<Vec<String>> {
    let head = ["ABOUT", "SAYS", "BUILDER", "COMMIT", "KEY"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    rows.extend(believed.iter().map(|it| {
        vec![
            it.subject.short(),
            it.predicate_type.clone(),
            or_dash(&it.builder),
            or_dash(&it.commit),
            it.key.clone(),
        ]
    }));
    rows
}
