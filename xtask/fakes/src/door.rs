//! What a double is asked to be, from its arguments, and the card that it shows.

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use xtask_fakes::archive::FakeArchive;
use xtask_fakes::coolify::api::{Coolify, Options, Version};
use xtask_fakes::coolify::examples;
use xtask_fakes::coolify::update::proxy::{Proxy, THROTTLE};
use xtask_fakes::coolify::update::{Containers, Delays, Docker};
use xtask_fakes::discord::FakeDiscord;
use xtask_fakes::github::{self, FakeGitHub};
use xtask_fakes::hetzner::{self, FakeHetzner};
use xtask_fakes::registry::FakeRegistry;
use xtask_fakes::sentry::{self, FakeSentry};
use xtask_fakes::slack::FakeSlack;

/// A double that runs, and what it says of itself. It ends with its value.
pub(crate) struct Door {
    pub(crate) card: Value,
    _running: Running,
}

/// Kept for its end. A proxy goes before the containers to which it leads.
#[expect(dead_code, reason = "a value that is only kept")]
enum Running {
    Archive(FakeArchive),
    Coolify(Option<Proxy>, Coolify),
    Discord(FakeDiscord),
    GitHub(FakeGitHub),
    Hetzner(FakeHetzner),
    Registry(FakeRegistry),
    Sentry(FakeSentry),
    Slack(FakeSlack),
}

/// Every double, in the order of the alphabet.
const KNOWN: &str = "archive, coolify, discord, github, hetzner, registry, sentry, slack";

/// Opens the door that the arguments name.
pub(crate) fn open(arguments: &[String]) -> Result<Door, String> {
    let (name, rest) = arguments.split_first().ok_or("no double is named")?;
    match name.as_str() {
        "coolify" => coolify(&Wishes::parse(rest)?),
        _ if !rest.is_empty() => Err(format!("`{name}` takes no arguments")),
        "registry" => {
            let registry = FakeRegistry::start();
            let card = json!({ "url": format!("http://{}", registry.host()), "tokens": {} });
            Ok(Door { card, _running: Running::Registry(registry) })
        }
        "github" => {
            let github = FakeGitHub::start("1111111111111111111111111111111111111111");
            let card = json!({ "url": github.url(), "tokens": { "root": github::TOKEN } });
            Ok(Door { card, _running: Running::GitHub(github) })
        }
        "hetzner" => {
            let fake = FakeHetzner::start();
            let tokens = json!({ "root": hetzner::TOKEN, "read": hetzner::READ_ONLY });
            let card = json!({ "url": fake.url(), "tokens": tokens });
            Ok(Door { card, _running: Running::Hetzner(fake) })
        }
        "archive" => {
            let archive = FakeArchive::start();
            let card = json!({ "url": archive.url(), "tokens": {} });
            Ok(Door { card, _running: Running::Archive(archive) })
        }
        "discord" => {
            let discord = FakeDiscord::start();
            let card = json!({ "url": discord.url(), "tokens": { "webhook": discord.webhook() } });
            Ok(Door { card, _running: Running::Discord(discord) })
        }
        "sentry" => {
            let fake = FakeSentry::start(sentry::ORGANISATION, &["backend", "ml-service"]);
            let card = json!({ "url": fake.url(), "tokens": { "root": sentry::TOKEN } });
            Ok(Door { card, _running: Running::Sentry(fake) })
        }
        "slack" => {
            let slack = FakeSlack::start();
            let card = json!({ "url": slack.url(), "tokens": { "webhook": slack.webhook() } });
            Ok(Door { card, _running: Running::Slack(slack) })
        }
        other => Err(format!("unknown double `{other}`; known: {KNOWN}")),
    }
}

/// What Coolify's double is asked for.
#[derive(Debug)]
struct Wishes {
    version: Version,
    docker: bool,
    network: Option<String>,
    proxy_port: u16,
    scale: f64,
    registry: Option<String>,
    seed: Map<String, Value>,
}

