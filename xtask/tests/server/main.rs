//! The script that makes a server ready, on a real Debian with systemd, sshd, ufw and fail2ban.
//! It is a container, reached over its network as a server is: over SSH, from other addresses.
#![allow(clippy::disallowed_methods, reason = "a test fails where it cannot look at its files")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod check;
mod docker;
mod guard;
mod host;
mod project;
mod system;

use host::{Host, Network, wait_until};
use project::Project;
use xtask_fakes::required;
use xtask_fakes::requirement::{required_engine, required_program, required_right};

/// Every file that is wholly ours.
const FILES: [&str; 13] = [
    "/etc/nutri-server.conf",
    "/etc/sudoers.d/90-nutri-admin",
    "/etc/systemd/system/nutri-guard-boot.service",
    "/etc/ssh/sshd_config.d/00-nutri.conf",
    "/etc/systemd/system/docker.service.d/nutri-firewall.conf",
    "/etc/systemd/system/nutri-docker-firewall.service",
    "/usr/local/sbin/nutri-docker-firewall",
    "/etc/fail2ban/jail.d/00-nutri.local",
    "/etc/apt/apt.conf.d/20auto-upgrades",
    "/etc/apt/apt.conf.d/52-nutri-unattended-upgrades",
    "/etc/sysctl.d/90-nutri.conf",
    "/etc/systemd/journald.conf.d/90-nutri.conf",
    "/etc/systemd/system/nutri-prune.timer",
];

#[test]
fn debian_12_is_made_ready_kept_so_and_nobody_is_locked_out() {
    played("bookworm", "198.18.51", "2001:db8:51");
}

#[test]
fn debian_13_is_made_ready_kept_so_and_nobody_is_locked_out() {
    played("trixie", "198.18.52", "2001:db8:52");
}

fn played(suite: &str, v4: &'static str, v6: &'static str) {
    required!(required_engine());
    required!(required_right("root"));
    required!(required_program("ssh"));
    required!(required_program("debootstrap"));
    let image = system::image(suite);
    let network = Network::new(v4, v6);
    let host = Host::start(&image, &network, 10);
    let project = Project::new(&host);
    the_first_run_makes_it_ready(&project, &host);
    a_second_run_changes_nothing(&project, &host);
    only_keys_of_people_get_in(&host);
    what_is_corrupted_is_named_and_mended(&project, &host);
    check::what_a_check_could_not_look_at_is_not_as_wanted(&host);
    guard::what_nobody_confirms_goes_back(&host);
    guard::one_run_at_a_time(&host);
    guard::a_later_run_gives_the_whole_time_again(&host);
    guard::what_sshd_refuses_takes_back_our_file_only(&host);
    guard::a_revert_goes_on_and_leaves_the_rules_of_others(&host);
    guard::what_is_not_yet_in_force_is_named_and_mended(&host);
    guard::what_nobody_confirms_goes_back_at_a_reboot_too(&host);
    the_world_sees_what_is_declared(&host);
    docker::what_docker_publishes_is_shut_unless_declared(&host);
    docker::the_images_that_came_last_stay(&host);
    let other = Host::start(&image, &network, 20);
    whoever_guesses_is_banned(&host, &other);
    the_first_start_makes_it_ready(&project, &other);
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

fn a_second_run_changes_nothing(project: &Project, host: &Host) {
    let check = project.xtask(&["server", "check", "staging"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let done = project.xtask(&["server", "apply", "staging", "--apply"]);
    assert_eq!((done.code, done.stdout.trim()), (Some(0), "nothing to do"), "{done:?}");
    let kept = host.kept("check");
    assert_eq!(kept.code, Some(0), "what it was told stands in a file of its own: {kept:?}");
}

fn only_keys_of_people_get_in(host: &Host) {
    let root = host.ssh("root", &[]);
    assert!(root.stderr.contains("Permission denied (publickey)"), "{root:?}");
    let password = host.ssh("deploy", &["-o", "PubkeyAuthentication=no"]);
    assert!(password.stderr.contains("Permission denied (publickey)"), "{password:?}");
    assert_eq!(host.ssh("deploy", &[]).code, Some(0));
    let many = host.ssh_after_other_keys("deploy", 5);
    assert_eq!(many.code, Some(0), "an agent offers its keys one by one: {many:?}");
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
    host.sh("ufw delete allow 443/udp && iptables -F nutri-docker").good();
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

fn the_world_sees_what_is_declared(host: &Host) {
    for port in [80, 443, 5432] {
        host.listen(port);
    }
    let ways = [(host.v4(), host.v4()), (host.v6(), format!("[{}]", host.v6()))]
        .map(|(address, shown)| (Project::at(host, &address), shown));
    for (project, _) in &ways {
        let probe = project.xtask(&["server", "probe", "staging"]);
        assert_eq!(probe.code, Some(0), "{probe:?}");
    }
    host.sh("ufw allow 5432/tcp").good();
    for (project, shown) in &ways {
        let probe = project.xtask(&["server", "probe", "staging"]);
        assert_eq!(probe.code, Some(3), "{probe:?}");
        let line = format!("{shown}:5432: Postgres is open to the world");
        assert!(probe.stdout.contains(&line), "{line}: {probe:?}");
    }
    let plan = host.setup("check", &[]);
    assert!(plan.stdout.contains("a rule of others: ufw allow 5432/tcp"), "{plan:?}");
    host.sh("ufw delete allow 5432/tcp").good();
}

/// Who only looks whether the port is open, as a monitor does, is not.
fn whoever_guesses_is_banned(host: &Host, guesser: &Host) {
    (0..10).for_each(|_| assert!(host.takes(22)));
    let knock = format!(
        "timeout 10 ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 admin@{} true",
        host.v4()
    );
    wait_until("who guesses is banned", || {
        let _refused = guesser.sh(&knock);
        host.sh("fail2ban-client status sshd").good().contains(&guesser.v4())
    });
    wait_until("and is shut out", || !guesser.sh(&knock).stderr.contains("Permission denied"));
    assert_eq!(host.ssh("deploy", &[]).code, Some(0), "others still get in");
}

/// What a provider is given is the same script, and the script keeps itself without what it was told.
fn the_first_start_makes_it_ready(project: &Project, host: &Host) {
    let text = project.xtask(&["server", "user-data", "staging"]).good();
    let check = host.first_start(&text, "check");
    assert_eq!(check.code, Some(3), "{check:?}");
    assert!(!host.is_there("/etc/nutri-server.conf"), "asked for a check, it changes nothing");
    host.first_start(&text, "").good();
    assert!(!host.is_there("/var/lib/nutri-server/pending"), "nobody is there to confirm");
    host.sh("cmp /root/setup-server.sh /usr/local/sbin/nutri-setup-server").good();
    for verb in ["confirm", "revert"] {
        let said = host.kept(verb).good();
        assert_eq!(said, "guard\tok\tnothing waits to be confirmed\n", "{verb}");
    }
    assert_eq!(host.kept("check").code, Some(0));
}

/// Each run is killed as soon as it has changed one thing; the next goes on from there.
fn a_run_killed_after_any_change_is_continued(host: &Host) {
    let mut runs = 0;
    while host.setup_killed_after_one_change() {
        runs += 1;
        assert!(runs < 120, "every run changes something, so the runs come to an end");
    }
    assert!(runs > 15, "there is much to change: {runs}");
    host.setup("confirm", &[]).good();
    assert_eq!(host.setup("check", &[]).code, Some(0));
}
