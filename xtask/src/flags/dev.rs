//! The flags of `dev` and of its verbs.

use clap::{Args, Subcommand};

/// The verbs about the stack that Compose runs on this machine.
#[derive(Debug, Subcommand)]
pub enum Dev {
    /// Bring the stack up, migrated and seeded; edits of both services are taken over while it runs
    #[command(after_help = "Example: cargo xtask dev up")]
    Up(DevUp),
    /// End the stack; data stays
    #[command(after_help = "Example: cargo xtask dev down")]
    Down(DevDown),
    /// Show the last lines that the services wrote
    #[command(after_help = "Example: cargo xtask dev logs backend --lines 20")]
    Logs(DevLogs),
    /// Put the shared foods and a month of three people into the stack; safe to repeat
    #[command(after_help = "Example: cargo xtask dev seed")]
    Seed(DevOf),
}

/// Which stack.
#[derive(Debug, Default, Args)]
pub struct DevOf {
    /// The one as in production: `docker-compose.prod.yml`
    #[arg(long)]
    pub production: bool,
}

/// Flags of `dev up`.
#[derive(Debug, Args)]
pub struct DevUp {
    #[command(flatten)]
    pub of: DevOf,
    /// Pull the official images instead of making bases of our own
    #[arg(long)]
    pub official: bool,
}

/// Flags of `dev down`.
#[derive(Debug, Args)]
pub struct DevDown {
    #[command(flatten)]
    pub of: DevOf,
    /// Remove its volumes too, with their data
    #[arg(long)]
    pub erase: bool,
    /// Erase without being asked to type the stack's name
    #[arg(long, requires = "erase")]
    pub yes: bool,
}

/// Flags of `dev logs`.
#[derive(Debug, Args)]
pub struct DevLogs {
    /// A service of the stack; all if none is named
    pub service: Option<String>,
    #[command(flatten)]
    pub of: DevOf,
    /// How many lines of each
    #[arg(long, default_value_t = 50)]
    pub lines: usize,
}
