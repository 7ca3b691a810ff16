//! Flags of `db`.

use super::Environment;
use clap::{Args, Subcommand};

/// The verbs about the database of an environment.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Put in what every database begins with, by the program that `[seed]` of `deploy.toml` names
    #[command(after_help = "Example: cargo xtask db seed local")]
    Seed(DbSeed),
    /// Empty the local database and apply every migration; the ledger stays
    #[command(after_help = "Example: cargo xtask db reset --yes")]
    Reset(DbReset),
    /// Bring the schema of an environment, without its rows, into the local database
    #[command(after_help = "Example: cargo xtask db sync-schema staging --yes")]
    SyncSchema(DbSyncSchema),
    /// Compare two databases object by object; `migrations` is what the checkout's migrations make
    ///
    /// Ends with 0 where both are the same, and with 3 where they differ.
    #[command(after_help = "Example: cargo xtask db diff migrations local")]
    Diff(DbDiff),
    /// Tell what the addresses of a database are, whether they are reached from here, and what for
    #[command(after_help = "Example: cargo xtask db url-check production")]
    UrlCheck(Environment),
    /// Look at sizes, indexes, long transactions, and connections against their limits
    #[command(after_help = "Example: cargo xtask db doctor local")]
    Doctor(Environment),
    /// Set a new password in the database, where the old one is lost; data stays
    #[command(after_help = "Example: cargo xtask db reset-password local")]
    ResetPassword(Environment),
}

/// Flags of `db seed`.
#[derive(Debug, Args)]
pub struct DbSeed {
    /// An environment of `deploy.toml`
    #[arg(default_value = "local")]
    pub environment: String,
    /// Do it; elsewhere than on this machine it is only shown without it
    #[arg(long)]
    pub apply: bool,
}

/// Flags of `db reset`.
#[derive(Debug, Args)]
pub struct DbReset {
    /// Only the environment of this machine
    #[arg(default_value = "local")]
    pub environment: String,
    /// Empty it without being asked to type the project's name
    #[arg(long)]
    pub yes: bool,
}

/// Flags of `db sync-schema`.
#[derive(Debug, Args)]
pub struct DbSyncSchema {
    /// The environment whose schema is read; nothing of it is changed
    pub environment: String,
    /// Replace what the local database holds without being asked to type the project's name
    #[arg(long)]
    pub yes: bool,
}

/// Flags of `db diff`.
#[derive(Debug, Args)]
pub struct DbDiff {
    /// What is wanted: an environment, or `migrations`
    pub wanted: String,
    /// What is looked at: an environment, or `migrations`
    pub found: String,
}
