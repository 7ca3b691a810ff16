//! Whether links lead to something, and whether scripts name an interpreter that an image has
//! rather than one of the machine that built it.

use super::{Judge, PATH};
use crate::rootfs::{Entry, Led};
use crate::shape::Form;
use crate::start::Start;
use std::collections::BTreeMap;
use xtask_core::finding::Finding;
use xtask_core::image::definition::{Addition, Layer, Stuff};

/// As many of one kind in one layer as a person wants to read.
const SHOWN_MAX: usize = 10;

impl Judge<'_> {
    pub(super) fn links(&self) -> Vec<Finding> {
        let lost = self.rootfs.iter().filter_map(|(path, entry)| {
            let Form::Link(target) = entry.form else { return None };
            let (_, layer) = self.layer(entry.layer);
            let is_declared = declares_link(layer, path);
            if !is_declared && matches!(layer.stuff, Stuff::Debian(_)) {
                return None;
            }
            let why = match self.rootfs.follow(&format!("/{path}")) {
                Led::Nowhere(missing) if missing == path => "it leads out of the image".to_owned(),
                Led::Nowhere(missing) => format!("`/{missing}` is not in the image"),
                Led::Round => "it leads round and round".to_owned(),
                Led::Root | Led::To(..) | Led::Mounted => return None,
            };
            let key = if is_declared { format!("links.{path}") } else { "copy".to_owned() };
            let next = if is_declared {
                "fix it"
            } else {
                "leave it out with `drop`, or keep what it leads to"
            };
            Some((entry, key, format!("`{path}` is a link to `{target}`, and {why}; {next}")))
        });
        self.shown(lost)
    }

    pub(super) fn scripts(&self) -> Vec<Finding> {
        let foreign = self.rootfs.iter().filter_map(|(path, entry)| {
            let Form::File(file) = entry.form else { return None };
            let Some(Start::Script(interpreter, _)) = &file.start else { return None };
            let (_, layer) = self.layer(entry.layer);
            if may_name(&layer.stuff, interpreter) || self.is_there(interpreter) {
                return None;
            }
            let shown = interpreter.escape_debug();
            let message = format!(
                "`{path}` is a script of `{shown}`, which is not in the image; \
                 leave it out with `drop`, or add what brings its interpreter"
            );
            Some((entry, "copy".to_owned(), message))
        });
        self.shown(foreign)
    }

    fn is_there(&self, interpreter: &str) -> bool {
        let led = self.rootfs.follow(interpreter);
        interpreter.starts_with('/') && matches!(led, Led::To(_, Form::File(_)) | Led::Mounted)
    }

    /// Each at its layer; of many alike only the first, and how many more there are.
    fn shown<'e>(&self, found: impl Iterator<Item = (Entry<'e>, String, String)>) -> Vec<Finding> {
        let mut by_layer: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
        for (entry, key, message) in found {
            let (place, _) = self.layer(entry.layer);
            let finding = self.definition.layer_finding(place, &key, message);
            by_layer.entry(place).or_default().push(finding);
        }
        for findings in by_layer.values_mut() {
            let more = findings.len().saturating_sub(SHOWN_MAX);
            findings.truncate(SHOWN_MAX);
            if let (Some(last), true) = (findings.last_mut(), more > 0) {
                last.message += &format!("; and {more} more of this kind");
            }
        }
        by_layer.into_values().flatten().collect()
    }
}

fn declares_link(layer: &Layer, path: &str) -> bool {
    let is_it = |it: &Addition| matches!(it, Addition::Link(link, _) if link == path);
    layer.additions.iter().any(is_it)
}

/// Whether a script may name an interpreter that is not in the image: packages hold scripts that
/// nobody runs there, for shells and the like. A wheel's are written by its installer, and those of
/// other layers by us; only `env` is so common in files that are read and never run that it is let
/// through. A folder that no system keeps programs in is one of the machine that built it.
fn may_name(stuff: &Stuff, interpreter: &str) -> bool {
    let (folder, name) = interpreter.rsplit_once('/').unwrap_or(("", interpreter));
    let is_customary = PATH.split(':').any(|it| it == folder);
    match stuff {
        Stuff::Debian(_) => true,
        Stuff::Npm { .. } => is_customary,
        Stuff::Wheels { .. } | Stuff::Build { .. } | Stuff::Files { .. } => {
            is_customary && name == "env"
        }
    }
}
