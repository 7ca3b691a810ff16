//! `image attest`: says how images were made and what they are made of, signed, beside them.

use super::build::service_images;
use crate::attest::images::{Prepared, prepare, whole};
use crate::attest::{SigningKey, Tally, signing_key};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::ImageAttest;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::trust::attestation::Verifier as _;

pub(super) fn run(flags: &ImageAttest, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { service_images(world) } else { flags.images.clone() };
    let key = signing_key(world, flags.key.as_ref())?;
    let prepared = prepare(world, &names, &flags.platform, flags.to.as_ref())?;
    let (mut rows, mut all) = (Vec::new(), Tally::default());
    for one in &prepared {
        let tally = one.attach(world, &key);
        rows.push(value(one, &tally, &key));
        all.add(tally);
    }
    whole(all)?;
    let line = |it: &Value| format!("{}@{}", it["image"], it["index"]).replace('"', "");
    let text: Vec<String> = rows.iter().map(line).collect();
    world.report.data(&json!({ "images": rows }), &text.join("\n"));
    Ok(Exit::Done)
}

fn value(one: &Prepared, tally: &Tally, key: &SigningKey) -> Value {
    json!({
        "image": one.image.name, "index": one.image.index.digest, "statements": one.claims.len(),
        "attached": tally.attached, "present": tally.present, "key": key.public().hint(),
        "keyId": key.public().key_id(),
    })
}
