//! What is made and changed. What makes a thing is sent once: whoever calls looks for it by name
//! before, and after an answer that was lost.

use super::client::Hetzner;
use super::error::{Error, Kind};
use super::types::{Action, Firewall, FirewallRule, NewServer, ServerMade, SshKey};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

#[derive(Deserialize)]
struct KeyMade {
    ssh_key: SshKey,
}

#[derive(Deserialize)]
struct FirewallMade {
    firewall: Firewall,
}

#[derive(Deserialize)]
struct Begun {
    action: Action,
}

#[derive(Deserialize)]
struct AllBegun {
    #[serde(default)]
    actions: Vec<Action>,
}

impl Hetzner {
    /// Puts a public key there.
    pub async fn create_ssh_key(
        &self,
        name: &str,
        public_key: &str,
        labels: &Labels,
    ) -> Result<SshKey, Error> {
        let body = json!({ "name": name, "public_key": public_key, "labels": labels });
        Ok(self.caller.read::<KeyMade>(&self.once("ssh_keys", &body)).await?.ssh_key)
    }

    /// Removes a public key; one that is gone is removed.
    pub async fn delete_ssh_key(&self, id: u64) -> Result<(), Error> {
        match self.caller.call(&self.delete(&format!("ssh_keys/{id}"))).await {
            Ok(_) => Ok(()),
            Err(error) if *error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a firewall that is in force nowhere yet.
    pub async fn create_firewall(
        &self,
        name: &str,
        rules: &[FirewallRule],
        labels: &Labels,
    ) -> Result<Firewall, Error> {
        let body = json!({ "name": name, "rules": rules, "labels": labels });
        Ok(self.caller.read::<FirewallMade>(&self.once("firewalls", &body)).await?.firewall)
    }

    /// Gives a firewall these rules and no others.
    pub async fn set_rules(&self, id: u64, rules: &[FirewallRule]) -> Result<Vec<Action>, Error> {
        let path = format!("firewalls/{id}/actions/set_rules");
        let call = self.again(&path, &json!({ "rules": rules }));
        Ok(self.caller.read::<AllBegun>(&call).await?.actions)
    }

    /// Puts a firewall in force at a server; where it is already, nothing is begun.
    pub async fn apply_firewall(&self, id: u64, server: u64) -> Result<Vec<Action>, Error> {
        let body = json!({ "apply_to": [{ "type": "server", "server": { "id": server } }] });
        let path = format!("firewalls/{id}/actions/apply_to_resources");
        match self.caller.read::<AllBegun>(&self.again(&path, &body)).await {
            Ok(begun) => Ok(begun.actions),
            Err(error) if matches!(error.kind(), Kind::Taken(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Buys a server. It is listed before it has been placed, and gone again if it cannot be.
    pub async fn create_server(&self, server: &NewServer<'_>) -> Result<ServerMade, Error> {
        self.caller.read(&self.once("servers", &json!(server))).await
    }

    /// Has a copy of the server's disk made each day.
    pub async fn enable_backups(&self, server: u64) -> Result<Action, Error> {
        self.act(server, "enable_backup", &json!({})).await
    }

    /// Keeps a server from being deleted and rebuilt; Hetzner takes both or neither.
    pub async fn protect(&self, server: u64) -> Result<Action, Error> {
        let body = json!({ "delete": true, "rebuild": true });
        self.act(server, "change_protection", &body).await
    }

    async fn act(&self, server: u64, command: &str, body: &Value) -> Result<Action, Error> {
        let path = format!("servers/{server}/actions/{command}");
        Ok(self.caller.read::<Begun>(&self.again(&path, body)).await?.action)
    }
}
