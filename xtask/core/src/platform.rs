//! The os and architecture an image is for. Two are built: Linux on amd64 and on arm64. Others are
//! read, because an index of somebody else may list them.

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

/// A platform that an index lists: one that we build for, or another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OtherPlatform", into = "OtherPlatform")]
pub enum AnyPlatform {
    /// One that we build for.
    Ours(Platform),
    /// `linux/arm/v7`, `windows/amd64`, or the `unknown/unknown` of what is no image.
    Other(OtherPlatform),
}

/// A platform that we do not build for, as it is spelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPlatform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    os_version: Option<String>,
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

impl AnyPlatform {
    /// The platform, if we build for it.
    pub fn ours(&self) -> Option<Platform> {
        match self {
            Self::Ours(platform) => Some(*platform),
            Self::Other(_) => None,
        }
    }
}

impl From<OtherPlatform> for AnyPlatform {
    /// `v8` is what every arm64 is; any other variant is a machine that we do not build for.
    fn from(spelled: OtherPlatform) -> Self {
        let OtherPlatform { architecture, os, variant, os_version } = &spelled;
        let plain = match variant.as_deref() {
            None | Some("") => true,
            Some(variant) => architecture == "arm64" && variant == "v8",
        };
        let known = format!("{os}/{architecture}").parse().ok();
        match known.filter(|_| plain && os_version.is_none()) {
            Some(platform) => Self::Ours(platform),
            None => Self::Other(spelled),
        }
    }
}

impl From<AnyPlatform> for OtherPlatform {
    fn from(platform: AnyPlatform) -> Self {
        match platform {
            AnyPlatform::Ours(platform) => {
                let Spelled { architecture, os } = platform.into();
                Self { architecture, os, variant: None, os_version: None }
            }
            AnyPlatform::Other(other) => other,
        }
    }
}

impl From<Platform> for AnyPlatform {
    fn from(platform: Platform) -> Self {
        Self::Ours(platform)
    }
}

impl fmt::Display for AnyPlatform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(platform) => platform.fmt(formatter),
            Self::Other(OtherPlatform { architecture, os, variant, .. }) => {
                write!(formatter, "{os}/{architecture}")?;
                variant.iter().try_for_each(|variant| write!(formatter, "/{variant}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AnyPlatform {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_variant_that_is_another_machine_is_another_platform() {
        let cases = [
            (r#"{"architecture":"amd64","os":"linux"}"#, Ok(Platform::Amd64)),
            (r#"{"architecture":"arm64","os":"linux","variant":"v8"}"#, Ok(Platform::Arm64)),
            (r#"{"architecture":"amd64","os":"linux","variant":"v3"}"#, Err("linux/amd64/v3")),
            (r#"{"architecture":"arm","os":"linux","variant":"v7"}"#, Err("linux/arm/v7")),
            (r#"{"architecture":"unknown","os":"unknown"}"#, Err("unknown/unknown")),
            (r#"{"architecture":"amd64","os":"windows"}"#, Err("windows/amd64")),
            (r#"{"architecture":"amd64","os":"linux","os.version":"10.0"}"#, Err("linux/amd64")),
        ];
        for (text, wanted) in cases {
            let platform = read(text);
            let found = platform.ours().ok_or_else(|| platform.to_string());
            assert_eq!(found.as_ref().map_err(String::as_str), wanted.as_ref().map_err(|it| *it));
            let written = serde_json::to_string(&platform).unwrap();
            assert_eq!(read(&written), platform, "{text}");
        }
    }

    #[test]
    fn one_of_ours_is_written_as_ever() {
        let written = serde_json::to_string(&AnyPlatform::Ours(Platform::Arm64)).unwrap();
        assert_eq!(written, r#"{"architecture":"arm64","os":"linux"}"#);
        assert_eq!(written, serde_json::to_string(&Platform::Arm64).unwrap());
    }
}
