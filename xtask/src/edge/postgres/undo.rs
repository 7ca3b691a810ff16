//! Taking one migration back: what its author wrote for that, and its row, or nothing of both.

use super::lease::{fence_holds, stale};
use super::{Database, refusal};
use crate::error::{Failure, Result, code};
use crate::runtime;
use tokio_postgres::{Client, Error};
use xtask_core::database::undo::Step;
use xtask_core::deploy::Migrations;

/// As `prisma migrate resolve --rolled-back` leaves it: the row stays, and the file is pending.
const MARK: &str = "UPDATE $TABLE SET rolled_back_at = now()
    WHERE migration_name = $1 AND finished_at IS NOT NULL AND rolled_back_at IS NULL";

/// What became of a transaction whose work was done.
enum Undone {
    Committed,
    /// Its row was not there.
    Unknown,
    Stale(u64),
}

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
        let mark = MARK.replace("$TABLE", &self.history_table());
        let schema = self.schema.clone();
        match runtime::wait(undo(&mut self.client, (&schema, &mark), step, limits, fence)) {
            Ok(Undone::Committed) => Ok(()),
            Ok(Undone::Unknown) => {
                Err(Failure::refused(format!("cannot undo migration `{name}`: it is not applied"))
                    .code(&code::MIGRATION_REFUSED))
            }
            Ok(Undone::Stale(fence)) => Err(stale(&format!("undo migration `{name}`"), fence)),
            Err(error) => {
                let line = format!("failed to undo migration `{name}`; all of it stands");
                Err(refusal::asked(&line, &error.into()).code(&code::MIGRATION_FAILED))
            }
        }
    }
}

async fn undo(
    client: &mut Client,
    (schema, mark): (&str, &str),
    step: &Step,
    limits: &Migrations,
    fence: Option<u64>,
) -> Result<Undone, Error> {
    let transaction = client.transaction().await?;
    let limits = format!(
        "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {};
         SET LOCAL search_path TO \"{schema}\"",
        limits.lock_timeout_ms, limits.statement_timeout_ms
    );
    transaction.batch_execute(&limits).await?;
    transaction.batch_execute(&step.down).await?;
    if transaction.execute(mark, &[&step.name]).await? != 1 {
        return Ok(Undone::Unknown);
    }
    // Last, and not first: whoever renews the lease waits for as long as this looks at it.
    if let Some(fence) = fence
        && !fence_holds(&transaction, fence).await?
    {
        return Ok(Undone::Stale(fence));
    }
    transaction.commit().await.map(|()| Undone::Committed)
}
