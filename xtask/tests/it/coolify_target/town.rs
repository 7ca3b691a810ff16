//! A Coolify with its proxy over simulated containers, a registry with releases, a database, and a
//! world whose production is there.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::published::publish;
use super::told::Told;
use crate::infra::panel::{apply, named, person};
use crate::notify::Everybody;
use crate::postgres::server::{Cluster, Server};
use crate::world::{Run, World};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use xtask::runtime;
use xtask_core::database::migration::MigrationFile;
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_core::reference::{Name, Repository};
use xtask_core::ship::release::ReleasedImage;
use xtask_fakes::coolify::api::{Coolify as Double, Options};
use xtask_fakes::coolify::update::proxy::Proxy;
use xtask_fakes::coolify::update::simulated::Image;
use xtask_fakes::coolify::update::{Containers as _, Delays, Simulated};
use xtask_fakes::http::Server as Http;
use xtask_fakes::registry::FakeRegistry;
use xtask_providers::coolify::{Application, Deployment};
use xtask_registry::Registry;

const LIMIT: Duration = Duration::from_secs(120);

pub(super) struct Town<'a> {
    pub(super) world: World,
    pub(super) double: Double,
    pub(super) host: Arc<Simulated>,
    pub(super) database: Server<'a>,
    registry: FakeRegistry,
    _proxy: Proxy,
    services: RefCell<Vec<Http>>,
    /// Whether what serves says that it is not ready.
    pub(super) is_sick: Arc<AtomicBool>,
    /// What releases from now on expect.
    migrations: Vec<MigrationFile>,
}

/// How the backend's image of a release behaves.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Backend {
    Good,
    /// It never says that it is ready.
    Unready,
    /// It was built from the code of this release.
    OldCode(&'static str),
}

impl<'a> Town<'a> {
    pub(super) fn new(cluster: &'a Cluster, label: &str) -> Self {
        Self::of(cluster, label, Options { limit: 1_000_000, ..Options::default() })
    }

    /// One whose Coolify takes such time, and where nobody is in a hurry.
    pub(super) fn unhurried(cluster: &'a Cluster, delays: Delays) -> Self {
        let options = Options { delays, limit: 1_000_000, ..Options::default() };
        let mut town = Self::of(cluster, "ci", options);
        let usual = [("XTASK_COOLIFY_POLL_MS", "2500"), ("XTASK_TESTS_VERIFY_MS", "as ever")];
        town.world =
            usual.into_iter().fold(town.world, |it, (name, value)| it.with(name, value.to_owned()));
        town
    }

    fn of(cluster: &'a Cluster, label: &str, options: Options) -> Self {
        let host = Arc::new(Simulated::new());
        let double = Double::start(options, host.clone());
        let proxy = Proxy::start(host.clone(), 0, Duration::from_millis(20)).unwrap();
        let (registry, database) = (FakeRegistry::start(), cluster.serve_plainly());
        let url = database.url("sslmode=disable");
        let world = World::new()
            .with("PRODUCTION_COOLIFY_TOKEN", double.token(label))
            .with("PRODUCTION_DATABASE_URL", url.clone())
            .with("PRODUCTION_DIRECT_URL", url)
            .with("PRODUCTION_REDIS_URL", "redis://cache.example.org:6379".to_owned())
            .with("PRODUCTION_JWT_SECRET", "it's-a-secret-of-48-characters".to_owned())
            .with("XTASK_COOLIFY_POLL_MS", "40".to_owned())
            .with("XTASK_TESTS_VERIFY_MS", "200".to_owned());
        let deploy = xtask_fakes::deploy::without_backup(crate::world::deploy())
            .replace("https://coolify.nutri.app", &double.url())
            .replace("ghcr.io/nutri-app/nutri", &format!("{}/nutri", registry.host()))
            .replace("https://api.nutri.app", &proxy.url());
        world.write("deploy.toml", &deploy);
        world.write("services/backend/prisma/migrations/20260101000000_one/migration.sql", "");
        Self {
            world,
            double,
            host,
            database,
            registry,
            _proxy: proxy,
            services: RefCell::default(),
            is_sick: Arc::default(),
            migrations: Vec::new(),
        }
    }

    /// One where `r1` serves, and `r2` is in the registry.
    pub(super) fn serving(cluster: &'a Cluster) -> Self {
        let mut town = Self::new(cluster, "ci");
        town.release("r1", Backend::Good);
        town.release("r2", Backend::Good);
        town.apply();
        town.rollout("r1").ends(0);
        town
    }

    /// Everybody hears of what is done to its production.
    pub(super) fn telling(mut self, all: &Everybody) -> Self {
        self.world = all.known_to(self.world);
        self
    }

