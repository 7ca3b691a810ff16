//! A project at Hetzner Cloud, and a world whose production has its server there.

use crate::world::{World, deploy};
use xtask_fakes::hetzner::{FakeHetzner, TOKEN};

pub(super) const APPLY: [&str; 6] = ["infra", "apply", "production", "--only", "server", "--apply"];
pub(super) const PLAN: [&str; 5] = ["infra", "plan", "production", "--only", "server"];

pub(super) struct Town {
    pub(super) world: World,
    pub(super) fake: FakeHetzner,
}

impl Town {
    pub(super) fn new() -> Self {
        let fake = FakeHetzner::start();
        let world = World::new()
            .with("HCLOUD_TOKEN", TOKEN.to_owned())
            .with("PRODUCTION_COOLIFY_TOKEN", "unused".to_owned())
            .with("XTASK_HETZNER_POLL_MS", "2".to_owned());
        let tables = format!(
            r#"
[environments.production.server]
host = "server.nutri.app"
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f anna"]

[environments.production.hetzner]
url = "{}"
types = ["cx33", "cpx32"]
location = "fsn1"
image = "debian-12"
open = ["tcp/22 from 203.0.113.0/24", "tcp/443", "icmp"]
backups = true
budget_eur_per_month = 15
"#,
            fake.url()
        );
        // A Coolify where nobody listens.
        let deploy = deploy().replace("https://coolify.nutri.app", "http://127.0.0.1:9");
        world.write("deploy.toml", &format!("{deploy}{tables}"));
        world.write("scripts/deploy/setup-server.sh", "#!/bin/sh\necho \"$ADMIN_USER\"\n");
        Self { world, fake }
    }
}
