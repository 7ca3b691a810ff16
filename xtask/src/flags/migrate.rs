//! Flags of the verbs about migrations.

use super::{Waiting, reason};
use clap::{Args, Subcommand};
use xtask_core::digest::Digest;

/// The verbs about migrations.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Show what is pending, and what it would do: locks, risk, lint, what it destroys
    ///
    /// With an environment its database is asked. With `--since` none is: what is new since a commit
    /// is weighed by the committed sizes of tables, as a pull request is reviewed. Ends with 3 if
    /// something is pending, with 4 if it is refused, and with `--since` with 0 if it is not.
    #[command(after_help = "Example: cargo xtask migrate plan local")]
    Plan(MigratePlan),
    /// Apply what is pending; without `--apply` it is only shown
    #[command(
        after_help = "Example: cargo xtask migrate apply production --apply --drop meals.note"
    )]
    Apply(MigrateApply),
    /// Tell of each migration whether it is applied, pending, edited, missing, failed or rolled back
    #[command(after_help = "Example: cargo xtask migrate status production")]
    Status(MigrateOf),
    /// Tell what stands of a failed migration, what does not, and what to type next
    #[command(after_help = "Example: cargo xtask migrate doctor production")]
    Doctor(MigrateOf),
    /// Say what became of a migration that failed, or that was applied by other means; runs no SQL
    #[command(
        after_help = "Example: cargo xtask migrate resolve local 20261123000000_init --rolled-back"
    )]
    Resolve(MigrateResolve),
    /// Take applied migrations back by their `down.sql`, the last one first; without `--apply` it is
    /// only shown
    #[command(after_help = "Example: cargo xtask migrate undo local --last 1")]
    Undo(MigrateUndo),
    /// Write the sizes of an environment's tables into the file that plans are weighed by
    #[command(after_help = "Example: cargo xtask migrate stats production")]
    Stats(MigrateOf),
}

/// Which environment.
#[derive(Debug, Args)]
pub struct MigrateOf {
    /// An environment of `deploy.toml`
    pub environment: String,
}

/// Flags of `migrate plan`.
#[derive(Debug, Args)]
pub struct MigratePlan {
    /// An environment of `deploy.toml`
    #[arg(required_unless_present = "since", conflicts_with = "since")]
    pub environment: Option<String>,
    /// Plan what is new since this commit or branch, and ask no database
    #[arg(long, value_name = "COMMIT")]
    pub since: Option<String>,
    /// Let it destroy this: `meals`, `meals.note` or `meals:rows`; once for each
    #[arg(long, value_name = "OBJECT")]
    pub drop: Vec<String>,
    /// Apply it to a copy of the schema in a scratch database: times, locks beside those that were
    /// predicted, what comes out, and whether the release that serves works on it
    #[arg(long, requires = "environment", conflicts_with = "since")]
    pub rehearse: bool,
}

/// Flags of `migrate apply`.
#[derive(Debug, Args)]
pub struct MigrateApply {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Apply what is pending; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Apply exactly the plan with this digest, as it was shown, or nothing
    #[arg(long, value_name = "DIGEST", requires = "apply")]
    pub plan: Option<Digest>,
    /// Let it destroy this: `meals`, `meals.note` or `meals:rows`; once for each
    #[arg(long, value_name = "OBJECT")]
    pub drop: Vec<String>,
    /// Take no back-up first, for this reason, which is recorded
    #[arg(long, value_name = "REASON", value_parser = reason, requires = "apply")]
    pub without_backup: Option<String>,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `migrate resolve`.
#[derive(Debug, Args)]
pub struct MigrateResolve {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The migration
    pub migration: String,
    /// All of it stands: it is not run any more
    #[arg(long, conflicts_with = "rolled_back", required_unless_present = "rolled_back")]
    pub applied: bool,
    /// Nothing of it stands: it is pending again
    #[arg(long)]
    pub rolled_back: bool,
    /// Write it; without it, it is only checked and shown
    #[arg(long)]
    pub apply: bool,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `migrate undo`.
#[derive(Debug, Args)]
pub struct MigrateUndo {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Show what the last so many would be taken back by; one where nothing is said
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["after", "to", "apply"])]
    pub last: Option<usize>,
    /// Take back everything that was applied after this one
    #[arg(long, value_name = "MIGRATION", conflicts_with = "to")]
    pub after: Option<String>,
    /// Take back this one, and everything that was applied after it
    #[arg(long, value_name = "MIGRATION")]
    pub to: Option<String>,
    /// Do it, with `--to` or `--after`; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Let it destroy this: `meals`, `meals.note` or `meals:rows`; once for each
    #[arg(long, value_name = "OBJECT")]
    pub drop: Vec<String>,
    /// Take no back-up first, for this reason, which is recorded
    #[arg(long, value_name = "REASON", value_parser = reason, requires = "apply")]
    pub without_backup: Option<String>,
    /// Why a release that serves goes on without a migration that it expects
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub force_schema_skew: Option<String>,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}
