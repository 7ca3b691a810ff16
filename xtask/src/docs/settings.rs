//! `docs/deployment/ENVIRONMENT.md` and `.env.example`: every setting of both services, as they
//! declare them in their `settings.json`, and every variable of the Compose files.

use serde::Deserialize;
use std::collections::BTreeSet;

const BACKEND: &str = include_str!("../../../services/backend/settings.json");
const ML: &str = include_str!("../../../services/ml-service/settings.json");

const HEAD: &str = "# Settings of the services

`cargo xtask docs` makes this page and `.env.example` of `services/*/settings.json`, and each service makes that file of its own declarations; an edit by hand is found by `./x ci`.
All settings come from environment variables; empty means not set.
A service that finds mistakes lists all of them, repeats no value, and ends with 2.
In production a secret that is a placeholder, that can be guessed, or whose password stands in every example is a mistake.
Where each environment takes its values from stands in `deploy.toml`; [SECRETS.md](SECRETS.md) tells how secrets are kept.
The variables of `xtask` itself are on [a page of their own](../ENVIRONMENT.md).
";

const COMPOSE_HEAD: &str = "
## Compose

What `docker-compose.yml` and `docker-compose.prod.yml` take from `.env` beside the settings above.

| variable | default | meaning |
|---|---|---|
";

const EXAMPLE_HEAD: &str =
    "# Every variable of docker-compose.yml and docker-compose.prod.yml, each with its default.
# To change one: copy this file to .env, and remove the `#` before its line.
# `cargo xtask docs` makes this file; docs/deployment/ENVIRONMENT.md tells more.
";

/// A setting, as a service declares it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub name: String,
    /// What it may be, in words.
    #[serde(rename = "type")]
    pub kind: String,
    pub required: bool,
    pub default: Option<String>,
    /// What the default is where it depends on others, in words.
    pub default_is: Option<String>,
    pub secret: bool,
    pub description: String,
}

/// A variable of the Compose files alone: name, default, meaning.
const COMPOSE: [(&str, &str, &str); 11] = [
    ("BACKEND_PORT", "3000", "port of this machine's loopback address that leads to the backend"),
    ("ML_SERVICE_PORT", "8000", "the same for the ML service; development only"),
    ("POSTGRES_PORT", "5521", "the same for Postgres; development only"),
    ("REDIS_PORT", "5522", "the same for Redis; development only"),
    (
        "POSTGRES_PASSWORD",
        "",
        "the database's password; `./x dev up` makes it, otherwise production needs it, and development has one in its file",
    ),
    ("POSTGRES_APP_PASSWORD", "", "the same for `nutri_app`, the role of the services"),
    ("POSTGRES_IMAGE", "postgres:15-alpine", "the image of Postgres; `./x dev up` names our own"),
    ("REDIS_IMAGE", "redis:7-alpine", "the image of Redis; `./x dev up` names our own"),
    ("NODE_IMAGE", "", "the base of the backend, if not that of its Dockerfile"),
    ("PYTHON_IMAGE", "", "the base of the ML service, if not that of its Dockerfile"),
    (
        "NPM_CONFIG_REGISTRY",
        "",
        "where npm takes packages from in the build, if not where it always does; `PIP_INDEX_URL` is the same for wheels",
    ),
];

/// What a service declares.
///
/// # Panics
/// If the committed file is no list of settings; a test of each service holds it.
pub fn declared(service: &str) -> Vec<Setting> {
    let text = if service == "backend" { BACKEND } else { ML };
    serde_json::from_str(text).expect("each service's tests hold its `settings.json`")
}

/// `docs/deployment/ENVIRONMENT.md`, from what both services declare.
pub(super) fn page() -> String {
    let compose = COMPOSE.iter().map(|(name, default, meaning)| {
        format!("| `{name}` | {} | {meaning} |\n", code(default).unwrap_or_else(|| "none".into()))
    });
    let backend = section("Backend", &declared("backend"));
    let ml = section("ML service", &declared("ml-service"));
    [HEAD.to_owned(), backend, ml, COMPOSE_HEAD.to_owned()].into_iter().chain(compose).collect()
}

fn section(title: &str, settings: &[Setting]) -> String {
    let head = format!(
        "\n## {title}\n\n| setting | type | default | secret | meaning |\n|---|---|---|---|---|\n"
    );
    let row = |it: &Setting| {
        let (name, kind, secret) = (&it.name, &it.kind, if it.secret { "yes" } else { "" });
        format!("| `{name}` | {kind} | {} | {secret} | {} |\n", default(it), it.description)
    };
    head + &settings.iter().map(row).collect::<String>()
}

fn default(setting: &Setting) -> String {
    if setting.required {
        return "must be set".to_owned();
    }
    let given = setting.default.as_deref().and_then(code);
    given.or_else(|| setting.default_is.clone()).unwrap_or_else(|| "none".to_owned())
}

fn code(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| format!("`{text}`"))
}

/// `.env.example`.
pub(super) fn example() -> String {
    let compose = COMPOSE.iter().map(|(name, default, meaning)| entry(name, default, meaning));
    let mut seen = BTreeSet::new();
    let services = ["backend", "ml-service"].map(|service| {
        // What both services know by one name stands there once.
        let settings = declared(service).into_iter().filter(is_passed);
        let settings = settings.filter(|it| seen.insert(it.name.clone()));
        let entries = settings.map(|it| {
            let secret = if it.secret { "; secret" } else { "" };
            let meaning = format!("{}{secret}", it.description);
            entry(&it.name, it.default.as_deref().unwrap_or_default(), &meaning)
        });
        format!("\n# --- {service}\n{}", entries.collect::<String>())
    });
    let compose = compose.collect::<String>();
    [EXAMPLE_HEAD.to_owned(), "\n# --- Compose\n".to_owned(), compose].concat() + &services.concat()
}

fn entry(name: &str, default: &str, meaning: &str) -> String {
    format!("# {meaning}\n#{name}={default}\n")
}

/// What the Compose files decide themselves, because it is about the stack and not about a person.
pub const DECIDED: [&str; 13] = [
    "NODE_ENV",
    "ENVIRONMENT",
    "HOST",
    "PORT",
    "METRICS_PORT",
    "DRAIN_SECONDS",
    "DATABASE_URL",
    "REDIS_URL",
    "ML_SERVICE_URL",
    "TRUST_PROXY_HOPS",
    "HTTPS_ONLY",
    "MODEL_PATH",
    "APP_COMMIT",
];

fn is_passed(setting: &Setting) -> bool {
    !DECIDED.contains(&setting.name.as_str())
}
