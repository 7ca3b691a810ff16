//! What the local environment runs beside the services: database, cache, registry, proxy.

use crate::command::Command;
use crate::deploy::Backing;
use crate::digest::Digest;
use crate::ship::instance::{Grants, LABEL_SETTINGS, without_proxies};
use crate::ship::owner::Owner;
use crate::ship::proxy::PUBLIC_PORT;
use std::time::Duration;

/// What a backing service is there for. Its name is its key in `deploy.toml`, the end of its
/// container's name, and no name of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Postgres,
    Redis,
    Registry,
    /// The reverse proxy.
    Proxy,
}

impl Role {
    /// Every role, in the order of starting.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Redis, Self::Registry, Self::Proxy];

    /// How it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Registry => "registry",
            Self::Proxy => "proxy",
        }
    }
}

/// One container of the backing, as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackingService {
    /// What it is there for.
    pub role: Role,
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
/// The file beside the cluster that says that `initdb` of ours began, in an empty volume.
const BEGUN: &str = "begun";
const INITDB: &str = "/usr/lib/postgresql/15/bin/initdb";
const POSTGRES: &str = "/usr/lib/postgresql/15/bin/postgres";
/// The major version of Postgres that the backing runs.
pub const POSTGRES_MAJOR: &str = "15";
/// A server that ran on a cluster left `postmaster.opts` in it.
const EXAMINE: &str = r#"cd /var/lib/postgresql || exit 1
found=
for name in * .[!.]* ..?*; do
  if [ -e "$name" ] || [ -L "$name" ]; then
    case "$name" in lost+found) ;; *) found="$found $name" ;; esac
  fi
done
version=
[ ! -f data/PG_VERSION ] || read -r version < data/PG_VERSION
if [ -f complete ] && [ -n "$version" ]; then echo "whole $version"
elif [ -z "$found" ]; then echo empty
elif [ "$found" = " begun" ]; then echo cut-off
elif [ "$found" = " begun data" ] && [ ! -e data/postmaster.opts ]; then echo cut-off
else echo "foreign$found"
fi"#;
/// Who owns the database, and the name of nothing else.
pub const DATABASE_USER: &str = "nutri";

/// The networks of a project. Services reach what is on the first. The registry is on the other:
/// it is for the engine and for us, and a service that is broken into changes no image.
pub fn networks(project: &str) -> [String; 2] {
    [project.to_owned(), format!("{project}-{}", Role::Registry.name())]
}

/// Every backing service, in the order of starting.
pub fn backing_services(backing: &Backing) -> Vec<BackingService> {
    Role::ALL.into_iter().map(|role| backing_service(role, backing)).collect()
}

