//! The flags of the verbs about what stands around the services.

use super::{Waiting, reason};
use clap::{Args, Subcommand, ValueEnum};
use xtask_core::digest::Digest;

/// The verbs about what stands around the services.
#[derive(Debug, Subcommand)]
pub enum Infra {
    /// Show what differs from `deploy.toml`, and what would be done; secrets need not be at hand
    #[command(after_help = "Example: cargo xtask infra plan production --only coolify")]
    Plan(InfraOf),
    /// Make it as `deploy.toml` says; which release runs is not touched
    #[command(after_help = "Example: cargo xtask infra apply production --apply")]
    Apply(InfraApply),
    /// Tell whether it is as `deploy.toml` says: 0 if it is, 3 if not, 75 if that is not known
    #[command(after_help = "Example: cargo xtask infra drift production")]
    Drift(InfraOf),
    /// Tell what the server costs a month, at today's prices: 0 within the budget, 3 beyond it
    #[command(after_help = "Example: cargo xtask infra cost production")]
    Cost(InfraCost),
    /// Write into `deploy.toml` what a running instance has; shown first
    #[command(after_help = "Example: cargo xtask infra import production")]
    Import(InfraImport),
}

/// A part of what stands around the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InfraPart {
    /// SSH keys, firewall and server at Hetzner Cloud
    Server,
    /// Project, applications, variables, clean-up, storage and notifications of a Coolify
    Coolify,
}

/// Which environment, and which of its parts.
#[derive(Debug, Args)]
pub struct InfraOf {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Only these parts; all if none is named
    #[arg(long, value_name = "PART")]
    pub only: Vec<InfraPart>,
}

/// Flags of `infra cost`.
#[derive(Debug, Args)]
pub struct InfraCost {
    /// An environment of `deploy.toml`
    pub environment: String,
}

/// Flags of `infra apply`.
#[derive(Debug, Args)]
pub struct InfraApply {
    /// Of what
    #[command(flatten)]
    pub of: InfraOf,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Do exactly the plan with this digest, as it was shown, or nothing
    #[arg(long, value_name = "DIGEST", requires = "apply")]
    pub plan: Option<Digest>,
    /// Buy it although it costs more than the budget allows; the reason is noted
    #[arg(long, value_name = "REASON", value_parser = reason, requires = "apply")]
    pub over_budget: Option<String>,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `infra import`.
#[derive(Debug, Args)]
pub struct InfraImport {
    /// Of what
    #[command(flatten)]
    pub of: InfraOf,
    /// Write it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}

/// Flags of `preflight`.
#[derive(Debug, Args)]
pub struct Preflight {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// A release of its registry, whose images and schema are looked at too
    pub release: Option<String>,
}
