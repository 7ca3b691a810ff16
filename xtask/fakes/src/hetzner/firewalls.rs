//! Firewalls: rules as Hetzner takes them, and the servers at which they are in force.

use super::Answer;
use super::actions::Deed;
use super::page::{is_meant, page};
use super::refusal::Refusal;
use super::state::{State, labels};
use crate::http::Request;
use serde_json::{Value, json};
use std::net::IpAddr;

/// The most rules of a firewall, and the most networks of a rule.
const RULES: usize = 50;
const NETWORKS: usize = 100;
/// How long it takes until one is in force.
const APPLIES: u64 = 1500;

#[derive(Clone, Debug)]
pub struct Firewall {
    pub name: String,
    pub labels: Value,
    pub rules: Vec<Value>,
    created: String,
}

impl State {
    /// Somebody makes one by hand; its id.
    ///
    /// # Panics
    /// If its rules are none.
    pub fn plant_firewall(&mut self, name: &str, labels: &Value, rules: &Value) -> u64 {
        let body = json!({ "name": name, "labels": labels, "rules": rules });
        let made = self.create_firewall(&body).expect("a firewall of a test is one");
        made.1["firewall"]["id"].as_u64().expect("it has an id")
    }

    pub(super) fn firewall(&mut self, request: &Request, rest: &[&str], body: &Value) -> Answer {
        let Some(id) = rest.first() else {
            return match request.method.as_str() {
                "GET" => {
                    let all = self.firewalls.keys().map(|id| self.shown_firewall(*id));
                    page(request, "firewalls", all.filter(|it| is_meant(request, it)).collect())
                }
                "POST" => self.create_firewall(body),
                _ => Err(Refusal::not_found("route")),
            };
        };
        let id: u64 = id.parse().map_err(|_| Refusal::not_found("firewall"))?;
        if !self.firewalls.contains_key(&id) {
            return Err(Refusal::not_found("firewall"));
        }
        match (request.method.as_str(), &rest[1..]) {
            ("GET", []) => Ok((200, json!({ "firewall": self.shown_firewall(id) }))),
            ("PUT", []) => self.change_firewall(id, body),
            ("DELETE", []) => self.delete_firewall(id),
            ("GET", ["actions"]) => self.actions_of(request, "firewall", id),
            ("POST", ["actions", "set_rules"]) => self.set_rules(id, body),
            ("POST", ["actions", "apply_to_resources"]) => {
                self.apply_firewall(id, &body["apply_to"], true)
            }
            ("POST", ["actions", "remove_from_resources"]) => {
                self.apply_firewall(id, &body["remove_from"], false)
            }
            _ => Err(Refusal::not_found("route")),
        }
    }

    pub(super) fn shown_firewall(&self, id: u64) -> Value {
        let it = &self.firewalls[&id];
        let at = self.servers.iter().filter(|(_, server)| server.firewalls.contains_key(&id));
        let applied = at.map(|(server, _)| json!({ "type": "server", "server": { "id": server } }));
        json!({
            "id": id, "name": it.name, "labels": it.labels, "created": it.created,
            "rules": it.rules, "applied_to": applied.collect::<Vec<_>>(),
        })
    }

    fn create_firewall(&mut self, body: &Value) -> Answer {
        let name = body["name"].as_str().filter(|it| !it.is_empty() && it.len() <= 128);
        let name = name.ok_or_else(|| Refusal::invalid("name", "is required"))?.to_owned();
        if self.firewalls.values().any(|it| it.name == name) {
            return Err(Refusal::taken("name"));
        }
        let (rules, labels) = (rules(body)?, labels(body)?);
        let (id, created) = (self.new_id(), self.time());
        self.firewalls.insert(id, Firewall { name, labels, rules, created });
        let actions = match body["apply_to"].as_array() {
            Some(_) => self.apply_firewall(id, &body["apply_to"], true)?.1["actions"].clone(),
            None => json!([]),
        };
        Ok((201, json!({ "firewall": self.shown_firewall(id), "actions": actions })))
    }

    fn change_firewall(&mut self, id: u64, body: &Value) -> Answer {
        let labels = labels(body)?;
        if let Some(it) = self.firewalls.get_mut(&id) {
            if let Some(name) = body["name"].as_str() {
                name.clone_into(&mut it.name);
            }
            if body["labels"].is_object() {
                it.labels = labels;
            }
        }
        Ok((200, json!({ "firewall": self.shown_firewall(id) })))
    }

    fn delete_firewall(&mut self, id: u64) -> Answer {
        if self.servers.values().any(|it| it.firewalls.contains_key(&id)) {
            return Err(Refusal::new(422, "resource_in_use", "firewall is still in use"));
        }
        self.firewalls.remove(&id);
        Ok((204, Value::Null))
    }

