//! `DELETE /applications/{uuid}`: an answer at once, the work in a few seconds.

use super::call::{Call, NO_APP_BARE};
use super::hub::{Gate, Hub};
use super::reply::{Answer, message};
use super::row::{number, text};
use super::{queue, sweep};
use crate::coolify::update::Cleanup;
use std::sync::Arc;

/// How long the job waits before it begins, and before the rows go, in Coolify's milliseconds.
const BEGIN: u64 = 1000;
const ROWS: u64 = 4000;

/// Asks for an application's end. Without `docker_cleanup=false` the whole host is pruned.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let uuid = call.app(0, NO_APP_BARE)?;
    let prunes = super::actions::prunes(&call.input());
    let mut state = call.state();
    let is_first =
        state.app_mut(&uuid).is_some_and(|app| !std::mem::replace(&mut app.is_deleting, true));
    if is_first {
        Gate::spawn(call.hub, move |hub| work(hub, &uuid, prunes));
    }
    Ok(message(200, "Application deletion request queued."))
}

fn work(hub: &Arc<Hub>, uuid: &str, prunes: bool) {
    hub.pass(BEGIN);
    if hub.gate().is_over() {
        return;
    }
    sweep::stop_all(hub, uuid, Cleanup::None);
    hub.pass(ROWS);
    sweep::stop_all(hub, uuid, if prunes { Cleanup::WholeHost } else { Cleanup::None });
    forget(hub, uuid);
    queue::promote(hub, &mut hub.state());
}

/// The application's rows go, its deployments among them.
fn forget(hub: &Arc<Hub>, uuid: &str) {
    let mut state = hub.state();
    let Some(id) = state.app(uuid).map(|app| number(&app.row, "id")) else { return };
    state.apps.retain(|app| text(&app.row, "uuid") != uuid);
    state.deployments.retain(|own| own.app != uuid);
    state.variables.retain(|row| number(row, "resource_id") != id);
    state.storages.retain(|row| number(row, "resource_id") != id);
    state.files.retain(|row| number(row, "resource_id") != id);
    state.tasks.retain(|row| number(row, "resource_id") != id);
}
