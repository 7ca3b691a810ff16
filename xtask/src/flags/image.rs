//! The flags of `image` and of its verbs.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use xtask_core::deploy::SecretSource;
use xtask_core::image::starter::Runtime;
use xtask_core::platform::Platform;
use xtask_core::reference::{Reference, Repository, Tag};
use xtask_core::trust::sbom::Format;

/// The verbs about images.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// Begin an image and its service: a definition, and sources that answer what is asked of them
    #[command(after_help = "Example: cargo xtask image init python hello")]
    Init(ImageInit),
    /// List the images that are defined, and what was built of them
    #[command(after_help = "Example: cargo xtask image list")]
    List,
    /// Choose the Debian packages of an image and write them down by hash
    #[command(after_help = "Example: cargo xtask image lock --update backend")]
    Lock(ImageLock),
    /// Build images into the OCI layout in `target/images`
    #[command(after_help = "Example: cargo xtask image build backend")]
    Build(ImageBuild),
    /// Show what a built image is made of, layer by layer
    #[command(after_help = "Example: cargo xtask image inspect backend")]
    Inspect(ImageInspect),
    /// Show what weighs in a built image: layers, packages and types of files
    #[command(after_help = "Example: cargo xtask image size backend --html target/size.html")]
    Size(ImageSize),
    /// Show the maintainer scripts of locked packages, and which of them nobody has read
    #[command(after_help = "Example: cargo xtask image scripts")]
    Scripts(ImageScripts),
    /// Build images and push them to a registry, with the credentials that are kept for it
    #[command(after_help = "Example: cargo xtask image push --to ghcr.io/acme/nutri --tag latest")]
    Push(ImagePush),
    /// Prove that an image comes out the same: build it twice, or compare it with a pushed one
    #[command(after_help = "Example: cargo xtask image verify backend")]
    Verify(ImageVerify),
    /// Scan built images for what must not be shipped: vulnerabilities, secrets, bad settings
    #[command(after_help = "Example: cargo xtask image scan backend --sarif target/scan.sarif")]
    Scan(ImageScan),
    /// Write down what a built image is made of, package by package
    #[command(after_help = "Example: cargo xtask image sbom backend --format cyclonedx")]
    Sbom(ImageSbom),
    /// Make a key to sign with: a private key under a passphrase, and a public one to commit
    #[command(
        after_help = "Example: cargo xtask image keygen --plain --private ../nutri.key --public nutri.pub"
    )]
    Keygen(ImageKeygen),
    /// Sign how images were made and what they are made of, and attach it to them
    #[command(after_help = "Example: cargo xtask image attest backend --key env:NUTRI_SIGNING_KEY")]
    Attest(ImageAttest),
    /// Check what is said about an image: who signed it, how it was made, what it is made of
    #[command(
        after_help = "Example: cargo xtask image verify-attestation ghcr.io/acme/nutri/backend:latest"
    )]
    VerifyAttestation(ImageVerifyAttestation),
    /// Tell from which commit the newest pushed images were made, as they were signed
    #[command(after_help = "Example: cargo xtask image newest --from ghcr.io/acme/nutri")]
    Newest(ImageNewest),
    /// Remove blobs and what was made, where no name and none of the last releases needs it
    #[command(after_help = "Example: cargo xtask image gc --keep 3")]
    Gc(ImageGc),
}

/// Flags of `image init`.
#[derive(Debug, Args)]
pub struct ImageInit {
    /// What the service runs on: `node`, `python` or `static`, a program that needs no library
    pub runtime: Runtime,
    /// The name of the image and of its service
    pub name: String,
    /// Add the service to `deploy.toml`; without it, what to add is printed
    #[arg(long)]
    pub deploy: bool,
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
    /// Platforms to build for; all that the definition names if none is named
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
    /// Under the version of the commit only: `latest` stays where it is until the image is signed
    #[arg(long, conflicts_with = "tag")]
    pub without_latest: bool,
    /// Platforms to build for; all that the definition names if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
}

/// Flags of `image verify`.
#[derive(Debug, Args)]
pub struct ImageVerify {
    /// Images, by the name of their definition; all services if none is named
    pub images: Vec<String>,
    /// Platforms to build for; all that the definition names if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// Build once, and compare with this image in a registry: `REPOSITORY@sha256:…` or with a tag
    #[arg(long, value_name = "REFERENCE")]
    pub against: Option<Reference>,
    /// Write what came of it to this file, as a signed statement; without a key it is not signed
    #[arg(long, value_name = "FILE", requires = "against")]
    pub statement: Option<PathBuf>,
    /// Attach the signed statement to the image in the registry too
    #[arg(long, requires = "against")]
    pub attach: bool,
    /// The private key that signs it: `env:VARIABLE` or `file:PATH`; else `signing.key` of
    /// `deploy.toml`
    #[arg(long, requires = "against")]
    pub key: Option<SecretSource>,
    /// Compare the two builds only, and not with what lies in `target/images`
    #[arg(long, conflicts_with = "against")]
    pub without_layout: bool,
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
    /// Leave the private key without a passphrase, for a keeper of secrets that encrypts it itself
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
    /// Platforms that the images were pushed for; all that the definition names if none is named
    #[arg(long)]
    pub platform: Vec<Platform>,
    /// The private key: `env:VARIABLE` or `file:PATH`; else `signing.key` of `deploy.toml`
    #[arg(long)]
    pub key: Option<SecretSource>,
}

/// Flags of `image verify-attestation`.
#[derive(Debug, Args)]
pub struct ImageVerifyAttestation {
    /// `repository:tag` or `repository@sha256:…`; with `--layout` a name or a digest in it
    pub reference: String,
    /// The image that it should be, by the name of its definition; else the last part of the
    /// repository, or the name in the layout
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// Files of public keys; else `signing.public_keys` of `deploy.toml`
    #[arg(long)]
    pub key: Vec<PathBuf>,
    /// A layout to look in, without a network, such as `target/attestations`
    #[arg(long)]
    pub layout: Option<PathBuf>,
}

/// Flags of `image newest`.
#[derive(Debug, Args)]
pub struct ImageNewest {
    /// The repository below which the images were pushed, each under its name
    #[arg(long, value_name = "REPOSITORY")]
    pub from: Repository,
    /// Files of public keys; else `signing.public_keys` of `deploy.toml`
    #[arg(long)]
    pub key: Vec<PathBuf>,
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
