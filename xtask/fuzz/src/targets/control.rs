//! The fields of a package.

use super::Target;
use xtask_image::deb::Control;

pub(super) const CONTROL: Target = Target {
    name: "control",
    run,
    seeds: || vec![SEED.as_bytes().to_vec(), SEED.replace(" .\n", " .\r\r\n").into_bytes()],
    words: &["Package: ", "Version: ", "Architecture: ", "\n ", "\n\t", "\r\n", "\u{a0}"],
};

const SEED: &str = "Package: tiny\nVersion: 1:2-3\nArchitecture: all\n\
    Description: small\n a first line\n .\n the last\nMulti-Arch: same\n";

/// What is read is written so that it reads the same again.
fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(control) = Control::parse(text) else { return };
    assert!(!control.package().is_empty() && !control.version().is_empty());
    assert_eq!(Control::parse(&control.to_string()).as_ref(), Ok(&control));
}
