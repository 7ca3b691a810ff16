//! Flags of `notify`.

use clap::{Args, Subcommand};

/// The verbs of `notify`.
#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Send one test message to each channel of an environment
    #[command(after_help = "Example: cargo xtask notify test production")]
    Test(NotifyTest),
}

/// Flags of `notify test`.
#[derive(Debug, Args)]
pub struct NotifyTest {
    /// An environment of `deploy.toml`
    pub environment: String,
}
