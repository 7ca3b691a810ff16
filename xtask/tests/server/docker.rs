//! What Docker publishes, and what it keeps.

use super::host::{Host, wait_until};

/// What Docker would lay for a network `$bridge`: a bridge, a container behind it, and its rules,
/// which let through what is published. They are for the addresses `$four` and `$six`.
const NETWORK: &str = "set -e; \
    ip link add $bridge type bridge; ip address add $four.1/24 dev $bridge; \
    ip -6 address add $six::1/64 dev $bridge nodad; ip link set $bridge up; \
    ip netns add $bridge; ip link add out-$bridge type veth peer name in netns $bridge; \
    ip link set out-$bridge master $bridge up; ip -n $bridge link set in up; \
    ip -n $bridge address add $four.2/24 dev in; \
    ip -n $bridge -6 address add $six::2/64 dev in nodad; \
    ip -n $bridge route add default via $four.1; ip -n $bridge -6 route add default via $six::1; \
    for tables in iptables ip6tables; do \
        $tables -I FORWARD 2 -o $bridge -j ACCEPT; $tables -I FORWARD 3 -i $bridge -j ACCEPT; \
    done; \
    for port in $ports; do \
        iptables -t nat -A PREROUTING -p tcp --dport ${port%:*} -j DNAT --to $four.2:${port#*:}; \
        ip6tables -t nat -A PREROUTING -p tcp --dport ${port%:*} -j DNAT --to [$six::2]:${port#*:}; \
    done";

fn lay(host: &Host, bridge: &str, third: u8, ports: &str) {
    let variables = format!("bridge={bridge} four=10.0.{third} six=fd00:{third} ports='{ports}'; ");
    host.sh(&(variables + NETWORK)).good();
}

/// A published port is forwarded before the host's own rules are asked, and by then its number is
/// the container's: what counts is the number that was called.
pub(crate) fn what_docker_publishes_is_shut_unless_declared(host: &Host) {
    host.sh("pkill -f [h]ttp.server").good();
    lay(host, "br-inside", 9, "443:443 8443:443 8081:80 6379:6379");
    lay(host, "named0", 8, "6380:6379");
    for port in [80, 443, 6379] {
        host.listen_inside("br-inside", port);
    }
    host.listen_inside("named0", 6379);
    wait_until("a declared port of a container is open", || host.takes(443));
    wait_until("and over IPv6", || host.takes_over_six(443));
    for port in [8443, 8081, 6379, 6380] {
        assert!(!host.takes(port), "{port}: shut, though Docker would let it through");
        assert!(!host.takes_over_six(port), "{port} over IPv6");
    }
    host.sh("ufw reload").good();
    assert!(!host.takes(6379) && host.takes(443), "another load of ufw leaves the rules");
    host.sh("iptables -F nutri-docker && ip6tables -F nutri-docker").good();
    for port in [8443, 8081, 6379, 6380] {
        assert!(host.takes(port), "{port}: and it is our rules that shut it");
        assert!(host.takes_over_six(port), "{port} over IPv6");
    }
    host.sh("systemctl restart nutri-docker-firewall").good();
    assert!(!host.takes(6379));
    assert_eq!(host.kept("check").code, Some(0));
}

/// In an engine whose images all say that they were built at the same time, and whose tags say
/// nothing of when they came, as those that are pulled by digest.
pub(crate) fn the_images_that_came_last_stay(host: &Host) {
    let store = "/srv/docker/image/overlay2/imagedb/content/sha256";
    let lines = format!(
        "mkdir -p {store} && for at in 1 2 3 4 5 6 7 8 9 10 11 12; do \
         touch -d 2026-01-$at {store}/id$((at * 7 % 13)); done"
    );
    host.sh(&lines).good();
    host.stand_in(
        "docker",
        "case \"$1 $2\" in\n\
         'info --format') echo /srv/docker;;\n\
         'image ls') for at in 1 2 3 4 5 6 7 8 9 10 11 12; do echo \"web sha256:id$at\"; done\n\
         echo 'web sha256:unknown'; echo '<none> sha256:id1';;\n\
         'image inspect') echo '\"0001-01-01T00:00:00Z\"';;\n\
         'image rm') echo \"$3\" >>/srv/removed;;\n\
         esac",
    );
    let done = host.sh("/usr/local/sbin/nutri-prune");
    host.sh("rm /usr/local/sbin/docker").good();
    assert_eq!(done.code, Some(0), "{done:?}");
    // The first came as 7, the second as 14 - 13 = 1.
    let removed = host.sh("sort /srv/removed").good();
    assert_eq!(removed, "sha256:id1\nsha256:id7\n");
}
