//! Taking one migration back: what its author wrote for that, and its row, or nothing of both.

use super::Database;
use super::lease::stale;
use super::transaction::{self, Fenced, Place, Row, Work, refused, unknown};
use crate::error::{Failure, Result, code};
use crate::runtime;
use xtask_core::database::sql::Script;
use xtask_core::database::undo::Step;
use xtask_core::deploy::Migrations;

impl Database {
    /// Takes one migration back, in one transaction; with a fence, only if the lease of that number
    /// is still ours when it is done.
    pub fn undo_migration(
        &mut self,
        step: &Step,
        limits: &Migrations,
        fence: Option<u64>,
    ) -> Result<()> {
        let name = &step.name;
        let script = Script::parse(&step.down);
        if let Some(refusal) = script.refusals.first() {
            let why = format!("line {} of its `down.sql`: {}", refusal.line, refusal.why);
            return Err(not_undone(name, &why));
        }
        let (table, schema) = (self.history_table(), self.schema.clone());
        let place = Place { table: &table, schema: &schema };
        let row = Row::TakeBack(name);
        let work = Work { statements: &script.statements, row, limits, fence };
        match runtime::wait(transaction::run(&mut self.client, place, work)) {
            Ok(Fenced::Committed) => Ok(()),
            Ok(Fenced::NoRow) => Err(not_undone(name, "it is not applied")),
            Ok(Fenced::Stale(fence)) => Err(stale(&format!("undo migration `{name}`"), fence)),
            Ok(Fenced::Escaped) => Err(escaped(name)),
            Err(broken) if broken.committing && broken.error.code().is_none() => {
                Err(unknown(name, &broken.error))
            }
            Err(broken) => {
                let line = format!("failed to undo migration `{name}`; all of it stands");
                Err(refused(&line, "mend its `down.sql`, and run the same again", &broken))
            }
        }
    }
}

fn not_undone(name: &str, why: &str) -> Failure {
    Failure::refused(format!("cannot undo migration `{name}`: {why}"))
        .code(&code::MIGRATION_REFUSED)
}

/// Its `down.sql` ended its transaction by itself, in a way that the parser did not see.
fn escaped(name: &str) -> Failure {
    Failure::outside(format!("failed to undo migration `{name}`; something of it may be gone"))
        .code(&code::MIGRATION_HALF)
        .reason("its `down.sql` ended the transaction that it was run in")
        .hint("mend it, bring back by hand what is gone, and run the same again")
        .partly()
}
