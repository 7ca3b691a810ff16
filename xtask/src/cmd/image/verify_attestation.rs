//! `image verify-attestation`: whether everything that should be said of an image is, by a key
//! that we know.

use crate::attest::{Believed, PublicKey, Shelf, verify};
use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageVerifyAttestation;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use std::path::{Path, PathBuf};
use xtask_core::reference::{Name, Reference};
use xtask_image::layout::Layout;

pub(super) fn run(flags: &ImageVerifyAttestation, world: &World<'_>) -> Result<Exit> {
    let keys = keys(&flags.key, world)?;
    let (shelf, name) = place(flags)?;
    let shown = &flags.reference;
    let image = shelf
        .resolve(&name)?
        .ok_or_else(|| Failure::usage(format!("cannot check `{shown}`: there is no such image")))?;
    let believed = verify(&shelf, shown, &image, &keys)?;
    let value = json!({ "image": shown, "digest": image.digest, "believed": believed });
    world.report.data(&value, &format!("{}\n{}", image.digest, table(&rows(&believed))));
    Ok(Exit::Done)
}

/// The keys in the files `named`, or else those that `deploy.toml` names.
pub(super) fn keys(named: &[PathBuf], world: &World<'_>) -> Result<Vec<PublicKey>> {
    let own = world.deploy.signing.public_keys.iter().map(|path| world.places.file(path));
    let paths: Vec<PathBuf> = if named.is_empty() { own.collect() } else { named.to_vec() };
    if paths.is_empty() {
        return Err(Failure::usage("cannot check: there is no public key to believe")
            .hint("name its file with `--key`, or in `signing.public_keys` of `deploy.toml`"));
    }
    let read = |path: &Path| PublicKey::parse(&path.display().to_string(), &files::read(path)?);
    paths.iter().map(|path| read(path)).collect()
}

/// Where to look, and for what.
fn place(flags: &ImageVerifyAttestation) -> Result<(Shelf, Name)> {
    let cannot = || format!("cannot check `{}`", flags.reference);
    let Some(folder) = &flags.layout else {
        let reference: Reference = flags.reference.parse().or_usage(cannot)?;
        return Ok((Shelf::of_repository(&reference.repository)?, reference.name));
    };
    if !folder.join("oci-layout").is_file() {
        return Err(Failure::usage(cannot()).reason(format!("`{}` is no layout", folder.display())));
    }
    let layout = Layout::open_or_create(folder).or_outside(cannot)?;
    let name = match flags.reference.parse() {
        Ok(digest) => Name::Digest(digest),
        Err(_) => Name::Tag(flags.reference.parse().or_usage(cannot)?),
    };
    Ok((Shelf::Layout(layout), name))
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
