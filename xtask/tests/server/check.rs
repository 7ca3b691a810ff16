//! What a check says where a thing is missing, wrong or cannot be looked at.

use super::host::Host;

/// `spoil` makes it so, `mend` takes that back; the check of `step` names it by `line`.
struct Fault {
    step: &'static str,
    spoil: &'static str,
    line: &'static str,
    mend: &'static str,
}

const APPLY: &str = "GUARD_SECONDS=0 /usr/local/sbin/nutri-setup-server apply";

const FAULTS: [Fault; 7] = [
    Fault {
        step: "docker",
        spoil: "mv /usr/bin/python3 /usr/bin/python3.away",
        line: "docker\tdiffers\tpython3 is missing, so nothing of this step could be looked at",
        mend: "mv /usr/bin/python3.away /usr/bin/python3",
    },
    Fault {
        step: "firewall",
        spoil: "mv /usr/sbin/ufw /usr/sbin/ufw.away",
        line: "firewall\tdiffers\tufw is missing, so nothing of this step could be looked at",
        mend: "mv /usr/sbin/ufw.away /usr/sbin/ufw",
    },
    Fault {
        step: "firewall",
        spoil: "iptables -D FORWARD -j DOCKER-USER",
        line: "firewall\tdiffers\twhat Docker publishes is fenced",
        mend: APPLY,
    },
    Fault {
        step: "firewall",
        spoil: "ip6tables -I FORWARD 1 -j ACCEPT",
        line: "firewall\tdiffers\twhat Docker publishes is fenced",
        mend: "ip6tables -D FORWARD -j ACCEPT",
    },
    Fault {
        step: "admin",
        spoil: "mkdir /srv/deploy && sed -i s,:/home/deploy:,:/srv/deploy:, /etc/passwd",
        line: "admin\tdiffers\t/srv/deploy is deploy's own",
        mend: "sed -i s,:/srv/deploy:,:/home/deploy:, /etc/passwd && rmdir /srv/deploy",
    },
    Fault {
        step: "kernel",
        spoil: "mount -o remount,bind,rw /proc/sys && sysctl -q net.ipv4.conf.all.accept_redirects=1",
        line: "kernel\tdiffers\tthe kernel's settings are in force",
        mend: APPLY,
    },
    Fault {
        step: "time",
        spoil: "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime",
        line: "time\tdiffers\ttime zone Etc/UTC",
        mend: APPLY,
    },
];

pub(crate) fn what_a_check_could_not_look_at_is_not_as_wanted(host: &Host) {
    for Fault { step, spoil, line, mend } in FAULTS {
        host.sh(spoil).good();
        let check = host.kept(&format!("check {step}"));
        assert_eq!(check.code, Some(3), "{spoil}: {check:?}");
        assert!(check.stdout.lines().any(|it| it == line), "{spoil}: {check:?}");
        host.sh(mend).good();
        let check = host.kept(&format!("check {step}"));
        assert_eq!(check.code, Some(0), "{mend}: {check:?}");
    }
    settings_that_cannot_be_are_refused(host);
    what_is_empty_is_told_as_well(host);
    the_port_of_ssh_is_open(host);
}

/// This server reboots at night; one that is told no hour never does.
fn what_is_empty_is_told_as_well(host: &Host) {
    let check = host.setup("check updates", &[("REBOOT_AT", "")]);
    assert_eq!(check.code, Some(3), "{check:?}");
    host.setup("check updates", &[("REBOOT_AT", "03:30")]).good();
}

fn settings_that_cannot_be_are_refused(host: &Host) {
    for (name, value, said) in [
        ("TIMEZONE", "Nowhere/Town", "there is no such time zone"),
        ("OPEN_PORTS", "80", "wanted PORT/tcp or PORT/udp"),
        ("SSH_PORT", "ssh", "wanted a whole number"),
        ("REBOOT_AT", "late", "wanted HH:MM, or nothing"),
    ] {
        let check = host.setup("check", &[(name, value)]);
        assert_eq!(check.code, Some(1), "{name}: {check:?}");
        assert!(check.stderr.contains(said), "{name}: {check:?}");
    }
}

/// Where people reach SSH, and where it listens: they differ behind a router.
fn the_port_of_ssh_is_open(host: &Host) {
    host.setup("apply", &[("SSH_PORT", "2222"), ("GUARD_SECONDS", "0")]).good();
    let rules = host.sh("ufw show added").good();
    assert!(rules.contains("ufw allow 2222/tcp") && rules.contains("ufw allow 22/tcp"), "{rules}");
    host.sh("grep -qx 'port = 22,2222' /etc/fail2ban/jail.d/00-nutri.local").good();
    host.setup("apply", &[("SSH_PORT", "22"), ("GUARD_SECONDS", "0")]).good();
    let check = host.kept("check").good();
    assert!(check.contains("a rule of others: ufw allow 2222/tcp"), "{check}");
    host.sh("ufw delete allow 2222/tcp").good();
}