    pub(super) fn apply(&self) {
        apply(&self.world);
    }

    pub(super) fn registry_host(&self) -> String {
        self.registry.host().to_owned()
    }

    pub(super) fn home(&self) -> Repository {
        format!("{}/nutri", self.registry.host()).parse().unwrap()
    }

    /// Puts a release into the registry, and its images within reach of the host.
    pub(super) fn release(&mut self, version: &str, backend: Backend) {
        let mut services = BTreeMap::new();
        for name in ["backend", "ml-service"] {
            services.insert(name.to_owned(), self.published(name, version, backend));
        }
        self.publish(version, services);
    }

    /// An image within reach of the host.
    fn published(&self, name: &str, version: &str, backend: Backend) -> ReleasedImage {
        let image = self.image(name, version);
        let is_backend = name == "backend";
        let fixed = match backend {
            Backend::OldCode(release) if is_backend => Some(release),
            _ => None,
        };
        let answers = !(is_backend && backend == Backend::Unready);
        self.has(&image.pin().to_string(), fixed, answers);
        image
    }

    /// An image that somebody else pushed, within reach of the host.
    pub(super) fn knows(&self, pin: &str) {
        self.has(pin, None, true);
    }

    fn has(&self, pin: &str, fixed: Option<&'static str>, answers: bool) {
        let (host, is_sick) = (self.host.clone(), self.is_sick.clone());
        let told = Told { host, image: pin.to_owned(), fixed, is_sick };
        let http = Http::start(Arc::new(told)).unwrap();
        let served = Some(http.host().parse().unwrap());
        let good = Image::without_shell().with_own_check();
        self.host.publish(pin, Image { served, answers, ..good });
        self.services.borrow_mut().push(http);
    }

    /// A release whose images of the ML service and the backend are those of these releases; one of
    /// its own is made.
    pub(super) fn release_of(&self, version: &str, [ml, backend]: [&str; 2]) {
        let mut services = BTreeMap::new();
        for (name, of) in [("ml-service", ml), ("backend", backend)] {
            let image = match of == version {
                true => self.published(name, version, Backend::Good),
                false => self.image(name, of),
            };
            services.insert(name.to_owned(), image);
        }
        self.publish(version, services);
    }

    /// A release whose images nobody pushed.
    pub(super) fn release_without_images(&self, version: &str) {
        let mut services = BTreeMap::new();
        for name in ["backend", "ml-service"] {
            let (repository, index) = (self.home().join(name).unwrap(), Digest::of(b"nowhere"));
            let platforms = vec![("linux/amd64".parse::<Platform>().unwrap(), index)];
            let image = ReleasedImage { repository, index, platforms };
            services.insert(name.to_owned(), image);
        }
        self.publish(version, services);
    }

    /// A release for another processor than the server's.
    pub(super) fn release_for_arm64(&self, version: &str) {
        let services = ["backend", "ml-service"]
            .map(|name| (name.to_owned(), self.image_for(name, version, "arm64")));
        self.publish(version, services.into_iter().collect());
    }

    fn image(&self, service: &str, version: &str) -> ReleasedImage {
        self.image_for(service, version, "amd64")
    }

