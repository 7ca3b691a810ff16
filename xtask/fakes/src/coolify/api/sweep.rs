//! What Coolify learns of containers after the fact, and what it does to them outside of
//! deployments.

use super::hub::Hub;
use super::row::{now, number, set};
use crate::coolify::update::{Cleanup, Container, Health, stop};
use std::sync::Arc;

/// Writes an application's status as its newest container has it. It lags by nature.
pub(super) fn sweep(hub: &Arc<Hub>, app: &str) {
    let containers = hub.containers.list(app);
    let status = containers.first().map(status).unwrap_or_else(|| "exited:unhealthy".to_owned());
    if let Some(app) = hub.state().app_mut(app) {
        if status.starts_with("restarting") {
            let restarts = number(&app.row, "restart_count") + 1;
            set(&mut app.row, "restart_count", restarts);
            set(&mut app.row, "last_restart_at", now());
            set(&mut app.row, "last_restart_type", "crash");
        }
        set(&mut app.row, "status", status);
        set(&mut app.row, "last_online_at", now());
    }
}

fn status(container: &Container) -> String {
    let health = match container.health {
        // One that has no answer yet counts as healthy.
        Some(Health::Healthy | Health::Starting) => "healthy",
        Some(Health::Unhealthy) => "unhealthy",
        None => "unknown",
    };
    match container.state.as_str() {
        "exited" | "dead" => "exited:unhealthy".to_owned(),
        "restarting" => "restarting:unknown".to_owned(),
        state => format!("{state}:{health}"),
    }
}

/// Stops and removes an application's containers.
pub(super) fn stop_all(hub: &Arc<Hub>, app: &str, cleanup: Cleanup) {
    let grace = hub.state().app(app).and_then(|app| app.settings["stop_grace_period"].as_i64());
    stop(app, grace.unwrap_or(30), cleanup, &*hub.containers, &hub.delays);
    if let Some(app) = hub.state().app_mut(app) {
        set(&mut app.row, "status", "exited:unhealthy");
    }
}