    fn set_rules(&mut self, id: u64, body: &Value) -> Answer {
        let rules = rules(body)?;
        let at = self.servers.iter().filter(|(_, it)| it.firewalls.contains_key(&id));
        let servers: Vec<u64> = at.map(|(id, _)| *id).collect();
        if let Some(it) = self.firewalls.get_mut(&id) {
            it.rules = rules;
        }
        let start = |server: u64| {
            let resources = vec![("firewall", id), ("server", server)];
            self.start("set_firewall_rules", resources, APPLIES, Deed::Nothing)
        };
        let actions: Vec<Value> = servers.into_iter().map(start).collect();
        Ok((201, json!({ "actions": actions })))
    }

    fn apply_firewall(&mut self, id: u64, to: &Value, is_on: bool) -> Answer {
        let mut actions = Vec::new();
        for resource in to.as_array().into_iter().flatten() {
            let server = resource["server"]["id"].as_u64();
            let server = server.filter(|it| self.servers.contains_key(it)).ok_or_else(|| {
                Refusal::new(404, "firewall_resource_not_found", "resource not found")
            })?;
            let is_there = self.servers[&server].firewalls.contains_key(&id);
            if is_on && is_there {
                return Err(Refusal::new(422, "firewall_already_applied", "already applied"));
            }
            if is_on && let Some(it) = self.servers.get_mut(&server) {
                it.firewalls.insert(id, "pending");
            }
            let command = if is_on { "apply_firewall" } else { "remove_firewall" };
            let resources = vec![("firewall", id), ("server", server)];
            actions.push(self.start(command, resources, APPLIES, Deed::Firewall(id, is_on)));
        }
        Ok((201, json!({ "actions": actions })))
    }
}

/// The rules of a body, networks in the form in which Hetzner gives them back.
fn rules(body: &Value) -> Result<Vec<Value>, Refusal> {
    let rules = body["rules"].as_array().cloned().unwrap_or_default();
    if rules.len() > RULES {
        return Err(Refusal::invalid("rules", "too many rules"));
    }
    rules.iter().map(rule).collect()
}

fn rule(rule: &Value) -> Result<Value, Refusal> {
    let word = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
    let (direction, protocol) = (word("direction"), word("protocol"));
    if !["in", "out"].contains(&direction.as_str()) {
        return Err(Refusal::invalid("rules.0.direction", "must be one of in, out"));
    }
    let has_port = ["tcp", "udp"].contains(&protocol.as_str());
    if !has_port && !["icmp", "esp", "gre"].contains(&protocol.as_str()) {
        return Err(Refusal::invalid("rules.0.protocol", "is unknown"));
    }
    let port = rule["port"].as_str();
    if has_port != port.is_some() || port.is_some_and(|it| !is_port(it)) {
        return Err(Refusal::invalid("rules.0.port", "only and always for tcp and udp"));
    }
    let (sources, destinations) = (nets(&rule["source_ips"])?, nets(&rule["destination_ips"])?);
    let own = if direction == "in" { &sources } else { &destinations };
    if own.is_empty() {
        return Err(Refusal::invalid("rules.0.source_ips", "names no network"));
    }
    Ok(json!({
        "direction": direction, "protocol": protocol, "port": port, "source_ips": sources,
        "destination_ips": destinations, "description": rule["description"],
    }))
}

/// One, or a range.
fn is_port(text: &str) -> bool {
    let number = |it: &str| it.parse::<u16>().ok().filter(|it| *it > 0);
    match text.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(a, b)| a <= b),
        None => number(text).is_some(),
    }
}

fn nets(value: &Value) -> Result<Vec<String>, Refusal> {
    let all: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let wrong = || Refusal::invalid("rules.0.source_ips", "is no network");
    if all.len() > NETWORKS {
        return Err(wrong());
    }
    all.into_iter().map(|it| network(it).ok_or_else(wrong)).collect()
}

/// A network, without any bit set beyond its length, as RFC 5952 writes it.
fn network(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let rest = match address {
        IpAddr::V4(it) => u128::from(it.to_bits()) << length.min(32) & u128::from(u32::MAX),
        IpAddr::V6(it) => it.to_bits().checked_shl(length).unwrap_or(0),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length <= most && rest == 0).then(|| format!("{address}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_come_back_in_one_form_and_dirty_ones_are_refused() {
        assert_eq!(network("2001:DB8:0::/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(network("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(network("203.0.113.7/32").as_deref(), Some("203.0.113.7/32"));
        for wrong in ["203.0.113.7/24", "2001:db8::1/32", "203.0.113.7", "::/129", "x/1"] {
            assert_eq!(network(wrong), None, "{wrong}");
        }
    }
}
