//! What a run found, kept: always as a result of this machine, and in the repository where somebody
//! said so.

use serde_json::Value;
use xtask::edge::files;
use xtask::error::{Failure, Result};
use xtask::world::World;

/// The page that shows what is recorded.
const PAGE: &str = "docs/BENCHMARKS.md";
const RESULTS: &str = "target/bench";
const RECORDS: &str = "docs/benchmarks";

/// Keeps `record` as `NAME.json`.
pub(crate) fn result(world: &World<'_>, name: &str, record: &Value) -> Result<()> {
    files::make_folder(&world.places.file(RESULTS))?;
    files::write(&world.places.file(format!("{RESULTS}/{name}.json")), text(record).as_bytes())
}

/// Records it in the repository, and in the page as `in_page` puts it there.
pub(crate) fn commit(
    world: &World<'_>,
    name: &str,
    record: &Value,
    in_page: impl FnOnce(&str) -> Option<String>,
) -> Result<()> {
    let page = files::read(&world.places.file(PAGE))?;
    let page = in_page(&page).ok_or_else(|| {
        Failure::usage(format!("cannot record in `{PAGE}`: it has no place for the table"))
    })?;
    let path = format!("{RECORDS}/{name}.json");
    files::write(&world.places.file(&path), text(record).as_bytes())?;
    files::write(&world.places.file(PAGE), page.as_bytes())
}

fn text(record: &Value) -> String {
    serde_json::to_string_pretty(record).expect("a record has only texts and numbers") + "\n"
}
