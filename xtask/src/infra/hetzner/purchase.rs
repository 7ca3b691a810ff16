//! The one thing that is bought. It is looked for by name and labels before, and after an answer
//! that was lost; the intent stands on the disk from before the request until it has an end.

use super::apply::{LOOKS, Writer, gone, is_taken};
use super::journal::Intent;
use super::observe::server;
use crate::edge::clock;
use crate::edge::hetzner::failed;
use crate::error::{Failure, Result, code};
use xtask_core::hetzner::plan::Step;
use xtask_providers::hetzner::{Error, FirewallId, NewServer};

/// How often a server is looked for that may have been bought and is not listed yet.
const MISSED: u32 = 6;

impl Writer<'_> {
    /// A server of our name and with our labels, bought if there is none; its id.
    pub(super) async fn buy(&self, step: &Step, kind: &str, image: u64) -> Result<u64> {
        let doing = format!("{} {}", step.action.word(), step.part);
        // Somebody was about to buy it and did not come to an end: it may show only after a while.
        let looks = if self.journal.open()?.is_some() { MISSED } else { 1 };
        if let Some(id) = self.find(&doing, looks).await? {
            return self.bought(&doing, id).await;
        }
        self.journal.begin(&self.intent(step, kind))?;
        let made = self.send(kind, image).await;
        let error = match made {
            Ok(Sent::Placed(id)) => return self.bought(&doing, id).await,
            Ok(Sent::Failed) => {
                self.journal.end()?;
                return Err(gone(&doing));
            }
            Err(error) => error,
        };
        if !error.may_be_done() && !is_taken(&error) {
            self.journal.end()?;
            return Err(failed(&doing, &error));
        }
        match self.find(&doing, MISSED).await? {
            Some(id) => self.bought(&doing, id).await,
            None => Err(failed(&doing, &error)),
        }
    }

    fn intent(&self, step: &Step, kind: &str) -> Intent {
        Intent {
            name: self.desired.name.clone(),
            kind: kind.to_owned(),
            location: self.desired.location.clone(),
            price: step.price.map(|it| it.to_string()).unwrap_or_default(),
            at: clock::now(),
            over_budget: self.journal.over_budget.clone(),
        }
    }

    /// Sends the request once, and waits for what it began.
    async fn send(&self, kind: &str, image: u64) -> Result<Sent, Error> {
        let keys: Vec<u64> = self.keys.iter().copied().collect();
        let firewall = self.firewall.map(|firewall| FirewallId { firewall });
        let new = NewServer {
            name: &self.desired.name,
            server_type: kind,
            location: &self.desired.location,
            image,
            ssh_keys: &keys,
            firewalls: firewall.as_slice(),
            user_data: self.user_data,
            labels: &self.desired.labels,
        };
        let made = self.hetzner.create_server(&new).await?;
        let first = [made.action.clone()];
        // Where that cannot be found out, the server itself tells whether it came to stand.
        let failed = self.hetzner.wait(&first, LOOKS).await.unwrap_or_default();
        let is_placed = failed.is_empty();
        Ok(if is_placed { Sent::Placed(made.server.id) } else { Sent::Failed })
    }

    /// Waits until it stands, and closes the intent.
    async fn bought(&self, doing: &str, id: u64) -> Result<u64> {
        let stands = self.standing(doing, id).await;
        if stands.as_ref().is_err_and(|it| it.name() == code::HETZNER_LIMIT.name) {
            self.journal.end()?;
        }
        stands?;
        self.journal.bought()?;
        Ok(id)
    }

    async fn find(&self, doing: &str, looks: u32) -> Result<Option<u64>> {
        for look in 0..looks {
            if look > 0 {
                let unit = self.hetzner.settings().unit;
                tokio::time::sleep(unit.saturating_mul(1 << (look - 1).min(3))).await;
            }
            let all = self.hetzner.servers().await.map_err(|error| failed(doing, &error))?;
            let all: Vec<_> = all.into_iter().map(server).collect();
            let same: Vec<_> = all.iter().filter(|it| it.name == self.desired.name).collect();
            let ours = all.iter().find(|it| self.desired.owns(&it.labels));
            match (ours, same.first()) {
                (Some(ours), _) => return Ok(Some(ours.id)),
                (None, Some(other)) => return Err(foreign(doing, &other.name)),
                (None, None) => {}
            }
        }
        Ok(None)
    }
}

/// What a request that was answered came to.
enum Sent {
    Placed(u64),
    Failed,
}

fn foreign(doing: &str, name: &str) -> Failure {
    Failure::refused(format!("failed to {doing}: `{name}` was made by somebody else meanwhile"))
        .code(&code::INFRA_REFUSED)
        .hint("plan again")
}
