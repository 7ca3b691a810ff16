//! Servers: made of a type, an image and keys, and there before they are placed.

mod create;

use super::Answer;
use super::actions::Deed;
use super::page::{is_meant, page};
use super::refusal::Refusal;
use super::state::{State, labels};
use crate::http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Server {
    pub name: String,
    pub labels: Value,
    /// `initializing`, `off`, `starting`, `running`.
    pub status: &'static str,
    /// The name of its type.
    pub kind: String,
    pub location: String,
    pub image: Value,
    pub user_data: String,
    /// The ids of the keys that it was made with.
    pub ssh_keys: Vec<u64>,
    /// The ids of its firewalls, and whether each is in force.
    pub firewalls: BTreeMap<u64, &'static str>,
    pub has_backups: bool,
    pub is_protected: bool,
    /// Whether it was ever without a firewall.
    pub was_bare: bool,
    created: String,
}

impl State {
    fn shown_server(&self, id: u64) -> Value {
        let it = &self.servers[&id];
        let find = |all: Vec<Value>, name: &str| all.into_iter().find(|own| own["name"] == name);
        let firewalls =
            it.firewalls.iter().map(|(id, status)| json!({ "id": id, "status": status }));
        json!({
            "id": id, "name": it.name, "status": it.status, "created": it.created,
            "public_net": {
                "ipv4": {
                    "id": id + 100_000, "ip": format!("203.0.113.{}", id % 250), "blocked": false,
                    "dns_ptr": "static.example.org",
                },
                "ipv6": {
                    "id": id + 200_000, "ip": format!("2001:db8:{id:x}::/64"), "blocked": false,
                    "dns_ptr": [],
                },
                "floating_ips": [], "firewalls": firewalls.collect::<Vec<_>>(),
            },
            "private_net": [], "server_type": find(self.server_types(), &it.kind),
            "location": find(Self::locations(), &it.location), "image": it.image, "iso": null,
            "rescue_enabled": false, "locked": self.is_locked(id),
            "backup_window": it.has_backups.then_some("22-02"),
            "outgoing_traffic": 0, "ingoing_traffic": 0,
            "included_traffic": 21_990_232_555_520_u64, "primary_disk_size": 80,
            "protection": { "delete": it.is_protected, "rebuild": it.is_protected },
            "labels": it.labels, "volumes": [], "load_balancers": [], "placement_group": null,
        })
    }

    pub(super) fn server(&mut self, request: &Request, rest: &[&str], body: &Value) -> Answer {
        let Some(id) = rest.first() else {
            return match request.method.as_str() {
                "GET" => self.list_servers(request),
                "POST" => self.create_server(body),
                _ => Err(Refusal::not_found("route")),
            };
        };
        let id: u64 = id.parse().map_err(|_| Refusal::not_found("server"))?;
        if !self.servers.contains_key(&id) {
            return Err(Refusal::not_found("server"));
        }
        match (request.method.as_str(), &rest[1..]) {
            ("GET", []) => Ok((200, json!({ "server": self.shown_server(id) }))),
            ("PUT", []) => self.change_server(id, body),
            ("DELETE", []) => self.delete_server(id),
            ("GET", ["actions"]) => self.actions_of(request, "server", id),
            ("POST", ["actions", command]) => self.command(id, command, body),
            _ => Err(Refusal::not_found("route")),
        }
    }

    fn list_servers(&mut self, request: &Request) -> Answer {
        let is_stale = self.stale_lists > 0 && !self.servers.is_empty();
        if is_stale {
            self.stale_lists -= 1;
            return page(request, "servers", Vec::new());
        }
        let all = self.servers.keys().map(|id| self.shown_server(*id));
        page(request, "servers", all.filter(|it| is_meant(request, it)).collect())
    }

    fn change_server(&mut self, id: u64, body: &Value) -> Answer {
        let labels = labels(body)?;
        let name = body["name"].as_str();
        if name.is_some_and(|name| self.servers.iter().any(|(at, it)| *at != id && it.name == name))
        {
            return Err(Refusal::taken("name"));
        }
        if let Some(it) = self.servers.get_mut(&id) {
            if let Some(name) = name {
                name.clone_into(&mut it.name);
            }
            if body["labels"].is_object() {
                it.labels = labels;
            }
        }
        Ok((200, json!({ "server": self.shown_server(id) })))
    }

    fn delete_server(&mut self, id: u64) -> Answer {
        if self.servers[&id].is_protected {
            return Err(Refusal::protected());
        }
        let action = self.start("delete_server", vec![("server", id)], 1000, Deed::Remove);
        Ok((200, json!({ "action": action })))
    }

    fn command(&mut self, id: u64, command: &str, body: &Value) -> Answer {
        if self.is_locked(id) {
            return Err(Refusal::locked());
        }
        let Some(server) = self.servers.get_mut(&id) else {
            return Err(Refusal::not_found("server"));
        };
        let (command, length, deed) = match command {
            "enable_backup" => {
                server.has_backups = true;
                ("enable_backup", 500, Deed::Nothing)
            }
            "disable_backup" => {
                server.has_backups = false;
                ("disable_backup", 500, Deed::Nothing)
            }
            "change_protection" => {
                let (delete, rebuild) = (&body["delete"], &body["rebuild"]);
                if delete != rebuild || !delete.is_boolean() {
                    let said = "delete and rebuild must be the same";
                    return Err(Refusal::new(422, "unsupported_error", said));
                }
                server.is_protected = *delete == json!(true);
                ("change_protection", 0, Deed::Nothing)
            }
            "poweroff" => ("stop_server", 1000, Deed::Status("off")),
            "shutdown" => ("shutdown_server", 1000, Deed::Status("off")),
            "poweron" => ("start_server", 1000, Deed::Status("running")),
            _ => return Err(Refusal::not_found("route")),
        };
        let action = self.start(command, vec![("server", id)], length, deed);
        // What takes no time has ended already.
        self.settle();
        Ok((201, json!({ "action": action })))
    }
}
