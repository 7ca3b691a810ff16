//! The lease of an environment: one row, by the clock of the server.

use super::{Database, refusal};
use crate::error::{Context as _, Failure, Result, code};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, GenericClient, Row};
use xtask_core::moment::Moment;
use xtask_core::ship::lease::{Claim, Holder, Pace, Standing, judge};

const READ: &str = "SELECT fence, verb, who, run_url, phase, seat,
    floor(extract(epoch FROM since))::bigint,
    floor(extract(epoch FROM expires_at))::bigint,
    floor(extract(epoch FROM clock_timestamp()))::bigint FROM xtask.lease";

const TAKE: &str = "UPDATE xtask.lease SET fence = fence + 1, verb = $1, who = $2, run_url = $3,
    seat = $4, phase = $5, since = clock_timestamp(),
    expires_at = clock_timestamp() + make_interval(secs => $6) RETURNING fence";

const RENEW: &str = "UPDATE xtask.lease SET phase = $2,
    expires_at = clock_timestamp() + make_interval(secs => $3)
    WHERE fence = $1 AND verb IS NOT NULL";

const RELEASE: &str = "UPDATE xtask.lease SET verb = NULL, who = NULL, run_url = NULL, seat = NULL,
    phase = NULL, since = NULL, expires_at = NULL WHERE fence = $1";

/// What became of asking for a lease.
#[derive(Debug)]
pub enum Asked {
    /// It is ours.
    Taken {
        fence: u64,
        /// Who had it, and how it stood, if it was not given back.
        from: Option<(Holder, Standing)>,
    },
    /// Somebody holds it.
    Held(Holder),
}

/// What a lease is doing before it says anything else.
const FIRST_PHASE: &str = "begin";

impl Database {
    /// Takes the lease, or tells who holds it. Of two who ask at once one gets it.
    pub fn take_lease(&mut self, claim: &Claim, pace: Pace) -> Result<Asked> {
        self.ensure_tables()?;
        let asked = super::within(super::ANSWER_LIMIT, take(&mut self.client, claim, pace));
        asked.map_err(|error| refusal::asked("failed to take the lease", &error))?
    }

    /// Renews the lease with this fence and says what it does now; whether it was still ours.
    pub fn renew_lease(&self, fence: u64, phase: &str, pace: Pace) -> Result<bool> {
        let (fence, lasts) = (number(fence), pace.lasts.as_secs_f64());
        let values: [&(dyn ToSql + Sync); 3] = [&fence, &phase, &lasts];
        let renewed = self.client.execute(RENEW, &values);
        // Whoever cannot answer by then is asked again, on another connection.
        let renewed = super::within(pace.every, renewed);
        let renewed = renewed.map_err(|error| refusal::asked("failed to renew the lease", &error));
        Ok(renewed? == 1)
    }

    /// Gives the lease with this fence back, if it is still held.
    pub fn release_lease(&self, fence: u64) -> Result<()> {
        let released = self.ask(self.client.execute(RELEASE, &[&number(fence)]));
        let failed = |error| refusal::asked("failed to give the lease back", &error);
        released.map(drop).map_err(failed)
    }

    /// Who holds the lease, and how it stands for somebody on `seat`; a database without our tables
    /// was never changed by us, so nobody holds it.
    pub fn lease(&self, seat: &str) -> Result<Option<(Holder, Standing)>> {
        if !self.has_table("xtask.lease")? {
            return Ok(None);
        }
        let row = self.ask(self.client.query_opt(READ, &[]));
        let row = row.map_err(|error| refusal::asked("failed to read the lease", &error))?;
        row.map_or(Ok(None), |row| standing(&row, seat))
    }
}

async fn take(client: &mut Client, claim: &Claim, pace: Pace) -> Result<Result<Asked>, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL lock_timeout = '20s'").await?;
    let row = transaction.query_one(&format!("{READ} FOR UPDATE"), &[]).await?;
    let from = match standing(&row, &claim.seat) {
        Ok(Some((holder, standing))) if !standing.may_be_taken() => {
            return Ok(Ok(Asked::Held(holder)));
        }
        Ok(from) => from,
        Err(failure) => return Ok(Err(failure)),
    };
    let Claim { verb, who, run_url, seat } = claim;
    let lasts = pace.lasts.as_secs_f64();
    let values: [&(dyn ToSql + Sync); 6] = [verb, who, run_url, seat, &FIRST_PHASE, &lasts];
    let fence = unsigned(transaction.query_one(TAKE, &values).await?.get(0));
    transaction.commit().await?;
    Ok(fence.map(|fence| Asked::Taken { fence, from }))
}

/// Whether the lease with this fence is still the newest, until the transaction ends.
pub(super) async fn fence_holds(client: &impl GenericClient, fence: u64) -> Result<bool, Error> {
    let sql = "SELECT fence FROM xtask.lease WHERE fence = $1 FOR SHARE";
    Ok(client.query_opt(sql, &[&number(fence)]).await?.is_some())
}

/// The refusal of a write whose lease somebody else has taken.
pub(super) fn stale(what: &str, fence: u64) -> Failure {
    Failure::refused(format!("cannot {what}: lease {fence} is no longer ours"))
        .code(&code::LEASE_LOST)
        .reason("it was not renewed in time, and somebody else has taken it")
        .hint("`cargo xtask status` tells what serves, `cargo xtask audit list` who changed it")
}

fn standing(row: &Row, seat: &str) -> Result<Option<(Holder, Standing)>> {
    let Some(verb) = row.get::<_, Option<String>>(1) else { return Ok(None) };
    let text = |column: usize| row.get::<_, Option<String>>(column).unwrap_or_default();
    let claim = Claim { verb, who: text(2), run_url: row.get(3), seat: text(5) };
    let moment = |column: usize| {
        let seconds = row.get::<_, Option<i64>>(column).unwrap_or_default();
        Moment::from_seconds(seconds).ok_or_else(|| {
            Failure::outside("failed to read the lease").reason("its times are no times")
        })
    };
    let (since, until, now) = (moment(6)?, moment(7)?, moment(8)?);
    let holder = Holder { claim, phase: text(4), fence: unsigned(row.get(0))?, since, until };
    let standing = judge(Some(&holder), now, seat);
    Ok(Some((holder, standing)))
}

fn number(fence: u64) -> i64 {
    i64::try_from(fence).unwrap_or(i64::MAX)
}

fn unsigned(fence: i64) -> Result<u64> {
    u64::try_from(fence).or_outside(|| "failed to read the lease".to_owned())
}
