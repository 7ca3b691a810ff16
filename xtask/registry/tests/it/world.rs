//! A fake registry, a client with a clock that only pretends to wait, and images to push.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Repository, Tag};
use xtask_core::secret::Secret;
pub(crate) use xtask_fakes::causes::with_causes;
use xtask_fakes::registry::{Access, FakeRegistry};
use xtask_registry::{
    Blobs, Clock, Credentials, Push, PushEvent, PushReceipt, Registry, RegistryError, RetryPolicy,
    Waiting,
};

pub(crate) use xtask_fakes::docker_registry::PASSWORD;

/// A clock whose time passes only by waiting.
#[derive(Default)]
pub(crate) struct Pretended(Mutex<Vec<Duration>>);

impl Pretended {
    pub(crate) fn pass(&self, seconds: u64) {
        self.0.lock().unwrap().push(Duration::from_secs(seconds));
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Clock for Pretended {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.lock().unwrap().iter().sum::<Duration>()
    }

    fn wait(&self, time: Duration) -> Waiting<'_> {
        self.0.lock().unwrap().push(time);
        Box::pin(std::future::ready(()))
    }
}

/// Blobs in memory; a test may damage them.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<Digest, Vec<u8>>);

impl Blobs for Memory {
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.0.get(digest).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.clone())))
    }
}

pub(crate) struct World {
    pub(crate) fake: FakeRegistry,
    pub(crate) registry: Registry,
    pub(crate) clock: Arc<Pretended>,
    pub(crate) events: Mutex<Vec<PushEvent>>,
}

impl World {
    pub(crate) fn open() -> Self {
        Self::of(FakeRegistry::start(), None)
    }

    pub(crate) fn with_access(access: Access) -> Self {
        Self::of(FakeRegistry::with_access(access), Some(credentials(PASSWORD)))
    }

    pub(crate) fn of(fake: FakeRegistry, credentials: Option<Credentials>) -> Self {
        let clock = Arc::new(Pretended::default());
        let registry = client(&fake.host(), credentials, &clock);
        Self { fake, registry, clock, events: Mutex::default() }
    }

    /// The same with other limits.
    pub(crate) fn with_retry_policy(
        mut self,
        change: impl FnOnce(RetryPolicy) -> RetryPolicy,
    ) -> Self {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let retry_policy = change(RetryPolicy { clock, ..RetryPolicy::default() });
        self.registry = self.registry.with_retry_policy(retry_policy);
        self
    }

    /// Another client of the same registry.
    pub(crate) fn client(&self, credentials: Option<Credentials>) -> Registry {
        client(&self.fake.host(), credentials, &self.clock)
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        format!("{}/{path}", self.fake.host()).parse().unwrap()
    }

    /// Leaves only the first layer to be sent, so that jobs do not share a fault.
    pub(crate) fn has_the_rest_of(&self, image: &Image) {
        for blob in &image.push.blobs[1..] {
            self.fake.put_blob("acme/api", &image.blobs.0[&blob.digest]);
        }
    }

    /// Pushes to `acme/api`.
    pub(crate) fn push(&self, image: &Image) -> Result<PushReceipt, RegistryError> {
        let hear = |event| self.events.lock().unwrap().push(event);
        let repository = self.repository("acme/api");
        wait(self.registry.push_image(&repository, &image.push, &image.blobs, hear))
    }

    /// Every request so far as a line, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.fake.log().iter().map(|logged| logged.line()).collect()
    }

    /// How many requests had this method and this in their path.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let log = self.fake.log();
        let meets = log
            .iter()
            .filter(|logged| logged.request.method == method && logged.request.path.contains(path));
        meets.count()
    }

    pub(crate) fn heard(&self, is_it: impl Fn(&PushEvent) -> bool) -> usize {
        self.events.lock().unwrap().iter().filter(|event| is_it(event)).count()
    }

    /// Whether every blob of the image is in `acme/api`, byte by byte.
    pub(crate) fn holds(&self, image: &Image) -> bool {
        image.blobs.0.iter().all(|(digest, bytes)| {
            self.fake.blob("acme/api", &digest.to_string()).as_ref() == Some(bytes)
        })
    }
}