impl Wishes {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wishes = Self {
            version: Version::RECORDED,
            docker: false,
            network: None,
            proxy_port: 0,
            scale: 0.1,
            registry: None,
            seed: Map::new(),
        };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            if flag == "--docker" {
                wishes.docker = true;
                continue;
            }
            let value =
                rest.next().ok_or_else(|| format!("`{flag}` is unknown or wants a value"))?;
            wishes.set(flag, value)?;
        }
        Ok(wishes)
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        let wrong = || format!("`{value}` is no value for `{flag}`");
        match flag {
            "--version" => self.version = Version::parse(value).ok_or_else(wrong)?,
            "--network" => self.network = Some(value.to_owned()),
            "--proxy-port" => self.proxy_port = value.parse().map_err(|_| wrong())?,
            "--scale" => self.scale = value.parse().map_err(|_| wrong())?,
            "--registry" => self.registry = Some(value.to_owned()),
            "--seed" => self.seed = read_seed(value)?,
            _ => return Err(format!("unknown flag `{flag}`")),
        }
        Ok(())
    }
}

fn read_seed(path: &str) -> Result<Map<String, Value>, String> {
    let bytes = std::fs::read(path).map_err(|cause| format!("cannot read `{path}`: {cause}"))?;
    serde_json::from_slice(&bytes).map_err(|cause| format!("`{path}` is no seed: {cause}"))
}

fn coolify(wishes: &Wishes) -> Result<Door, String> {
    let containers = containers(wishes)?;
    let delays =
        if wishes.docker { Delays::of_coolify(wishes.scale) } else { Delays::scaled(wishes.scale) };
    let api_enabled = wishes.seed.get("api_enabled") != Some(&Value::Bool(false));
    let limit = limit(wishes.scale);
    let options =
        Options { version: wishes.version, delays, api_enabled, limit, ..Options::default() };
    let coolify = Coolify::start(options, Arc::clone(&containers));
    if let Some(network) = &wishes.network {
        coolify.set_network(network);
    }
    plant(&coolify, &wishes.seed)?;
    let throttle = Duration::from_secs_f64(THROTTLE.as_secs_f64() * wishes.scale.clamp(0.0, 1.0));
    let proxy = Proxy::start(containers, wishes.proxy_port, throttle)
        .map_err(|cause| format!("cannot start the proxy: {cause}"))?;
    let mut tokens = coolify.tokens();
    let sensitive = tokens.get("read+sensitive").cloned().unwrap_or_default();
    tokens.insert("read:sensitive".to_owned(), sensitive);
    let card = json!({ "url": coolify.url(), "tokens": tokens, "proxy": proxy.url() });
    Ok(Door { card, _running: Running::Coolify(Some(proxy), coolify) })
}

/// Coolify's requests a minute, of which more fit into ours when its time is shorter.
fn limit(scale: f64) -> u32 {
    let requests = f64::from(Options::default().limit) / scale.max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut before")]
    let limit = requests.clamp(1.0, 1_000_000.0) as u32;
    limit
}

/// Real containers, or simulated ones of the images that the seed names, else of the examples.
fn containers(wishes: &Wishes) -> Result<Arc<dyn Containers>, String> {
    if wishes.docker {
        let docker = Docker::new(PathBuf::from("docker"))
            .map_err(|cause| format!("cannot use docker: {cause}"))?;
        return Ok(match &wishes.registry {
            Some(registry) => Arc::new(docker.with_registry(registry)),
            None => Arc::new(docker),
        });
    }
    let host = examples::host();
    let images = wishes.seed.get("images").and_then(Value::as_object);
    for (name, kind) in images.into_iter().flatten() {
        let image = kind.as_str().and_then(examples::image);
        let image =
            image.ok_or_else(|| format!("the seed's image `{name}` is of no known kind"))?;
        host.publish(name, image);
    }
    Ok(Arc::new(host))
}

/// What a seed may say beside its images: what a person sets in the panel.
fn plant(coolify: &Coolify, seed: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in seed {
        let wrong = || format!("the seed's `{name}` has no meaning with {value}");
        match name.as_str() {
            "images" | "api_enabled" => {}
            "limit" => {
                let limit = value.as_u64().and_then(|own| u32::try_from(own).ok());
                coolify.set_limit(limit.ok_or_else(wrong)?);
            }
            "allowed_addresses" => coolify.set_allowed_addresses(value.as_str().ok_or_else(wrong)?),
            "internal_targets" => {
                coolify.allow_internal_targets(value.as_bool().ok_or_else(wrong)?);
            }
            "server" => {
                for (setting, value) in value.as_object().ok_or_else(wrong)? {
                    coolify.set_server(setting, value.clone());
                }
            }
            _ => return Err(format!("the seed's `{name}` is unknown")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn as_many_requests_fit_into_a_minute_of_coolify_whatever_the_scale() {
        assert_eq!((limit(1.0), limit(0.1), limit(0.0)), (200, 2_000, 1_000_000));
    }
}
