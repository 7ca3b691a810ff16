//! A new server: what is checked before there is one, and what goes on afterwards.

use super::Server;
use crate::hetzner::Answer;
use crate::hetzner::actions::Deed;
use crate::hetzner::refusal::Refusal;
use crate::hetzner::state::{State, labels};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most that Hetzner takes, in bytes.
const USER_DATA: usize = 32 * 1024;
/// How long it takes to place one, and to start it.
const PLACES: u64 = 4000;
const STARTS: u64 = 1500;

impl State {
    pub(in crate::hetzner) fn create_server(&mut self, body: &Value) -> Answer {
        let name = self.free_name(body)?;
        let (kind, location) = self.sold(body)?;
        let image = Self::image(body, &kind)?;
        let ssh_keys = self.keys(body)?;
        let firewalls = self.firewalls_of(body)?;
        let user_data = body["user_data"].as_str().unwrap_or_default().to_owned();
        if user_data.len() > USER_DATA {
            return Err(Refusal::invalid("user_data", "is too long"));
        }
        let labels = labels(body)?;
        if self.servers.len() >= self.servers_most {
            return Err(Refusal::limit("server_limit"));
        }
        let (id, created, has_keys) = (self.new_id(), self.time(), !ssh_keys.is_empty());
        let server = Server {
            name,
            labels,
            status: "initializing",
            kind: kind["name"].as_str().unwrap_or_default().to_owned(),
            location,
            image,
            user_data,
            ssh_keys,
            was_bare: firewalls.is_empty(),
            firewalls,
            has_backups: false,
            is_protected: false,
            created,
        };
        self.servers.insert(id, server);
        self.servers_made += 1;
        let placed = if self.fails_to_place { Deed::Vanish } else { Deed::Place };
        let action = self.start("create_server", vec![("server", id)], PLACES, placed);
        let mut next = Vec::new();
        if body["start_after_create"] != json!(false) {
            let running = Deed::Status("running");
            next.push(self.start("start_server", vec![("server", id)], STARTS, running));
        }
        let password = (!has_keys).then_some("a-password-that-was-made");
        Ok((
            201,
            json!({
                "server": self.shown_server(id), "action": action, "next_actions": next,
                "root_password": password,
            }),
        ))
    }

    fn free_name(&self, body: &Value) -> Result<String, Refusal> {
        let name = body["name"].as_str().unwrap_or_default();
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-.".contains(&it);
        let is_host = !name.is_empty() && name.len() <= 63 && name.bytes().all(fits);
        if !is_host || name.starts_with('-') || name.ends_with('-') {
            return Err(Refusal::invalid("name", "must be a valid hostname"));
        }
        match self.is_unique && self.servers.values().any(|it| it.name == name) {
            true => Err(Refusal::taken("name")),
            false => Ok(name.to_owned()),
        }
    }

    /// The type and the location, if the one is sold at the other and in stock.
    fn sold(&self, body: &Value) -> Result<(Value, String), Refusal> {
        if body.get("datacenter").is_some() {
            return Err(Refusal::invalid("datacenter", "was removed; use location"));
        }
        let kind = named(self.server_types(), &body["server_type"]);
        let kind = kind.ok_or_else(|| Refusal::invalid("server_type", "is unknown"))?;
        let place = match body["location"].is_null() {
            true => json!("fsn1"),
            false => body["location"].clone(),
        };
        let place = named(Self::locations(), &place);
        let place = place.ok_or_else(|| Refusal::invalid("location", "is unknown"))?;
        let name = |it: &Value| it["name"].as_str().unwrap_or_default().to_owned();
        let place = name(&place);
        let sold = kind["locations"].as_array().into_iter().flatten();
        let sold = sold.into_iter().find(|it| it["name"] == place);
        let sold = sold.ok_or_else(|| Refusal::invalid("location", "type is not sold there"))?;
        match sold["available"] == json!(true) {
            true => Ok((kind, place)),
            false => Err(Refusal::new(412, "resource_unavailable", "server type is out of stock")),
        }
    }

    fn image(body: &Value, kind: &Value) -> Result<Value, Refusal> {
        let wanted = &body["image"];
        let all =
            Self::images().into_iter().filter(|it| it["architecture"] == kind["architecture"]);
        let found = named(all.collect(), wanted);
        found.ok_or_else(|| Refusal::invalid("image", "is unknown, or of another architecture"))
    }

    fn keys(&self, body: &Value) -> Result<Vec<u64>, Refusal> {
        let wanted = body["ssh_keys"].as_array().cloned().unwrap_or_default();
        let find = |wanted: &Value| {
            let is_one = |(id, it): &(&u64, &crate::hetzner::ssh_keys::SshKey)| {
                *wanted == **id || wanted.as_str() == Some(&it.name)
            };
            self.ssh_keys.iter().find(is_one).map(|(id, _)| *id)
        };
        let found: Option<Vec<u64>> = wanted.iter().map(find).collect();
        found.ok_or_else(|| Refusal::not_found("ssh_key"))
    }

    fn firewalls_of(&self, body: &Value) -> Result<BTreeMap<u64, &'static str>, Refusal> {
        let wanted = body["firewalls"].as_array().cloned().unwrap_or_default();
        let find = |it: &Value| {
            let id = it["firewall"].as_u64().filter(|id| self.firewalls.contains_key(id));
            id.map(|id| (id, "applied"))
        };
        let found: Option<BTreeMap<u64, &'static str>> = wanted.iter().map(find).collect();
        found.ok_or_else(|| Refusal::not_found("firewall"))
    }
}

/// The one of that name or id.
fn named(all: Vec<Value>, wanted: &Value) -> Option<Value> {
    let number = wanted.as_str().and_then(|text| text.parse::<u64>().ok());
    let is_one = |it: &Value| {
        it["name"] == *wanted || it["id"] == *wanted || number.is_some_and(|id| it["id"] == id)
    };
    all.into_iter().find(is_one)
}
