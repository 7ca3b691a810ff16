//! The script that makes a server ready, on a real Debian with systemd, sshd, ufw and fail2ban.
//! It is a container, reached over its network as a server is: over SSH, from other addresses.
#![allow(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod host;
mod project;
mod system;

use host::{Host, Network, wait_until};
use project::Project;
use xtask_fakes::required;
use xtask_fakes::requirement::{required_engine, required_program, required_right};

/// Every file that is wholly ours.
const FILES: [&str; 11] = [
    "/etc/nutri-server.conf",
    "/etc/sudoers.d/90-nutri-admin",
    "/etc/systemd/system/nutri-guard-boot.service",
    "/etc/ssh/sshd_config.d/00-nutri.conf",
    "/etc/systemd/system/docker.service.d/nutri-firewall.conf",
    "/etc/fail2ban/jail.d/00-nutri.local",
    "/etc/apt/apt.conf.d/20auto-upgrades",
    "/etc/apt/apt.conf.d/52-nutri-unattended-upgrades",
    "/etc/sysctl.d/90-nutri.conf",
    "/etc/systemd/journald.conf.d/90-nutri.conf",
    "/etc/systemd/system/nutri-prune.timer",
];

#[test]
fn a_server_is_made_ready_kept_so_and_nobody_is_locked_out() {
    required!(required_engine());
    required!(required_right("root"));
    required!(required_program("ssh"));
    required!(required_program("debootstrap"));
    let image = system::image();
    let network = Network::new();
    let host = Host::start(&image, &network, 10);
    let project = Project::new(&host);
    the_first_run_makes_it_ready(&project, &host);
    a_second_run_changes_nothing(&project);
    only_keys_of_people_get_in(&host);
    what_is_corrupted_is_named_and_mended(&project, &host);
    what_nobody_confirms_goes_back(&host);
    what_nobody_confirms_goes_back_at_a_reboot_too(&host);
    the_world_sees_what_is_declared(&project, &host);
    what_docker_publishes_is_shut_unless_declared(&host);
    whoever_guesses_is_banned(&host, &Host::start(&image, &network, 20));
    a_run_killed_after_any_change_is_continued(&Host::start(&image, &network, 30));
}

