//! The words of a definition that stand for the platform.

use crate::platform::Platform;

/// `amd64` or `arm64`, as Go and Debian say.
const ARCHITECTURE: &str = "{arch}";
/// `x86_64` or `aarch64`, as compilers and the kernel say.
const MACHINE: &str = "{machine}";

/// Whether `text` is another one on each platform.
pub(super) fn is_in(text: &str) -> bool {
    [ARCHITECTURE, MACHINE].iter().any(|word| text.contains(word))
}

/// What `text` is on `platform`.
pub(super) fn filled(text: &str, platform: Platform) -> String {
    text.replace(ARCHITECTURE, platform.architecture()).replace(MACHINE, platform.machine())
}
