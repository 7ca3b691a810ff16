//! The flags of `release` and `attestation`, and of their verbs.

use super::Environment;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use xtask_core::deploy::SecretSource;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;

/// The verbs about releases. They ask the registry, and neither the database nor the server.
#[derive(Debug, Subcommand)]
pub enum Release {
    /// Make a release of images that `image push` has brought, and roll nothing out
    #[command(after_help = "Example: cargo xtask release create production")]
    Create(ReleaseCreate),
    /// List the releases in an environment's registry, newest first
    #[command(after_help = "Example: cargo xtask release list production")]
    List(Environment),
    /// Show what a release is made of, and what is said about it
    #[command(after_help = "Example: cargo xtask release show production b3f6981e1b64")]
    Show(ReleaseOf),
    /// Prove that images, SBOM, provenance, migrations and commit belong together, and sign that
    ///
    /// Ends with 0 when they do, with 4 when they do not, and with 5 when it could not be found
    /// out; the last is not signed.
    #[command(after_help = "Example: cargo xtask release verify production b3f6981e1b64")]
    Verify(ReleaseVerify),
}

/// Which release.
#[derive(Debug, Args)]
pub struct ReleaseOf {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// A release of its registry, as `release list` shows them
    pub release: String,
}

/// Flags of `release create`.
#[derive(Debug, Args)]
pub struct ReleaseCreate {
    /// An environment of `deploy.toml`, whose registry the images were pushed to
    pub environment: String,
    /// Platforms that every image must be for; those it was pushed for if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// Release uncommitted work too, where users are; the release says so
    #[arg(long)]
    pub allow_dirty: bool,
}

/// Flags of `release verify`.
#[derive(Debug, Args)]
pub struct ReleaseVerify {
    /// Which release, for which environment
    #[command(flatten)]
    pub of: ReleaseOf,
    /// Platforms that every image must be for
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// The private key that signs the verdict: `env:VARIABLE` or `file:PATH`; else `signing.key` of
    /// `deploy.toml`
    #[arg(long)]
    pub key: Option<SecretSource>,
}

/// The verbs about signed statements.
#[derive(Debug, Subcommand)]
pub enum Attestation {
    /// Check who signed a statement, or all statements about something in a registry
    #[command(after_help = "Example: cargo xtask attestation verify target/rebuild.json")]
    Verify(AttestationVerify),
}

/// Flags of `attestation verify`.
#[derive(Debug, Args)]
pub struct AttestationVerify {
    /// A file with a bundle or an envelope, or `repository:tag`, or `repository@sha256:…`
    #[arg(value_name = "FILE|REFERENCE")]
    pub what: String,
    /// What it must be about
    #[arg(long, value_name = "DIGEST")]
    pub subject: Option<Digest>,
    /// The type that there must be: `release`, `rollout`, `drill`, `rebuild`, `verdict`,
    /// `provenance`, or its whole address
    #[arg(long, value_name = "TYPE")]
    pub kind: Option<String>,
    /// Files of public keys; else `signing.public_keys` of `deploy.toml`
    #[arg(long)]
    pub key: Vec<PathBuf>,
}
