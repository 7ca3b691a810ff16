//! What is asked for and changes nothing. Lists are read to their last page.

use super::client::Hetzner;
use super::error::{Error, Kind};
use super::types::{Action, ActionStatus, Firewall, Image, Pricing, Server, ServerType, SshKey};
use crate::call::Unanswered;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// As many as Hetzner gives at once.
const PAGE: usize = 50;
/// A list that does not end is none.
const PAGES: usize = 200;
/// How many actions are asked for at once.
const ACTIONS: usize = 25;

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Pagination,
}

#[derive(Default, Deserialize)]
struct Pagination {
    next_page: Option<usize>,
}

impl Hetzner {
    /// Every type, with where it is in stock and what it costs there.
    pub async fn server_types(&self) -> Result<Vec<ServerType>, Error> {
        self.list("server_types", "").await
    }

    /// What everything else costs.
    pub async fn pricing(&self) -> Result<Pricing, Error> {
        self.one("pricing", "pricing").await
    }

    /// The images of that name, one for each kind of processor.
    pub async fn images(&self, name: &str) -> Result<Vec<Image>, Error> {
        self.list("images", &format!("type=system&status=available&name={}", escaped(name))).await
    }

    /// Every public key of the project.
    pub async fn ssh_keys(&self) -> Result<Vec<SshKey>, Error> {
        self.list("ssh_keys", "").await
    }

    /// Every firewall of the project.
    pub async fn firewalls(&self) -> Result<Vec<Firewall>, Error> {
        self.list("firewalls", "").await
    }

    /// Every server of the project.
    pub async fn servers(&self) -> Result<Vec<Server>, Error> {
        self.list("servers", "").await
    }

    /// One server, if it is still there.
    pub async fn server(&self, id: u64) -> Result<Option<Server>, Error> {
        match self.one(&format!("servers/{id}"), "server").await {
            Ok(server) => Ok(Some(server)),
            Err(error) if *error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How far these actions are. One that is missing is a mistake, and does not go on.
    pub async fn actions(&self, ids: &[u64]) -> Result<Vec<Action>, Error> {
        let mut all = Vec::new();
        for some in ids.chunks(ACTIONS) {
            let query: Vec<String> = some.iter().map(|id| format!("id={id}")).collect();
            let found: Vec<Action> = self.list("actions", &query.join("&")).await?;
            if let Some(missing) = some.iter().find(|id| !found.iter().any(|it| it.id == **id)) {
                let call = self.get(&format!("actions/{missing}"));
                return Err(self.failed(&call, Kind::NotFound));
            }
            all.extend(found);
        }
        Ok(all)
    }

    /// Waits until none of these actions goes on; gives those that failed. `looks` is how often it
    /// is looked, with pauses that grow to eight times the first.
    pub async fn wait(&self, actions: &[Action], looks: u32) -> Result<Vec<Action>, Error> {
        let mut known = actions.to_vec();
        let ids: Vec<u64> = known.iter().map(|it| it.id).collect();
        for look in 0..looks {
            if known.iter().all(|it| it.status != ActionStatus::Running) {
                break;
            }
            tokio::time::sleep(self.settings().unit.saturating_mul(1 << (look / 4).min(3))).await;
            known = self.actions(&ids).await?;
        }
        if known.iter().any(|it| it.status == ActionStatus::Running) {
            return Err(self.failed(&self.get("actions"), Unanswered::TimedOut));
        }
        Ok(known.into_iter().filter(|it| it.status == ActionStatus::Error).collect())
    }

    async fn one<T: DeserializeOwned>(&self, path: &str, key: &str) -> Result<T, Error> {
        let call = self.get(path);
        let mut value: Value = self.caller.read(&call).await?;
        let read = serde_json::from_value(value[key].take());
        read.map_err(|_| self.failed(&call, Unanswered::NotUnderstood))
    }

    async fn list<T: DeserializeOwned>(&self, key: &str, query: &str) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut page = 1;
        for _ in 0..PAGES {
            let call = self.get(&format!("{key}?{query}&per_page={PAGE}&page={page}"));
            let mut value: Value = self.caller.read(&call).await?;
            let wrong = || self.failed(&call, Unanswered::NotUnderstood);
            let some: Vec<T> = serde_json::from_value(value[key].take()).map_err(|_| wrong())?;
            all.extend(some);
            let meta: Option<Meta> =
                serde_json::from_value(value["meta"].take()).map_err(|_| wrong())?;
            match meta.unwrap_or_default().pagination.next_page {
                Some(next) => page = next,
                None => return Ok(all),
            }
        }
        Err(self.failed(&self.get(key), Unanswered::NotUnderstood))
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
