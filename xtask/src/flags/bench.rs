//! The flags of `bench` and of its verbs.

use clap::{Args, Subcommand};

/// The benchmarks.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Building and pushing of images: cold, after an edit, unchanged, and large
    #[command(after_help = "Example: cargo xtask bench image --repeat 3")]
    Image(BenchImage),
    /// Planning migrations on a database with a long history, beside Prisma's own engine
    #[command(after_help = "Example: cargo xtask bench database --repeat 3")]
    Database(BenchDatabase),
}

/// Flags of `bench database`.
#[derive(Debug, Args)]
pub struct BenchDatabase {
    /// How often each thing is measured
    #[arg(long, default_value_t = 5)]
    pub repeat: usize,
}

/// Flags of `bench image`.
#[derive(Debug, Args)]
pub struct BenchImage {
    /// How often each thing is measured
    #[arg(long, default_value_t = 5)]
    pub repeat: usize,
    /// Keep the result in `docs/benchmarks`, and the table in `docs/BENCHMARKS.md`
    #[arg(long)]
    pub record: bool,
}
