//! The flags of the verbs that make a machine and a tree ready for work.

use clap::{Args, ValueEnum};

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// What the machine is to be ready for
    #[arg(long = "for", value_name = "VERB", default_value = "up")]
    pub ready_for: Readiness,
}

/// What a machine may be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Readiness {
    /// Everything that ships
    Up,
    /// That, and every check and test
    Ci,
}

/// Flags of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that reads them
    pub shell: ShellName,
}

/// A shell that can complete words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    /// Bash 4.4 or newer
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// Flags of `docs`.
#[derive(Debug, Args)]
pub struct Docs {
    /// Only tell which documents are out of step, and where
    #[arg(long)]
    pub check: bool,
}
