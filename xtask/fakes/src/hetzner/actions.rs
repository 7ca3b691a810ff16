//! What takes time: an action runs until its moment has come, and then does its work or fails.

use super::Answer;
use super::page::page;
use super::refusal::Refusal;
use super::state::State;
use crate::http::Request;
use serde_json::{Value, json};

/// Something that goes on, or has ended.
#[derive(Clone, Debug)]
pub(super) struct Action {
    command: &'static str,
    resources: Vec<(&'static str, u64)>,
    started: String,
    finished: Option<String>,
    begins: u64,
    ends: u64,
    status: &'static str,
    /// What it does when it ends.
    deed: Deed,
}

/// What an action does when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Nothing,
    /// The server stands, switched off.
    Place,
    /// The server cannot be placed and is gone.
    Vanish,
    /// The server has this status.
    Status(&'static str),
    /// The server is removed.
    Remove,
    /// A firewall is in force at a server, or no longer.
    Firewall(u64, bool),
}

impl Action {
    fn shown(&self, id: u64, now: u64) -> Value {
        let length = self.ends.saturating_sub(self.begins).max(1);
        let progress = match self.status {
            "running" => (now.saturating_sub(self.begins) * 100 / length).min(99),
            _ => 100,
        };
        let error = (self.status == "error").then(|| {
            json!({ "code": "resource_unavailable", "message": "the server could not be placed" })
        });
        let resources = self.resources.iter().map(|(kind, id)| json!({ "id": id, "type": kind }));
        json!({
            "id": id, "command": self.command, "status": self.status, "progress": progress,
            "started": self.started, "finished": self.finished, "error": error,
            "resources": resources.collect::<Vec<_>>(),
        })
    }
}

impl State {
    /// Begins an action that ends `length` milliseconds after the last of the same server's.
    pub(super) fn start(
        &mut self,
        command: &'static str,
        resources: Vec<(&'static str, u64)>,
        length: u64,
        deed: Deed,
    ) -> Value {
        let of_same = |it: &&Action| {
            it.status == "running" && it.resources.iter().any(|own| resources.contains(own))
        };
        let begins = self.actions.values().filter(of_same).map(|it| it.ends).max();
        let begins = begins.unwrap_or(self.now).max(self.now);
        let (id, started) = (self.new_id(), self.time());
        let (ends, finished) = (begins + length, None);
        let status = "running";
        let action = Action { command, resources, started, finished, begins, ends, status, deed };
        let shown = action.shown(id, self.now);
        self.actions.insert(id, action);
        shown
    }

    /// Whether something of the server's goes on.
    pub(super) fn is_locked(&self, server: u64) -> bool {
        let mut actions = self.actions.values();
        actions.any(|it| it.status == "running" && it.resources.contains(&("server", server)))
    }

    /// Ends what has come to its end, in its order.
    pub(super) fn settle(&mut self) {
        let is_over = |it: &Action| it.status == "running" && it.ends <= self.now;
        let mut over: Vec<(u64, u64)> = self
            .actions
            .iter()
            .filter(|(_, it)| is_over(it))
            .map(|(id, it)| (it.ends, *id))
            .collect();
        over.sort_unstable();
        let time = self.time();
        for (_, id) in over {
            let Some(action) = self.actions.get_mut(&id) else { continue };
            action.status = if action.deed == Deed::Vanish { "error" } else { "success" };
            action.finished = Some(time.clone());
            let (deed, resources) = (action.deed, action.resources.clone());
            for (_, server) in resources.into_iter().filter(|(kind, _)| *kind == "server") {
                self.does(deed, server);
            }
        }
    }

    fn does(&mut self, deed: Deed, server: u64) {
        if matches!(deed, Deed::Vanish | Deed::Remove) {
            self.servers.remove(&server);
            // What was to follow has nothing to do any more.
            for it in
                self.actions.values_mut().filter(|it| it.resources.contains(&("server", server)))
            {
                if it.status == "running" {
                    it.status = "error";
                }
            }
            return;
        }
        let Some(server) = self.servers.get_mut(&server) else { return };
        match deed {
            Deed::Place => server.status = "off",
            Deed::Status(status) => server.status = status,
            Deed::Firewall(firewall, true) => {
                server.firewalls.insert(firewall, "applied");
            }
            Deed::Firewall(firewall, false) => {
                server.firewalls.remove(&firewall);
            }
            Deed::Nothing | Deed::Vanish | Deed::Remove => {}
        }
    }

    pub(super) fn action(&self, request: &Request, rest: &[&str]) -> Answer {
        let find = |id: &str| {
            let id: u64 = id.parse().ok()?;
            Some(self.actions.get(&id)?.shown(id, self.now))
        };
        match rest {
            [] => {
                let ids = request.query.iter().filter(|(key, _)| key == "id");
                let ids: Vec<&str> = ids.map(|(_, id)| id.as_str()).collect();
                if ids.is_empty() {
                    return Err(Refusal::invalid("id", "is required"));
                }
                page(request, "actions", ids.into_iter().filter_map(find).collect())
            }
            [id] => match find(id) {
                Some(action) => Ok((200, json!({ "action": action }))),
                None => Err(Refusal::not_found("action")),
            },
            _ => Err(Refusal::not_found("route")),
        }
    }

    /// The actions of one server, oldest first.
    pub(super) fn actions_of(&self, request: &Request, kind: &'static str, id: u64) -> Answer {
        let of = |it: &&u64| self.actions[*it].resources.contains(&(kind, id));
        let all = self.actions.keys().filter(of);
        page(request, "actions", all.map(|id| self.actions[id].shown(*id, self.now)).collect())
    }
}
