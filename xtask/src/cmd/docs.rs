//! `docs`: the generated documents are made anew, or only compared.

use crate::docs::{self, Difference, Document};
use crate::edge::files;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Docs;
use crate::report::table;
use crate::world::World;
use serde_json::json;

/// A document that is out of step, and where.
struct Stale {
    document: Document,
    difference: Difference,
}

pub(super) fn run(flags: &Docs, world: &World<'_>) -> Result<Exit> {
    let stale = stale(world)?;
    let rows: Vec<_> = stale.iter().map(|it| it.row(flags.check)).collect();
    let text = if rows.is_empty() { "every document is in step".to_owned() } else { table(&rows) };
    if !flags.check {
        for Stale { document, .. } in &stale {
            files::write(&world.places.file(document.path), document.text.as_bytes())?;
        }
    }
    let documents: Vec<_> = stale.iter().map(|it| it.document.path).collect();
    world.report.data(&json!({ "out_of_step": documents, "written": !flags.check }), &text);
    if flags.check && !stale.is_empty() {
        world.report.status("hint: cargo xtask docs");
        return Ok(Exit::Planned);
    }
    Ok(Exit::Done)
}

/// Every generated document that does not hold what it must.
fn stale(world: &World<'_>) -> Result<Vec<Stale>> {
    let mut stale = Vec::new();
    for document in docs::all() {
        let found = files::read_if_there(&world.places.file(document.path))?.unwrap_or_default();
        if let Some(difference) = document.differs_from(&found) {
            stale.push(Stale { document, difference });
        }
    }
    Ok(stale)
}

impl Stale {
    fn row(&self, only_checked: bool) -> Vec<String> {
        let path = format!("`{}`", self.document.path);
        if !only_checked {
            return vec![path, "written anew".to_owned()];
        }
        let shown = |line: &Option<String>| {
            line.as_ref().map_or_else(|| "the end".to_owned(), |it| format!("`{it}`"))
        };
        let Difference { line, wanted, found } = &self.difference;
        let (wanted, found) = (shown(wanted), shown(found));
        vec![format!("{path}, line {line}:"), format!("wanted {wanted}, found {found}")]
    }
}
