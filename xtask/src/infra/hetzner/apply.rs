//! Carries a plan out, step by step. What is made is looked for again after an answer that was
//! lost, because it may have been a yes; so the same run again goes on.

use super::journal::Journal;
use super::observe::{firewall, key};
use crate::edge::hetzner::failed;
use crate::error::{Failure, Result, code};
use std::collections::BTreeSet;
use xtask_core::hetzner::desired::{Desired, Key};
use xtask_core::hetzner::observed::Observed;
use xtask_core::hetzner::plan::{Deed, Step};
use xtask_core::hetzner::rule::Opening;
use xtask_providers::hetzner::{Action, Error, FirewallRule, Hetzner, Kind, Server};

/// How often it is looked whether something has ended: with pauses of one to eight seconds, that
/// is about three minutes.
pub(super) const LOOKS: u32 = 30;

/// What writes, and what it has found or made so far.
pub struct Writer<'a> {
    pub(super) hetzner: &'a Hetzner,
    pub(super) desired: &'a Desired,
    pub(super) journal: &'a Journal,
    /// What a new server runs at its first start.
    pub(super) user_data: &'a str,
    /// The ids of the keys that are wanted.
    pub(super) keys: BTreeSet<u64>,
    pub(super) firewall: Option<u64>,
    pub(super) server: Option<u64>,
}

impl<'a> Writer<'a> {
    /// Begins from what was found.
    pub fn new(
        hetzner: &'a Hetzner,
        desired: &'a Desired,
        observed: &Observed,
        journal: &'a Journal,
        user_data: &'a str,
    ) -> Self {
        let is_wanted =
            |body: &str| desired.keys.iter().any(|it| Key::body(&it.public_key) == Key::body(body));
        let keys = observed.keys.iter().filter(|it| is_wanted(&it.public_key));
        let firewalls = observed.firewalls.iter();
        let servers = observed.servers.iter();
        Self {
            hetzner,
            desired,
            journal,
            user_data,
            keys: keys.map(|it| it.id).collect(),
            firewall: firewalls
                .filter(|it| it.name == desired.name && desired.owns(&it.labels))
                .map(|it| it.id)
                .next(),
            server: servers
                .filter(|it| it.name == desired.name && desired.owns(&it.labels))
                .map(|it| it.id)
                .next(),
        }
    }

    /// Whether there is a server of ours.
    pub fn has_server(&self) -> bool {
        self.server.is_some()
    }

    /// Does one step.
    pub async fn apply(&mut self, step: &Step) -> Result<()> {
        let doing = format!("{} {}", step.action.word(), step.part);
        let fail = |error: Error| failed(&doing, &error);
        match &step.deed {
            Deed::CreateKey { public_key } => {
                let id = self.make_key(public_key).await.map_err(fail)?;
                self.keys.insert(id);
            }
            Deed::DeleteKey { id } => self.hetzner.delete_ssh_key(*id).await.map_err(fail)?,
            Deed::CreateFirewall { .. } => {
                self.firewall = Some(self.make_firewall().await.map_err(fail)?);
            }
            Deed::SetRules { firewall, .. } => {
                let begun = self.hetzner.set_rules(*firewall, &self.rules()).await;
                self.end(&doing, &begun.map_err(fail)?).await?;
            }
            Deed::CreateServer { kind, image, .. } => {
                self.server = Some(self.buy(step, kind, *image).await?);
            }
            Deed::ApplyFirewall { server } => {
                let firewall = self.firewall.ok_or_else(|| unfinished("its firewall is gone"))?;
                let begun = self.hetzner.apply_firewall(firewall, *server).await;
                self.end(&doing, &begun.map_err(fail)?).await?;
            }
            Deed::EnableBackups | Deed::Protect => self.change_server(&doing, &step.deed).await?,
        }
        Ok(())
    }

    /// Waits for actions that were begun, and fails where one does.
    pub(super) async fn end(&self, doing: &str, actions: &[Action]) -> Result<()> {
        let wrong = self.hetzner.wait(actions, LOOKS).await;
        let wrong = wrong.map_err(|error| failed(doing, &error))?;
        let Some(action) = wrong.first() else { return Ok(()) };
        let failure = Failure::outside(format!("failed to {doing}")).code(&code::HETZNER_ANSWER);
        let error = action.error.as_ref();
        let said = error.map_or("it does not say why", |it| it.code.as_str());
        Err(failure.reason(format!("Hetzner's `{}` failed: {said}", action.command)))
    }

