//! The labels for Traefik and Caddy that Coolify generates from an application's domains.

use super::row::{Row, flag, text};

/// A domain as the labels need it.
struct Domain<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
    port: Option<&'a str>,
}

struct Site<'a> {
    app: &'a Row,
    uuid: &'a str,
    has_gzip: bool,
    has_stripprefix: bool,
    forces_https: bool,
    has_auth: bool,
    network: &'a str,
}

/// All labels, a line each, in their order; nothing without a domain.
pub(super) fn generated(app: &Row, settings: &Row, network: &str) -> String {
    let domains: Vec<Domain<'_>> =
        text(app, "fqdn").split(',').filter(|url| !url.is_empty()).map(parse).collect();
    if domains.is_empty() {
        return String::new();
    }
    let site = Site {
        app,
        uuid: text(app, "uuid"),
        has_gzip: flag(settings, "is_gzip_enabled"),
        has_stripprefix: flag(settings, "is_stripprefix_enabled"),
        forces_https: flag(settings, "is_force_https_enabled"),
        has_auth: flag(app, "is_http_basic_auth_enabled")
            && !text(app, "http_basic_auth_username").is_empty(),
        network,
    };
    let mut traefik = site.traefik(&domains);
    traefik.sort();
    let mut lines = vec!["traefik.enable=true".to_owned()];
    lines.extend(traefik);
    let mut caddy = site.caddy(&domains);
    caddy.sort();
    lines.extend(caddy);
    lines.join("\n")
}

fn parse(url: &str) -> Domain<'_> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = match rest.find('/') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, "/"),
    };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p)));
    Domain { scheme, host, path, port }
}

