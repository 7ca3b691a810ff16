//! The registry client against the fake, with everything that goes wrong, and against Docker's
//! own registry and skopeo where they are installed.

#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

mod access;
mod faults;
mod oracles;
mod push;
mod read;
pub(crate) mod real;
mod referrers;
mod refusals;
mod skopeo;
mod world;

/// A program of this machine; what is not there is said, for a test without it proves nothing.
#[expect(clippy::print_stdout, reason = "a test that proves nothing must say so")]
pub(crate) fn program(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: {name} is not installed");
    }
    found
}
