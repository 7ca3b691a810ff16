//! The tree of a layer of Debian packages, with what a scanner needs to know them by.

use crate::edge::apt::DebStore;
use crate::edge::files;
use crate::error::{Context as _, Failure, Result, code};
use crate::image::scripts;
use crate::world::World;
use std::collections::BTreeSet;
use xtask_core::digest::Digest;
use xtask_core::image::lock::LockedPackage;
use xtask_core::image::script_review::{Script, ScriptReview, ScriptReviews};
use xtask_image::deb::{Deb, SetId};
use xtask_image::tree::{Node, Tree};

/// Unpacks `packages` into one tree, and says what lost its set-id bits. No script is run, and a
/// package with a script that nobody has reviewed is refused.
pub(super) fn unpack(
    world: &World<'_>,
    store: &DebStore,
    packages: &[LockedPackage],
) -> Result<(Tree, Vec<SetId>)> {
    let reviews = scripts::reviews(world)?;
    let unpacked_dir = world.places.cache.join("unpacked");
    files::make_folder(&unpacked_dir)?;
    let mut tree = Tree::new();
    let mut set_id = Vec::new();
    let mut unjudged = Unjudged::default();
    for package in packages {
        let deb = open(store, package)?;
        unjudged.look_at(&deb, &reviews);
        let dropped = deb.unpack(&mut tree, &unpacked_dir);
        set_id
            .extend(dropped.or_outside(|| format!("failed to unpack package `{}`", package.name))?);
        describe(&mut tree, &deb)?;
    }
    unjudged.refuse()?;
    Ok((tree, set_id))
}

/// Opens the `.deb` that the lock names.
pub(in crate::image) fn open(store: &DebStore, package: &LockedPackage) -> Result<Deb> {
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

/// Scripts that nobody has read, over all packages of a layer: all are named at once.
#[derive(Default)]
struct Unjudged {
    packages: BTreeSet<String>,
    scripts: Vec<String>,
    reasons: Vec<String>,
}

impl Unjudged {
    fn look_at(&mut self, deb: &Deb, reviews: &ScriptReviews) {
        for (script, _) in scripts::install_scripts(deb) {
            let Script { package, name, digest } = &script;
            let version = deb.control().version();
            let reason = match reviews.of(&script) {
                ScriptReview::Read => continue,
                ScriptReview::Unread => {
                    format!("the `{name}` of `{package}` {version} was never read: {digest}")
                }
                ScriptReview::Changed(read) => format!(
                    "the `{name}` of `{package}` {version} is not one that was read: wanted {}, \
                     found {digest}; what differs is not known",
                    shown(&read)
                ),
            };
            self.packages.insert(package.clone());
            self.scripts.push(format!("{package}.{name}"));
            self.reasons.push(reason);
        }
    }

    fn refuse(self) -> Result<()> {
        if self.scripts.is_empty() {
            return Ok(());
        }
        let packages = self.packages.into_iter().collect::<Vec<_>>().join(" ");
        let line = format!(
            "cannot use packages whose scripts nobody has reviewed: {}",
            self.scripts.join(", ")
        );
        let failure = self
            .reasons
            .into_iter()
            .fold(Failure::usage(line).code(&code::SCRIPT_UNREAD), Failure::reason);
        Err(failure.hint(format!(
            "`cargo xtask image scripts {packages}` shows them, and how to accept them"
        )))
    }
}

fn shown(digests: &BTreeSet<Digest>) -> String {
    if digests.is_empty() {
        return "none".to_owned();
    }
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// `status.d` and the md5sums, in the layer that owns the files: scanners judge layer by layer.
fn describe(tree: &mut Tree, deb: &Deb) -> Result<()> {
    let name = deb.control().package();
    let status = deb.control().to_string();
    let place = format!("var/lib/dpkg/status.d/{name}");
    let failed = || format!("cannot describe package `{name}`");
    tree.insert(&place, Node::file(0o644, status)).or_outside(failed)?;
    let sums = Node::file(0o644, deb.md5sums.clone());
    tree.insert(format!("{place}.md5sums"), sums).or_outside(failed)
}
