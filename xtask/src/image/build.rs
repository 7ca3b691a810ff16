//! Builds one image, layer by layer and platform by platform.

use super::cache_lock;
use super::layer_build::{self, LayerBuild, PackedLayer};
use super::stage::{self, Idle};
use super::{key, layer_cache::LayerCache, size::size, union};
use crate::edge::clock::milliseconds;
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::report::Phase;
use crate::world::World;
use serde::Serialize;
use std::cell::OnceCell;
use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xtask_core::descriptor::Descriptor;
use xtask_core::finding::Finding;
use xtask_core::image::conditions::Conditions;
use xtask_core::image::definition::{Definition, Layer};
use xtask_core::image::lock::Lock;
use xtask_core::image::size::megabytes;
use xtask_core::platform::Platform;
use xtask_image::cache::{Cache, Origin, cached_layer_with};
use xtask_image::gzip_v1::ENCODER_ID;
use xtask_image::image::{Healthcheck, ImageConfig, ImageLayer, write_image, write_index};
use xtask_image::layer::LayerOptions;
use xtask_image::layout::Layout;
use xtask_image::shape::Shape;
use xtask_image::split::{Portability, SplitTree};
use xtask_image::tree::Tree;

/// An image over its budget names this many packages.
const PACKAGES_SHOWN_MAX: usize = 10;

/// An image in the layout.
#[derive(Clone, Debug, Serialize)]
pub struct Built {
    /// The name of its definition.
    pub name: String,
    pub index: Descriptor,
    /// Its manifest on each platform.
    pub manifests: Vec<(Platform, Descriptor)>,
    /// How many layers were made now, over all platforms.
    pub made: usize,
    /// How many layers were there already.
    pub reused: usize,
    /// The largest unpacked size over the platforms, in bytes.
    pub unpacked: u64,
}

impl Built {
    /// One line for people.
    pub fn outcome(&self) -> String {
        let megabytes = self.unpacked / 1_000_000;
        format!(
            "{} layers made, {} reused, {megabytes} MB unpacked, {}",
            self.made,
            self.reused,
            self.index.digest.short()
        )
    }

    /// Its manifest on `platform`.
    pub fn manifest(&self, platform: Platform) -> Option<&Descriptor> {
        self.manifests.iter().find(|(it, _)| *it == platform).map(|(_, manifest)| manifest)
    }
}

/// Builds the image called `name` for `platforms`, or for all of its own where none is named, into
/// the layout of the checkout.
pub fn build(
    world: &World<'_>,
    name: &str,
    platforms: &[Platform],
    phase: &Phase<'_>,
) -> Result<Built> {
    let definition = world.definition(name)?;
    let platforms = wanted(&definition, platforms)?;
    let lock = stage::lock(world, name)?;
    check_encoder(name, &lock)?;
    let builder = Builder::open(world, &definition, &lock, phase)?;
    let build = || platforms.iter().map(|platform| builder.platform(*platform)).collect();
    let parts: Result<Vec<PlatformBuild>> = build();
    let parts = parts.and_then(|parts| {
        layer_build::check_neutral(&builder.layout, &parts)?;
        Ok(parts)
    });
    builder.finish(
        &parts.map_err(|failure| failure.during(format!("failed to build image `{name}`")))?,
    )
}

/// The platforms of `asked`, if the image is for them; all of its own where none is asked for.
fn wanted(definition: &Definition, asked: &[Platform]) -> Result<Vec<Platform>> {
    let file = format!("images/{}.toml", definition.name);
    definition.wanted(asked).map_err(|error| {
        Failure::usage(format!("cannot build image `{}`", definition.name))
            .because(&error)
            .hint(format!("`platforms` of `{file}` names those that it is for"))
    })
}

/// The digests of a lock's images are made of one encoder's bytes; with another they would differ.
fn check_encoder(name: &str, lock: &Lock) -> Result<()> {
    if lock.encoder == ENCODER_ID {
        return Ok(());
    }
    Err(Failure::refused(format!("cannot build image `{name}`: its lock names another encoder"))
        .code(&code::LOCK_STALE)
        .reason(format!("wanted `{}`, found `{ENCODER_ID}`", lock.encoder))
        .hint(format!("`cargo xtask image lock {name} --update` locks it for this encoder")))
}

struct Builder<'a> {
    world: &'a World<'a>,
    definition: &'a Definition,
    lock: &'a Lock,
    phase: &'a Phase<'a>,
    layout: Layout,
    layer_cache: LayerCache,
    /// Opened when something has to be made: what it remembers is much to read.
    cache: OnceCell<Cache>,
    /// Which blobs were read and found whole.
    blobs: Cache,
    known: key::Known,
    /// Says that a build is running, until it has ended.
    _cache_lock: File,
}

