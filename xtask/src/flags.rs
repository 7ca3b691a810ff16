//! Every flag of every verb: the whole command line on a few screens.

mod audit;
mod backup;
mod bench;
mod checks;
mod db;
mod dev;
mod image;
mod infra;
mod migrate;
mod notify;
mod release;
mod secrets;
mod server;
mod setup;
mod ship;

pub use audit::{Audit, AuditAccept, AuditMerge, AuditShow};
pub use backup::{
    Backup, BackupCheck, BackupDrill, BackupOf, BackupPrune, BackupRestore, BackupRun, BackupShow,
    State, StateBackup, StateRestore,
};
pub use bench::{Bench, BenchBackup, BenchDatabase, BenchImage, BenchServices};
pub use checks::{Advisories, Ci, Hooks, HooksRun, Leaks, Renew, Workflows};
pub use db::{Db, DbDiff, DbReset, DbSeed, DbSyncSchema};
pub use dev::{Dev, DevDown, DevLogs, DevOf, DevUp};
pub use image::{
    Image, ImageAttest, ImageBuild, ImageGc, ImageInit, ImageInspect, ImageKeygen, ImageLock,
    ImageNewest, ImagePush, ImageSbom, ImageScan, ImageScripts, ImageSize, ImageVerify,
    ImageVerifyAttestation,
};
pub use infra::{Infra, InfraApply, InfraCost, InfraImport, InfraOf, InfraPart, Preflight};
pub use migrate::{Migrate, MigrateApply, MigrateOf, MigratePlan, MigrateResolve, MigrateUndo};
pub use notify::{Notify, NotifyTest};
pub use release::{
    Attestation, AttestationVerify, Release, ReleaseCreate, ReleaseOf, ReleaseVerify,
};
pub use secrets::{
    Secrets, SecretsCheck, SecretsOf, SecretsRecipients, SecretsRotate, SecretsSet, SecretsSync,
};
pub use server::{Server, ServerApply, ServerEnvironment, ServerOf};
pub use setup::{Completions, Docs, Doctor, Readiness, ShellName};
pub use ship::{Moving, Resume, Ship};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;
use xtask_core::digest::Digest;

