//! `backup drill`: proves the newest back-up by using it.

use crate::backup::{Home, Purpose};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::BackupDrill;
use crate::ship::drill::{self, Wish, Written};
use crate::ship::place;
use crate::world::World;
use serde_json::json;
use std::path::Path;
use xtask_core::address;
use xtask_core::backup::evidence::{span, word};
use xtask_core::trust::attestation::record::{DrillOutcome, DrillRecord};

pub(super) fn run(flags: &BackupDrill, world: &World<'_>) -> Result<Exit> {
    let home = Home::open(world, &flags.environment, Purpose::Add)?;
    let source = flags.cluster.as_deref().map(|text| {
        let refused = |_| {
            let text = address::named(text);
            Failure::usage(format!("cannot drill in `{text}`: wanted `env:NAME` or `file:PATH`"))
        };
        place::at("cluster", &text.parse().map_err(refused)?)
    });
    let wish = Wish {
        backup: flags.backup.clone(),
        cluster: source.transpose()?,
        without_application: flags.without_application.clone(),
    };
    let (record, written) = drill::run(&home, &wish)?;
    say(world, &record, &written);
    Ok(match record.outcome {
        DrillOutcome::Passed => Exit::Done,
        DrillOutcome::Failed => Exit::Planned,
        DrillOutcome::CouldNotRun => Exit::NotChecked,
    })
}

fn say(world: &World<'_>, record: &DrillRecord, written: &Written) {
    let shown =
        |path: &Path| path.strip_prefix(&world.places.root).unwrap_or(path).display().to_string();
    let mut lines: Vec<String> = record
        .checks
        .iter()
        .map(|it| format!("{}  {}: {}", if it.passed { "ok  " } else { "BAD " }, it.name, it.said))
        .collect();
    lines.push(format!("evidence: {}", shown(&written.page)));
    lines.extend(written.statement.as_ref().map(|path| format!("signed: {}", shown(path))));
    let why = record.reason.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
    let (rpo, rto) = (span(record.rpo_seconds), span(record.rto_seconds));
    lines.push(format!("drill {} (RPO {rpo}, RTO {rto}){why}", word(record.outcome)));
    let value = json!({
        "drill": record, "page": written.page, "json": written.json, "statement": written.statement,
    });
    world.report.data(&value, &lines.join("\n"));
    if record.outcome == DrillOutcome::CouldNotRun {
        world.report.status(&format!("not checked{why}"));
    }
}
