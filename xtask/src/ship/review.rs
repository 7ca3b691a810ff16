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
    let moved = moved(world, reviewed, now)?;
    Err(Failure::refused("cannot apply the plan: what would be done is not the reviewed plan")
        .code(&code::PLAN_MOVED)
        .reason(moved)
        .hint(format!("review it again: {}", looking(now))))
}

/// What shows the plan anew and changes nothing.
fn looking(now: &Review) -> String {
    let (verb, environment) = (&now.verb, &now.environment);
    match verb.as_str() {
        "migrate" => format!("`cargo xtask migrate plan {environment}`"),
        "secrets sync" => format!("`cargo xtask secrets sync {environment}`"),
        "infra" => format!("`cargo xtask infra plan {environment}`"),
        _ => format!("`cargo xtask {verb} {environment} VERSION --dry-run`"),
    }
}

fn moved(world: &World<'_>, reviewed: &Digest, now: &Review) -> Result<String> {
    let file = folder(world, &now.environment)?.join(format!("{}.json", reviewed.hex()));
    let Some(text) = files::read_if_there(&file)? else {
        return Ok(unknown(reviewed, now));
    };
    let failed = || format!("failed to read the reviewed plan in `{}`", file.display());
    let before: Review = serde_json::from_str(&text).or_outside(failed)?;
    Ok(before.moved(now).join("\n"))
}

fn unknown(reviewed: &Digest, now: &Review) -> String {
    let line = format!("plan `{reviewed}` was not shown on this machine");
    match now.steps.is_empty() {
        true => format!("{line}; now there is nothing to do"),
        false => format!("{line}; now it would be:\n{}", now.lines()),
    }
}

fn folder(world: &World<'_>, environment: &str) -> Result<PathBuf> {
    let folder = world.state(environment).join("plans");
    files::make_private_folder(&folder)?;
    Ok(folder)
}

fn bytes(review: &Review) -> Vec<u8> {
    json_v1::to_bytes(review).expect("a plan is made of texts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask_core::ship::ledger::Action;
    use xtask_core::ship::review::ReviewStep;

    fn review(verb: &str, steps: Vec<ReviewStep>) -> Review {
        Review { verb: verb.to_owned(), environment: "local".to_owned(), steps }
    }

    #[test]
    fn what_shows_a_plan_anew_never_applies_it() {
        for action in [Action::Rollout, Action::Rollback] {
            let message = looking(&review(&action.to_string(), Vec::new()));
            assert_eq!(message, format!("`cargo xtask {action} local VERSION --dry-run`"));
        }
        assert_eq!(looking(&review("migrate", Vec::new())), "`cargo xtask migrate plan local`");
        assert_eq!(looking(&review("infra", Vec::new())), "`cargo xtask infra plan local`");
    }

    #[test]
    fn a_plan_that_nobody_saw_is_told_against_what_would_be_done() {
        let reviewed = Digest::of(b"another");
        let message = unknown(&reviewed, &review("rollout", Vec::new()));
        assert!(message.ends_with("; now there is nothing to do"), "{message}");
        let message = unknown(&reviewed, &review("rollout", vec![ReviewStep::new("start `a`")]));
        assert!(message.ends_with("; now it would be:\n  start `a`"), "{message}");
    }
}
