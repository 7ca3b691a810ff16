//! What the double does that one exchange does not show: queues, limits, versions, webhooks.

#[path = "../coolify_replay/client.rs"]
mod client;
mod limits;
mod queue;
mod variables;
mod versions;
mod webhooks;
mod world;
