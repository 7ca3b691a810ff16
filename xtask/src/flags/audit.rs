//! Flags of `audit`.

use super::Environment;
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