/// An image for one platform.
pub(super) struct PlatformBuild {
    pub(super) platform: Platform,
    pub(super) layers: Vec<LayerBuild>,
    manifest: Descriptor,
    unpacked: u64,
}

impl<'a> Builder<'a> {
    fn open(
        world: &'a World<'a>,
        definition: &'a Definition,
        lock: &'a Lock,
        phase: &'a Phase<'a>,
    ) -> Result<Self> {
        let failed = || "failed to open the image layout".to_owned();
        let _cache_lock = cache_lock::shared(&world.places.cache)?;
        let layout = Layout::open_or_create(world.places.layout()).or_outside(failed)?;
        let layer_cache = LayerCache::open(world.places.cache.join("layers"))?;
        let blobs = Cache::open(world.places.cache.join("blobs")).or_outside(failed)?;
        let (cache, known) = (OnceCell::new(), key::Known::default());
        Ok(Self {
            world,
            definition,
            lock,
            phase,
            layout,
            layer_cache,
            cache,
            blobs,
            known,
            _cache_lock,
        })
    }

    fn cache(&self) -> Result<&Cache> {
        if let Some(cache) = self.cache.get() {
            return Ok(cache);
        }
        let opened = Cache::open(self.world.places.cache.join("contents"))
            .or_outside(|| "failed to open the memory of files".to_owned())?;
        Ok(self.cache.get_or_init(|| opened))
    }

    fn platform(&self, platform: Platform) -> Result<PlatformBuild> {
        let places = 0..self.definition.layers.len();
        let layers = places.map(|place| self.layer(place, platform)).collect::<Result<Vec<_>>>()?;
        let images: Vec<ImageLayer> = layers.iter().flat_map(LayerBuild::images).collect();
        let found = layers.iter().flat_map(|layer| layer.findings.clone()).collect();
        union::check(&self.layer_cache, &self.layout, self.definition, &images, found)?;
        self.check_budget(platform, &images)?;
        let config = image_config(self.definition);
        let created = created(self.lock);
        let manifest = write_image(&self.layout, &images, &config, platform, created)
            .or_outside(|| format!("failed to write the manifest for {platform}"))?;
        let unpacked = images.iter().map(|layer| layer.blob.unpacked_size).sum();
        Ok(PlatformBuild { platform, layers, manifest, unpacked })
    }

    fn layer(&self, place: usize, platform: Platform) -> Result<LayerBuild> {
        let layer = &self.definition.layers[place];
        let span = tracing::info_span!("layer", name = layer.name, %platform).entered();
        let began = std::time::Instant::now();
        let named = |layers, findings| LayerBuild { name: layer.name.clone(), layers, findings };
        let of = stage::LockOf { definition: self.definition, lock: self.lock };
        let key = key::layer_key(self.world, layer, of, platform, &self.known)?;
        if let Some(layers) = self.layer_cache.recall(&key, &self.layout)
            && self.are_whole(&layers)?
        {
            let layers = layers.into_iter().map(|layer| (layer, Origin::Reused));
            tracing::debug!(parent: &*span, ms = milliseconds(began), "reused");
            return Ok(named(layers.collect(), Vec::new()));
        }
        let doing = |what: &str| self.phase.doing(what);
        let staged = stage::trees(self.world, layer, of, platform, &doing)
            .map_err(|failure| self.placed(place, failure))?;
        doing(&format!("packing layer {} for {platform}", layer.name));
        let made = self.pack(layer, staged.trees, platform)?;
        let finding = |it: Idle| self.definition.layer_finding(place, &it.key, it.message);
        let findings: Vec<Finding> = staged.idle.into_iter().map(finding).collect();
        // What is refused is not remembered, so that the next build refuses it as well.
        if findings.is_empty() {
            let blobs: Vec<PackedLayer> = made.iter().map(|(layer, _)| layer.clone()).collect();
            self.layer_cache.remember(&key, &blobs)?;
        }
        tracing::info!(parent: &*span, ms = milliseconds(began), "packed");
        Ok(named(made, findings))
    }

    /// With the line of the layer, where its definition is what is wrong.
    fn placed(&self, place: usize, failure: Failure) -> Failure {
        if failure.exit() != Exit::Usage {
            return failure;
        }
        let name = &self.definition.layers[place].name;
        let message = format!("layer `{name}` begins here");
        failure.reason(self.definition.layer_finding(place, "", message).to_string())
    }

    fn pack(
        &self,
        layer: &Layer,
        trees: SplitTree,
        platform: Platform,
    ) -> Result<Vec<(PackedLayer, Origin)>> {
        let options = layer_options(self.world.conditions);
        let failed = || format!("failed to pack layer `{}`", layer.name);
        let pack = |(portability, tree): (Portability, Tree)| {
            layer_build::check_machine(layer, portability, &tree, platform)?;
            let packed = cached_layer_with(&tree, &self.layout, self.cache()?, options);
            let (blob, origin) = packed.or_outside(failed)?;
            self.layer_cache.remember_shape(&blob, &Shape::of_tree(&tree).or_outside(failed)?)?;
            Ok((PackedLayer { portability, blob }, origin))
        };
        trees.into_filled().map(pack).collect()
    }