impl Site<'_> {
    fn traefik(&self, domains: &[Domain<'_>]) -> Vec<String> {
        let scheme = "traefik.http.middlewares.redirect-to-https.redirectscheme.scheme=https";
        let mut lines = vec![scheme.to_owned()];
        if self.has_gzip {
            lines.push("traefik.http.middlewares.gzip.compress=true".to_owned());
        }
        if self.has_auth {
            let (name, user) = (self.auth(), text(self.app, "http_basic_auth_username"));
            let hash = hashed(text(self.app, "http_basic_auth_password"));
            let key = format!("traefik.http.middlewares.{name}.basicauth.users");
            lines.push(format!("{key}={user}:{hash}"));
        }
        for (at, domain) in domains.iter().enumerate() {
            lines.extend(self.routers(at, domain));
        }
        lines
    }

    fn auth(&self) -> String {
        format!("http-basic-auth-{}", self.uuid)
    }

    fn routers(&self, at: usize, domain: &Domain<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        let plain = format!("http-{at}-{}", self.uuid);
        if domain.scheme == "https" {
            let secure = format!("https-{at}-{}", self.uuid);
            let own = self.middlewares(at, &secure, domain, &mut lines);
            lines.extend(self.router(&secure, "https", domain, &own));
            let tls = format!("traefik.http.routers.{secure}.tls");
            lines.extend([format!("{tls}=true"), format!("{tls}.certresolver=letsencrypt")]);
            let first =
                if self.forces_https { vec!["redirect-to-https".to_owned()] } else { self.gzip() };
            lines.extend(self.router(&plain, "http", domain, &first));
        } else {
            let own = self.middlewares(at, &plain, domain, &mut lines);
            lines.extend(self.router(&plain, "http", domain, &own));
        }
        lines
    }

    fn gzip(&self) -> Vec<String> {
        if self.has_gzip { vec!["gzip".to_owned()] } else { Vec::new() }
    }

    /// The names of a router's middlewares; those that are its own are defined in `lines`.
    fn middlewares(
        &self,
        at: usize,
        router: &str,
        domain: &Domain<'_>,
        lines: &mut Vec<String>,
    ) -> Vec<String> {
        let mut names = Vec::new();
        if domain.path != "/" && self.has_stripprefix {
            let name = format!("{router}-stripprefix");
            let key = format!("traefik.http.middlewares.{name}.stripprefix.prefixes");
            lines.push(format!("{key}={}", domain.path));
            names.push(name);
        }
        names.extend(self.gzip());
        if let Some(name) = self.redirection(at, domain, lines) {
            names.push(name);
        }
        if self.has_auth {
            names.push(self.auth());
        }
        names
    }

    fn redirection(
        &self,
        at: usize,
        domain: &Domain<'_>,
        lines: &mut Vec<String>,
    ) -> Option<String> {
        let has_www = domain.host.starts_with("www.");
        let (word, regex, replacement) = match (text(self.app, "redirect"), has_www) {
            ("non-www", true) => ("to-non-www", "^(http|https)://www\\.(.+)", "${1}://${2}"),
            ("www", false) => ("to-www", "^(http|https)://(?:www\\.)?(.+)", "${1}://www.${2}"),
            _ => return None,
        };
        let name = format!("{at}-{}-{word}", self.uuid);
        let key = format!("traefik.http.middlewares.{name}.redirectregex");
        lines.push(format!("{key}.permanent=false"));
        lines.push(format!("{key}.regex={regex}"));
        lines.push(format!("{key}.replacement={replacement}"));
        Some(name)
    }

    fn router(
        &self,
        name: &str,
        entry: &str,
        domain: &Domain<'_>,
        middlewares: &[String],
    ) -> Vec<String> {
        let router = format!("traefik.http.routers.{name}");
        let mut lines = vec![
            format!("{router}.entryPoints={entry}"),
            format!("{router}.rule=Host(`{}`) && PathPrefix(`{}`)", domain.host, domain.path),
        ];
        if let Some(port) = self.port(domain) {
            lines.push(format!("{router}.service={name}"));
            let service = format!("traefik.http.services.{name}");
            lines.push(format!("{service}.loadbalancer.server.port={port}"));
        }
        if !middlewares.is_empty() {
            lines.push(format!("{router}.middlewares={}", middlewares.join(",")));
        }
        lines
    }

    /// The URL's own port, else the first that the application exposes.
    fn port<'b>(&'b self, domain: &Domain<'b>) -> Option<&'b str> {
        let first = text(self.app, "ports_exposes").split(',').next();
        domain.port.or(first).filter(|port| !port.is_empty())
    }

    fn caddy(&self, domains: &[Domain<'_>]) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, domain) in domains.iter().enumerate() {
            lines.extend(self.caddy_site(at, domain, domains));
        }
        lines.push(format!("caddy_ingress_network={}", self.network));
        lines
    }

    fn caddy_site(&self, at: usize, domain: &Domain<'_>, domains: &[Domain<'_>]) -> Vec<String> {
        let site = format!("caddy_{at}");
        let upstream = self.port(domain).map(|port| format!(" {port}")).unwrap_or_default();
        let path = if domain.path == "/" { "/*".to_owned() } else { format!("{}*", domain.path) };
        let mut lines = vec![
            format!("{site}.handle_path.{at}_reverse_proxy={{{{upstreams{upstream}}}}}"),
            format!("{site}.handle_path={path}"),
            format!("{site}.header=-Server"),
            format!("{site}.try_files={{path}} /index.html /index.php"),
            format!("{site}={}", self.caddy_address(domain)),
        ];
        if self.has_gzip {
            lines.push(format!("{site}.encode=zstd gzip"));
        }
        if text(self.app, "redirect") == "non-www" && domain.host.starts_with("www.") {
            let to =
                domains.iter().find(|own| !own.host.starts_with("www.")).map_or("", |own| own.host);
            lines.push(format!("{site}.redir={}://{to}{{uri}}", domain.scheme));
        }
        if self.has_auth {
            let hash = hashed(text(self.app, "http_basic_auth_password"));
            let user = text(self.app, "http_basic_auth_username");
            lines.push(format!("{site}.basicauth.{user}=\"{hash}\""));
        }
        lines
    }

    fn caddy_address(&self, domain: &Domain<'_>) -> String {
        let host = domain.host;
        if domain.scheme == "https" && !self.forces_https {
            return format!("http://{host}, https://{host}");
        }
        format!("{}://{host}", domain.scheme)
    }
}

/// It looks like bcrypt and is none: nothing here checks a password against it.
fn hashed(password: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("$2y$10${}", &hex::encode(Sha256::digest(password))[..53])
}
