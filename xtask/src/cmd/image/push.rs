//! `image push`: built images into a registry, under tags that come last.

use super::build;
use crate::edge::git::{self, Checkout};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::ImagePush;
use crate::image::{Built, Pushing, stored_image};
use crate::runtime;
use crate::world::World;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use xtask_core::plan::Count;
use xtask_core::reference::{Repository, Tag};
use xtask_core::ship::release::{LATEST, version_of};
use xtask_image::layout::Layout;
use xtask_registry::{PushReceipt, Registry};

/// An image that is in the registry now.
struct Pushed {
    name: String,
    repository: Repository,
    receipt: PushReceipt,
    took: Duration,
}

pub(super) fn run(flags: &ImagePush, world: &World<'_>) -> Result<Exit> {
    let before = git::checkout(&world.shell)?;
    let tags = tags(flags, &before);
    let registry = runtime::wait(Registry::of(&flags.to)).map_err(|error| {
        Failure::usage(format!("cannot log in to `{}`", flags.to.registry())).because(&error)
    })?;
    let images = build::all(world, &flags.images, &flags.platform)?;
    refuse_changed_tree(world, &before)?;
    let layout = Layout::open_or_create(world.places.layout());
    let layout = layout.or_outside(|| "failed to open the image layout".to_owned())?;
    let mut pushing = Pushing::new(&registry, layout, &tags);
    siblings(world, &flags.to, &mut pushing)?;
    let pushed = images.iter().map(|image| push(world, &flags.to, image, &mut pushing));
    let pushed = pushed.collect::<Result<Vec<Pushed>>>()?;
    let images: Vec<Value> = pushed.iter().map(value).collect();
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let lines: Vec<String> = pushed.iter().map(Pushed::pin).collect();
    world.report.data(&json!({ "tags": tags, "images": images }), &lines.join("\n"));
    Ok(Exit::Done)
}

/// What was asked for, or the version of the tree and `latest`.
fn tags(flags: &ImagePush, checkout: &Checkout) -> Vec<Tag> {
    if !flags.tag.is_empty() {
        return flags.tag.clone();
    }
    let version = version_of(&checkout.commit, checkout.dirty_tree.as_deref());
    let latest = (!flags.without_latest).then_some(LATEST);
    let tags = [version.as_str()].into_iter().chain(latest);
    tags.map(|tag| tag.parse().expect("a tag")).collect()
}

/// What was built while the tree changed is of no commit, whatever it is to be called.
fn refuse_changed_tree(world: &World<'_>, before: &Checkout) -> Result<()> {
    if git::checkout(&world.shell)? == *before {
        return Ok(());
    }
    Err(Failure::refused("cannot push: the tree changed while it was built")
        .code(&code::TREE_CHANGED)
        .hint("run it again"))
}

/// Layers are shared between services, so each looks at the others' repositories first.
fn siblings(world: &World<'_>, to: &Repository, pushing: &mut Pushing<'_>) -> Result<()> {
    for name in build::service_images(world) {
        if let Ok(image) = stored_image(world, &name) {
            pushing.may_be_there(&image, &repository(to, &name)?);
        }
    }
    Ok(())
}

fn push(
    world: &World<'_>,
    to: &Repository,
    image: &Built,
    pushing: &mut Pushing<'_>,
) -> Result<Pushed> {
    let repository = repository(to, &image.name)?;
    let (phase, began) = (world.report.phase("push"), Instant::now());
    let receipt = pushing.push(image, &repository, &phase)?;
    let pushed = Pushed { name: image.name.clone(), repository, receipt, took: began.elapsed() };
    phase.done(&pushed.outcome());
    Ok(pushed)
}

fn repository(to: &Repository, image: &str) -> Result<Repository> {
    to.join(image).or_usage(|| format!("cannot name the repository of `{image}`"))
}

impl Pushed {
    fn pin(&self) -> String {
        self.repository.pin(self.receipt.root).to_string()
    }

    /// One line for people.
    fn outcome(&self) -> String {
        let PushReceipt { uploaded, mounted, present, bytes_sent, requests, .. } = &self.receipt;
        format!(
            "{}: {} sent, {} mounted, {} present, {:.1} MB, {}",
            self.name,
            Count(uploaded.len(), "blob"),
            mounted.len(),
            present.len(),
            *bytes_sent as f64 / 1e6,
            Count(*requests as usize, "request")
        )
    }
}

fn value(pushed: &Pushed) -> Value {
    let receipt = &pushed.receipt;
    json!({
        "name": pushed.name, "reference": pushed.pin(), "digest": receipt.root,
        "sent": receipt.uploaded.len(), "mounted": receipt.mounted.len(),
        "present": receipt.present.len(), "bytes": receipt.bytes_sent,
        "requests": receipt.requests, "seconds": pushed.took.as_secs_f64(),
    })
}
