//! The flags of the verbs about the server itself.

use clap::{Args, Subcommand};
use xtask_core::digest::Digest;

/// The verbs about the server itself.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// Show what of the server is not as wanted, file by file
    #[command(after_help = "Example: cargo xtask server plan production")]
    Plan(ServerOf),
    /// Make it ready and keep it so; SSH and firewall go back by themselves unless one still gets in
    #[command(after_help = "Example: cargo xtask server apply production --apply")]
    Apply(ServerApply),
    /// Tell whether it is as wanted: 0 if it is, 3 if not
    #[command(after_help = "Example: cargo xtask server check production")]
    Check(ServerOf),
    /// Ask from here which ports the world sees, at every address: 3 where it is more or less than wanted
    #[command(after_help = "Example: cargo xtask server probe production")]
    Probe(ServerEnvironment),
    /// Print what a new server runs at its first start, for the field `user data` of its provider
    #[command(after_help = "Example: cargo xtask server user-data production")]
    UserData(ServerEnvironment),
}

/// Which server, and as whom.
#[derive(Debug, Args)]
pub struct ServerOf {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Log in as root: the first time, before there is another account
    #[arg(long)]
    pub as_root: bool,
}

/// Flags of `server apply`.
#[derive(Debug, Args)]
pub struct ServerApply {
    /// Of what
    #[command(flatten)]
    pub of: ServerOf,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Do exactly the plan with this digest, as it was shown, or nothing
    #[arg(long, value_name = "DIGEST", requires = "apply")]
    pub plan: Option<Digest>,
}

/// The server of which environment.
#[derive(Debug, Args)]
pub struct ServerEnvironment {
    /// An environment of `deploy.toml`
    pub environment: String,
}
