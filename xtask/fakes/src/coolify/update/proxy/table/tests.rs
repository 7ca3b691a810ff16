use super::{Found, Table};
use crate::coolify::update::{Container, Health};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The labels of a real Coolify for one domain.
fn labels(domain: &str, prefix: &str) -> String {
    format!(
        "traefik.enable=true\n\
         traefik.http.middlewares.gzip.compress=true\n\
         traefik.http.middlewares.https-0-app-stripprefix.stripprefix.prefixes=/api\n\
         traefik.http.middlewares.redirect-to-https.redirectscheme.scheme=https\n\
         traefik.http.routers.http-0-app.entryPoints=http\n\
         traefik.http.routers.http-0-app.middlewares=redirect-to-https\n\
         traefik.http.routers.http-0-app.rule=Host(`{domain}`) && PathPrefix(`{prefix}`)\n\
         traefik.http.routers.http-0-app.service=http-0-app\n\
         traefik.http.routers.https-0-app.entryPoints=https\n\
         traefik.http.routers.https-0-app.middlewares=https-0-app-stripprefix,gzip\n\
         traefik.http.routers.https-0-app.rule=Host(`{domain}`) && PathPrefix(`{prefix}`)\n\
         traefik.http.routers.https-0-app.service=https-0-app\n\
         traefik.http.services.http-0-app.loadbalancer.server.port=3000\n\
         traefik.http.services.https-0-app.loadbalancer.server.port=3000"
    )
}

fn container(last: u8, health: Option<Health>, labels: &str) -> Container {
    let pairs = labels.lines().filter_map(|line| line.split_once('='));
    Container {
        name: format!("app-{last}"),
        app: "app".to_owned(),
        image: String::new(),
        state: "running".to_owned(),
        health,
        labels: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        address: Some(IpAddr::V4(Ipv4Addr::new(172, 18, 0, last))),
        served: None,
    }
}

/// The last numbers of the servers' addresses.
fn servers(containers: &[Container], host: &str, path: &str) -> Option<Vec<u8>> {
    let last = |server: &SocketAddr| match server.ip() {
        IpAddr::V4(address) if server.port() == 3000 => address.octets()[3],
        _ => panic!("{server}"),
    };
    match Table::of(containers).find(host, path) {
        Found::Service { servers, .. } => Some(servers.iter().map(last).collect()),
        _ => None,
    }
}

#[test]
fn a_container_takes_part_once_it_is_healthy_and_the_old_one_until_it_exits() {
    let labels = labels("api.test", "/");
    let of = |new| [container(1, Some(Health::Healthy), &labels), container(2, new, &labels)];
    let both = Some(vec![1, 2]);
    assert_eq!(servers(&of(Some(Health::Starting)), "api.test", "/"), Some(vec![1]));
    assert_eq!(servers(&of(Some(Health::Unhealthy)), "api.test", "/"), Some(vec![1]));
    assert_eq!(servers(&of(Some(Health::Healthy)), "api.test:80", "/x"), both);
    assert_eq!(servers(&of(None), "API.test", "/"), both, "without a check it takes part at once");
    let mut exited = of(Some(Health::Healthy));
    exited[0].state = "exited".to_owned();
    assert_eq!(servers(&exited, "api.test", "/"), Some(vec![2]));
}

#[test]
fn a_host_and_a_path_find_their_route() {
    let containers = [container(1, None, &labels("api.test", "/api"))];
    let table = Table::of(&containers);
    assert_eq!(table.find("other.test", "/api"), Found::Nothing);
    assert_eq!(table.find("api.test", "/"), Found::Nothing);
    let Found::Service { strip, scheme, name, .. } = table.find("api.test", "/api/x") else {
        panic!("{table:?}")
    };
    assert_eq!((strip.as_deref(), scheme, name.as_str()), (Some("/api"), "https", "https-0-app"));
}

#[test]
fn two_domains_for_one_router_are_none_while_both_containers_run() {
    let old = container(1, None, &labels("old.test", "/"));
    let new = container(2, None, &labels("new.test", "/"));
    let both = [old, new.clone()];
    assert_eq!(servers(&both, "old.test", "/"), None);
    assert_eq!(servers(&both, "new.test", "/"), None);
    assert_eq!(servers(&[new], "new.test", "/"), Some(vec![2]));
}

#[test]
fn what_is_not_enabled_or_has_a_rule_of_another_kind_has_no_route() {
    let off = labels("api.test", "/").replace("enable=true", "enable=false");
    assert_eq!(servers(&[container(1, None, &off)], "api.test", "/"), None);
    let regexp = labels("api.test", "/").replace("Host(", "HostRegexp(");
    assert_eq!(servers(&[container(1, None, &regexp)], "api.test", "/"), None);
}

#[test]
fn a_service_without_a_port_has_no_server() {
    let labels = labels("api.test", "/").replace("server.port=3000", "server.port=none");
    assert_eq!(servers(&[container(1, None, &labels)], "api.test", "/"), Some(Vec::new()));
}
