//! What was found in a project at Hetzner Cloud, and what can be bought there today.

use super::desired::Labels;
use super::money::Money;
use super::rule::Opening;
use std::collections::BTreeSet;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    pub offers: Vec<Offer>,
    pub prices: Prices,
    pub images: Vec<Image>,
    pub keys: Vec<Key>,
    pub firewalls: Vec<Firewall>,
    pub servers: Vec<Server>,
}

/// A type of server at the wanted location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub name: String,
    pub architecture: String,
    pub cores: u64,
    pub memory_gb: u64,
    pub disk_gb: u64,
    pub stock: Stock,
    /// A month, with tax; `None` if Hetzner does not tell it in euros.
    pub price: Option<Money>,
}

/// Whether a type can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    InStock,
    OutOfStock,
    /// It is not sold at this location.
    Elsewhere,
    /// It is no longer sold.
    Ended,
}

/// What else has a price a month, with tax.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// An IPv4 address at the wanted location.
    pub ipv4: Option<Money>,
    /// Back-ups, in percent of the server.
    pub backup_percent: Option<Money>,
    /// A gigabyte of a snapshot.
    pub snapshot_gb: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: u64,
    pub name: String,
    pub architecture: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: u64,
    pub name: String,
    pub public_key: String,
    pub labels: Labels,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    pub id: u64,
    pub name: String,
    pub labels: Labels,
    pub openings: BTreeSet<Opening>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub id: u64,
    pub name: String,
    pub labels: Labels,
    /// In Hetzner's words: `initializing`, `starting`, `running`, `off` and others.
    pub status: String,
    /// The name of its type.
    pub kind: String,
    pub location: String,
    /// The name of its image, if that is still known.
    pub image: Option<String>,
    /// The ids of its firewalls.
    pub firewalls: BTreeSet<u64>,
    pub has_backups: bool,
    /// Whether it can be neither deleted nor rebuilt.
    pub is_protected: bool,
    pub ipv4: Option<String>,
}

impl Observed {
    /// The type of that name.
    pub fn offer(&self, name: &str) -> Option<&Offer> {
        self.offers.iter().find(|it| it.name == name)
    }

    /// The wanted image for processors of that kind.
    pub fn image(&self, name: &str, architecture: &str) -> Option<&Image> {
        self.images.iter().find(|it| it.name == name && it.architecture == architecture)
    }
}

impl Stock {
    /// Why it cannot be bought.
    pub fn why_not(self) -> Option<&'static str> {
        match self {
            Self::InStock => None,
            Self::OutOfStock => Some("out of stock"),
            Self::Elsewhere => Some("not sold there"),
            Self::Ended => Some("no longer sold"),
        }
    }
}