    /// The key by what it is, made if it is not there: Hetzner takes none twice.
    async fn make_key(&self, public_key: &str) -> Result<u64, Error> {
        let wanted = self.desired.keys.iter().find(|it| it.public_key == public_key);
        let name = wanted.map_or("", |it| it.name.as_str());
        let made = self.hetzner.create_ssh_key(name, public_key, &self.desired.labels).await;
        let error = match made {
            Ok(made) => return Ok(made.id),
            Err(error) if error.may_be_done() || is_taken(&error) => error,
            Err(error) => return Err(error),
        };
        let mut all = self.hetzner.ssh_keys().await?.into_iter().map(key);
        let found = all.find(|it| Key::body(&it.public_key) == Key::body(public_key));
        found.map(|it| it.id).ok_or(error)
    }

    async fn make_firewall(&self) -> Result<u64, Error> {
        let Desired { name, labels, .. } = self.desired;
        let made = self.hetzner.create_firewall(name, &self.rules(), labels).await;
        let error = match made {
            Ok(made) => return Ok(made.id),
            Err(error) if error.may_be_done() || is_taken(&error) => error,
            Err(error) => return Err(error),
        };
        let mut all = self.hetzner.firewalls().await?.into_iter().map(firewall);
        let found = all.find(|it| it.name == *name && self.desired.owns(&it.labels));
        found.map(|it| it.id).ok_or(error)
    }

    fn rules(&self) -> Vec<FirewallRule> {
        let rule = |it: &xtask_core::hetzner::rule::Rule| FirewallRule {
            direction: "in".to_owned(),
            protocol: it.protocol.clone(),
            port: it.port.clone(),
            source_ips: it.openings().map(|it: Opening| it.network).collect(),
            destination_ips: Vec::new(),
        };
        self.desired.rules.iter().map(rule).collect()
    }

    /// While something else is done to a server, Hetzner takes nothing more: then it is waited.
    async fn change_server(&self, doing: &str, deed: &Deed) -> Result<()> {
        let id = self.server.ok_or_else(|| unfinished("its server is gone"))?;
        let mut looks = 0;
        loop {
            self.standing(doing, id).await?;
            let begun = match deed {
                Deed::EnableBackups => self.hetzner.enable_backups(id).await,
                _ => self.hetzner.protect(id).await,
            };
            match begun {
                Ok(action) => return self.end(doing, &[action]).await,
                Err(error) if *error.kind() == Kind::Locked && looks < LOOKS => looks += 1,
                Err(error) => return Err(failed(doing, &error)),
            }
        }
    }

    /// Waits until a server stands and nothing is done to it.
    pub(super) async fn standing(&self, doing: &str, id: u64) -> Result<Server> {
        let fail = |error: Error| failed(doing, &error);
        for look in 0..LOOKS {
            let found = self.hetzner.server(id).await.map_err(fail)?;
            let found = found.ok_or_else(|| gone(doing))?;
            let is_settled = matches!(found.status.as_str(), "running" | "off");
            if is_settled && !found.locked {
                return Ok(found);
            }
            let unit = self.hetzner.settings().unit;
            tokio::time::sleep(unit.saturating_mul(1 << (look / 4).min(3))).await;
        }
        Err(Failure::outside(format!("failed to {doing}: the server does not come to stand"))
            .code(&code::HETZNER_ANSWER)
            .hint("see in the console what goes on, then run the same again"))
    }
}

pub(super) fn is_taken(error: &Error) -> bool {
    matches!(error.kind(), Kind::Taken(_))
}

/// Hetzner lists a server before it has a place for it, and takes it away again if it finds none.
pub(super) fn gone(doing: &str) -> Failure {
    Failure::outside(format!("failed to {doing}: Hetzner could not place the server"))
        .code(&code::HETZNER_LIMIT)
        .hint("run the same again; another type or location may be in stock: `infra cost ENV`")
}

fn unfinished(why: &str) -> Failure {
    Failure::outside("failed to make everything as wanted")
        .code(&code::INFRA_UNFINISHED)
        .reason(why)
        .hint("run the same again")
}
