//! One container of one service at one release: how it is named, labelled and started.

use crate::command::{Command, LIMIT};
use crate::deploy::Service;
use crate::deploy::drain::stop_grace;
use crate::digest::Digest;
use crate::reference::Reference;
use crate::ship::owner::Owner;
use crate::template::Template;
use std::time::Duration;

/// The label that holds the project's name; every container of ours carries it.
pub const LABEL_PROJECT: &str = "nutri.project";
/// The label that holds the service's name.
pub const LABEL_SERVICE: &str = "nutri.service";
/// The label that holds the release's version.
pub const LABEL_RELEASE: &str = "nutri.release";
/// The label that holds the digest of the image's index.
pub const LABEL_DIGEST: &str = "nutri.digest";
/// The label that holds the digest of everything else that shapes the container.
pub const LABEL_SETTINGS: &str = "nutri.settings";

/// Docker's client puts the proxies of its own configuration into every container that it starts,
/// passwords included. These words leave them empty, which every program takes for none; those that
/// are the container's own settings stay.
pub fn without_proxies(own: &[(String, Template)]) -> Vec<String> {
    let kinds = ["http", "https", "ftp", "all", "no"].map(|kind| format!("{kind}_proxy"));
    let both = kinds.into_iter().flat_map(|name| [name.to_ascii_uppercase(), name]);
    let others = both.filter(|name| !own.iter().any(|(own, _)| own == name));
    others.flat_map(|name| ["--env".to_owned(), format!("{name}=")]).collect()
}

/// What the engine grants to containers on its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// How many files a container may open.
    pub files_max: u64,
    /// Whether the kernel hands connections that nobody has accepted yet from a closing listener
    /// to the one that takes its place (`tcp_migrate_req`, Linux 5.14). Without it the proxy
    /// loses some at each switch.
    pub migrates_connections: bool,
}

impl Grants {
    /// The limit as the engine takes it.
    pub fn ulimit(&self) -> [String; 2] {
        ["--ulimit".to_owned(), format!("nofile={0}:{0}", self.files_max)]
    }
}

/// A container as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub service: Service,
    /// The version of the release it is for; it is in the container's name and label.
    pub release: String,
    /// The image by digest.
    pub image: Reference,
    /// The digest of its index.
    pub digest: Digest,
    /// Digest of the filled settings, the limits and the health paths.
    pub settings: Digest,
}

/// A container as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub container: String,
    /// The service it belongs to.
    pub service: String,
    /// The release it was started for.
    pub release: String,
    /// The digest of its image's index.
    pub digest: String,
    /// The digest of its settings.
    pub settings: String,
    /// Whether its process runs.
    pub running: bool,
    /// How often the engine started it again, if it keeps on ending.
    pub crashing: Option<u64>,
    /// How often the engine started it again in all.
    pub restarts: u64,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// The port of this machine's loopback address that leads to it, if it runs.
    pub port: Option<u16>,
}

impl Desired {
    /// The container's name: unlike that of every container that differs from it.
    pub fn container(&self, project: &str) -> String {
        let settings = &self.settings.hex()[..6];
        format!("{project}-{}-{}-{settings}", self.service.name, self.release)
    }

    /// Whether `observed` is this container, running and not ending again and again.
    pub fn is_met_by(&self, observed: &Observed) -> bool {
        observed.running
            && observed.crashing.is_none()
            && observed.service == self.service.name
            && observed.release == self.release
            && observed.digest == self.digest.to_string()
            && observed.settings == self.settings.to_string()
    }

