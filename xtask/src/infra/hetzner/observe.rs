//! What is in a project and what can be bought, told in the core's words.

use crate::edge::clock;
use crate::edge::hetzner::failed;
use crate::error::Result;
use std::collections::BTreeSet;
use xtask_core::hetzner::Money;
use xtask_core::hetzner::desired::Desired;
use xtask_core::hetzner::observed::{Firewall, Image, Key, Observed, Offer, Prices, Server, Stock};
use xtask_core::hetzner::rule::{Opening, network};
use xtask_core::moment::Moment;
use xtask_providers::hetzner::{self as api, Error, Hetzner};

/// What prices are told in.
const CURRENCY: &str = "EUR";

/// Looks at all that `desired` is about. Nothing is changed.
pub async fn observe(hetzner: &Hetzner, desired: &Desired) -> Result<Observed> {
    let doing = |error: Error| failed("look at Hetzner Cloud", &error);
    let pricing = hetzner.pricing().await.map_err(doing)?;
    let is_euro = pricing.currency == CURRENCY;
    let types = hetzner.server_types().await.map_err(doing)?;
    let images = hetzner.images(&desired.image).await.map_err(doing)?;
    let keys = hetzner.ssh_keys().await.map_err(doing)?;
    let firewalls = hetzner.firewalls().await.map_err(doing)?;
    let servers = hetzner.servers().await.map_err(doing)?;
    let image =
        |it: api::Image| Some(Image { id: it.id, name: it.name?, architecture: it.architecture });
    Ok(Observed {
        offers: types.iter().map(|it| offer(it, &desired.location, is_euro)).collect(),
        prices: if is_euro { prices(&pricing, &desired.location) } else { Prices::default() },
        images: images.into_iter().filter_map(image).collect(),
        keys: keys.into_iter().map(key).collect(),
        firewalls: firewalls.into_iter().map(firewall).collect(),
        servers: servers.into_iter().map(server).collect(),
    })
}

fn offer(it: &api::ServerType, location: &str, is_euro: bool) -> Offer {
    let price = it.prices.iter().find(|it| it.location == location).filter(|_| is_euro);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and whole")]
    let whole = |number: f64| number.max(0.0).round() as u64;
    Offer {
        name: it.name.clone(),
        architecture: it.architecture.clone(),
        cores: whole(it.cores),
        memory_gb: whole(it.memory),
        disk_gb: whole(it.disk),
        stock: stock(it, location),
        price: price.and_then(|it| it.price_monthly.gross.parse().ok()),
    }
}

fn stock(it: &api::ServerType, location: &str) -> Stock {
    let Some(place) = it.locations.iter().find(|it| it.name == location) else {
        return Stock::Elsewhere;
    };
    let ends = place.deprecation.as_ref();
    let ends = ends.and_then(|it| Moment::of_any_zone(&it.unavailable_after));
    match (ends.is_some_and(|ends| ends <= clock::moment()), place.available) {
        (true, _) => Stock::Ended,
        (false, true) => Stock::InStock,
        (false, false) => Stock::OutOfStock,
    }
}

fn prices(pricing: &api::Pricing, location: &str) -> Prices {
    let money = |text: &str| text.parse::<Money>().ok();
    let ipv4 = pricing.primary_ips.iter().filter(|it| it.kind == "ipv4");
    let ipv4 = ipv4.flat_map(|it| &it.prices).find(|it| it.location == location);
    let image = pricing.image.as_ref();
    Prices {
        ipv4: ipv4.and_then(|it| money(&it.price_monthly.gross)),
        backup_percent: pricing.server_backup.as_ref().and_then(|it| money(&it.percentage)),
        snapshot_gb: image.and_then(|it| money(&it.price_per_gb_month.gross)),
    }
}

pub(super) fn key(it: api::SshKey) -> Key {
    Key { id: it.id, name: it.name, public_key: it.public_key, labels: it.labels }
}

pub(super) fn firewall(it: api::Firewall) -> Firewall {
    Firewall {
        id: it.id,
        name: it.name,
        labels: it.labels,
        openings: it.rules.iter().flat_map(openings).collect(),
    }
}

/// One opening for each network; a network in a form that we do not know stays as it is told.
fn openings(rule: &api::FirewallRule) -> BTreeSet<Opening> {
    let is_out = rule.direction == "out";
    let networks = if is_out { &rule.destination_ips } else { &rule.source_ips };
    let opening = |it: &String| Opening {
        is_out,
        protocol: rule.protocol.clone(),
        port: rule.port.clone(),
        network: network(it).unwrap_or_else(|| it.clone()),
    };
    networks.iter().map(opening).collect()
}

pub(super) fn server(it: api::Server) -> Server {
    Server {
        id: it.id,
        name: it.name,
        labels: it.labels,
        status: it.status,
        kind: it.server_type.name,
        location: it.location.map(|it| it.name).unwrap_or_default(),
        image: it.image.and_then(|it| it.name),
        firewalls: it.public_net.firewalls.iter().map(|it| it.id).collect(),
        has_backups: it.backup_window.is_some(),
        is_protected: it.protection.delete && it.protection.rebuild,
        ipv4: it.public_net.ipv4.map(|it| it.ip),
    }
}
