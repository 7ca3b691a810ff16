//! The tree of a layer of Debian packages, with what a scanner needs to know them by.

use crate::edge::apt::DebStore;
use crate::edge::files;
use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::lock::LockedPackage;
use xtask_core::reader::Source;
use xtask_image::deb::Deb;
use xtask_image::tree::{Node, Tree};

/// Which maintainer scripts were read by a person, and what became of their effect.
pub(in crate::image) const SCRIPTS_FILE: &str = "images/debian-scripts.toml";

/// The scripts that have an effect when a package is unpacked for the first time.
const INSTALL_SCRIPTS: [&str; 2] = ["preinst", "postinst"];

/// Unpacks `packages` into one tree. No script is run, and a package with a script that nobody
/// has judged is refused.
pub(super) fn unpack(
    world: &World<'_>,
    store: &DebStore,
    packages: &[LockedPackage],
) -> Result<Tree> {
    let judged = read_judged(world)?;
    let spool = world.places.cache.join("spool");
    files::make_folder(&spool)?;
    let mut tree = Tree::new();
    let mut unjudged = Vec::new();
    for package in packages {
        let deb = open(store, package)?;
        unjudged.extend(unjudged_scripts(&deb, &judged));
        deb.unpack(&mut tree, &spool)
            .or_outside(|| format!("failed to unpack package `{}`", package.name))?;
        describe(&mut tree, &deb)?;
    }
    if unjudged.is_empty() {
        return Ok(tree);
    }
    Err(Failure::usage(format!("cannot use packages whose scripts nobody has judged: {}", unjudged.join(", ")))
        .hint(format!("read each script, declare its useful effect in the definition, then name the package in `{SCRIPTS_FILE}`")))
}

fn open(store: &DebStore, package: &LockedPackage) -> Result<Deb> {
    let failed = || format!("failed to read package `{}`", package.name);
    let deb = Deb::open(store.path(&package.digest)).or_outside(failed)?;
    let (name, version) = (deb.control().package(), deb.control().version());
    if name != package.name || version != package.version {
        return Err(Failure::outside(failed()).reason(format!(
            "wanted {} {}, found {name} {version}",
            package.name, package.version
        )));
    }
    Ok(deb)
}

fn unjudged_scripts(deb: &Deb, judged: &BTreeMap<String, String>) -> Vec<String> {
    let name = deb.control().package();
    let scripts = INSTALL_SCRIPTS.iter().filter(|script| deb.scripts.contains_key(**script));
    scripts
        .filter(|_| !judged.contains_key(name))
        .map(|script| format!("{name}.{script}"))
        .collect()
}

/// `status.d` and the md5sums, in the layer that owns the files: scanners judge layer by layer.
fn describe(tree: &mut Tree, deb: &Deb) -> Result<()> {
    let name = deb.control().package();
    let fields = deb.control().fields();
    let status: String = fields.map(|(key, value)| format!("{key}: {value}\n")).collect();
    let place = format!("var/lib/dpkg/status.d/{name}");
    let failed = || format!("cannot describe package `{name}`");
    tree.insert(&place, Node::file(0o644, status)).or_outside(failed)?;
    let sums = Node::file(0o644, deb.md5sums.clone());
    tree.insert(format!("{place}.md5sums"), sums).or_outside(failed)
}

fn read_judged(world: &World<'_>) -> Result<BTreeMap<String, String>> {
    let text = files::read(&world.places.file(SCRIPTS_FILE))?;
    let judged = Source::new(SCRIPTS_FILE, &text).read(|root| Some(root.text_table("judged")));
    Ok(judged.or_usage(|| format!("cannot use `{SCRIPTS_FILE}`"))?.into_iter().collect())
}