    /// A blob that is not what its name says is made anew.
    fn are_whole(&self, layers: &[PackedLayer]) -> Result<bool> {
        for PackedLayer { blob, .. } in layers {
            let read = || format!("failed to read blob `{}`", blob.descriptor.digest);
            if !self.blobs.verifies(&self.layout, &blob.descriptor).or_outside(read)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn check_budget(&self, platform: Platform, layers: &[ImageLayer]) -> Result<()> {
        let unpacked: u64 = layers.iter().map(|layer| layer.blob.unpacked_size).sum();
        let budget = self.definition.budget_mb * 1_000_000;
        if unpacked <= budget {
            return Ok(());
        }
        let named = layers.iter().map(|it| (it.name.as_str(), &it.blob.descriptor));
        let mut packages = size(&self.layout, self.definition, named)?.packages();
        packages.truncate(PACKAGES_SHOWN_MAX);
        let shown =
            packages.iter().map(|it| format!("{} {}", it.package, megabytes(it.weight.unpacked)));
        Err(Failure::refused(format!("image is over its budget on {platform}"))
            .reason(format!(
                "wanted at most {}, found {}; heaviest:\n{}",
                megabytes(budget),
                megabytes(unpacked),
                shown.collect::<Vec<_>>().join("\n")
            ))
            .hint("leave files out with `drop`, or raise `budget.unpacked_mb`"))
    }

    fn finish(&self, parts: &[PlatformBuild]) -> Result<Built> {
        let failed = || "failed to write the index".to_owned();
        self.blobs.save().or_outside(|| "failed to remember which blobs are whole".to_owned())?;
        let manifests: Vec<(Platform, Descriptor)> =
            parts.iter().map(|part| (part.platform, part.manifest.clone())).collect();
        let index = write_index(&self.layout, &manifests).or_outside(failed)?;
        let name = &self.definition.name;
        self.layout.set_name(name, &index).or_outside(failed)?;
        // Scanners pick by name and know no platforms, so each manifest has a name of its own.
        for (platform, manifest) in &manifests {
            let mut described = manifest.clone();
            described.platform = Some((*platform).into());
            let tagged = format!("{name}-{}", platform.architecture());
            self.layout.set_name(&tagged, &described).or_outside(failed)?;
        }
        Ok(self.built(parts, index, manifests))
    }

    fn built(
        &self,
        parts: &[PlatformBuild],
        index: Descriptor,
        manifests: Vec<(Platform, Descriptor)>,
    ) -> Built {
        let layers = || parts.iter().flat_map(|part| &part.layers).flat_map(|it| &it.layers);
        let made = layers().filter(|(_, origin)| *origin == Origin::Made).count();
        Built {
            name: self.definition.name.clone(),
            index,
            manifests,
            made,
            reused: layers().count() - made,
            unpacked: parts.iter().map(|part| part.unpacked).max().unwrap_or(0),
        }
    }
}

/// As usual, but for what `image verify` wants otherwise.
fn layer_options(conditions: Conditions) -> LayerOptions {
    let mut options = LayerOptions::default();
    options.gzip.threads = conditions.threads.unwrap_or(options.gzip.threads);
    options.copy_len = conditions.copy_len.unwrap_or(options.copy_len);
    options
}

/// The same for every build of the same lock: when the archive that it came from was signed. A
/// commit's time would give an unchanged image a new digest with each commit.
fn created(lock: &Lock) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(lock.archive_time)
}

fn image_config(definition: &Definition) -> ImageConfig {
    let config = &definition.config;
    let seconds = Duration::from_secs;
    let healthcheck = config.health.as_ref().map(|health| Healthcheck {
        test: [vec!["CMD".to_owned()], health.command.clone()].concat(),
        interval: seconds(health.interval_seconds),
        timeout: seconds(health.timeout_seconds),
        start_period: seconds(health.start_seconds),
        retries: u32::try_from(health.retries).unwrap_or(u32::MAX),
    });
    ImageConfig {
        user: config.user.clone(),
        exposed_ports: config.ports.iter().map(|port| format!("{port}/tcp")).collect(),
        env: config.env.clone(),
        entrypoint: config.entrypoint.clone(),
        cmd: Vec::new(),
        working_dir: config.working_directory.clone(),
        labels: config.labels.iter().cloned().collect(),
        stop_signal: Some("SIGTERM".to_owned()),
        healthcheck,
    }
}
