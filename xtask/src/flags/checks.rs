//! The flags of what checks and renews the repository itself.

use clap::{Args, Subcommand};
use xtask_core::check::advisories::Ecosystem;

/// Flags of `ci`.
#[derive(Debug, Default, Args)]
pub struct Ci {
    /// Run these tasks only, and what they need
    #[arg(long)]
    pub only: Vec<String>,
    /// Leave these tasks out
    #[arg(long)]
    pub skip: Vec<String>,
    /// Go on after a failure with what does not need it
    #[arg(long)]
    pub keep_going: bool,
    /// Run also what passed before and of which nothing changed since
    #[arg(long)]
    pub fresh: bool,
    /// Run only what is affected by changes since the checkout and this revision parted
    #[arg(long, value_name = "REV")]
    pub affected_by: Option<String>,
    /// Say of this task, or of all in a line each, whether and why it would run, and end
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = "")]
    pub explain: Option<String>,
    /// Run every task under `strace`, and fail those that read a file that no input of theirs names
    #[arg(long, conflicts_with_all = ["explain", "list"])]
    pub audit_inputs: bool,
    /// List the tasks and end
    #[arg(long)]
    pub list: bool,
    /// Take a task that could not be checked for a failure
    #[arg(long)]
    pub strict: bool,
}

/// Flags of `advisories`.
#[derive(Debug, Args)]
pub struct Advisories {
    /// `rust`, `npm` or `python`; all if none is named
    pub ecosystems: Vec<Ecosystem>,
}

/// Flags of `leaks`.
#[derive(Debug, Args)]
pub struct Leaks {
    /// What is staged, not the history
    #[arg(long)]
    pub staged: bool,
}

/// The verbs about hooks of git.
#[derive(Debug, Subcommand)]
pub enum Hooks {
    /// Put our hooks where git looks; one that is not ours stays, and is named
    #[command(after_help = "Example: cargo xtask hooks install")]
    Install,
    /// Take our hooks away
    #[command(after_help = "Example: cargo xtask hooks remove")]
    Remove,
    /// Tell which of our hooks are installed
    #[command(after_help = "Example: cargo xtask hooks status")]
    Status,
    /// Do what a hook does
    #[command(after_help = "Example: cargo xtask hooks run pre-commit")]
    Run(HooksRun),
}

/// Flags of `hooks run`.
#[derive(Debug, Args)]
pub struct HooksRun {
    /// `pre-commit` or `pre-push`
    pub hook: String,
}

/// Flags of `workflows`.
#[derive(Debug, Args)]
pub struct Workflows {
    /// Change nothing; show what is not as the tables say
    #[arg(long)]
    pub check: bool,
}

/// Flags of `renew`.
#[derive(Debug, Args)]
pub struct Renew {
    /// Open the pull request, or renew the one that is open; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}
