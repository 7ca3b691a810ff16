//! `renew`: what Dependabot cannot see, made newer in a clone beside the checkout, which stays as
//! it is; the difference is shown, or proposed as a pull request.

use crate::edge::files;
use crate::edge::git;
use crate::edge::shell::command;
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::flags::Renew;
use crate::world::World;
use propose::{Proposal, github_of_environment, propose};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use xtask_core::check::renewal::{Outcome, Part, body};
use xtask_core::command::Command;

mod propose;

const BRANCH: &str = "renew";
/// All indexes are fetched, and every package that is newer.
const LOCK_LIMIT: Duration = Duration::from_secs(3600);

pub(super) fn run(flags: &Renew, world: &World<'_>) -> Result<Exit> {
    // Who cannot propose is told before minutes of work.
    let github = flags.apply.then(github_of_environment).transpose()?;
    let folder = tempfile::tempdir().or_outside(|| "failed to make a temporary folder".into())?;
    let clone = folder.path().join("clone");
    let commit = git::checkout(&world.shell)?.commit;
    let root = world.places.root.display().to_string();
    let target = clone.display().to_string();
    world.shell.run(&git_in(&root, ["clone", "--quiet", "--local", ".", &target]))?;
    let parts = [image_locks(world, &target), flake_lock(world, &target)];
    for part in &parts {
        if let Some(why) = part.gap() {
            world.report.warning(&format!("{} not renewed: {why}", part.name));
        }
    }
    let difference = world.shell.run(&git_in(&target, ["diff", "--no-color"]))?.text();
    let page = body(&parts, &difference);
    let address = match &github {
        Some(github) if !difference.is_empty() => {
            let files = changed(world, &clone)?;
            Some(propose(github, &proposal(commit, files, page.clone()))?)
        }
        _ => None,
    };
    let value = json!({ "parts": parts, "difference": difference, "pull_request": address });
    let nothing = "nothing is newer".to_owned();
    let shown = if difference.is_empty() { nothing } else { page };
    world.report.data(&value, &address.clone().unwrap_or(shown));
    Ok(exit(&parts, !difference.is_empty() && address.is_none()))
}

/// A part that could not be asked is never passed over in silence.
fn exit(parts: &[Part], is_only_shown: bool) -> Exit {
    match parts.iter().any(|part| part.gap().is_some()) {
        true => Exit::Partial,
        false if is_only_shown => Exit::Planned,
        false => Exit::Done,
    }
}

fn proposal(commit: String, files: Vec<(String, String)>, body: String) -> Proposal {
    let title = "renew: locks that Dependabot cannot see";
    Proposal { branch: BRANCH, base: "main", commit, files, title, body }
}

/// Our own program, in the clone: it refuses packages with scripts that nobody has read.
fn image_locks(world: &World<'_>, clone: &str) -> Part {
    let locked = std::env::current_exe()
        .or_outside(|| "failed to find our own program".to_owned())
        .and_then(|program| {
            let program = program.display().to_string();
            let command = command!("{program} image lock --update");
            output_of(world, command, clone)
        });
    part("image locks", locked)
}

fn flake_lock(world: &World<'_>, clone: &str) -> Part {
    if world.shell.find("nix").is_none() {
        let why = "`nix` is not here, and nothing else can renew flake.lock".to_owned();
        return Part { name: "flake.lock", outcome: Outcome::NotRenewed(why) };
    }
    let flakes = ["--extra-experimental-features", "nix-command flakes", "flake", "update"];
    part("flake.lock", output_of(world, Command::new("nix").args(flakes), clone))
}

/// What a command says, run where it cannot see the token.
fn output_of(world: &World<'_>, command: Command, clone: &str) -> Result<String> {
    let output =
        world.shell.run(&command.limit(LOCK_LIMIT).folder(clone).env("GITHUB_TOKEN", ""))?;
    let text = output.text();
    Ok(if text.is_empty() { output.stderr } else { text })
}

fn part(name: &'static str, output: Result<String>) -> Part {
    let outcome = match output {
        Ok(output) => Outcome::Asked(output),
        Err(failure) => Outcome::NotRenewed(failure.to_string()),
    };
    Part { name, outcome }
}

/// Every file of the clone that differs, with its new text.
fn changed(world: &World<'_>, clone: &Path) -> Result<Vec<(String, String)>> {
    let names = git_in(&clone.display().to_string(), ["diff", "--name-only", "-z"]);
    let names = world.shell.run(&names)?.text();
    let names = names.split('\0').filter(|name| !name.is_empty());
    names.map(|name| Ok((name.to_owned(), files::read(&clone.join(name))?))).collect()
}

fn git_in<const N: usize>(folder: &str, args: [&str; N]) -> Command {
    git::command(args).folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    #[test]
    fn what_was_not_renewed_is_told_by_the_exit_code() {
        let asked = part("a", Ok("said".to_owned()));
        let gap = part("b", Err(Failure::outside("failed to ask")));
        assert_eq!(exit(&[asked.clone(), gap], false), Exit::Partial);
        assert_eq!(exit(std::slice::from_ref(&asked), true), Exit::Planned);
        assert_eq!(exit(&[asked], false), Exit::Done);
    }
}
