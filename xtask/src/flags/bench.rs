//! The flags of `bench` and of its verbs.

use clap::{Args, Subcommand};

/// The benchmarks.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Building and pushing of images: cold, after an edit, unchanged, and large
    #[command(after_help = "Example: cargo xtask bench image --repeat 3")]
    Image(BenchImage),
    /// What the released services bear under the limits of production: throughput, times, errors
    #[command(after_help = "Example: cargo xtask bench services --seconds 5")]
    Services(BenchServices),
    /// Planning migrations on a database with a long history, beside Prisma's own engine
    #[command(after_help = "Example: cargo xtask bench database --repeat 3")]
    Database(BenchDatabase),
    /// Taking, restoring and drilling a back-up of a database of a gigabyte, beside the same by hand
    #[command(after_help = "Example: cargo xtask bench backup --repeat 3")]
    Backup(BenchBackup),
}

/// Flags of `bench database`.
#[derive(Debug, Args)]
pub struct BenchDatabase {
    /// How often each thing is measured
    #[arg(long, default_value_t = 5)]
    pub repeat: usize,
}

/// Flags of `bench backup`.
#[derive(Debug, Args)]
pub struct BenchBackup {
    /// How often each thing is measured
    #[arg(long, default_value_t = 3)]
    pub repeat: usize,
    /// How large the database is, as pgbench counts: 70 is about a gigabyte
    #[arg(long, default_value_t = 70)]
    pub scale: u32,
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

/// Flags of `bench services`.
#[derive(Debug, Args)]
pub struct BenchServices {
    /// How long each endpoint is asked
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Keep the result in `docs/benchmarks`, and the table in `docs/BENCHMARKS.md`
    #[arg(long)]
    pub record: bool,
}
