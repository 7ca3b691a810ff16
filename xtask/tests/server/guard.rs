//! What takes changes to SSH and firewall back, and what a run leaves when it ends midway.

use super::host::{Host, wait_until};

const PENDING: &str = "/var/lib/nutri-server/pending";

/// Whoever locked himself out cannot confirm, and waits.
pub(crate) fn what_nobody_confirms_goes_back(host: &Host) {
    host.sh("echo '# before' >>/etc/ssh/sshd_config.d/00-nutri.conf; ufw --force disable").good();
    host.setup("apply", &[("GUARD_SECONDS", "10")]).good();
    assert!(host.sh("ufw status").good().contains("Status: active"));
    wait_until("the change goes back", || !host.is_there("/var/lib/nutri-server/pending"));
    assert!(host.sh("cat /etc/ssh/sshd_config.d/00-nutri.conf").good().contains("# before"));
    assert!(host.sh("ufw status").good().contains("Status: inactive"));
    assert_eq!(host.ssh("deploy", &[]).code, Some(0));
}

pub(crate) fn what_nobody_confirms_goes_back_at_a_reboot_too(host: &Host) {
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

/// The second is told so in one line, and nothing happens twice at the same time.
pub(crate) fn one_run_at_a_time(host: &Host) {
    host.sh(
        "rm -f /run/go; (flock /run/nutri-server.lock sh -c 'touch /run/held; until [ -e /run/go ]; \
         do sleep 0.1; done') >/dev/null 2>&1 &",
    )
    .good();
    wait_until("the lock is held", || host.is_there("/run/held"));
    for verb in ["apply", "confirm", "revert"] {
        let second = host.setup(verb, &[]);
        assert_eq!(second.code, Some(1), "{verb}: {second:?}");
        assert_eq!(second.stderr.lines().count(), 1, "{verb}: {second:?}");
        assert!(second.stderr.contains("another run is at work on this server"), "{second:?}");
    }
    host.sh("touch /run/go").good();
}

/// Also where the first run's timer is gone, as after a run that was killed before it set one.
pub(crate) fn a_later_run_gives_the_whole_time_again(host: &Host) {
    host.setup("apply", &[("GUARD_SECONDS", "900")]).good();
    host.sh("systemctl stop 'nutri-guard-*.timer'").good();
    let refused = host.setup("apply", &[("GUARD_SECONDS", "0")]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("earlier changes to SSH and firewall wait"), "{refused:?}");
    host.setup("apply", &[("GUARD_SECONDS", "5")]).good();
    assert!(host.is_there(PENDING));
    wait_until("the change goes back", || !host.is_there(PENDING));
    assert!(host.sh("ufw status").good().contains("Status: inactive"));
}

/// What is wrong may be somebody else's file: nothing else of SSH and firewall is touched.
pub(crate) fn what_sshd_refuses_takes_back_our_file_only(host: &Host) {
    let other = "/etc/ssh/sshd_config.d/50-other.conf";
    host.sh(&format!("echo Nonsense yes >{other}; echo '# kept' >/etc/ufw/somebodys")).good();
    let refused = host.setup("apply", &[("GUARD_SECONDS", "0")]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("our file is as before"), "{refused:?}");
    assert!(host.sh("cat /etc/ssh/sshd_config.d/00-nutri.conf").good().contains("# before"));
    assert_eq!(host.sh("cat /etc/ufw/somebodys").good(), "# kept\n");
    host.sh(&format!("rm {other} /etc/ufw/somebodys && touch {PENDING}")).good();
    let lost = host.setup("revert", &[]);
    assert_eq!(lost.code, Some(1), "{lost:?}");
    assert!(lost.stderr.contains("nothing is saved"), "{lost:?}");
    assert!(host.is_there("/etc/ufw/ufw.conf"));
    host.setup("confirm", &[]).good();
}

/// One line that fails does not keep the firewall as it is, and is tried again.
pub(crate) fn a_revert_goes_on_and_leaves_the_rules_of_others(host: &Host) {
    host.sh("rm /usr/local/sbin/nutri-docker-firewall; iptables -D DOCKER-USER -j nutri-docker")
        .good();
    host.setup("apply", &[("GUARD_SECONDS", "900")]).good();
    host.sh("iptables -A DOCKER-USER -s 192.0.2.9 -j DROP").good();
    let real = "exec /usr/bin/systemctl \"$@\"";
    host.stand_in("systemctl", &format!("[ \"$1\" != daemon-reload ] || exit 1\n{real}"));
    let failed = host.setup("revert", &[]);
    host.sh("rm /usr/local/sbin/systemctl").good();
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(
        failed.stderr.contains("and a reboot does them: systemctl daemon-reload;"),
        "{failed:?}"
    );
    assert!(host.sh("ufw status").good().contains("Status: inactive"));
    host.setup("revert", &[]).good();
    assert!(!host.is_there(PENDING));
    let rules = host.sh("iptables -S DOCKER-USER").good();
    assert!(rules.contains("192.0.2.9") && !rules.contains("nutri-docker"), "{rules}");
    host.sh("iptables -D DOCKER-USER -s 192.0.2.9 -j DROP").good();
}

/// The run is killed after the file is written and before anything reads it.
pub(crate) fn what_is_not_yet_in_force_is_named_and_mended(host: &Host) {
    host.sh("echo '# somebody' >>/etc/systemd/journald.conf.d/90-nutri.conf").good();
    let real = "exec /usr/bin/systemctl \"$@\"";
    host.stand_in(
        "systemctl",
        &format!("[ \"$2\" != systemd-journald ] || {{ kill -9 $PPID; exit 1; }}\n{real}"),
    );
    let killed = host.setup("apply journal", &[]);
    host.sh("rm /usr/local/sbin/systemctl").good();
    assert_eq!(killed.code, Some(137), "{killed:?}");
    let journal = || host.sh("systemctl show --property MainPID systemd-journald").good();
    let check = host.setup("check journal", &[]);
    assert_eq!(check.code, Some(3), "{check:?}");
    assert!(check.stdout.contains("what an earlier run wrote is not yet in force"), "{check:?}");
    let before = journal();
    host.setup("apply journal", &[]).good();
    assert_ne!(journal(), before, "it was started anew");
    assert_eq!(host.setup("check journal", &[]).code, Some(0));
}
