//! A container that is a server: systemd, sshd, addresses of a network that is not private.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("../../../scripts/deploy/setup-server.sh");
/// Where tests put the script, as a provider's console would.
const PUT: &str = "/root/setup-server.sh";
/// Where it keeps itself, with what it was told, once it has run.
const KEPT: &str = "/usr/local/sbin/nutri-setup-server";

/// How a command ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A network of addresses for documentation: to Docker's own the script gives trust.
pub(crate) struct Network(String);

pub(crate) struct Host {
    name: String,
    last: u8,
    folder: tempfile::TempDir,
    /// The person's agent, which holds the key.
    agent: Option<Child>,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }

    /// What it said, if it ended well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}

pub(crate) fn docker(args: &[&str]) -> Run {
    Run::of(&Command::new("docker").args(args).output().unwrap())
}

/// Waits, because a busy machine needs its time.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < end, "in vain waited: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Network {
    pub(crate) fn new() -> Self {
        let name = format!("nutri-server-{}", std::process::id());
        let made = docker(&[
            "network",
            "create",
            "--ipv6",
            "--subnet",
            "198.51.100.0/24",
            "--subnet",
            "2001:db8:51::/64",
            &name,
        ]);
        made.good();
        Self(name)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _gone = docker(&["network", "rm", &self.0]);
    }
}

impl Host {
    pub(crate) fn start(image: &str, network: &Network, last: u8) -> Self {
        let name = format!("nutri-server-{}-{last}", std::process::id());
        let mut host = Self { name, last, folder: tempfile::tempdir().unwrap(), agent: None };
        let (v4, v6) = (host.v4(), host.v6());
        let args = [
            "run",
            "--detach",
            "--name",
            &host.name,
            "--hostname",
            "server",
            "--network",
            &network.0,
            "--ip",
            &v4,
            "--ip6",
            &v6,
            "--cap-add",
            "SYS_ADMIN",
            "--cap-add",
            "NET_ADMIN",
            "--security-opt",
            "apparmor=unconfined",
            "--tmpfs",
            "/run",
            "--tmpfs",
            "/run/lock",
            "--tmpfs",
            "/tmp:exec",
            "--sysctl",
            "net.ipv4.ip_forward=1",
            "--sysctl",
            "net.ipv6.conf.all.disable_ipv6=0",
            "--volume",
            "/sys/fs/cgroup:/sys/fs/cgroup:ro",
            image,
            "/sbin/init",
        ];
        docker(&args).good();
        host.wait_for_ssh();
        host.know();
        host.agent = Some(host.start_agent());
        host
    }

    pub(crate) fn v4(&self) -> String {
        format!("198.51.100.{}", self.last)
    }

    pub(crate) fn v6(&self) -> String {
        format!("2001:db8:51::{}", self.last)
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// The public key of the person, and of the server.
    pub(crate) fn keys(&self) -> [String; 2] {
        let person = std::fs::read_to_string(self.folder.path().join("key.pub")).unwrap();
        let server = self.sh("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub").good();
        [person, server].map(|it| it.trim().to_owned())
    }

    /// Root gets in by the person's key, as on a server that was just made.
    fn know(&self) {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "anna", "-f"])
            .arg(self.key())
            .status();
        assert!(made.unwrap().success());
        let [person, _] = self.keys();
        self.sh(&format!(
            "mkdir -pm 700 /root/.ssh && echo '{person}' >/root/.ssh/authorized_keys"
        ))
        .good();
        let script = self.folder.path().join("script");
        std::fs::write(&script, SCRIPT).unwrap();
        let to = format!("{}:{PUT}", self.name);
        docker(&["cp", &script.to_string_lossy(), &to]).good();
    }

    pub(crate) fn sh(&self, line: &str) -> Run {
        docker(&["exec", &self.name, "sh", "-c", line])
    }

    pub(crate) fn is_there(&self, path: &str) -> bool {
        self.sh(&format!("test -e {path}")).code == Some(0)
    }

    /// The script, run at the server's own console.
    pub(crate) fn setup(&self, verb: &str, variables: &[(&str, &str)]) -> Run {
        let variables: String =
            variables.iter().map(|(name, value)| format!("{name}='{value}' ")).collect();
        let keys = &self.keys()[0];
        self.sh(&format!(
            "script={KEPT}; [ -e $script ] || script={PUT}; \
             {variables}ADMIN_KEYS='{keys}' sh $script {verb}"
        ))
    }

    /// Kills a run once it has said that it changed something; `false` where nothing was to do.
    pub(crate) fn setup_killed_after_one_change(&self) -> bool {
        let line = format!(
            "ADMIN_KEYS='{}' GUARD_SECONDS=900 sh -c 'echo $$ >/run/id; exec sh {PUT} apply' | \
             while read -r line; do case $line in *changed*) kill -9 $(cat /run/id); echo killed; \
             exit; esac; done",
            self.keys()[0]
        );
        self.sh(&line).stdout.contains("killed")
    }

    pub(crate) fn ssh(&self, user: &str, more: &[&str]) -> Run {
        let known = self.folder.path().join("known");
        let output = Command::new("ssh")
            .args(["-o", "BatchMode=yes", "-o", "ServerAliveInterval=5"])
            .args(["-o", "StrictHostKeyChecking=no", "-o"])
            .arg(format!("UserKnownHostsFile={}", known.display()))
            .args(["-o", "IdentitiesOnly=yes", "-i"])
            .arg(self.key())
            .args(more)
            .args(["-l", user, &self.v4(), "true"])
            .output();
        Run::of(&output.unwrap())
    }

    fn wait_for_ssh(&self) {
        wait_until("sshd listens", || self.takes(22));
    }

    /// Whether a port of it takes a connection from here.
    pub(crate) fn takes(&self, port: u16) -> bool {
        let address: SocketAddr = format!("{}:{port}", self.v4()).parse().unwrap();
        TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
    }

    pub(crate) fn reboot(&self) {
        docker(&["restart", "--time", "20", &self.name]).good();
        self.wait_for_ssh();
        wait_until("all has started", || {
            let state = self.sh("systemctl is-system-running").stdout;
            ["running", "degraded"].contains(&state.trim())
        });
    }

    /// A server on all addresses of the host.
    pub(crate) fn listen(&self, port: u16) {
        self.serve("", port);
    }

    /// A server in a network namespace of the host.
    pub(crate) fn listen_inside(&self, namespace: &str, port: u16) {
        self.serve(&format!("ip netns exec {namespace} "), port);
    }

    fn serve(&self, within: &str, port: u16) {
        let line = format!("{within}python3 -m http.server --bind :: {port} >/dev/null 2>&1");
        docker(&["exec", "--detach", &self.name, "sh", "-c", &line]).good();
        let listening = format!("{within}ss -Hltn sport = :{port} | grep -q LISTEN");
        wait_until("it listens", || self.sh(&listening).code == Some(0));
    }

    /// Where the person's agent listens.
    pub(crate) fn agent(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    fn start_agent(&self) -> Child {
        let agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(self.agent()).spawn().unwrap();
        wait_until("the agent listens", || self.agent().exists());
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(self.key())
            .env("SSH_AUTH_SOCK", self.agent())
            .status();
        assert!(added.unwrap().success());
        agent
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _gone = docker(&["rm", "--force", "--volumes", &self.name]);
        if let Some(agent) = &mut self.agent {
            let _ended = agent.kill().and_then(|()| agent.wait());
        }
    }
}