/// One runtime for all tests of this binary, as the program has one.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let made = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    RUNTIME.get_or_init(made).block_on(future)
}

fn client(host: &str, credentials: Option<Credentials>, clock: &Arc<Pretended>) -> Registry {
    let clock: Arc<dyn Clock> = clock.clone();
    Registry::new(host, credentials)
        .with_retry_policy(RetryPolicy { clock, ..RetryPolicy::default() })
}

pub(crate) fn credentials(password: &str) -> Credentials {
    Credentials { user: "ci".to_owned(), password: Secret::new(password) }
}

pub(crate) fn bearer() -> Access {
    let (user, password) = ("ci".to_owned(), PASSWORD.to_owned());
    Access::Bearer { user, password, expires_in: 300 }
}

pub(crate) fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

/// An image for two platforms whose first layer is shared, and its bytes.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) push: Push,
    pub(crate) blobs: Memory,
}

/// Bytes that look like nothing and are the same each time.
pub(crate) fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(size).collect()
}

impl Image {
    /// An index over two manifests.
    pub(crate) fn index(tags: &[&str]) -> Self {
        let mut made = Made::default();
        let shared = made.blob(media_type::LAYER_GZIP, noise(1, 3000));
        let children = [2, 3].map(|seed| {
            let own = made.blob(media_type::LAYER_GZIP, noise(seed, 2000));
            made.manifest(seed, &[shared.clone(), own])
        });
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": children,
        });
        made.root(media_type::INDEX, &index, tags)
    }

    /// A manifest with one layer of `size` bytes.
    pub(crate) fn single(size: usize, tags: &[&str]) -> Self {
        let mut made = Made::default();
        let layer = made.blob(media_type::LAYER_GZIP, noise(7, size));
        made.manifest(7, &[layer]);
        made.finish(tags)
    }

    /// Says that every blob may be in each of these.
    pub(crate) fn mount_from(&mut self, sources: &[Repository]) {
        let blobs = self.push.blobs.iter();
        self.push.mount_from = blobs.map(|blob| (blob.digest, sources.to_vec())).collect();
    }

    /// The digest of the first layer.
    pub(crate) fn layer(&self) -> Digest {
        self.push.blobs[0].digest
    }

    pub(crate) fn root(&self) -> Digest {
        self.push.root.digest
    }
}

#[derive(Default)]
struct Made {
    blobs: Vec<Descriptor>,
    bytes: Memory,
    manifests: Vec<(Descriptor, Vec<u8>)>,
}

impl Made {
    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(media_type, &bytes);
        self.bytes.0.insert(descriptor.digest, bytes);
        self.blobs.push(descriptor.clone());
        descriptor
    }

    fn manifest(&mut self, seed: u64, layers: &[Descriptor]) -> Descriptor {
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Labels":{{"seed":"{seed}"}}}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
            layers[0].digest
        );
        let config = self.blob(media_type::CONFIG, config.into_bytes());
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": media_type::MANIFEST,
            "config": config, "layers": layers,
        });
        self.document(media_type::MANIFEST, &manifest)
    }

    fn document(&mut self, media_type: &str, document: &serde_json::Value) -> Descriptor {
        let bytes = serde_json::to_vec(document).unwrap();
        let descriptor = Descriptor::of(media_type, &bytes);
        self.manifests.push((descriptor.clone(), bytes));
        descriptor
    }

    fn root(mut self, media_type: &str, document: &serde_json::Value, tags: &[&str]) -> Image {
        self.document(media_type, document);
        self.finish(tags)
    }

    fn finish(self, tags: &[&str]) -> Image {
        let root = self.manifests.last().unwrap().0.clone();
        let tags = tags.iter().map(|text| tag(text)).collect();
        let (manifests, blobs) = (self.manifests, self.blobs);
        let push = Push { root, manifests, blobs, tags, mount_from: BTreeMap::new() };
        Image { push, blobs: self.bytes }
    }
}
