//! The os and architecture an image is for. Two are built: Linux on amd64 and on arm64.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A platform that we build for; the order is the order inside an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub enum Platform {
    /// `linux/amd64`
    Amd64,
    /// `linux/arm64`
    Arm64,
}

/// How the OCI documents spell a platform; `variant` is never written (and `v8` is understood).
#[derive(Serialize, Deserialize)]
struct Spelled {
    architecture: String,
    os: String,
}

/// Why a text is not a platform we build for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown platform `{text}`; known: `linux/amd64`, `linux/arm64`")]
pub struct PlatformError {
    text: String,
}

impl Platform {
    /// Every platform, in index order.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// The architecture as OCI, Go and Debian spell it.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The architecture as npm spells it (`--cpu`).
    pub fn npm_cpu(self) -> &'static str {
        match self {
            Self::Amd64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// The architecture as the kernel, ELF tools and wheels spell it.
    pub fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The value of `e_machine` in the header of an ELF file for this platform.
    pub fn elf_machine(self) -> u16 {
        match self {
            Self::Amd64 => 62,
            Self::Arm64 => 183,
        }
    }

    /// The platform of a machine that reports itself as `machine` (`uname -m`, Rust's `ARCH`).
    pub fn of_machine(machine: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.machine() == machine)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "linux/{}", self.architecture())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let found = Self::ALL.into_iter().find(|platform| platform.to_string() == text);
        found.ok_or_else(|| PlatformError { text: text.to_owned() })
    }
}

impl TryFrom<Spelled> for Platform {
    type Error = PlatformError;

    fn try_from(spelled: Spelled) -> Result<Self, PlatformError> {
        format!("{}/{}", spelled.os, spelled.architecture).parse()
    }
}

impl From<Platform> for Spelled {
    fn from(platform: Platform) -> Self {
        Self { architecture: platform.architecture().to_owned(), os: "linux".to_owned() }
    }
}
