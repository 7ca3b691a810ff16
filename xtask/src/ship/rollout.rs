//! roll out: an environment moves to a release, as the machine says (`core/src/ship/machine`).
//!
//! What served before is kept until the new release is verified, so going back loses nothing.

use super::course::{self, Wish};
use super::drive::Run;
use super::lease::Lease;
use super::site::Site;
use super::{report, review};
use crate::error::{Failure, Result, code};
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::proof::Proof;
use xtask_core::ship::review::Review;

/// What a rollout did.
pub enum Rolled {
    /// It was only shown: what would be done, and the digest of that.
    Shown(Review, Digest),
    /// Everything ran as the release says already.
    AlreadySo,
    /// The release serves and is verified.
    Done(Done),
}

/// A rollout that was made.
pub struct Done {
    /// What was seen from outside.
    pub proof: Proof,
    /// Where its report is.
    pub report: Option<PathBuf>,
}

/// How a rollout is reviewed before it is made.
#[derive(Clone, Copy)]
pub enum Mode<'m, 'a> {
    /// It is only shown.
    Show,
    /// It is made by the holder of the lease; if a plan was reviewed, only if this is it.
    Apply(&'m Lease<'a>, Option<&'m Digest>),
}

/// Moves the environment to a release. On failure what served before serves.
pub fn to<'a>(site: &Site<'a>, wish: Wish<'_>, mode: Mode<'_, 'a>) -> Result<Rolled> {
    let planned = course::plan(site, wish)?;
    let plan = planned.review(site, wish);
    if wish.explains {
        site.world.report.status(&format!("why each service moves:\n{}", planned.explained(site)));
    }
    match mode {
        Mode::Show => {
            let digest = review::show(site.world, &plan)?;
            Ok(Rolled::Shown(plan, digest))
        }
        Mode::Apply(lease, reviewed) => {
            review::hold(site.world, reviewed, &plan)?;
            if planned.is_done {
                report::nothing(site, &wish.release.version);
                return Ok(Rolled::AlreadySo);
            }
            refuse_in_the_dark(wish.action, lease)?;
            Run::new(site, lease, wish.release, planned).drive()
        }
    }
}

/// A rollback needs no database. A rollout was judged by it; if it is away since, another machine
/// may change the same, and its schema is anybody's guess.
fn refuse_in_the_dark(action: Action, lease: &Lease<'_>) -> Result<()> {
    if action != Action::Rollout || lease.fence().is_some() {
        return Ok(());
    }
    Err(Failure::outside("cannot roll out: no lease in the database keeps other machines out")
        .code(&code::DATABASE_UNREACHED)
        .hint("run it again when the database answers"))
}
