//! What the local environment runs beside the services: database, cache, registry, proxy.

use crate::command::Command;
use crate::deploy::Backing;
use crate::digest::Digest;
use crate::instance::{Grants, LABEL_PROJECT, LABEL_SETTINGS};
use crate::proxy::{ADMIN_PORT, PUBLIC_PORT};

/// One container of the backing, as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is: `postgres`, `redis`, `registry`, `proxy`.
    pub name: &'static str,
    /// The file that defines its image.
    pub definition: String,
    /// Ports: of this machine's loopback address, and inside the container.
    pub ports: Vec<(u16, u16)>,
    /// Volumes: what they are for, and where they are inside the container.
    pub volumes: Vec<(&'static str, &'static str)>,
    /// Folders in memory, with their options.
    pub memory: Vec<&'static str>,
    /// What asks it to end at once and in order. To Postgres SIGTERM means: when everybody has
    /// left, and somebody always stays.
    pub stop_signal: &'static str,
}

/// The port of Postgres inside its container.
pub const POSTGRES_PORT: u16 = 5432;
/// The port of Redis inside its container.
pub const REDIS_PORT: u16 = 6379;
/// The port of the registry inside its container.
pub const REGISTRY_PORT: u16 = 5000;
/// Where the volume of Postgres is inside its container; the cluster is in `data` below it.
const POSTGRES_HOME: &str = "/var/lib/postgresql";
/// The file beside the cluster that says that `initdb` came to its end.
const COMPLETE: &str = "complete";
/// What `examine` says of a volume whose cluster came to its end.
pub const WHOLE: &str = "whole";
/// What `examine` says of a volume without one.
pub const CUT: &str = "cut";
const INITDB: &str = "/usr/lib/postgresql/15/bin/initdb";
/// Who owns the database, and the name of nothing else.
pub const DATABASE_USER: &str = "nutri";

