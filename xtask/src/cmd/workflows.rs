//! `workflows`: writes `.github` from the table of workflows, or tells where it has drifted.

use crate::edge::files;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Workflows;
use crate::world::{World, definition_name};
use serde_json::{Value, json};
use similar::TextDiff;
use std::collections::BTreeMap;
use xtask_core::check::task;
use xtask_core::check::workflow::drift::{Drift, drift};
use xtask_core::check::workflow::table::{self, Facts};
use xtask_core::check::workflow::{self, Place, dependabot};
use xtask_core::plan::Count;

const FOLDER: &str = ".github/workflows";

pub(super) fn run(flags: &Workflows, world: &World<'_>) -> Result<Exit> {
    let drifts = drift(&desired(world), &observed(world)?);
    if !flags.check {
        drifts.iter().try_for_each(|it| settle(it, world))?;
    }
    let changed: Vec<Value> = drifts.iter().map(value).collect();
    let text = text_of(&drifts, flags);
    world.report.data(&json!({ "drift": changed, "written": !flags.check }), &text);
    Ok(if flags.check && !drifts.is_empty() { Exit::Planned } else { Exit::Done })
}

/// Every file that the tables make.
fn desired(world: &World<'_>) -> Vec<(String, String)> {
    let services = world.deploy.services.iter();
    let images: Vec<String> = services.map(|it| definition_name(&it.image).to_owned()).collect();
    let tasks = task::all();
    let servers = world.deploy.environments.iter();
    let places: Vec<Place> = servers.filter_map(|(name, it)| Place::of(name, it)).collect();
    let facts = Facts { tasks: &tasks, images: &images, places: &places };
    let mut files = workflow::files(&table::all(facts));
    files.push((dependabot::FILE.to_owned(), dependabot::text()));
    files
}

/// Every file that is there: GitHub runs each one of that folder, whoever wrote it.
fn observed(world: &World<'_>) -> Result<BTreeMap<String, String>> {
    let mut paths = vec![dependabot::FILE.to_owned()];
    if files::is_folder(&world.places.file(FOLDER))? {
        let names = files::names(&world.places.file(FOLDER))?.into_iter();
        paths.extend(names.map(|name| format!("{FOLDER}/{name}")));
    }
    let mut observed = BTreeMap::new();
    for path in paths {
        if let Some(text) = files::read_if_there(&world.places.file(&path))? {
            observed.insert(path, text);
        }
    }
    Ok(observed)
}

fn settle(drift: &Drift, world: &World<'_>) -> Result<()> {
    let path = world.places.file(&drift.path);
    match &drift.desired {
        Some(text) => {
            files::make_folder(path.parent().unwrap_or(&world.places.root))?;
            files::write(&path, text.as_bytes())
        }
        None => files::remove_file(&path),
    }
}

fn text_of(drifts: &[Drift], flags: &Workflows) -> String {
    let count = Count(drifts.len(), "file");
    match (drifts, flags.check) {
        ([], _) => "the workflows are as the tables say".to_owned(),
        (_, true) => {
            let shown: String = drifts.iter().map(difference).collect();
            format!("{shown}\n{count} not as the tables say; to fix it: cargo xtask workflows")
        }
        (_, false) => {
            let line = |it: &Drift| match it.desired {
                Some(_) => format!("wrote   {}", it.path),
                None => format!("removed {}", it.path),
            };
            drifts.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

/// What is there against what would be written, as `patch` reads it.
fn difference(drift: &Drift) -> String {
    let text = |side: &Option<String>| side.clone().unwrap_or_default();
    let name = |side: &Option<String>| match side {
        Some(_) => drift.path.clone(),
        None => "/dev/null".to_owned(),
    };
    let (observed, desired) = (text(&drift.observed), text(&drift.desired));
    let difference = TextDiff::from_lines(&observed, &desired);
    let headers = (name(&drift.observed), name(&drift.desired));
    difference.unified_diff().context_radius(2).header(&headers.0, &headers.1).to_string()
}

fn value(drift: &Drift) -> Value {
    json!({ "path": drift.path, "difference": difference(drift) })
}