fn the_first_run_makes_it_ready(project: &Project, host: &Host) {
    let refused = project.xtask(&["server", "plan", "staging"]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.stderr.contains("--as-root"), "{refused:?}");
    let plan = project.xtask(&["server", "plan", "staging", "--as-root"]);
    assert_eq!(plan.code, Some(3), "{plan:?}");
    assert!(plan.stdout.contains("SSH from outside: keys only, no root"), "{plan:?}");
    let done = project.xtask(&["server", "apply", "staging", "--as-root", "--apply"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!host.is_there("/var/lib/nutri-server/pending"), "it was confirmed");
}

fn a_second_run_changes_nothing(project: &Project) {
    let check = project.xtask(&["server", "check", "staging"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let done = project.xtask(&["server", "apply", "staging", "--apply"]);
    assert_eq!((done.code, done.stdout.trim()), (Some(0), "nothing to do"), "{done:?}");
}

fn only_keys_of_people_get_in(host: &Host) {
    let root = host.ssh("root", &[]);
    assert!(root.stderr.contains("Permission denied (publickey)"), "{root:?}");
    let password = host.ssh("deploy", &["-o", "PubkeyAuthentication=no"]);
    assert!(password.stderr.contains("Permission denied (publickey)"), "{password:?}");
    assert_eq!(host.ssh("deploy", &[]).code, Some(0));
}

fn what_is_corrupted_is_named_and_mended(project: &Project, host: &Host) {
    for file in FILES {
        host.sh(&format!("echo '# somebody' >>{file}")).good();
        let check = host.setup("check", &[]);
        let differs = |line: &&str| line.contains("\tdiffers\t");
        let named: Vec<&str> = check.stdout.lines().filter(differs).collect();
        assert!(named.len() == 1 && named[0].ends_with(file), "{file}: {check:?}");
        let mended = host.setup("apply", &[("GUARD_SECONDS", "0")]).good();
        let changed = mended.lines().filter(|line| line.contains("\tchanged\t")).count();
        assert_eq!(changed, 1, "{file}: {mended}");
    }
    host.sh("sed -i '/BEGIN nutri/,/END nutri/d' /etc/ufw/after.rules").good();
    host.sh("echo '{\"dns\": [\"192.0.2.53\"]}' >/etc/docker/daemon.json").good();
    let done = project.xtask(&["server", "apply", "staging", "--apply"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let daemon = host.sh("cat /etc/docker/daemon.json").good();
    assert!(daemon.contains("192.0.2.53") && daemon.contains("max-size"), "merged: {daemon}");
    assert_eq!(project.xtask(&["server", "check", "staging"]).code, Some(0));
    what_is_no_json_is_not_written_over(project, host);
}

fn what_is_no_json_is_not_written_over(project: &Project, host: &Host) {
    host.sh("cp /etc/docker/daemon.json /root/kept && echo nonsense >/etc/docker/daemon.json")
        .good();
    let check = project.xtask(&["server", "check", "staging"]);
    assert_eq!(check.code, Some(5), "{check:?}");
    assert!(check.stderr.contains("daemon.json is no JSON"), "{check:?}");
    assert_eq!(host.sh("cat /etc/docker/daemon.json").good(), "nonsense\n");
    host.sh("mv /root/kept /etc/docker/daemon.json").good();
}

/// Whoever locked himself out cannot confirm, and waits.
fn what_nobody_confirms_goes_back(host: &Host) {
    host.sh("echo '# before' >>/etc/ssh/sshd_config.d/00-nutri.conf; ufw --force disable").good();
    host.setup("apply", &[("GUARD_SECONDS", "3")]).good();
    assert!(host.sh("ufw status").good().contains("Status: active"));
    wait_until("the change goes back", || !host.is_there("/var/lib/nutri-server/pending"));
    assert!(host.sh("cat /etc/ssh/sshd_config.d/00-nutri.conf").good().contains("# before"));
    assert!(host.sh("ufw status").good().contains("Status: inactive"));
    assert_eq!(host.ssh("deploy", &[]).code, Some(0));
}

fn what_nobody_confirms_goes_back_at_a_reboot_too(host: &Host) {
    host.setup("apply", &[("GUARD_SECONDS", "900")]).good();
    assert!(host.is_there("/var/lib/nutri-server/pending"));
    host.reboot();
    assert!(!host.is_there("/var/lib/nutri-server/pending"));
    assert!(host.sh("cat /etc/ssh/sshd_config.d/00-nutri.conf").good().contains("# before"));
    assert!(host.sh("ufw status").good().contains("Status: inactive"));
    host.setup("apply", &[]).good();
    host.setup("confirm", &[]).good();
    host.reboot();
    assert!(host.setup("check", &[]).code == Some(0), "it stays over a reboot");
}

fn the_world_sees_what_is_declared(project: &Project, host: &Host) {
    for port in [80, 443, 5432] {
        host.listen(port);
    }
    let probe = project.xtask(&["server", "probe", "staging"]);
    assert_eq!(probe.code, Some(0), "{probe:?}");
    host.sh("ufw allow 5432/tcp").good();
    let probe = project.xtask(&["server", "probe", "staging"]);
    assert_eq!(probe.code, Some(3), "{probe:?}");
    for address in [host.v4(), format!("[{}]", host.v6())] {
        let line = format!("{address}:5432: Postgres is open to the world");
        assert!(probe.stdout.contains(&line), "{line}: {probe:?}");
    }
    let plan = host.setup("check", &[]);
    assert!(plan.stdout.contains("a rule of others: ufw allow 5432/tcp"), "{plan:?}");
    host.sh("ufw delete allow 5432/tcp").good();
}

/// A network as Docker lays one: a bridge, a container behind it, a published port that is
/// forwarded before the host's own rules are asked, and Docker's rule that lets it through.
fn what_docker_publishes_is_shut_unless_declared(host: &Host) {
    host.sh(
        "ip link add br-inside type bridge && ip address add 10.0.9.1/24 dev br-inside && \
         ip link set br-inside up && ip netns add inside && \
         ip link add out type veth peer name in netns inside && ip link set out master br-inside up && \
         ip -n inside address add 10.0.9.2/24 dev in && ip -n inside link set in up && \
         ip -n inside route add default via 10.0.9.1 && \
         iptables -I FORWARD -j DOCKER-USER && iptables -I FORWARD 2 -o br-inside -j ACCEPT && \
         iptables -I FORWARD 3 -i br-inside -j ACCEPT && \
         for port in 6379:6379 8443:443; do iptables -t nat -A PREROUTING -p tcp \
         --dport ${port%:*} -j DNAT --to 10.0.9.2:${port#*:}; done",
    )
    .good();
    host.listen_inside("inside", 6379);
    host.listen_inside("inside", 443);
    wait_until("a declared port of a container is open", || host.takes(8443));
    assert!(!host.takes(6379), "what nobody declared is shut, though Docker would let it through");
    host.sh("iptables -F DOCKER-USER").good();
    assert!(host.takes(6379), "and it is our rules that shut it");
    host.sh("systemctl restart ufw && ufw reload").good();
}

/// Who only looks whether the port is open, as a monitor does, is not.
fn whoever_guesses_is_banned(host: &Host, guesser: &Host) {
    (0..10).for_each(|_| assert!(host.takes(22)));
    let knock = format!(
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 admin@{} true",
        host.v4()
    );
    wait_until("who guesses is banned", || {
        let _refused = guesser.sh(&knock);
        host.sh("fail2ban-client status sshd").good().contains(&guesser.v4())
    });
    let banned = guesser.sh(&knock);
    assert!(!banned.stderr.contains("Permission denied"), "{banned:?}");
    assert_eq!(host.ssh("deploy", &[]).code, Some(0), "others still get in");
}

/// Each run is killed as soon as it has changed one thing; the next goes on from there.
fn a_run_killed_after_any_change_is_continued(host: &Host) {
    let mut runs = 0;
    while host.setup_killed_after_one_change() {
        runs += 1;
        assert!(runs < 80, "every run changes something, so the runs come to an end");
    }
    assert!(runs > 15, "there is much to change: {runs}");
    host.setup("confirm", &[]).good();
    assert_eq!(host.setup("check", &[]).code, Some(0));
}
