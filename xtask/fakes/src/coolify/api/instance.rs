//! The instance itself: version, switch, teams, and what it runs.

use super::call::Call;
use super::fixture::ROOT_TEAM;
use super::reply::{Answer, compact, message, text};
use super::row::{Row, now, set, sorted, without};
use super::{app_read, call};
use serde_json::{Value, json};

/// `GET /version`: plain text.
pub(super) fn version(call: &Call<'_>) -> Answer {
    Ok(text(&call.state().version.to_string()))
}

/// `POST /enable`.
pub(super) fn enable(call: &Call<'_>) -> Answer {
    switch(call, true, "enable")
}

/// `POST /disable`.
pub(super) fn disable(call: &Call<'_>) -> Answer {
    switch(call, false, "disable")
}

fn switch(call: &Call<'_>, on: bool, verb: &str) -> Answer {
    if call.caller.team != ROOT_TEAM {
        return Err(message(403, &format!("You are not allowed to {verb} the API.")));
    }
    call.state().api_enabled = on;
    Ok(message(200, &format!("API {verb}d.")))
}

fn shown_team(team: &Row) -> Row {
    without(sorted(team), &["custom_server_limit"])
}

/// `GET /team`.
pub(super) fn team(call: &Call<'_>) -> Answer {
    let state = call.state();
    let team = super::state::by_id(&state.teams, call.caller.team);
    Ok(compact(200, &json!(team.map(shown_team))))
}

/// `GET /teams`: those that the user belongs to.
pub(super) fn teams(call: &Call<'_>) -> Answer {
    let state = call.state();
    let user = state.users.iter().find(|user| user.id == call.caller.user);
    let roles = user.map(|user| user.roles.as_slice()).unwrap_or_default();
    let mine = |team: &&Row| roles.iter().any(|(id, _)| *id == super::row::number(team, "id"));
    let teams: Vec<Row> = state.teams.iter().filter(mine).map(shown_team).collect();
    Ok(compact(200, &json!(teams)))
}

/// `GET /team/members`.
pub(super) fn members(call: &Call<'_>) -> Answer {
    let state = call.state();
    let is_in = |roles: &[(i64, &str)]| roles.iter().any(|(team, _)| *team == call.caller.team);
    let members = state.users.iter().filter(|user| is_in(&user.roles));
    let members = members.map(|user| {
        json!({
            "id": user.id, "name": user.name, "avatar_path": null, "avatar_s3_storage_id": null,
            "avatar_storage_type": null, "email": user.email, "email_verified_at": now(),
            "force_password_reset": false, "marketing_emails": true, "pending_email": null,
            "two_factor_confirmed_at": null, "created_at": now(), "updated_at": now(),
        })
    });
    Ok(compact(200, &members.collect()))
}

/// `GET /resources`: every application, as the database has it.
pub(super) fn resources(call: &Call<'_>) -> Answer {
    let state = call.state();
    let mine = state.apps.iter().filter(|app| call::team_of(&state, app) == call.caller.team);
    let rows = mine.map(|app| {
        let mut row = app_read::nested(&state, app);
        let project = call::project_of(&state, &app.row).map(|project| project["id"].clone());
        set(&mut row, "laravel_through_key", project);
        set(&mut row, "type", "application");
        Value::from(row)
    });
    Ok(compact(200, &rows.collect()))
}
