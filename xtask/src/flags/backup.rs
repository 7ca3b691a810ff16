//! The flags of the verbs about back-ups and about the state of a server.

use super::{Waiting, reason};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The verbs about back-ups.
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Take a back-up of the database: rows, migrations and ledger of one moment, encrypted
    #[command(after_help = "Example: cargo xtask backup run production")]
    Run(BackupRun),
    /// List the back-ups, what is not whole, and the drills
    ///
    /// Ends with 3 if there is something to worry about: none, too old, too few, much smaller.
    #[command(after_help = "Example: cargo xtask backup list production")]
    List(BackupOf),
    /// Show what a back-up holds
    #[command(after_help = "Example: cargo xtask backup show production latest")]
    Show(BackupShow),
    /// Restore a back-up into an empty database, and compare what came back
    #[command(
        after_help = "Example: cargo xtask backup restore production latest --into env:COPY_URL --apply"
    )]
    Restore(BackupRestore),
    /// Prove the newest back-up: restore it into a scratch database and boot the services on it
    ///
    /// Ends with 0 if all was looked at and all was good, with 3 if something was not, and with 75 if
    /// something could not be looked at. The evidence is written to `target/drills` each time.
    #[command(after_help = "Example: cargo xtask backup drill production")]
    Drill(BackupDrill),
    /// Show which back-ups stay, and why, and let the others go
    #[command(after_help = "Example: cargo xtask backup prune production --apply")]
    Prune(BackupPrune),
    /// Check that the repository is whole, young enough, and does not hoard what is deleted
    ///
    /// Ends with 3 if something is not as it should be, and with 75 if that could not be found out.
    #[command(after_help = "Example: cargo xtask backup check production --read-data")]
    Check(BackupCheck),
}

/// Which environment.
#[derive(Debug, Args)]
pub struct BackupOf {
    /// An environment of `deploy.toml`
    pub environment: String,
}

/// Flags of `backup run`.
#[derive(Debug, Args)]
pub struct BackupRun {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Make the repository if there is none
    #[arg(long)]
    pub init: bool,
    /// Why it is taken; it stands beside the back-up
    #[arg(long, value_name = "WORD", default_value = "asked")]
    pub why: String,
}

/// Flags of `backup show`.
#[derive(Debug, Args)]
pub struct BackupShow {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// `latest`, or the beginning of a name that `backup list` shows
    #[arg(default_value = "latest")]
    pub backup: String,
}

/// Flags of `backup restore`.
#[derive(Debug, Args)]
pub struct BackupRestore {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// `latest`, or the beginning of a name that `backup list` shows
    #[arg(default_value = "latest")]
    pub backup: String,
    /// The empty database: an environment, or where its address is kept (`env:NAME`, `file:PATH`)
    #[arg(long, value_name = "DATABASE")]
    pub into: String,
    /// Names the environment once more, where the database is the one that the back-up came from
    #[arg(long, value_name = "ENVIRONMENT")]
    pub same_database: Option<String>,
    /// Make roles that own something or are granted something and are missing, without a way to log in
    #[arg(long)]
    pub make_roles: bool,
    /// Give everything to the role that restores: views and SECURITY DEFINER functions may then do what
    /// that role may
    #[arg(long)]
    pub without_owners: bool,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `backup drill`.
#[derive(Debug, Args)]
pub struct BackupDrill {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// `latest`, or the beginning of a name that `backup list` shows
    #[arg(default_value = "latest")]
    pub backup: String,
    /// Make the scratch database in this cluster instead of one in a container (`env:NAME`, `file:PATH`)
    #[arg(long, value_name = "SOURCE")]
    pub cluster: Option<String>,
    /// Do not boot the services, for this reason; such a drill never counts as passed
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub without_application: Option<String>,
}

/// Flags of `backup prune`.
#[derive(Debug, Args)]
pub struct BackupPrune {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Prune although there is something to worry about, for this reason
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub despite: Option<String>,
    /// Whether somebody else's lock is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `backup check`.
#[derive(Debug, Args)]
pub struct BackupCheck {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Read all data; without it, a seventh, another one each day of the week
    #[arg(long)]
    pub read_data: bool,
}

/// The verbs about the state of what stands around an environment.
#[derive(Debug, Subcommand)]
pub enum State {
    /// Put what a server needs to be itself again into one encrypted file
    ///
    /// Coolify's database, its `APP_KEY`, its SSH keys and the proxy's certificates, and the secrets
    /// that this machine keeps. It opens for those in `secrets/ENVIRONMENT.recipients`.
    #[command(after_help = "Example: cargo xtask state backup production --to state.age")]
    Backup(StateBackup),
    /// Bring it back into an empty place, in the order in which it is needed
    #[command(
        after_help = "Example: cargo xtask state restore production --from state.age --apply"
    )]
    Restore(StateRestore),
}

/// Flags of `state backup`.
#[derive(Debug, Args)]
pub struct StateBackup {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The file to write; one that is there is not replaced
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
    /// Where Coolify keeps its files
    #[arg(long, value_name = "PATH", default_value = "/data/coolify")]
    pub coolify: PathBuf,
    /// Where the address of Coolify's own database is kept (`env:NAME`, `file:PATH`)
    #[arg(long, value_name = "SOURCE")]
    pub database: Option<String>,
}

/// Flags of `state restore`.
#[derive(Debug, Args)]
pub struct StateRestore {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The file that `state backup` wrote
    #[arg(long, value_name = "PATH")]
    pub from: PathBuf,
    /// Where Coolify's files go; it must hold none
    #[arg(long, value_name = "PATH", default_value = "/data/coolify")]
    pub coolify: PathBuf,
    /// Where the address of Coolify's empty database is kept (`env:NAME`, `file:PATH`)
    #[arg(long, value_name = "SOURCE")]
    pub database: Option<String>,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}
