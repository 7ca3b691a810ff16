//! Flags of `audit`.

use super::{Environment, Waiting, reason};
use clap::{Args, Subcommand};

/// The verbs about the ledger of an environment.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List every change of an environment, oldest first, and check that each follows from the last
    #[command(after_help = "Example: cargo xtask audit list --json")]
    List(Environment),
    /// Show one record with all that it holds
    #[command(after_help = "Example: cargo xtask audit show 12 production")]
    Show(AuditShow),
    /// Prove that no record was changed, and that none is missing at the end
    ///
    /// The chain is walked, and held against its heads in the registry, which whoever may edit the
    /// database may not edit. A registry that cannot be asked proves nothing, and is a failure.
    #[command(after_help = "Example: cargo xtask audit verify production")]
    Verify(Environment),
    /// Go on with a ledger that is not whole, from where it stands, for a reason that is recorded
    ///
    /// For a database that was restored, or a table that somebody has changed, once it is known why.
    /// No record is changed or removed. What was wrong stays named, and what comes is proved again.
    #[command(
        after_help = "Example: cargo xtask audit accept production --reason restored --apply"
    )]
    Accept(AuditAccept),
    /// Add what another machine recorded while the database was away
    ///
    /// A machine that is thrown away after its run, as GitHub's are, leaves the file among its
    /// reports. A record that the ledger has already is not added again.
    #[command(
        after_help = "Example: cargo xtask audit merge production production-ledger.offline --apply"
    )]
    Merge(AuditMerge),
}

/// Flags of `audit show`.
#[derive(Debug, Args)]
pub struct AuditShow {
    /// The record's number, as `audit list` shows it
    pub number: u64,
    /// An environment of `deploy.toml`
    #[arg(default_value = "local")]
    pub environment: String,
}

/// Flags of `audit accept`.
#[derive(Debug, Args)]
pub struct AuditAccept {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Why the ledger is not whole, as somebody has found out
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub reason: String,
    /// Write it; without it, it is only checked and shown
    #[arg(long)]
    pub apply: bool,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `audit merge`.
#[derive(Debug, Args)]
pub struct AuditMerge {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The file that the other machine has left
    pub file: String,
    /// Add them; without it, they are only shown
    #[arg(long)]
    pub apply: bool,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}