    /// The command that starts it. It reads its settings, `NAME=value` a line, from standard
    /// input: so they are in no file and no argument.
    pub fn start(&self, owner: &Owner, grants: Grants) -> Command {
        let project = owner.project.as_str();
        let limits = self.service.limits;
        let labels = [
            (LABEL_SERVICE, self.service.name.clone()),
            (LABEL_RELEASE, self.release.clone()),
            (LABEL_DIGEST, self.digest.to_string()),
            (LABEL_SETTINGS, self.settings.to_string()),
        ];
        Command::new("docker")
            .args(["run", "--detach", "--name", &self.container(project)])
            .args(without_proxies(&self.service.settings))
            .args(["--network", project, "--env-file", "/dev/stdin"])
            .args(["--read-only", "--tmpfs", "/tmp"])
            .args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
            .args(grants.ulimit())
            .args([
                "--cpus",
                &limits.cpus.to_string(),
                "--memory",
                &format!("{}m", limits.memory_mb),
            ])
            .args(["--log-opt", "max-size=10m", "--log-opt", "max-file=3"])
            // A port of loopback, chosen by the engine: the health gate asks the container itself.
            .args(["--publish", &format!("127.0.0.1::{}", self.service.port)])
            .args(owner.label_flags())
            .args(
                labels.iter().flat_map(|(key, value)| ["--label".into(), format!("{key}={value}")]),
            )
            .arg(self.image.to_string())
            .finishes()
    }
}

/// Whether a container keeps on ending: it waits for its next start, or was started again several
/// times and lives since a moment only.
pub fn is_crashing(waits: bool, restarts: u64, lives_since: Option<u64>) -> bool {
    waits || restarts >= RESTARTS && lives_since.is_none_or(|seconds| seconds < SETTLED_SECONDS)
}

/// So many restarts are no accident …
const RESTARTS: u64 = 3;
/// … unless it has lived for so long since.
const SETTLED_SECONDS: u64 = 60;

/// The command that makes the engine start a container again after a crash or a reboot. Given
/// only once it serves: a candidate that ends is to be seen, not started over and over.
pub fn set_restart_policy(container: &str) -> Command {
    Command::new("docker").args(["update", "--restart", "unless-stopped", container]).finishes()
}

/// The command that stops a container: SIGTERM, and SIGKILL only long after its drain time.
pub fn stop(container: &str, drain_seconds: u64) -> Command {
    let limit = stop_grace(drain_seconds);
    let command = Command::new("docker").args(["stop", "--time", &limit.to_string(), container]);
    command.limit(LIMIT + Duration::from_secs(limit)).finishes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;
    use crate::reference::Repository;

    fn desired() -> Desired {
        let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
        let repository: Repository = "127.0.0.1:5510/nutri/backend".parse().unwrap();
        let digest = Digest::of(b"image");
        Desired {
            service: deploy.service("backend").unwrap().clone(),
            release: "0123456789ab".into(),
            image: repository.pin(digest),
            digest,
            settings: Digest::of(b"settings"),
        }
    }

    #[test]
    fn a_candidate_is_confined_and_is_not_started_again_before_it_serves() {
        let grants = Grants { files_max: 1024, migrates_connections: true };
        let command = desired().start(&Owner::new("nutri", "local"), grants).to_string();
        for wanted in ["--read-only", "--cap-drop ALL", "no-new-privileges", "127.0.0.1::3000"] {
            assert!(command.contains(wanted), "{wanted} in {command}");
        }
        assert!(!command.contains("--restart"), "{command}");
        for proxy in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"] {
            assert!(command.contains(&format!("--env {proxy}= ")), "{proxy} in {command}");
        }
        let mut own = desired();
        own.service.settings.push(("HTTP_PROXY".into(), "http://proxy:3128".parse().unwrap()));
        let command = own.start(&Owner::new("nutri", "local"), grants).to_string();
        assert!(
            !command.contains(" HTTP_PROXY=") && command.contains(" http_proxy= "),
            "{command}"
        );
        assert!(set_restart_policy("x").to_string().contains("--restart unless-stopped"));
    }

    #[test]
    fn one_restart_is_an_accident_and_several_are_none_until_it_has_lived_for_a_while() {
        assert!(!is_crashing(false, 0, Some(0)) && !is_crashing(false, 1, Some(2)));
        assert!(is_crashing(true, 1, None) && is_crashing(false, 7, Some(5)));
        assert!(is_crashing(false, 7, None), "a moment that cannot be read settles nothing");
        assert!(!is_crashing(false, 7, Some(3600)));
    }

    #[test]
    fn a_container_with_other_settings_has_another_name() {
        let mut other = desired();
        other.settings = Digest::of(b"changed");
        assert_ne!(other.container("nutri"), desired().container("nutri"));
        assert!(desired().container("nutri").len() <= 63, "a name is a DNS label");
    }
}
