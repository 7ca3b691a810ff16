//! `backup show`: what a back-up holds, as its manifest tells.

use crate::backup::{Home, Purpose};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::BackupShow;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use xtask_core::backup::evidence::size;
use xtask_core::backup::manifest::Manifest;

pub(super) fn run(flags: &BackupShow, world: &World<'_>) -> Result<Exit> {
    let home = Home::open(world, &flags.environment, Purpose::Add)?;
    home.ready(false)?;
    let (backup, manifest) = home.backup(&flags.backup)?;
    let value = json!({ "id": backup.id, "manifest": manifest });
    world.report.data(&value, &text(&backup.id, &manifest));
    Ok(Exit::Done)
}

/// What a back-up leaves out, in words.
pub(super) fn told(left_out: &[String]) -> String {
    if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") }
}

fn text(id: &str, manifest: &Manifest) -> String {
    let facts = &manifest.facts;
    let head = facts.migration_head.as_ref();
    let head = head.map_or("none".to_owned(), |it| format!("{} up to {it}", facts.migrations));
    let ledger =
        facts.ledger.as_ref().map_or("none".to_owned(), |it| format!("record {}", it.number));
    let left_out = manifest.left_out.as_ref();
    let left_out = left_out.map_or("an older back-up does not tell".to_owned(), |it| told(it));
    let lines = [
        ["back-up", id],
        ["taken", &manifest.taken_at],
        [
            "dump",
            &format!("{} in {:.1} s", size(manifest.dump_bytes), manifest.took_ms as f64 / 1000.0),
        ],
        ["schemas", &manifest.schemas.join(", ")],
        ["not in it", &left_out],
        ["migrations", &head],
        ["ledger", &ledger],
        ["cluster", &facts.system_identifier],
        ["made by", &manifest.tools.join(", ")],
    ];
    let lines = lines.map(|line| line.map(ToOwned::to_owned).to_vec());
    let tables = facts.tables.iter().map(|(name, it)| {
        let sum = it.checksum.clone().unwrap_or_else(|| "only counted".to_owned());
        vec![name.clone(), it.rows.to_string(), sum]
    });
    let head = ["TABLE", "ROWS", "CHECKSUM"].map(ToOwned::to_owned).to_vec();
    let tables: Vec<_> = [head].into_iter().chain(tables).collect();
    format!("{}\n\n{}", table(&lines), table(&tables))
}
