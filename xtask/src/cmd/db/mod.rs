//! `db`: what is done to the database of an environment beside migrations.

mod diff;
mod doctor;
mod reset;
mod reset_password;
mod seed;
mod sync_schema;
mod url_check;

use crate::edge::confirm;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Db;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::database::line::{Line, State, worst};

/// The environment of this machine: the only one whose database may be emptied.
const LOCAL: &str = "local";

pub(super) fn run(verb: &Db, world: &World<'_>) -> Result<Exit> {
    match verb {
        Db::Seed(flags) => seed::run(flags, world),
        Db::Reset(flags) => reset::run(flags, world),
        Db::SyncSchema(flags) => sync_schema::run(flags, world),
        Db::Diff(flags) => diff::run(flags, world),
        Db::UrlCheck(flags) => url_check::run(&flags.environment, world),
        Db::Doctor(flags) => doctor::run(&flags.environment, world),
        Db::ResetPassword(flags) => reset_password::run(&flags.environment, world),
    }
}

/// Shows lines. What is bad is worth an exit code, and so is what nobody could look at.
fn show(lines: &[Line], world: &World<'_>) -> Exit {
    let row = |line: &Line| {
        let hint = line.hint.as_deref().map(|it| format!("; {it}")).unwrap_or_default();
        vec![line.state.word().to_owned(), line.what.clone(), format!("{}{hint}", line.said)]
    };
    let state = worst(lines);
    let text = table(&lines.iter().map(row).collect::<Vec<_>>());
    world.report.data(&json!({ "state": state, "lines": lines }), &text);
    match state {
        State::Good | State::Note => Exit::Done,
        State::NotChecked => Exit::NotChecked,
        State::Bad => Exit::Planned,
    }
}

/// Has a person type the project's name before rows of the local database are destroyed.
fn ask(what: &str, is_agreed: bool, world: &World<'_>) -> Result<()> {
    let project = &world.deploy.project;
    world.report.warning(&format!("{what}; what the database holds is lost"));
    if is_agreed {
        return Ok(());
    }
    confirm::ask("go on", project)
}

/// Refuses every environment that others than who runs this program use.
fn refuse_shared(name: &str, doing: &str, world: &World<'_>) -> Result<()> {
    if !world.environment(name)?.has_users() {
        return Ok(());
    }
    Err(Failure::refused(format!("cannot {doing} `{name}`: others use it"))
        .hint("only the environment of this machine is emptied: `local`"))
}
