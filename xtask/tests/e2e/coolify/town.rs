//! What the rollouts are made on.

#[path = "../../it/coolify_target/published.rs"]
mod published;
#[path = "../../it/postgres/server.rs"]
#[expect(dead_code, reason = "written for the tests of TLS")]
mod server;
#[path = "../../it/world.rs"]
#[expect(dead_code, reason = "written for the hermetic tests")]
mod world;

pub(crate) use server::Cluster;

use published::publish;
use server::Server;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use world::World;
use xtask::runtime;
use xtask_core::platform::Platform;
use xtask_core::reference::Repository;
use xtask_core::ship::release::ReleasedImage;
use xtask_fakes::coolify::api::{Coolify as Double, Options};
use xtask_fakes::coolify::update::proxy::Proxy;
use xtask_fakes::coolify::update::{Delays, Docker};
use xtask_fakes::docker_registry::{DockerRegistry, Lock};
use xtask_fakes::requirement::{Required, required_engine, required_program};
use xtask_registry::Registry;

pub(crate) struct Town<'a> {
    pub(crate) world: World,
    proxy: Proxy,
    images: BTreeMap<String, ReleasedImage>,
    _double: Double,
    _database: Server<'a>,
    registry: DockerRegistry,
}

/// A tiny service that tells the release it was started for. On TERM it is not ready any more and
/// serves on for so many seconds.
fn script(drains: u32) -> String {
    format!(
        "#!/bin/sh\nmkdir -p /w\n\
         printf '{{\"status\":\"healthy\",\"version\":\"%s\"}}' \"$APP_VERSION\" > /w/status\n\
         cp /w/status /w/live\ncp /w/status /w/ready\n\
         trap 'rm /w/ready; sleep {drains}; exit 0' TERM\n\
         httpd -f -p \"$PORT\" -h /w &\nwhile :; do wait; sleep 1; done\n"
    )
}

const RECIPE: &str = "FROM scratch\nCOPY bin /bin/\nCOPY serve /serve\n\
    HEALTHCHECK --interval=300ms --timeout=10s --retries=2 \
    CMD /bin/wget -q -O- http://127.0.0.1:$PORT/ready\nCMD [\"/bin/sh\", \"/serve\"]\n";

impl<'a> Town<'a> {
    pub(crate) fn start(cluster: &'a Cluster) -> Required<Self> {
        let programs = required_engine().and(|| required_program("busybox"));
        let all = programs.and(|| DockerRegistry::start(Lock::Open));
        all.map(|((client, busybox), registry)| Self::new(cluster, &client, &busybox, registry))
    }

    fn new(cluster: &'a Cluster, client: &Path, busybox: &Path, registry: DockerRegistry) -> Self {
        let docker = Arc::new(Docker::new(client.to_owned()).unwrap());
        let network = docker.label().replace("xtask.coolify-double=", "xtask-double-");
        let images = [("backend", 8), ("ml-service", 0)].map(|(name, drains)| {
            (name.to_owned(), published(client, busybox, &registry, name, drains))
        });
        let delays = Delays::of_coolify(0.02);
        let double = Double::start(
            Options { delays, limit: 1_000_000, ..Options::default() },
            docker.clone(),
        );
        double.set_network(&network);
        let proxy = Proxy::start(docker, 0, Duration::from_millis(500)).unwrap();
        let database = cluster.serve_plainly();
        let url = database.url("sslmode=disable");
        let world = World::new()
            .with("PRODUCTION_COOLIFY_TOKEN", double.token("deployer-ci"))
            .with("PRODUCTION_DATABASE_URL", url.clone())
            .with("PRODUCTION_DIRECT_URL", url)
            .with("PRODUCTION_REDIS_URL", "redis://cache.example.org:6379".to_owned())
            .with("PRODUCTION_JWT_SECRET", "a-secret-of-48-characters".to_owned())
            .with("XTASK_COOLIFY_POLL_MS", "250".to_owned());
        world.write("deploy.toml", &deploy(&double, &proxy, &registry, &network));
        world.write("services/backend/prisma/migrations/20260101000000_one/migration.sql", "");
        let images = images.into_iter().collect();
        Self { world, proxy, images, _double: double, _database: database, registry }
    }

