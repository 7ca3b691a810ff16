//! `backup list`: what is there, what is not whole, what to worry about.

use crate::backup::{Home, Purpose};
use crate::edge::clock;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::BackupOf;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::backup::alarm::{self, short};
use xtask_core::backup::evidence::{size, span};
use xtask_core::backup::snapshot::{Backup, Contents};

pub(super) fn run(flags: &BackupOf, world: &World<'_>) -> Result<Exit> {
    let home = Home::open(world, &flags.environment, Purpose::Add)?;
    home.ready(false)?;
    let contents = home.contents()?;
    let alarms = alarm::judge(&contents.sized(), home.policy.alarm, clock::moment());
    let value = json!({ "repository": home.shown(), "contents": contents, "alarms": alarms });
    world.report.data(&value, &text(&contents));
    alarms.iter().for_each(|alarm| world.report.warning(&alarm.to_string()));
    Ok(if alarms.is_empty() { Exit::Done } else { Exit::Planned })
}

fn text(contents: &Contents) -> String {
    let head = ["BACK-UP", "TAKEN", "SIZE", "ROWS", "SCHEMA", "WHY"].map(ToOwned::to_owned);
    let rows = [head.to_vec()].into_iter().chain(contents.backups.iter().map(row));
    let mut lines = vec![table(&rows.collect::<Vec<_>>())];
    let unfinished = contents.unfinished.iter();
    lines.extend(
        unfinished.map(|it| format!("not whole: {} of {}: {}", short(&it.id), it.at, it.what)),
    );
    let strange = contents.strange.iter();
    lines.extend(strange.map(|it| format!("not understood: {}", short(it))));
    lines.extend(contents.drills.first().map(|it| {
        let (rpo, rto) = (span(it.rpo_seconds), span(it.rto_seconds));
        format!("last drill: {} at {}, RPO {rpo}, RTO {rto}", it.outcome, it.at)
    }));
    lines.join("\n")
}

fn row(backup: &Backup) -> Vec<String> {
    vec![
        short(&backup.id).to_owned(),
        backup.at.to_string(),
        size(backup.bytes),
        backup.rows.to_string(),
        backup.migration_head.clone().unwrap_or_else(|| "-".to_owned()),
        backup.why.clone(),
    ]
}
