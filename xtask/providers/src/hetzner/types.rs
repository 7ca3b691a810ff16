//! What is sent and what comes back, as Hetzner spells it. What else is in an answer does not
//! matter, and words that nobody knows are kept as they are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// A type of server.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ServerType {
    pub name: String,
    pub cores: f64,
    /// In gigabytes, as is the disk.
    pub memory: f64,
    pub disk: f64,
    pub architecture: String,
    #[serde(default)]
    pub prices: Vec<PriceAt>,
    /// Where it is sold.
    #[serde(default)]
    pub locations: Vec<TypeAt>,
}

/// A type at a location.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TypeAt {
    pub name: String,
    /// Whether it is in stock.
    #[serde(default)]
    pub available: bool,
    pub deprecation: Option<Deprecation>,
}

/// That something ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deprecation {
    pub unavailable_after: String,
}

/// What something costs at a location.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PriceAt {
    pub location: String,
    pub price_monthly: Price,
}

/// An amount, as a text with all its digits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Price {
    pub net: String,
    pub gross: String,
}

/// What everything else costs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pricing {
    pub currency: String,
    #[serde(default)]
    pub primary_ips: Vec<PrimaryIp>,
    pub server_backup: Option<Backup>,
    pub image: Option<PricePerGb>,
}

/// What an address costs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PrimaryIp {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub prices: Vec<PriceAt>,
}

/// What back-ups cost, of the price of their server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Backup {
    pub percentage: String,
}

/// What a gigabyte costs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PricePerGb {
    pub price_per_gb_month: Price,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Image {
    pub id: u64,
    /// Snapshots have none.
    pub name: Option<String>,
    #[serde(default)]
    pub architecture: String,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SshKey {
    pub id: u64,
    pub name: String,
    pub public_key: String,
    #[serde(default)]
    pub labels: Labels,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Firewall {
    pub id: u64,
    pub name: String,
    #[serde(default)]
    pub labels: Labels,
    #[serde(default)]
    pub rules: Vec<FirewallRule>,
}

/// What a firewall lets through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallRule {
    /// `in` or `out`.
    pub direction: String,
    pub protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    #[serde(default)]
    pub source_ips: Vec<String>,
    #[serde(default)]
    pub destination_ips: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Server {
    pub id: u64,
    pub name: String,
    #[serde(default)]
    pub labels: Labels,
    pub status: String,
    pub server_type: Named,
    /// It stood in `datacenter` before July 2026.
    pub location: Option<Location>,
    pub image: Option<Image>,
    #[serde(default)]
    pub public_net: PublicNet,
    /// None while back-ups are off.
    pub backup_window: Option<String>,
    #[serde(default)]
    pub protection: Protection,
    /// Whether something is done to it.
    #[serde(default)]
    pub locked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Location {
    pub name: String,
}

/// How it is reached from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct PublicNet {
    pub ipv4: Option<Address>,
    #[serde(default)]
    pub firewalls: Vec<FirewallAt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Address {
    pub ip: String,
}

/// A firewall at a server: `applied`, or `pending`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FirewallAt {
    pub id: u64,
    #[serde(default)]
    pub status: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Protection {
    #[serde(default)]
    pub delete: bool,
    #[serde(default)]
    pub rebuild: bool,
}

/// A server that is to be.
#[derive(Clone, Debug, Serialize)]
pub struct NewServer<'a> {
    pub name: &'a str,
    pub server_type: &'a str,
    pub location: &'a str,
    /// By id: names stand for several architectures.
    pub image: u64,
    pub ssh_keys: &'a [u64],
    pub firewalls: &'a [FirewallId],
    /// Kept by Hetzner: no secrets.
    pub user_data: &'a str,
    pub labels: &'a Labels,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct FirewallId {
    pub firewall: u64,
}

/// A server that is to be placed: only when all actions ended well there is one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ServerMade {
    pub server: Server,
    pub action: Action,
    #[serde(default)]
    pub next_actions: Vec<Action>,
}

/// Something that goes on at Hetzner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Action {
    pub id: u64,
    #[serde(default)]
    pub command: String,
    pub status: ActionStatus,
    pub error: Option<ActionError>,
}

/// How far an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionStatus {
    Running,
    Success,
    Error,
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ActionError {
    pub code: String,
    #[serde(default)]
    pub message: String,
}
