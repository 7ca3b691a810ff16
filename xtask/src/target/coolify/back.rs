//! One application as it was before a rollout: what was written is taken back, and where something
//! else may run, the release before is deployed again and watched.

use super::deployment::{self, Ended};
use super::planned::Planned;
use super::{CoolifyTarget, write};
use crate::error::Result;
use crate::infra::apply::variable;
use xtask_core::coolify::desired::TRAP_TAG;
use xtask_core::coolify::fingerprint::{MARK, Written};
use xtask_core::coolify::observed::Variable;
use xtask_core::coolify::value::Sent;
use xtask_core::ship::ledger::Versions;
use xtask_providers::coolify::NewVariable;

/// Brings it back; `may_run` says whether something else than before may run.
pub(super) fn go(target: &CoolifyTarget<'_>, it: &Planned, may_run: bool) -> Result<()> {
    let name = &it.service.name;
    let phase = target.world.report.phase(&format!("{name} back"));
    deployment::wait_until_free(target, it, &phase)?;
    let Some(release) = it.before.release.clone() else {
        if may_run {
            target.ask(&format!("stop `{name}`"), target.coolify()?.stop(&it.uuid))?;
        }
        write(target, it)?;
        phase.done("no release of it was rolled out before, and none is");
        return Ok(());
    };
    variables(target, it, &release)?;
    write(target, it)?;
    if may_run {
        let told = it.before.is_told;
        match deployment::run(target, it, &release, None, told, &phase)? {
            Ended::Serves(_) => {}
            Ended::Back(failure) | Ended::Repair(failure) => return Err(failure),
        }
    }
    phase.done(&format!("release {release}"));
    Ok(())
}

fn write(target: &CoolifyTarget<'_>, it: &Planned) -> Result<()> {
    let tag = it.before.tag.as_deref().unwrap_or(TRAP_TAG);
    let description = it.before.description.as_deref().unwrap_or_default();
    write::image(target, &it.service.name, &it.uuid, tag, description)
}

/// The changed variables as they were. A value that the token may not read is filled in anew, from
/// the same settings at the release before.
fn variables(target: &CoolifyTarget<'_>, it: &Planned, release: &str) -> Result<()> {
    let name = &it.service.name;
    let desired = target.desired_at(&Versions::from([(name.clone(), release.to_owned())]));
    let mut all = Vec::new();
    for written in &it.writes {
        let is_it =
            |row: &&Variable| (&row.key, row.is_preview) == (&written.key, written.is_preview);
        let row = it.before.variables.iter().find(is_it);
        match row.map(|row| (row, as_read(row))) {
            Some((_, Some(read))) => all.push(read),
            // It was not there: a release before that does not ask for it takes no harm.
            None => {}
            Some((row, None)) => {
                let refilled = variable(&desired, name, &written.key).ok();
                let refilled = refilled.map(|it| checked(target, name, row, it));
                all.extend(refilled.map(|it| NewVariable { is_preview: row.is_preview, ..it }));
            }
        }
    }
    write::variables(target, name, &it.uuid, &all)
}

/// A row whose value the token was shown.
fn as_read(row: &Variable) -> Option<NewVariable> {
    let value = row.value.clone().filter(|value| !value.expose().is_empty())?;
    let sent = Sent { text: value, is_literal: row.is_literal, is_multiline: row.is_multiline };
    let comment = row.comment.as_deref().unwrap_or(MARK);
    let mut variable = NewVariable::new(&row.key, &sent, comment);
    (variable.is_runtime, variable.is_buildtime) = (row.is_runtime, row.is_buildtime);
    (variable.is_shown_once, variable.is_preview) = (row.is_shown_once, row.is_preview);
    Some(variable)
}

/// What was left beside the value tells whether this is what it was.
fn checked(
    target: &CoolifyTarget<'_>,
    name: &str,
    row: &Variable,
    refilled: NewVariable,
) -> NewVariable {
    let print = |comment| Written::read(comment).and_then(|it| it.print.map(ToOwned::to_owned));
    let is_same = print(row.comment.as_deref()) == print(Some(&refilled.comment));
    if !is_same && !row.is_preview {
        target.world.report.warning(&format!(
            "variable `{}` of `{name}` was another one before; nobody may read it, so it is as \
             `deploy.toml` says",
            row.key
        ));
    }
    refilled
}
