//! Flags of the verbs that move an environment to a release.

use super::{Reviewed, reason};
use clap::Args;

/// How services are moved to a release.
#[derive(Clone, Debug, Default, Args)]
pub struct Moving {
    /// Say why each service moves, or stays
    #[arg(long)]
    pub explain: bool,
    /// Move every service, also those that the release leaves as they are
    #[arg(long)]
    pub all: bool,
    /// Move although a release does not know the schema, for this reason, which is recorded
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub force_schema_skew: Option<String>,
    /// Let a pending migration destroy this: `meals`, `meals.note`, `meals:rows` or as the plan
    /// names it; once for each
    #[arg(long, value_name = "OBJECT")]
    pub drop: Vec<String>,
    /// Take no back-up before pending migrations, for this reason, which is recorded
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub without_backup: Option<String>,
}

/// Flags of `ship`.
#[derive(Debug, Args)]
pub struct Ship {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Ship what no commit has, where others use it; the release says so
    #[arg(long)]
    pub allow_dirty: bool,
    /// Whether and how it is reviewed first
    #[command(flatten)]
    pub reviewed: Reviewed,
    /// How services are moved
    #[command(flatten)]
    pub moving: Moving,
}

/// Flags of `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Whether and how it is reviewed first
    #[command(flatten)]
    pub reviewed: Reviewed,
    /// How services are moved
    #[command(flatten)]
    pub moving: Moving,
}