/// Take Nutri from a commit to verified production.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
pub struct Flags {
    /// Give the result as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Tell on stderr which phases and commands run; twice: everything that a run's log holds
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs, in the order of the pipeline.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the whole pipeline on this machine: build, scan, push, migrate, roll out, verify
    #[command(after_help = "Example: cargo xtask up")]
    Up(Up),
    /// Stop the containers that `up` started; data and the Docker engine stay
    #[command(after_help = "Example: cargo xtask down")]
    Down(Down),
    /// Tell what runs, which commit, since when, healthy or not
    #[command(after_help = "Example: cargo xtask status")]
    Status(Environment),
    /// Run the whole stack by Compose, for development or as in production
    #[command(subcommand)]
    Dev(Dev),
    /// Make images, and the locks they are made from
    #[command(subcommand)]
    Image(Image),
    /// Make releases, list them, and prove that what is in one belongs together
    #[command(subcommand)]
    Release(Release),
    /// Check what is signed: rollouts, drills, rebuilds, releases, images
    #[command(subcommand)]
    Attestation(Attestation),
    /// Plan migrations, apply them, and put right what stands of one that failed
    #[command(subcommand)]
    Migrate(Migrate),
    /// Care for the database of an environment
    #[command(subcommand)]
    Db(Db),
    /// Keep the database elsewhere, encrypted, and prove that it comes back
    #[command(subcommand)]
    Backup(Backup),
    /// Keep what a server needs to be itself again, and bring it back
    #[command(subcommand)]
    State(State),
    /// Keep, check, hand over and exchange what environments must know and nobody else may
    #[command(subcommand)]
    Secrets(Secrets),
    /// Plan and make what stands around the services, as `deploy.toml` says
    #[command(subcommand)]
    Infra(Infra),
    /// Make the server below a Coolify ready, and keep it so: accounts, SSH, firewall, updates
    #[command(subcommand)]
    Server(Server),
    /// Look at everything that may stop a rollout, and tell all of it at once
    #[command(after_help = "Example: cargo xtask preflight production")]
    Preflight(Preflight),
    /// Rehearse the pipeline of an environment on this machine, offline: Coolify's double, real containers
    ///
    /// Builds, pushes, releases, makes what stands around the services, migrates, rolls out, verifies,
    /// rolls out a change under requests that are counted, and rolls back. Nothing of the environment
    /// itself is asked or changed, and nothing of the rehearsal stays.
    #[command(after_help = "Example: cargo xtask rehearse production")]
    Rehearse(Rehearse),
    /// Run the whole pipeline to an environment: build, scan, push, release, migrate, roll out, verify
    #[command(after_help = "Example: cargo xtask ship production --apply")]
    Ship(Ship),
    /// Move an environment to a release
    #[command(after_help = "Example: cargo xtask rollout local b3f6981e1b64")]
    Rollout(Rollout),
    /// Go on with a run that was interrupted, or finish its way back
    #[command(after_help = "Example: cargo xtask resume production --apply")]
    Resume(Resume),
    /// List the releases that an environment can go back to, and why not to others
    #[command(after_help = "Example: cargo xtask rollback-targets production")]
    RollbackTargets(Environment),
    /// Move an environment back to the release before, or to the one named
    #[command(after_help = "Example: cargo xtask rollback local")]
    Rollback(Rollback),
    /// Ask the public URL, five times over ten seconds, which release answers
    #[command(after_help = "Example: cargo xtask verify")]
    Verify(Environment),
    /// Show the record of every change of an environment, and prove that it is whole
    #[command(subcommand)]
    Audit(Audit),
    /// Try whether those who are told of rollouts hear it
    #[command(subcommand)]
    Notify(Notify),
    /// Show the last lines that a service wrote
    #[command(after_help = "Example: cargo xtask logs backend --lines 20")]
    Logs(Logs),
    /// Measure against the model, the goals and other programs
    #[command(subcommand)]
    Bench(Bench),
    /// Run every check and test of the repository
    #[command(after_help = "Example: cargo xtask ci --only rustfmt")]
    Ci(Ci),
    /// Report what Rust tests cover, from what they counted when `ci` ran them
    #[command(after_help = "Example: cargo xtask coverage")]
    Coverage,
    /// Ask what is known against our dependencies, and judge it by `[scan]` of `deploy.toml`
    #[command(after_help = "Example: cargo xtask advisories rust")]
    Advisories(Advisories),
    /// Look for secrets in every commit, or in what would be committed now
    #[command(after_help = "Example: cargo xtask leaks --staged")]
    Leaks(Leaks),
    /// Have git check what is committed and pushed; nothing is installed unless asked
    #[command(subcommand)]
    Hooks(Hooks),
    /// Renew what Dependabot cannot see, and show the difference, or propose it as a pull request
    #[command(after_help = "Example: cargo xtask renew")]
    Renew(Renew),
    /// Write what GitHub runs for us, from the table of workflows and the table of tasks
    #[command(after_help = "Example: cargo xtask workflows --check")]
    Workflows(Workflows),
    /// Tell which tools are wanted, which were found, and how to get the rest
    ///
    /// Ends with 0 when the machine is ready, and with 3 when something is missing or has another
    /// version. `./x doctor` ends with 4 when there is no Rust to build this program with.
    #[command(after_help = "Example: cargo xtask doctor --for ci")]
    Doctor(Doctor),
    /// Tell what an error code means, and what to do; without one, list all
    #[command(after_help = "Example: cargo xtask explain E-port-taken")]
    Explain(Explain),
    /// Print what a shell needs to complete `x` and `cargo xtask`
    #[command(after_help = "Example: cargo xtask completions bash")]
    Completions(Completions),
    /// Write the documents that are generated, such as `docs/cli.md`
    #[command(after_help = "Example: cargo xtask docs --check")]
    Docs(Docs),
}

