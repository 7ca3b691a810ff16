//! Webhooks of channels where people are told something. Whoever knows the address of one may post
//! there, so the whole of it is a secret.

mod discord;
mod slack;

pub use discord::Discord;
pub use slack::Slack;

use xtask_core::secret::Secret;

/// What is said in place of an address.
const SHOWN: &str = "its webhook";

/// The parts of an address that let in whoever knows them; its other words anybody may say.
fn secrets(url: &Secret) -> Vec<Secret> {
    let open = ["", "api", "webhooks", "services"];
    let path = url.expose().split_once("://").map_or(url.expose(), |(_, after)| after);
    let parts = path.split(['/', '?', '#', '&']).skip(1).filter(|it| !open.contains(it));
    parts.map(Secret::new).collect()
}
