//! A host with images of every kind, as the recorded Coolify had one.

use super::update::Exec;
use super::update::simulated::{Image, Simulated};
use std::collections::BTreeMap;

/// The repository of the images.
pub const REPOSITORY: &str = "127.0.0.1:5999/h1/app";
/// The registry at which nothing answers.
pub const SILENT_REGISTRY: &str = "127.0.0.1:5998";
/// A good image by its digest.
pub const DIGEST: &str = "sha256:f3edaea01b4a504989bb8034ccb2187636de5fa4ccd53802af2709012e239f8a";

/// Tags `1` to `5` are good; the others are named for what is wrong with them, or for their own
/// HEALTHCHECK (`hc`, `hcbad`).
pub fn host() -> Simulated {
    let host = Simulated::new();
    let good = Image { commands: commands(), ..Image::good() };
    let numbered = ["1", "2", "3", "4", "5"].map(|tag| (tag, good.clone()));
    let others = [
        ("bad", Image::bad()),
        ("crash", Image::crashing()),
        ("noshell", Image::without_shell()),
        ("hc", good.clone().with_own_check()),
        ("hcbad", Image::bad().with_own_check()),
    ];
    for (created, (tag, image)) in (0..).zip(numbered.into_iter().chain(others)) {
        host.publish(&format!("{REPOSITORY}:{tag}"), Image { created, ..image });
    }
    host.publish(&format!("{REPOSITORY}@{DIGEST}"), good);
    host.silence(SILENT_REGISTRY);
    host
}

/// An image of a kind by its name, for whoever describes a host in a file.
pub fn image(kind: &str) -> Option<Image> {
    match kind {
        "good" => Some(Image::good()),
        "bad" => Some(Image::bad()),
        "crashing" => Some(Image::crashing()),
        "without-shell" => Some(Image::without_shell()),
        "own-check" => Some(Image::good().with_own_check()),
        "own-check-bad" => Some(Image::bad().with_own_check()),
        _ => None,
    }
}

/// Commands that fail, as some before and after a deployment do.
fn commands() -> BTreeMap<String, Exec> {
    let failing = |(command, status): (&str, i32)| {
        (command.to_owned(), Exec { status, output: "no".to_owned() })
    };
    [("echo no; exit 3", 3), ("exit 4", 4)].into_iter().map(failing).collect()
}
