//! Every flag of every verb: the whole command line on a few screens.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use xtask_core::deploy::SecretSource;
use xtask_core::platform::Platform;
use xtask_core::reference::{Reference, Repository, Tag};
use xtask_core::sbom::Format;

/// Take Nutri from a commit to verified production.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
pub struct Flags {
    /// Give the result as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs, in the order of the road.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Walk the whole road on this machine: build, scan, push, migrate, roll out, verify
    Up,
    /// Stop the containers that `up` started; data and the Docker engine stay
    Down(Down),
    /// Tell what runs, which commit, since when, healthy or not
    Status(Environment),
    /// Make images, and the locks they are made from
    #[command(subcommand)]
    Image(Image),
    /// List the releases of an environment, newest first
    Releases(Environment),
    /// Apply the migrations that are pending, or show them
    Migrate(Migrate),
    /// Move an environment to a release
    Rollout(Rollout),
    /// Move an environment back to the release before, or to the one named
    Rollback(Rollback),
    /// Ask the public URL, five times over ten seconds, which release answers
    Verify(Environment),
    /// Show the record of every change of an environment, and check its chain
    Audit(Environment),
    /// Show the last lines that a service wrote
    Logs(Logs),
    /// Measure against the model, the goals and other programs
    #[command(subcommand)]
    Bench(Bench),
    /// Run every check and test of the repository
    Ci(Ci),
    /// Tell which tools are wanted, which were found, and how to get the rest
    Doctor,
}

/// Flags of `down`.
#[derive(Debug, Args)]
pub struct Down {
    /// Remove all of it: containers, volumes with their data, images, secrets
    #[arg(long)]
    pub erase: bool,
}

/// Which environment.
#[derive(Debug, Args)]
pub struct Environment {
    /// An environment of `deploy.toml`
    #[arg(default_value = "local")]
    pub environment: String,
}

/// The verbs about images.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// List the images that are defined, and what was built of them
    List,
    /// Choose the Debian packages of an image and write them down by hash
    Lock(ImageLock),
    /// Build images into the OCI layout in `target/images`
    Build(ImageBuild),
    /// Show what a built image is made of, layer by layer
    Inspect(ImageInspect),
    /// Show what weighs in a built image: layers, packages and types of files
    Size(ImageSize),
    /// Show the maintainer scripts of locked packages, and which of them nobody has read
    Scripts(ImageScripts),
    /// Build images and push them to a registry, with the credentials that are kept for it
    Push(ImagePush),
    /// Prove that an image comes out the same: build it twice, or compare it with a pushed one
    Verify(ImageVerify),
    /// Scan built images for what must not be shipped: vulnerabilities, secrets, bad settings
    Scan(ImageScan),
    /// Write down what a built image is made of, package by package
    Sbom(ImageSbom),
    /// Make a key to sign with: a private half under a passphrase, and a public one to commit
    Keygen(ImageKeygen),
    /// Sign how images were made and what they are made of, and attach it to them
    Attest(ImageAttest),
    /// Check what is said about an image: who signed it, how it was made, what it is made of
    VerifyAttestation(ImageVerifyAttestation),
    /// Let go of blobs and of what was made, where no name and none of the last releases needs it
    Gc(ImageGc),
}

