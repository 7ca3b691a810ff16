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

/// What systemd, a firewall and a host of containers need of the engine.
const RIGHTS: [&str; 20] = [
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
    "--sysctl",
    "net.ipv6.conf.all.forwarding=1",
    "--volume",
    "/sys/fs/cgroup:/sys/fs/cgroup:ro",
];

/// How a command ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A network of addresses for documentation: to Docker's own the script gives trust.
pub(crate) struct Network {
    name: String,
    v4: &'static str,
    v6: &'static str,
}

pub(crate) struct Host {
    name: String,
    v4: String,
    v6: String,
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

fn takes(address: &str) -> bool {
    let address: SocketAddr = address.parse().unwrap();
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
}

impl Network {
    /// The first bytes of its addresses, such as `198.18.51` and `2001:db8:51`. They are public as
    /// those of a real server are, and of the range for measurements: machines do reach their
    /// mirrors by the addresses that are meant for documents, and this network would take them away.
    pub(crate) fn new(v4: &'static str, v6: &'static str) -> Self {
        let name = format!("nutri-server-{}-{v4}", std::process::id());
        let subnets = [format!("{v4}.0/24"), format!("{v6}::/64")];
        let [first, second] = &subnets;
        let subnets = ["--subnet", first, "--subnet", second];
        docker(&[&["network", "create", "--ipv6"][..], &subnets, &[&name]].concat()).good();
        Self { name, v4, v6 }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _gone = docker(&["network", "rm", &self.name]);
    }
}

impl Host {
    pub(crate) fn start(image: &str, network: &Network, last: u8) -> Self {
        let name = format!("{}-{last}", network.name);
        let (v4, v6) = (format!("{}.{last}", network.v4), format!("{}::{last}", network.v6));
        let folder = tempfile::tempdir().unwrap();
        let mut host = Self { name, v4, v6, folder, agent: None };
        let place = ["--network", &network.name, "--ip", &host.v4, "--ip6", &host.v6];
        let run = ["run", "--detach", "--name", &host.name, "--hostname", "server"];
        let args = [&run[..], &place, &RIGHTS, &[image, "/sbin/init"]].concat();
        docker(&args).good();
        host.wait_for_ssh();
        host.know();
        host.agent = Some(host.start_agent());
        host
    }

    pub(crate) fn v4(&self) -> String {
        self.v4.clone()
    }

    pub(crate) fn v6(&self) -> String {
        self.v6.clone()
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

    /// The script as it keeps itself, with nothing in its environment.
    pub(crate) fn kept(&self, verb: &str) -> Run {
        self.sh(&format!("{KEPT} {verb}"))
    }

    /// Runs `text` as cloud-init runs what a provider was given.
    pub(crate) fn first_start(&self, text: &str, verb: &str) -> Run {
        let file = self.folder.path().join("user-data");
        std::fs::write(&file, text).unwrap();
        let to = format!("{}:/root/user-data", self.name);
        docker(&["cp", &file.to_string_lossy(), &to]).good();
        self.sh(&format!("chmod 700 /root/user-data && /root/user-data {verb}"))
    }

    /// A program before the real one on the script's path.
    pub(crate) fn stand_in(&self, program: &str, text: &str) {
        let path = format!("/usr/local/sbin/{program}");
        self.sh(&format!("cat >{path} <<'END'\n#!/bin/sh\n{text}\nEND\nchmod 755 {path}")).good();
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

    /// As a person whose agent offers `count` other keys first.
    pub(crate) fn ssh_after_other_keys(&self, user: &str, count: usize) -> Run {
        let keys: Vec<String> = (0..count)
            .map(|at| self.folder.path().join(format!("other-{at}")).to_string_lossy().into_owned())
            .collect();
        let mut options = Vec::new();
        for key in &keys {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", key])
                .status();
            assert!(made.unwrap().success());
            options.extend(["-i", key]);
        }
        let own = self.key().to_string_lossy().into_owned();
        options.extend(["-i", &own]);
        self.ssh_with(user, &options)
    }

    pub(crate) fn ssh(&self, user: &str, more: &[&str]) -> Run {
        let own = self.key().to_string_lossy().into_owned();
        self.ssh_with(user, &[&["-i", &own], more].concat())
    }

    fn ssh_with(&self, user: &str, more: &[&str]) -> Run {
        let known = self.folder.path().join("known");
        let output = Command::new("ssh")
            .args(["-o", "BatchMode=yes", "-o", "ServerAliveInterval=5"])
            .args(["-o", "StrictHostKeyChecking=no", "-o"])
            .arg(format!("UserKnownHostsFile={}", known.display()))
            .args(["-o", "IdentitiesOnly=yes"])
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
        takes(&format!("{}:{port}", self.v4))
    }

    /// The same over IPv6.
    pub(crate) fn takes_over_six(&self, port: u16) -> bool {
        takes(&format!("[{}]:{port}", self.v6))
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
