//! What can be bought: types with their stock and prices, images, locations. The prices are those
//! that were read in the summer of 2026; a test that is about another price sets it.

use super::state::State;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who is where: the name, the city, the country, the zone.
const LOCATIONS: [(&str, &str, &str, &str); 4] = [
    ("fsn1", "Falkenstein", "DE", "eu-central"),
    ("nbg1", "Nuremberg", "DE", "eu-central"),
    ("hel1", "Helsinki", "FI", "eu-central"),
    ("ash", "Ashburn, VA", "US", "us-east"),
];

/// A type: id, name, cores, memory, disk, architecture, price a month without tax.
const TYPES: [(u64, &str, u64, u64, u64, &str, &str); 6] = [
    (114, "cx23", 2, 4, 40, "x86", "4.9900"),
    (115, "cx33", 4, 8, 80, "x86", "8.4900"),
    (116, "cx43", 8, 16, 160, "x86", "15.9900"),
    (45, "cax11", 2, 4, 40, "arm", "5.4900"),
    (93, "cax21", 4, 8, 80, "arm", "10.4900"),
    (109, "cpx32", 4, 8, 160, "x86", "13.9900"),
];

/// The price of an IPv4 address a month, without tax.
const IPV4: &str = "0.5000";
const VAT: f64 = 0.19;

/// Stock and prices, as far as a test sets them.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Which types are out of stock, and where.
    pub out_of_stock: Vec<(&'static str, &'static str)>,
    /// Types that are no longer sold, by the moment after which they are not.
    pub unavailable_after: BTreeMap<&'static str, &'static str>,
    /// Prices a month without tax, in place of the usual ones.
    pub prices: BTreeMap<&'static str, &'static str>,
}

impl Catalogue {
    pub(super) fn is_in_stock(&self, kind: &str, location: &str) -> bool {
        !self.out_of_stock.contains(&(kind, location))
    }

    fn price(&self, kind: &str, usual: &str) -> Value {
        let net = self.prices.get(kind).copied().unwrap_or(usual);
        price(net)
    }
}

/// The price with and without tax, as texts with more digits than anybody needs.
fn price(net: &str) -> Value {
    let number: f64 = net.parse().expect("a price is a number");
    json!({ "net": format!("{number:.10}"), "gross": format!("{:.16}", number * (1.0 + VAT)) })
}

fn prices(place: &str, monthly: &Value) -> Value {
    json!({
        "location": place, "price_monthly": monthly, "price_hourly": monthly,
        "included_traffic": 21_990_232_555_520_u64,
        "price_per_tb_traffic": price("1.0000"),
    })
}

/// Arm stands in Europe only.
fn is_sold(architecture: &str, place: &str) -> bool {
    architecture == "x86" || place != "ash"
}

impl State {
    pub(super) fn locations() -> Vec<Value> {
        let one = |(at, (name, city, country, zone)): (usize, &(&str, &str, &str, &str))| {
            json!({
                "id": at + 1, "name": name, "description": format!("{city} DC Park 1"),
                "country": country, "city": city, "latitude": 50.0, "longitude": 12.0,
                "network_zone": zone,
            })
        };
        LOCATIONS.iter().enumerate().map(one).collect()
    }

    pub(super) fn server_types(&self) -> Vec<Value> {
        TYPES.iter().map(|it| self.server_type(it)).collect()
    }

    fn server_type(&self, kind: &(u64, &str, u64, u64, u64, &str, &str)) -> Value {
        let (id, name, cores, memory, disk, architecture, usual) = *kind;
        let places = || LOCATIONS.iter().enumerate().filter(|(_, it)| is_sold(architecture, it.0));
        let monthly = self.catalogue.price(name, usual);
        let deprecation = self.catalogue.unavailable_after.get(name).map(
            |after| json!({ "announced": "2026-01-01T00:00:00Z", "unavailable_after": after }),
        );
        let location = |(at, it): (usize, &(&str, &str, &str, &str))| {
            let available = self.catalogue.is_in_stock(name, it.0);
            json!({
                "id": at + 1, "name": it.0, "deprecation": deprecation,
                "available": available, "recommended": available,
            })
        };
        json!({
            "id": id, "name": name, "description": name.to_uppercase(), "cores": cores,
            "memory": memory, "disk": disk, "architecture": architecture, "cpu_type": "shared",
            "storage_type": "local", "category": "cost_optimized",
            "deprecated": deprecation.is_some(), "deprecation": deprecation,
            "prices": places().map(|(_, it)| prices(it.0, &monthly)).collect::<Vec<_>>(),
            "locations": places().map(location).collect::<Vec<_>>(),
        })
    }

    pub(super) fn images() -> Vec<Value> {
        let mut all = Vec::new();
        for (name, flavour, version) in [
            ("debian-12", "debian", "12"),
            ("debian-13", "debian", "13"),
            ("ubuntu-22.04", "ubuntu", "22.04"),
            ("ubuntu-24.04", "ubuntu", "24.04"),
        ] {
            for architecture in ["x86", "arm"] {
                all.push(json!({
                    "id": 114_690_000 + all.len(), "type": "system", "status": "available",
                    "name": name, "description": name, "image_size": null, "disk_size": 5,
                    "created": "2026-01-01T00:00:00Z", "created_from": null, "bound_to": null,
                    "os_flavor": flavour, "os_version": version, "rapid_deploy": true,
                    "protection": { "delete": false }, "deprecated": null, "labels": {},
                    "deleted": null, "architecture": architecture,
                }));
            }
        }
        all
    }

    pub(super) fn pricing(&self) -> Value {
        let own = |kind: &str| {
            let address = price(if kind == "ipv4" { IPV4 } else { "0.0" });
            let places = LOCATIONS.iter().map(
                |it| json!({ "location": it.0, "price_hourly": address, "price_monthly": address }),
            );
            json!({ "type": kind, "prices": places.collect::<Vec<_>>() })
        };
        let types = self
            .server_types()
            .into_iter()
            .map(|it| json!({ "id": it["id"], "name": it["name"], "prices": it["prices"] }));
        json!({ "pricing": {
            "currency": self.currency, "vat_rate": format!("{:.6}", VAT * 100.0),
            "image": { "price_per_gb_month": price("0.0110") },
            "volume": { "price_per_gb_month": price("0.0440") },
            "server_backup": { "percentage": "20.0000000000" },
            "primary_ips": [own("ipv4"), own("ipv6")],
            "server_types": types.collect::<Vec<_>>(),
            "floating_ips": [], "load_balancer_types": [],
        }})
    }
}