/// Flags of `image gc`.
#[derive(Debug, Args)]
pub struct ImageGc {
    /// How many verified releases of each environment keep their images
    #[arg(long, default_value_t = 5)]
    pub keep: usize,
    /// Remove it; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}

/// Flags of `image lock`.
#[derive(Debug, Args)]
pub struct ImageLock {
    /// Images, by the name of their definition; all if none is named
    pub images: Vec<String>,
    /// Take the newest packages, also where a lock is there already
    #[arg(long)]
    pub update: bool,
    /// Accept every script of the locked packages without reading it, and name those
    #[arg(long)]
    pub accept_scripts: bool,
}

/// Flags of `image build`.
#[derive(Debug, Args)]
pub struct ImageBuild {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// Platforms to build for; both if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
}

/// Flags of `image inspect`.
#[derive(Debug, Args)]
pub struct ImageInspect {
    /// The image, by the name of its definition
    pub image: String,
}

/// Flags of `image size`.
#[derive(Debug, Args)]
pub struct ImageSize {
    /// The image, by the name of its definition
    pub image: String,
    /// One platform; every one it is built for if none is named
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Also write a page with a map to walk into, which needs nothing but itself
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How many packages and types to list
    #[arg(long, default_value_t = 10)]
    pub top: usize,
}

/// Flags of `image scripts`.
#[derive(Debug, Args)]
pub struct ImageScripts {
    /// Packages whose scripts are shown in full; all are listed if none is named
    pub packages: Vec<String>,
    /// Accept the scripts, now that they have been read
    #[arg(long)]
    pub accept: bool,
}

/// Flags of `image push`.
#[derive(Debug, Args)]
pub struct ImagePush {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// Where to: each image has its repository below this one
    #[arg(long, value_name = "REPOSITORY")]
    pub to: Repository,
    /// Tags for each image; the version of the commit and `latest` if none is named
    #[arg(long)]
    pub tag: Vec<Tag>,
    /// Platforms to build for; both if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
}

/// Flags of `image verify`.
#[derive(Debug, Args)]
pub struct ImageVerify {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// Platforms to build for; both if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// Build once, and compare with this image in a registry: `REPOSITORY@sha256:…` or with a tag
    #[arg(long, value_name = "REFERENCE")]
    pub against: Option<Reference>,
}

/// Flags of `image scan`.
#[derive(Debug, Args)]
pub struct ImageScan {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// Platforms to scan; all that were built if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// Write what was found to this file too, as GitHub's code scanning takes it
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
}

/// Flags of `image sbom`.
#[derive(Debug, Args)]
pub struct ImageSbom {
    /// The image, by the name of its definition
    pub image: String,
    /// `spdx` (2.3) or `cyclonedx` (1.6)
    #[arg(long, default_value = "spdx")]
    pub format: Format,
    /// The platform; this machine's if none is named
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Flags of `image keygen`.
#[derive(Debug, Args)]
pub struct ImageKeygen {
    /// The file for the private key, outside the repository
    #[arg(long)]
    pub private: PathBuf,
    /// The file for the public key
    #[arg(long)]
    pub public: PathBuf,
    /// Leave the private key without a passphrase, for a keeper of secrets that seals it itself
    #[arg(long)]
    pub plain: bool,
}

/// Flags of `image attest`.
#[derive(Debug, Args)]
pub struct ImageAttest {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// The repository below which the images were pushed, each under its name; without it,
    /// everything stays in `target/attestations`
    #[arg(long)]
    pub to: Option<Repository>,
    /// The private key: `env:VARIABLE` or `file:PATH`; else `signing.key` of `deploy.toml`
    #[arg(long)]
    pub key: Option<SecretSource>,
}

/// Flags of `image verify-attestation`.
#[derive(Debug, Args)]
pub struct ImageVerifyAttestation {
    /// `repository:tag` or `repository@sha256:…`; with `--layout` a name or a digest in it
    pub reference: String,
    /// Files of public keys; else `signing.public_keys` of `deploy.toml`
    #[arg(long)]
    pub key: Vec<PathBuf>,
    /// A layout to look in, without a network, such as `target/attestations`
    #[arg(long)]
    pub layout: Option<PathBuf>,
}

/// Flags of `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// Apply what is pending; without it, it is only shown
    #[arg(long)]
    pub apply: bool,
}

/// Flags of `rollout`.
#[derive(Debug, Args)]
pub struct Rollout {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// A release of its registry, as `releases` lists them
    pub release: String,
}

/// Flags of `rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// An environment of `deploy.toml`
    pub environment: String,
    /// The release to go back to; the last one that was verified if none is named
    pub release: Option<String>,
}

/// Flags of `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// A service of `deploy.toml`
    pub service: String,
    /// How many lines
    #[arg(long, default_value_t = 50)]
    pub lines: usize,
}

/// The benchmarks.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Building and pushing of images: cold, after an edit, unchanged, and large
    Image(BenchImage),
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

/// Flags of `ci`.
#[derive(Debug, Args)]
pub struct Ci {
    /// Run these tasks only, and what they need
    #[arg(long)]
    pub only: Vec<String>,
    /// Leave these tasks out
    #[arg(long)]
    pub skip: Vec<String>,
    /// Go on after a failure with what does not need it
    #[arg(long)]
    pub keep_going: bool,
    /// Take a task that could not be checked for a failure
    #[arg(long)]
    pub strict: bool,
    /// List the tasks and end
    #[arg(long)]
    pub list: bool,
}