    pub(crate) fn url(&self) -> String {
        self.proxy.url()
    }

    /// Releases the same images under another version, which is all that they tell, and rolls it
    /// out.
    pub(crate) fn rolls_out(&self, version: &str) {
        publish(&repository(&self.registry, "releases"), version, self.images.clone(), Vec::new());
        let run = self.world.run(&["rollout", "production", version, "--all", "--apply", "--json"]);
        assert_eq!(run.code, Some(0), "{version}: {run:?}");
        Self::loses_nothing(&serde_json::from_str(&run.stdout).unwrap());
        let status = crate::web::get(&format!("{}/status", self.url())).unwrap();
        assert!(status.contains(&format!("\"{version}\"")), "{status}");
    }
}

impl Town<'_> {
    /// The probe heard both releases and lost no request; on a slow machine it may be saturated.
    fn loses_nothing(answer: &serde_json::Value) {
        let Some(probe) = answer.pointer("/proof/probe") else { return };
        assert_eq!(answer["probe"]["lost"], 0, "{probe:#}");
        assert_eq!(probe["releases"].as_object().unwrap().len(), 2, "{probe:#}");
    }
}

fn deploy(double: &Double, proxy: &Proxy, registry: &DockerRegistry, network: &str) -> String {
    let destination = format!("server = \"localhost\"\ndestination = \"{network}\"");
    let text = xtask_fakes::deploy::without_backup(world::deploy())
        .replace("https://coolify.nutri.app", &double.url())
        .replace("ghcr.io/nutri-app/nutri", &format!("{}/nutri", registry.host))
        .replace("https://api.nutri.app", &proxy.url())
        .replace("server = \"localhost\"", &destination)
        .replace("reported = ", "# reported = ")
        // It serves files, and takes none.
        .replace("upload = ", "# upload = ")
        .replace("/api/openapi.json", "/status");
    let paths = ["/api/health/live", "/health/live", "/api/health/ready", "/health/ready"];
    let short = ["/live", "/live", "/ready", "/ready"];
    let text = paths.iter().zip(short).fold(text, |text, (path, short)| text.replace(path, short));
    let text = text.replace("\"/api/health\"", "\"/status\"").replace("\"/health\"", "\"/status\"");
    // More than the service takes: a slow machine is no reason to kill it.
    text.lines()
        .map(|line| match line.split(' ').next() {
            Some("drain_seconds") => "drain_seconds = 20",
            Some("DRAIN_SECONDS") => "DRAIN_SECONDS = \"20\"",
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn platform() -> Platform {
    "linux/amd64".parse().unwrap()
}

fn repository(registry: &DockerRegistry, name: &str) -> Repository {
    format!("{}/nutri/{name}", registry.host).parse().unwrap()
}

/// Builds an image, and leaves it only in the registry.
fn published(
    client: &Path,
    busybox: &Path,
    registry: &DockerRegistry,
    name: &str,
    drains: u32,
) -> ReleasedImage {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::copy(busybox, bin.join("busybox")).unwrap();
    for tool in ["sh", "wget", "httpd", "rm", "sleep", "mkdir"] {
        symlink("busybox", bin.join(tool)).unwrap();
    }
    std::fs::write(folder.path().join("serve"), script(drains)).unwrap();
    std::fs::write(folder.path().join("Dockerfile"), RECIPE).unwrap();
    let repository = repository(registry, name);
    let tagged = format!("{repository}:built");
    let context = folder.path().display().to_string();
    docker(client, &["build", "--quiet", "--tag", &tagged, &context]);
    docker(client, &["push", "--quiet", &tagged]);
    docker(client, &["rmi", &tagged]);
    let asked = Registry::new(repository.registry(), None);
    let reference = repository.tag("built".parse().unwrap());
    let index = runtime::wait(asked.head_manifest(&reference)).unwrap().unwrap().digest;
    ReleasedImage { repository, index, platforms: vec![(platform(), index)] }
}

fn docker(client: &Path, arguments: &[&str]) {
    // The older builder needs no plugin.
    let output = Command::new(client).args(arguments).env("DOCKER_BUILDKIT", "0").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {said}");
}