impl Verb {
    /// Where it writes the report of a rollout, if it was told.
    pub fn page(&self) -> Option<PathBuf> {
        let written = match self {
            Self::Up(flags) => &flags.written,
            Self::Rollout(flags) => &flags.reviewed.written,
            Self::Rollback(flags) => &flags.reviewed.written,
            Self::Ship(flags) => &flags.reviewed.written,
            Self::Resume(flags) => &flags.reviewed.written,
            _ => return None,
        };
        written.report.clone()
    }
}

/// Flags of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Where the report goes
    #[command(flatten)]
    pub written: Written,
}

/// Where the report of a rollout goes.
#[derive(Debug, Default, Args)]
pub struct Written {
    /// Write the report of the rollout, an HTML page, to this file instead of `target/reports`
    #[arg(long, value_name = "PATH")]
    pub report: Option<PathBuf>,
}

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, as it stands below an error
    pub code: Option<String>,
}

/// Flags of `down`.
#[derive(Debug, Args)]
pub struct Down {
    /// Remove all of it: containers, volumes with their data, images, secrets
    #[arg(long)]
    pub erase: bool,
    /// Erase without being asked to type the project's name
    #[arg(long, requires = "erase")]
    pub yes: bool,
}

/// Which environment.
#[derive(Debug, Args)]
pub struct Environment {
    /// An environment of `deploy.toml`
    #[arg(default_value = "local")]
    pub environment: String,
}

/// How a change of an environment is reviewed before it is made.
#[derive(Debug, Default, Args)]
pub struct Reviewed {
    /// Show what would be done, with its digest, and end
    #[arg(long, conflicts_with_all = ["plan", "apply"])]
    pub dry_run: bool,
    /// Do it; an environment elsewhere than on this machine is only shown without it
    #[arg(long)]
    pub apply: bool,
    /// Do exactly the plan with this digest, as `--dry-run` showed it, or nothing
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<Digest>,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
    /// Where the report goes
    #[command(flatten)]
    pub written: Written,
}

impl Reviewed {
    /// How long somebody else's change is waited for.
    pub fn limit(&self) -> Duration {
        self.wait.limit()
    }
}

/// Whether and how long somebody else's change of the environment is waited for.
#[derive(Debug, Default, Args)]
pub struct Waiting {
    /// Wait until somebody else's change has ended, so many seconds at most; 900 if none are given
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "900"
    )]
    pub wait: Option<u64>,
}

impl Waiting {
    /// Not at all if it was not asked for.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.wait.unwrap_or(0))
    }
}

/// Flags of `rehearse`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// An environment of `deploy.toml` with `target = "coolify"`
    pub environment: String,
}

/// Flags of `rollout`.
#[derive(Debug, Args)]
pub struct Rollout {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// A release of its registry, as `release list` shows them
    pub release: String,
    /// Whether and how it is reviewed first
    #[command(flatten)]
    pub reviewed: Reviewed,
    /// How services are moved
    #[command(flatten)]
    pub moving: Moving,
}

/// Flags of `rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The release to go back to; the last one that was verified if none is named
    pub release: Option<String>,
    /// Whether and how it is reviewed first
    #[command(flatten)]
    pub reviewed: Reviewed,
    /// How services are moved
    #[command(flatten)]
    pub moving: Moving,
}

/// Flags of `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// A service of `deploy.toml`, or what runs beside them: `postgres`, `redis`, `registry`, `proxy`
    pub service: String,
    /// Of which environment
    #[command(flatten)]
    pub environment: Environment,
    /// How many lines
    #[arg(long, default_value_t = 50)]
    pub lines: usize,
}

/// A reason stands in the ledger for good: one without words is none.
fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why, in words".to_owned()),
        words => Ok(words.to_owned()),
    }
}