    fn image_for(&self, service: &str, version: &str, processor: &str) -> ReleasedImage {
        let repository = self.home().join(service).unwrap();
        let path = repository.path().to_owned();
        let config = format!("{{\"config\":\"{service} {version}\"}}").into_bytes();
        self.registry.put_blob(&path, &config);
        let media = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": media, "layers": [],
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json",
                        "digest": Digest::of(&config), "size": config.len() },
        });
        let manifest = manifest.to_string().into_bytes();
        let digest = self.put(&repository, media, &manifest);
        let media = "application/vnd.oci.image.index.v1+json";
        let entry = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
            "size": manifest.len(), "platform": { "os": "linux", "architecture": processor },
        });
        let index = json!({ "schemaVersion": 2, "mediaType": media, "manifests": [entry] });
        let index = self.put(&repository, media, index.to_string().as_bytes());
        let platform: Platform = format!("linux/{processor}").parse().unwrap();
        ReleasedImage { repository, index, platforms: vec![(platform, digest)] }
    }

    fn put(&self, repository: &Repository, media: &str, bytes: &[u8]) -> Digest {
        let registry = Registry::new(repository.registry(), None);
        let name = Name::Digest(Digest::of(bytes));
        runtime::wait(registry.put_manifest(repository, &name, media, bytes)).unwrap()
    }

    fn publish(&self, version: &str, services: BTreeMap<String, ReleasedImage>) {
        let migrations = self.migrations.iter().map(MigrationFile::released).collect();
        publish(&self.home().join("releases").unwrap(), version, services, migrations);
    }

    /// Runs a verb on production until it is killed at this point.
    pub(super) fn killed(&self, words: &[&str], point: &str) {
        let args = [words, &["--apply"]].concat();
        let run = self.world.run_with(&args, &[("XTASK_TESTS_KILL_AT", point)]);
        assert_eq!(run.code, None, "not killed at {point}: {run:?}");
        // What the platform was asked for it does, whoever asked.
        self.settles();
    }

    /// Runs a verb on production.
    pub(super) fn runs(&self, words: &[&str]) -> Run {
        self.world.run(&[words, &["--apply"]].concat())
    }

    /// Adds a migration to the tree, and to every release from now on.
    pub(super) fn migrates(&mut self, name: &str, sql: &str) {
        let file = format!("services/backend/prisma/migrations/{name}/migration.sql");
        self.world.write(&file, sql);
        self.migrations.push(MigrationFile::new(name, sql));
    }

    /// How often a migration was applied.
    pub(super) fn applied(&self, name: &str) -> String {
        self.database.ask(&format!(
            "SELECT count(*) FROM _prisma_migrations WHERE migration_name = '{name}'"
        ))
    }

    /// The last record: what was done, to which release, and how it ended.
    pub(super) fn last_record(&self) -> String {
        self.database.ask(
            "SELECT concat_ws(' ', it ->> 'action', it ->> 'to', it -> 'outcome' ->> 'kind')
             FROM (SELECT body::json AS it, number FROM xtask.ledger) AS ledger
             WHERE it -> 'outcome' ->> 'kind' <> 'noted' ORDER BY number DESC LIMIT 1",
        )
    }

    /// Nobody holds the lease.
    pub(super) fn is_free(&self) -> bool {
        self.database
            .ask("SELECT count(*) FROM xtask.lease WHERE verb IS NOT NULL AND expires_at > now()")
            == "0"
    }

    pub(super) fn rollout(&self, version: &str) -> Run {
        self.world.run(&["rollout", "production", version, "--apply"])
    }

    /// The same, under way while the test goes on.
    pub(super) fn begins(&self, version: &str) -> Child {
        let mut command = self.world.command(&["rollout", "production", version, "--apply"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub(super) fn ended(&self, child: Child) -> (Option<i32>, String) {
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Waits until a deployment of that service is under way.
    pub(super) fn under_way(&self, service: &str) -> Deployment {
        self.until(service, || {
            let all = runtime::wait(person(&self.double).deployments()).unwrap();
            all.into_iter().find(|it| it.application_name.as_deref() == Some(service))
        })
    }

    /// Lets background work go on, step by step, until a second container of that service runs.
    pub(super) fn step_until_two_run(&self, service: &str) {
        let uuid = self.application(service).uuid;
        self.until(service, || {
            let run = self.host.list(&uuid).len();
            if run < 2 {
                self.double.step();
            }
            (run == 2).then_some(())
        });
    }

    pub(super) fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < LIMIT, "it never came: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn settles(&self) {
        self.until("an idle double", || self.double.is_idle().then_some(()));
    }

    pub(super) fn application(&self, service: &str) -> Application {
        named(&self.double, service)
    }

    /// What a person sees of a release at its application and its containers, if both say it.
    pub(super) fn serves(&self, service: &str, version: &str) {
        let found = self.application(service);
        let description = format!("xtask nutri/production release={version}");
        assert_eq!(found.description.as_deref(), Some(description.as_str()));
        let containers = self.host.list(&found.uuid);
        let [one] = containers.as_slice() else { panic!("{service}: {containers:?}") };
        let told = self.host.environment(&one.name).unwrap();
        assert_eq!(told["APP_VERSION"], version, "{service}");
        let tag = found.image_tag.unwrap();
        assert_eq!(one.image.rsplit_once(':').unwrap().1, tag.strip_prefix("sha256-").unwrap());
    }

    /// What its only container is told.
    pub(super) fn told(&self, service: &str, variable: &str) -> String {
        let containers = self.host.list(&self.application(service).uuid);
        let [one] = containers.as_slice() else { panic!("{service}: {containers:?}") };
        self.host.environment(&one.name).unwrap()[variable].clone()
    }

    pub(super) fn status(&self) -> Value {
        serde_json::from_str(&self.world.run(&["--json", "status", "production"]).stdout).unwrap()
    }

    /// How many records tell how something ended.
    pub(super) fn records(&self) -> usize {
        let sql = "SELECT count(*) FROM xtask.ledger
            WHERE body::json -> 'outcome' ->> 'kind' IN ('done', 'failed')";
        self.database.ask(sql).parse().unwrap()
    }
}