/// Every part, in the order of starting.
pub fn parts(backing: &Backing) -> Vec<Part> {
    let proxy = &backing.proxy;
    vec![
        Part {
            name: "postgres",
            definition: backing.postgres.image.clone(),
            ports: vec![(backing.postgres.port, POSTGRES_PORT)],
            volumes: vec![("postgres", POSTGRES_HOME)],
            memory: vec!["/tmp", "/run/postgresql:uid=70,gid=70,mode=0775"],
            stop_signal: "SIGINT",
        },
        Part {
            name: "redis",
            definition: backing.redis.image.clone(),
            ports: vec![(backing.redis.port, REDIS_PORT)],
            volumes: vec![("redis", "/data")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
        Part {
            name: "registry",
            definition: backing.registry.image.clone(),
            ports: vec![(backing.registry.port, REGISTRY_PORT)],
            volumes: vec![("registry", "/var/lib/registry")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
        Part {
            name: "proxy",
            definition: proxy.part.image.clone(),
            ports: vec![(proxy.part.port, PUBLIC_PORT), (proxy.admin_port, ADMIN_PORT)],
            volumes: vec![("proxy-config", "/config"), ("proxy-data", "/data")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
    ]
}

impl Part {
    /// The container's name, by which other containers find it.
    pub fn container(&self, project: &str) -> String {
        format!("{project}-{}", self.name)
    }

    /// The names of its volumes.
    pub fn volume_names(&self, project: &str) -> Vec<String> {
        self.volumes.iter().map(|(name, _)| format!("{project}-{name}")).collect()
    }

    /// What `container` runs on: mounts and network, without its ports.
    fn surroundings(&self, project: &str) -> Vec<String> {
        let volumes = self
            .volumes
            .iter()
            .map(|(name, path)| ["--volume".to_owned(), format!("{project}-{name}:{path}")]);
        let memory = self.memory.iter().map(|path| ["--tmpfs".to_owned(), (*path).to_owned()]);
        let network = ["--network".to_owned(), project.to_owned()];
        [network].into_iter().chain(volumes).chain(memory).flatten().collect()
    }

    /// Kernel settings of its own network that it needs to lose nothing.
    fn sysctls(&self, grants: Grants) -> Vec<String> {
        let wanted = self.name == "proxy" && grants.migrates_connections;
        let setting = ["--sysctl".to_owned(), "net.ipv4.tcp_migrate_req=1".to_owned()];
        if wanted { setting.to_vec() } else { Vec::new() }
    }

    /// The command that starts it, and the digest of that command: what a running container
    /// was started with is told by its label.
    pub fn start(&self, project: &str, image: &str, grants: Grants) -> (Command, Digest) {
        let ports = self.ports.iter().flat_map(|(outside, inside)| {
            ["--publish".to_owned(), format!("127.0.0.1:{outside}:{inside}")]
        });
        let command = Command::new("docker")
            .args(["run", "--detach", "--name", &self.container(project)])
            .args(["--restart", "unless-stopped", "--read-only", "--shm-size", "128m"])
            .args(["--stop-signal", self.stop_signal])
            .args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
            .args(["--log-opt", "max-size=10m", "--log-opt", "max-file=3"])
            .args(["--label", &format!("{LABEL_PROJECT}={project}")])
            .args(self.sysctls(grants))
            .args(self.surroundings(project))
            .args(ports);
        // The limits that this shell grants are no reason to start a part anew.
        let digest = Digest::of(format!("{command} {image}").as_bytes());
        let command = command.args(grants.ulimit());
        let label = format!("{LABEL_SETTINGS}={digest}");
        (command.args(["--label", &label, image]), digest)
    }

    /// The command that says `whole` if the volume holds a whole database cluster, and `cut` if
    /// not. Said in words: a command may end badly for reasons that are none of the volume's.
    pub fn examine(&self, project: &str, image: &str, grants: Grants) -> Command {
        let test = format!("test -f {POSTGRES_HOME}/{COMPLETE} && echo {WHOLE} || echo {CUT}");
        self.once(project, grants).args(["--entrypoint", "/bin/sh", image, "-c", &test])
    }

    /// The command that makes an empty database cluster in the volume, and marks it as whole
    /// when it is. The password comes by standard input and is in no argument.
    pub fn initialise(&self, project: &str, image: &str, grants: Grants) -> Command {
        let script = format!("{INITDB} \"$@\" && : > {POSTGRES_HOME}/{COMPLETE}");
        self.once(project, grants)
            .args(["--interactive", "--entrypoint", "/bin/sh", image, "-c", &script, "initdb"])
            .args(["--pgdata", &format!("{POSTGRES_HOME}/data"), "--username", DATABASE_USER])
            .args(["--pwfile", "/dev/stdin", "--auth", "scram-sha-256"])
            .args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"])
    }

    /// A container that does one thing with the volumes and is gone.
    fn once(&self, project: &str, grants: Grants) -> Command {
        Command::new("docker")
            .args(["run", "--rm", "--read-only"])
            .args(grants.ulimit())
            .args(["--label", &format!("{LABEL_PROJECT}={project}")])
            .args(self.surroundings(project))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    #[test]
    fn every_port_is_bound_to_loopback() {
        let deploy = Deploy::parse(include_str!("../../../deploy.toml")).unwrap();
        let backing = deploy.environments["local"].backing.clone().unwrap();
        let grants = Grants { files_max: 1024, migrates_connections: true };
        for part in parts(&backing) {
            let (command, _) = part.start("nutri", "image", grants);
            let flags = command.args.iter().zip(command.args.iter().skip(1));
            let published: Vec<&String> =
                flags.filter(|(flag, _)| *flag == "--publish").map(|(_, value)| value).collect();
            assert_eq!(published.len(), part.ports.len());
            assert!(published.iter().all(|value| value.starts_with("127.0.0.1:")), "{command}");
        }
    }

    #[test]
    fn the_proxy_keeps_connections_over_a_switch_where_the_kernel_can() {
        let deploy = Deploy::parse(include_str!("../../../deploy.toml")).unwrap();
        let backing = deploy.environments["local"].backing.clone().unwrap();
        let commands = |migrates_connections| {
            let grants = Grants { files_max: 1024, migrates_connections };
            let parts = parts(&backing).into_iter();
            let commands = parts.map(|part| part.start("nutri", "image", grants).0.to_string());
            commands.filter(|command| command.contains("tcp_migrate_req=1")).collect::<Vec<_>>()
        };
        assert!(commands(true).len() == 1 && commands(true)[0].contains("nutri-proxy"));
        assert!(commands(false).is_empty());
    }
}
