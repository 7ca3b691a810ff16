//! Holds what a definition promises against the files of its image: that its process can start,
//! that its user has an account, that links and scripts of ours lead to something.
//!
//! Debian's own packages may hold links and scripts that lead nowhere: they suggest packages that
//! are not installed, and nobody runs them. What an image itself starts is judged wherever it is from.

mod accounts;
mod environment;
mod leads;
mod program;

use crate::rootfs::Rootfs;
use crate::shape::Shape;
use xtask_core::finding::Finding;
use xtask_core::image::definition::{Config, Definition, Layer};

/// Where the engine looks for a program if an image does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image and its files.
struct Judge<'a> {
    definition: &'a Definition,
    rootfs: Rootfs<'a>,
    /// For each layer of the image, its place in the definition.
    places: Vec<usize>,
}

/// Everything in which `definition` and `layers`, lowest first with their names, do not agree.
pub fn judge(definition: &Definition, layers: &[(&str, Shape)]) -> Vec<Finding> {
    let place = |name: &str| definition.layers.iter().position(|it| it.is_called(name));
    let places = layers.iter().map(|(name, _)| place(name).unwrap_or_default()).collect();
    let mut judge = Judge { definition, rootfs: Rootfs::default(), places };
    let mut findings = judge.idle_layers(layers);
    findings.extend(judge.program());
    findings.extend(judge.folders());
    findings.extend(judge.accounts());
    findings.extend(judge.links());
    findings.extend(judge.scripts());
    findings.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    findings
}

impl<'a> Judge<'a> {
    fn config(&self) -> &'a Config {
        &self.definition.config
    }

    /// Who the process is.
    fn user(&self) -> (u32, u32) {
        let (uid, gid) = self.config().user.split_once(':').unwrap_or_default();
        (uid.parse().unwrap_or_default(), gid.parse().unwrap_or_default())
    }

    /// The folders in which a program is looked for.
    fn path(&self) -> &'a str {
        let path = self.config().env.iter().find(|(name, _)| name == "PATH");
        path.map_or(PATH, |(_, value)| value)
    }

    /// The layer of the definition that the layer of the image in this place is from.
    fn layer(&self, place: usize) -> (usize, &'a Layer) {
        let place = self.places[place];
        (place, &self.definition.layers[place])
    }

    /// Lays all layers over each other, and finds those that come to nothing.
    fn idle_layers(&mut self, layers: &'a [(&str, Shape)]) -> Vec<Finding> {
        let mut idle = vec![true; self.definition.layers.len()];
        for (place, (_, shape)) in layers.iter().enumerate() {
            if self.rootfs.lay(place, shape) {
                idle[self.places[place]] = false;
            }
        }
        let idle = idle.iter().enumerate().filter(|(_, is_idle)| **is_idle);
        idle.map(|(place, _)| {
            let name = &self.definition.layers[place].name;
            let message = format!("layer `{name}` adds nothing to what is below it; take it out");
            self.definition.layer_finding(place, "", message)
        })
        .collect()
    }
}

/// Whether `user` has the right `bit` (4 read, 2 write, 1 execute or enter) by these rights.
fn may((mode, uid, gid): (u32, u32, u32), user: (u32, u32), bit: u32) -> bool {
    let shift = if uid == user.0 {
        6
    } else if gid == user.1 {
        3
    } else {
        0
    };
    mode >> shift & bit != 0
}

#[cfg(test)]
mod tests;
