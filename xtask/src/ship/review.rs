//! review: a plan is shown with its digest; what is applied is exactly what was reviewed.
//!
//! Plans that were shown are kept beside the environment's state, so that a refusal can name what
//! moved since.

use crate::edge::files;
use crate::error::{Context as _, Failure, Result, code};
use crate::world::World;
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_core::ship::review::Review;
use xtask_image::json_v1;

/// How many shown plans an environment keeps.
const KEPT: usize = 50;

/// The digest of a plan: of its json-v1 form, so the same on every machine.
pub fn digest(review: &Review) -> Digest {
    Digest::of(&bytes(review))
}

/// Keeps a plan that is about to be shown, and gives its digest.
pub fn show(world: &World<'_>, review: &Review) -> Result<Digest> {
    let digest = digest(review);
    let folder = folder(world, &review.environment)?;
    files::write(&folder.join(format!("{}.json", digest.hex())), &bytes(review))?;
    files::keep_newest(&folder, KEPT)?;
    Ok(digest)
}

/// Refuses what would be done now, if a plan was reviewed and this is not it.
pub fn hold(world: &World<'_>, reviewed: Option<&Digest>, now: &Review) -> Result<()> {
    let Some(reviewed) = reviewed.filter(|it| **it != digest(now)) else { return Ok(()) };
    let (verb, environment) = (&now.verb, &now.environment);
    let moved = moved(world, reviewed, now)?;
    Err(Failure::refused(format!("cannot {verb}: what would be done is not the reviewed plan"))
        .code(&code::PLAN_MOVED)
        .reason(moved)
        .hint(format!("review it again: `cargo xtask {verb} {environment} …`, then `--plan`")))
}

fn moved(world: &World<'_>, reviewed: &Digest, now: &Review) -> Result<String> {
    let file = folder(world, &now.environment)?.join(format!("{}.json", reviewed.hex()));
    let Some(text) = files::read_if_there(&file)? else {
        return Ok(format!(
            "plan `{reviewed}` was not shown on this machine; now it would be:\n{}",
            now.lines()
        ));
    };
    let failed = || format!("failed to read the reviewed plan in `{}`", file.display());
    let before: Review = serde_json::from_str(&text).or_outside(failed)?;
    Ok(before.moved(now).join("\n"))
}

fn folder(world: &World<'_>, environment: &str) -> Result<PathBuf> {
    let folder = world.state(environment).join("plans");
    files::make_private_folder(&folder)?;
    Ok(folder)
}

fn bytes(review: &Review) -> Vec<u8> {
    json_v1::to_bytes(review).expect("a plan is made of texts")
}
