//! `migrate plan --rehearse`: what is pending, applied to a copy of the schema that nobody uses.

use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::report::table;
use crate::ship::migrate;
use crate::ship::rehearsal::{self, Previous, Rehearsal};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::assess::Consent;
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::rehearsal::{Compared, FileRun, Run};
use xtask_core::plan::Count;

pub(super) fn run(name: &str, drops: &[String], world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, name)?;
    let files = migrate::files(world)?;
    let database = Database::connect(&site.database()?)?;
    let plan = migrate::plan(&database, &files)?;
    let pending: Vec<MigrationFile> =
        files.iter().filter(|file| plan.pending.contains(&file.name)).cloned().collect();
    let assessed = migrate::assess(&site, &database, &pending.iter().collect::<Vec<_>>())?;
    let consent = Consent::new(drops.iter().cloned(), &files);
    migrate::permit(name, &assessed, migrate::users(&site), &consent)?;
    rehearsal::refuse_reach(&site, &database, &files)?;
    drop(database);
    let rehearsal = rehearsal::run(&site, &files, &pending)?;
    world.report.data(&json!(rehearsal), &said(&rehearsal));
    let is_good =
        rehearsal.differences.is_empty() && !matches!(rehearsal.previous, Previous::Fails { .. });
    Ok(match () {
        () if !is_good => Exit::Planned,
        () if matches!(rehearsal.previous, Previous::NotTried { .. }) => Exit::NotChecked,
        () => Exit::Done,
    })
}

fn said(rehearsal: &Rehearsal) -> String {
    let mut lines: Vec<String> = rehearsal.files.iter().map(of_file).collect();
    lines.extend(rehearsal.differences.iter().map(ToString::to_string));
    lines.push(match rehearsal.differences.len() {
        0 => "the result is what the checkout's migrations make of an empty database".to_owned(),
        count => format!("{} from what the checkout's migrations make", Count(count, "difference")),
    });
    lines.push(match &rehearsal.previous {
        Previous::Works { shown } => {
            let all = shown
                .iter()
                .map(|it| format!("`{}` answered {} questions", it.service, it.questions));
            format!("the release that serves works on it: {}", all.collect::<Vec<_>>().join(", "))
        }
        Previous::Fails { why } => format!("the release that serves does not work on it: {why}"),
        Previous::NotTried { why } => format!("not tried with the release that serves: {why}"),
    });
    lines.join("\n")
}

fn of_file(file: &FileRun) -> String {
    let rows: Vec<Vec<String>> = file.statements.iter().flat_map(of_statement).collect();
    format!("{}: {} ms\n{}", file.name, file.ms, table(&rows))
}

fn of_statement(run: &Run) -> Vec<Vec<String>> {
    let head = vec![format!("{}:", run.line), run.what.clone(), format!("{} ms", run.ms)];
    let lock = |it: &Compared| {
        let mode = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
        let (predicted, observed) = (mode(&it.predicted), mode(&it.observed));
        let said = format!(
            "{} {}: predicted {predicted}, observed {observed}",
            it.outcome.word(),
            it.relation
        );
        vec![String::new(), said, String::new()]
    };
    std::iter::once(head).chain(run.locks.iter().map(lock)).collect()
}
