//! The flags of the verbs about secrets. A value is never an argument.

use super::Waiting;
use clap::{Args, Subcommand};
use xtask_core::digest::Digest;

/// The verbs about secrets.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Give a secret a value, read from standard input or typed without echo
    #[command(after_help = "Example: cargo xtask secrets set production jwt --generate")]
    Set(SecretsSet),
    /// List the secrets of an environment: names, sources and ages, never values
    #[command(after_help = "Example: cargo xtask secrets list production")]
    List(SecretsOf),
    /// Compare what the services ask for with what each environment has
    ///
    /// Ends with 0 if nothing is missing, unused or weak, with 3 if something is, and with 75 if
    /// that cannot be told here, such as without the key of a file.
    #[command(after_help = "Example: cargo xtask secrets check production")]
    Check(SecretsCheck),
    /// Edit an encrypted file in your editor; the text lies in memory only
    #[command(after_help = "Example: cargo xtask secrets edit production")]
    Edit(SecretsOf),
    /// Tell who may read an encrypted file, or change that: it is encrypted anew
    #[command(after_help = "Example: cargo xtask secrets recipients production")]
    Recipients(SecretsRecipients),
    /// Put the secrets into the variables of Coolify and into GitHub, for services and jobs
    #[command(after_help = "Example: cargo xtask secrets sync production")]
    Sync(SecretsSync),
    /// Exchange a secret for a new one, step by step; nobody is logged out
    ///
    /// A key of `[rotations]` in `deploy.toml` takes three steps, with a rollout after each: the new
    /// key is accepted, it signs, the old one goes. Where it stands is in the encrypted file. Of any
    /// other secret it tells what a person does at its provider, and takes the new value.
    #[command(after_help = "Example: cargo xtask secrets rotate production jwt")]
    Rotate(SecretsRotate),
}

/// Which environment.
#[derive(Debug, Args)]
pub struct SecretsOf {
    /// An environment of `deploy.toml`, whose file is `secrets/ENVIRONMENT.age`
    pub environment: String,
}

/// Flags of `secrets set`.
#[derive(Debug, Args)]
pub struct SecretsSet {
    /// The encrypted file is `secrets/ENVIRONMENT.age`
    pub environment: String,
    /// Which secret, as it stands behind `age:ENVIRONMENT/`
    pub name: String,
    /// Make a value of 256 random bits that nobody sees
    #[arg(long)]
    pub generate: bool,
    /// A value, which is refused here
    #[arg(hide = true)]
    pub misplaced: Vec<String>,
}

/// Flags of `secrets check`.
#[derive(Debug, Args)]
pub struct SecretsCheck {
    /// Environments of `deploy.toml`; all if none is named
    pub environments: Vec<String>,
}

/// Flags of `secrets recipients`.
#[derive(Debug, Args)]
pub struct SecretsRecipients {
    /// The encrypted file is `secrets/ENVIRONMENT.age`
    pub environment: String,
    /// A public key of age that may read it from now on
    #[arg(long, value_name = "KEY")]
    pub add: Vec<String>,
    /// One that may not read it any more; what it has read it may still know
    #[arg(long, value_name = "KEY")]
    pub remove: Vec<String>,
}

/// Flags of `secrets sync`.
#[derive(Debug, Args)]
pub struct SecretsSync {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Do it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
    /// Do exactly the plan with this digest, as it was shown, or nothing
    #[arg(long, value_name = "DIGEST", requires = "apply")]
    pub plan: Option<Digest>,
    /// Whether somebody else's change is waited for
    #[command(flatten)]
    pub wait: Waiting,
}

/// Flags of `secrets rotate`.
#[derive(Debug, Args)]
pub struct SecretsRotate {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Which secret: a name below `secrets`, or `database.url`, `redis.url` and the like
    pub name: String,
    /// Take the step; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}
