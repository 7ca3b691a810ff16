//! `leaks`: looks for secrets in every commit, or in what would be committed now.

use crate::edge::gitleaks;
use crate::edge::shell::last_lines;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Leaks;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::check::leaks::{FOUND, Leak, Scope, read};

pub(super) fn run(flags: &Leaks, world: &World<'_>) -> Result<Exit> {
    let scope = if flags.staged { Scope::Staged } else { Scope::History };
    let leaks = look(world, scope)?;
    let shallow = scope == Scope::History && gitleaks::is_shallow(&world.shell)?;
    let text = text(&leaks, shallow);
    world.report.data(&json!({ "leaks": leaks, "shallow": shallow }), &text);
    Ok(match (leaks.is_empty(), shallow) {
        (false, _) => Exit::Refused,
        (true, true) => Exit::NotChecked,
        (true, false) => Exit::Done,
    })
}

/// What gitleaks finds; failing to look is no finding.
pub(super) fn look(world: &World<'_>, scope: Scope) -> Result<Vec<Leak>> {
    let output = gitleaks::look(&world.shell, scope)?;
    let looked = matches!(output.code, Some(0 | FOUND));
    let leaks = if looked { read(&output.text()) } else { None };
    leaks.ok_or_else(|| {
        Failure::outside("failed to look for secrets with `gitleaks`")
            .reason(last_lines(&output.stderr, 5))
    })
}

/// One row a leak, and what to do about them; nothing of a secret.
pub(super) fn shown(leaks: &[Leak]) -> String {
    let heads = ["FILE", "LINE", "RULE", "COMMIT"];
    let mut rows = vec![heads.map(ToOwned::to_owned).to_vec()];
    rows.extend(leaks.iter().map(|it| {
        let commit = it.commit.get(..12).unwrap_or("staged").to_owned();
        vec![it.file.clone(), it.line.to_string(), it.rule.clone(), commit]
    }));
    format!("{}\na secret that was committed is known: revoke it first", table(&rows))
}

fn text(leaks: &[Leak], shallow: bool) -> String {
    match (leaks.is_empty(), shallow) {
        (false, _) => shown(leaks),
        (true, true) => {
            "not checked: this clone is shallow; `git fetch --unshallow` brings the rest".to_owned()
        }
        (true, false) => "no secret found".to_owned(),
    }
}
