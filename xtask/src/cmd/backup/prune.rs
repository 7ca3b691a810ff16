//! `backup prune`: which back-ups stay, and why; the others go under `--apply`.

use crate::backup::prune::{self, Plan};
use crate::backup::{Home, Purpose};
use crate::edge::lease::Wait;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::BackupPrune;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::backup::alarm::short;

pub(super) fn run(flags: &BackupPrune, world: &World<'_>) -> Result<Exit> {
    let purpose = if flags.apply { Purpose::Prune } else { Purpose::Add };
    let home = Home::open(world, &flags.environment, purpose)?;
    home.ready(false)?;
    let plan = prune::now(&home)?;
    let value = json!({ "repository": home.shown(), "plan": plan, "applied": flags.apply });
    world.report.data(&value, &text(&plan));
    plan.alarms.iter().for_each(|alarm| world.report.warning(&alarm.to_string()));
    if !flags.apply {
        return Ok(if plan.snapshots.is_empty() { Exit::Done } else { Exit::Planned });
    }
    prune::refuse_alarmed(&plan, flags.despite.as_deref())?;
    let wait = Wait { limit: flags.wait.limit(), cancel: &world.cancel };
    prune::apply(&home, &plan, &wait)?;
    Ok(Exit::Done)
}

fn text(plan: &Plan) -> String {
    let head = ["BACK-UP", "TAKEN", "", "WHY"].map(ToOwned::to_owned).to_vec();
    let rows = plan.verdicts.iter().map(|it| {
        let word = if it.stays() { "stays" } else { "goes" };
        vec![short(&it.id).to_owned(), it.at.to_string(), word.to_owned(), it.why()]
    });
    let remains = plan
        .remains
        .iter()
        .map(|(id, why)| vec![short(id).to_owned(), String::new(), "goes".to_owned(), why.clone()]);
    table(&[head].into_iter().chain(rows).chain(remains).collect::<Vec<_>>())
}
