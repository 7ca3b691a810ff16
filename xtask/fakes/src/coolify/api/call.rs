//! One request on its way through a handler.

use super::body::{Input, json_only, lenient};
use super::hub::Hub;
use super::reply::message;
use super::row::{Row, number, text};
use super::state::{App, State, by_id};
use crate::http::{Request, Response};
use std::sync::{Arc, MutexGuard};

#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user: i64,
    pub(super) team: i64,
    pub(super) role: Option<&'static str>,
    pub(super) abilities: &'static [&'static str],
    /// Whether he is shown what is secret.
    pub(super) is_sensitive: bool,
}

impl Caller {
    /// Whether the token holds this ability, or one that stands for all.
    pub(super) fn can(&self, ability: &str) -> bool {
        self.abilities.iter().any(|own| [ability, "root", "*"].contains(own))
    }
}

/// A request, who sent it, and what its path names.
pub(super) struct Call<'a> {
    pub(super) hub: &'a Arc<Hub>,
    pub(super) request: &'a Request,
    pub(super) params: Vec<String>,
    pub(super) caller: Caller,
}

impl Call<'_> {
    /// What Coolify remembers.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.hub.state()
    }

    /// What stands in the path's nth variable.
    pub(super) fn param(&self, at: usize) -> &str {
        self.params.get(at).map_or("", String::as_str)
    }

    /// The fields of a route that takes JSON only.
    pub(super) fn json(&self) -> Result<Input, Response> {
        json_only(self.request)
    }

    /// The fields of a route that takes what comes.
    pub(super) fn input(&self) -> Input {
        lenient(self.request)
    }

    /// The uuid of an application of the caller's team, or the refusal in one of two spellings.
    pub(super) fn app(&self, at: usize, refusal: &str) -> Result<String, Response> {
        let state = self.state();
        let app = state.app(self.param(at)).filter(|app| team_of(&state, app) == self.caller.team);
        app.map(|app| text(&app.row, "uuid").to_owned()).ok_or_else(|| message(404, refusal))
    }
}

/// With the dot: what most routes say of an application that is not there.
pub(super) const NO_APP: &str = "Application not found.";
/// Without the dot: what the rest says.
pub(super) const NO_APP_BARE: &str = "Application not found";

/// The team whose application this is.
pub(super) fn team_of(state: &State, app: &App) -> i64 {
    project_of(state, &app.row).map_or(-1, |project| number(project, "team_id"))
}

/// The project in whose environment this is.
pub(super) fn project_of<'a>(state: &'a State, app: &Row) -> Option<&'a Row> {
    let environment = by_id(&state.environments, number(app, "environment_id"))?;
    by_id(&state.projects, number(environment, "project_id"))
}