fn backing_service(role: Role, backing: &Backing) -> BackingService {
    match role {
        Role::Postgres => BackingService {
            role,
            definition: backing.postgres.image.clone(),
            ports: vec![(backing.postgres.port, POSTGRES_PORT)],
            volumes: vec![("postgres", POSTGRES_HOME)],
            memory: vec!["/tmp", "/run/postgresql:uid=70,gid=70,mode=0775"],
            stop_signal: "SIGINT",
        },
        Role::Redis => BackingService {
            role,
            definition: backing.redis.image.clone(),
            ports: vec![(backing.redis.port, REDIS_PORT)],
            volumes: vec![("redis", "/data")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
        Role::Registry => BackingService {
            role,
            definition: backing.registry.image.clone(),
            ports: vec![(backing.registry.port, REGISTRY_PORT)],
            volumes: vec![("registry", "/var/lib/registry")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
        Role::Proxy => BackingService {
            role,
            definition: backing.proxy.image.clone(),
            ports: vec![(backing.proxy.port, PUBLIC_PORT)],
            volumes: vec![("proxy-config", "/config"), ("proxy-data", "/data")],
            memory: vec!["/tmp"],
            stop_signal: "SIGTERM",
        },
    }
}

impl BackingService {
    /// How it is called.
    pub fn name(&self) -> &'static str {
        self.role.name()
    }

    /// The container's name, by which other containers find it.
    pub fn container(&self, project: &str) -> String {
        format!("{project}-{}", self.name())
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
        let [services, apart] = networks(project);
        let network = if self.role == Role::Registry { apart } else { services };
        let network = ["--network".to_owned(), network];
        [network].into_iter().chain(volumes).chain(memory).flatten().collect()
    }

    /// Kernel settings of its own network that it needs to lose nothing.
    fn sysctls(&self, grants: Grants) -> Vec<String> {
        let wanted = self.role == Role::Proxy && grants.migrates_connections;
        let setting = ["--sysctl".to_owned(), "net.ipv4.tcp_migrate_req=1".to_owned()];
        if wanted { setting.to_vec() } else { Vec::new() }
    }

    /// The command that starts it, and the digest of that command: what a running container
    /// was started with is told by its label.
    pub fn start(&self, owner: &Owner, image: &str, grants: Grants) -> (Command, Digest) {
        let project = owner.project.as_str();
        let ports = self.ports.iter().flat_map(|(outside, inside)| {
            ["--publish".to_owned(), format!("127.0.0.1:{outside}:{inside}")]
        });
        let command = Command::new("docker")
            .args(["run", "--detach", "--name", &self.container(project)])
            .args(without_proxies(&[]))
            .args(["--restart", "unless-stopped", "--read-only", "--shm-size", "128m"])
            .args(["--stop-signal", self.stop_signal])
            .args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"])
            .args(["--log-opt", "max-size=10m", "--log-opt", "max-file=3"])
            .args(owner.label_flags())
            .args(self.sysctls(grants))
            .args(self.surroundings(project))
            .args(ports);
        // The limits that this shell grants are no reason to start one anew.
        let digest = Digest::of(format!("{command} {image}").as_bytes());
        let command = command.args(grants.ulimit());
        let label = format!("{LABEL_SETTINGS}={digest}");
        (command.args(["--label", &label, image]).finishes(), digest)
    }

    /// The command that says in one word what the volume of the database holds; see [`Cluster`].
    /// Said in words: a command may end badly for reasons that are none of the volume's. The image
    /// has a shell and no other program.
    pub fn examine(&self, owner: &Owner, image: &str, grants: Grants) -> Command {
        self.once(owner, grants).args(["--entrypoint", "/bin/sh", image, "-c", EXAMINE])
    }

    /// The command that makes a database cluster in an empty volume: first it writes that it has
    /// begun, and when `initdb` came to its end, that it is whole. The password comes by standard
    /// input and is in no argument.
    pub fn initialise(&self, owner: &Owner, image: &str, grants: Grants) -> Command {
        let script = format!(
            ": > {POSTGRES_HOME}/{BEGUN} && {INITDB} \"$@\" && : > {POSTGRES_HOME}/{COMPLETE}"
        );
        self.once(owner, grants)
            .args(["--interactive", "--entrypoint", "/bin/sh", image, "-c", &script, "initdb"])
            .args(["--pgdata", &format!("{POSTGRES_HOME}/data"), "--username", DATABASE_USER])
            .args(["--pwfile", "/dev/stdin", "--auth", "scram-sha-256"])
            .args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"])
    }

    /// The command that carries out the SQL on its standard input in a cluster whose server does
    /// not run. It asks for no password: who may use the engine may read the files anyway.
    pub fn single_user(&self, owner: &Owner, image: &str, grants: Grants) -> Command {
        self.once(owner, grants)
            .args(["--interactive", "--entrypoint", POSTGRES, image, "--single"])
            .args(["-D", &format!("{POSTGRES_HOME}/data"), "postgres"])
    }

    /// A container that does one thing with the volumes and is gone.
    fn once(&self, owner: &Owner, grants: Grants) -> Command {
        Command::new("docker")
            .args(["run", "--rm", "--read-only"])
            .args(without_proxies(&[]))
            .limit(ONCE_LIMIT)
            .finishes()
            .args(grants.ulimit())
            .args(owner.label_flags())
            .args(self.surroundings(&owner.project))
    }
}

/// What the volume of the database holds, as `examine` found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// A cluster that came to its end, of this major version of Postgres.
    Whole(String),
    Empty,
    /// The debris of an `initdb` of ours that was cut off: it began in an empty volume, did not
    /// come to its end, and no server ever ran on it.
    CutOff,
    /// Something else: the names of what lies there.
    Foreign(String),
}

/// A cluster is made in seconds, and in minutes on a slow disk.
const ONCE_LIMIT: Duration = Duration::from_secs(600);

impl Cluster {
    /// Reads what `examine` said; `None` if that is no word of it.
    pub fn parse(output: &str) -> Option<Self> {
        let (word, rest) = output.trim().split_once(' ').unwrap_or((output.trim(), ""));
        match word {
            "whole" => Some(Self::Whole(rest.to_owned())),
            "empty" => Some(Self::Empty),
            "cut-off" => Some(Self::CutOff),
            "foreign" => Some(Self::Foreign(rest.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    fn owner() -> Owner {
        Owner::new("nutri", "local")
    }

    #[test]
    fn what_examine_says_is_read_and_anything_else_is_not_taken_for_an_answer() {
        let read = Cluster::parse;
        assert_eq!(read("whole 15\n"), Some(Cluster::Whole("15".into())));
        assert_eq!(read("empty"), Some(Cluster::Empty));
        assert_eq!(read("cut-off"), Some(Cluster::CutOff));
        assert_eq!(read("foreign data x"), Some(Cluster::Foreign("data x".into())));
        assert_eq!([read(""), read("sh: not found")], [None, None]);
    }

    #[test]
    fn every_port_is_bound_to_loopback() {
        let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
        let backing = deploy.environments["local"].backing.clone().unwrap();
        let grants = Grants { files_max: 1024, migrates_connections: true };
        for service in backing_services(&backing) {
            let (command, _) = service.start(&owner(), "image", grants);
            let flags = command.args.iter().zip(command.args.iter().skip(1));
            let published: Vec<&String> =
                flags.filter(|(flag, _)| *flag == "--publish").map(|(_, value)| value).collect();
            assert_eq!(published.len(), service.ports.len());
            assert!(published.iter().all(|value| value.starts_with("127.0.0.1:")), "{command}");
        }
    }

    #[test]
    fn no_service_shares_a_network_with_the_registry() {
        let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
        let backing = deploy.environments["local"].backing.clone().unwrap();
        let grants = Grants { files_max: 1024, migrates_connections: true };
        for service in backing_services(&backing) {
            let (command, _) = service.start(&owner(), "image", grants);
            let alone = service.role == Role::Registry;
            assert_eq!(command.to_string().contains("--network nutri-registry"), alone);
        }
    }

    #[test]
    fn the_proxy_keeps_connections_over_a_switch_where_the_kernel_can() {
        let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
        let backing = deploy.environments["local"].backing.clone().unwrap();
        let commands = |migrates_connections| {
            let grants = Grants { files_max: 1024, migrates_connections };
            let backing_services = backing_services(&backing).into_iter();
            let commands = backing_services
                .map(|service| service.start(&owner(), "image", grants).0.to_string());
            commands.filter(|command| command.contains("tcp_migrate_req=1")).collect::<Vec<_>>()
        };
        assert!(commands(true).len() == 1 && commands(true)[0].contains("nutri-proxy"));
        assert!(commands(false).is_empty());
    }
}
