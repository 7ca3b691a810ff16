//! Every route: method, path, the ability it wants, since which version it is there.

use super::call::Call;
use super::reply::{Answer, message};
use super::version::Version;
use super::{
    actions, app_change, app_create, app_delete, app_read, cleanup, deploy, deployments,
    destinations, environments, instance, notifications, projects, s3, servers, storages, tags,
    tasks, variables,
};

#[derive(Clone, Copy)]
pub(super) struct Route {
    method: &'static str,
    path: &'static str,
    /// Empty for those who need not say who they are.
    pub(super) ability: &'static str,
    since: (u32, u32),
    pub(super) handler: fn(&Call<'_>) -> Answer,
}

impl Route {
    /// Whether it switches the API on or off, and works while it is off.
    pub(super) fn is_switch(&self) -> bool {
        ["/enable", "/disable"].contains(&self.path)
    }

    /// The ability that it wants in this version.
    pub(super) fn ability_in(&self, version: Version) -> &'static str {
        let removes = self.method == "DELETE" && version.has_delete_ability();
        if removes { "delete" } else { self.ability }
    }
}

/// The route for a method and a path, with what stands in its variables.
pub(super) fn find(
    method: &str,
    path: &str,
    version: Version,
) -> Option<(&'static Route, Vec<String>)> {
    let offered = |route: &&Route| version.since(route.since.0, route.since.1);
    let routes = ROUTES.iter().filter(|route| route.method == method).filter(offered);
    routes.filter_map(|route| Some((route, matched(route.path, path)?))).next()
}

fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(own, given): (&&str, &&str)| {
        if own.starts_with('{') { !given.is_empty() } else { own == given }
    };
    if pattern.len() != path.len() || !pattern.iter().zip(&path).all(fits) {
        return None;
    }
    let variables = pattern.iter().zip(&path).filter(|(own, _)| own.starts_with('{'));
    Some(variables.map(|(_, given)| unescaped(given)).collect())
}

fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What was once asked for by GET. Before 4.2 it still was.
fn moved(call: &Call<'_>) -> Answer {
    let version = call.state().version;
    let path = call.request.path.trim_start_matches("/api/v1");
    let today = find("POST", path, version).filter(|_| !version.acts_by_post_only());
    if let Some((route, _)) = today {
        return (route.handler)(call);
    }
    Ok(message(405, "This endpoint has changed to a POST request.").with("Allow", "POST"))
}

const fn route(
    method: &'static str,
    path: &'static str,
    ability: &'static str,
    handler: fn(&Call<'_>) -> Answer,
) -> Route {
    Route { method, path, ability, since: (0, 0), handler }
}

const fn later(since: (u32, u32), route: Route) -> Route {
    Route { since, ..route }
}

const ROUTES: &[Route] = &[
    route("GET", "/health", "", instance::version),
    route("GET", "/version", "read", instance::version),
    route("POST", "/enable", "write", instance::enable),
    route("POST", "/disable", "write", instance::disable),
    route("GET", "/enable", "write", moved),
    route("GET", "/disable", "write", moved),
    route("GET", "/team", "read", instance::team),
    route("GET", "/teams/current", "read", instance::team),
    route("GET", "/team/members", "read", instance::members),
    route("GET", "/teams/current/members", "read", instance::members),
    route("GET", "/teams", "read", instance::teams),
    route("GET", "/resources", "read", instance::resources),
    route("GET", "/servers", "read", servers::list),
    route("GET", "/servers/{uuid}", "read", servers::one),
    route("PATCH", "/servers/{uuid}", "write", servers::change),
    route("GET", "/servers/{uuid}/resources", "read", servers::resources),
    route("GET", "/servers/{uuid}/domains", "read", servers::domains),
    route("POST", "/servers/{uuid}/validate", "write", servers::validate),
    route("GET", "/servers/{uuid}/validate", "write", moved),
    later((2, 0), route("GET", "/servers/{uuid}/destinations", "read", destinations::of_server)),
    later((2, 0), route("POST", "/servers/{uuid}/destinations", "write", destinations::create)),
    later((2, 0), route("GET", "/destinations", "read", destinations::list)),
    later((2, 0), route("GET", "/destinations/{uuid}", "read", destinations::one)),
    later((2, 0), route("PATCH", "/destinations/{uuid}", "write", destinations::rename)),
    later((2, 0), route("DELETE", "/destinations/{uuid}", "write", destinations::delete)),
    later((3, 0), route("GET", "/servers/{uuid}/docker-cleanup", "read", cleanup::settings)),
    later((3, 0), route("PATCH", "/servers/{uuid}/docker-cleanup", "write", cleanup::change)),
    later((3, 0), route("POST", "/servers/{uuid}/docker-cleanup/run", "write", cleanup::run)),
    later(
        (3, 0),
        route("GET", "/servers/{uuid}/docker-cleanup/executions", "read", cleanup::executions),
    ),
    route("GET", "/projects", "read", projects::list),
    route("POST", "/projects", "write", projects::create),
    route("GET", "/projects/{uuid}", "read", projects::one),
    route("PATCH", "/projects/{uuid}", "write", projects::change),
    route("DELETE", "/projects/{uuid}", "write", projects::delete),
    route("GET", "/projects/{uuid}/environments", "read", environments::list),
    route("POST", "/projects/{uuid}/environments", "write", environments::create),
    route("PATCH", "/projects/{uuid}/environments/{name}", "write", environments::change),
    route("DELETE", "/projects/{uuid}/environments/{name}", "write", environments::delete),
    route("GET", "/projects/{uuid}/{name}", "read", environments::one),
    route("GET", "/applications", "read", app_read::list),
    route("POST", "/applications/dockerimage", "write", app_create::create),
    route("GET", "/applications/{uuid}", "read", app_read::one),
    route("PATCH", "/applications/{uuid}", "write", app_change::change),
    route("DELETE", "/applications/{uuid}", "write", app_delete::delete),
    route("GET", "/applications/{uuid}/envs", "read", variables::list),
    route("POST", "/applications/{uuid}/envs", "write", variables::create),
    route("PATCH", "/applications/{uuid}/envs", "write", variables::change),
    route("PATCH", "/applications/{uuid}/envs/bulk", "write", variables::bulk),
    route("DELETE", "/applications/{uuid}/envs/{env}", "write", variables::delete),
    route("POST", "/applications/{uuid}/start", "deploy", actions::start),
    route("POST", "/applications/{uuid}/stop", "deploy", actions::stop),
    route("POST", "/applications/{uuid}/restart", "deploy", actions::restart),
    route("GET", "/applications/{uuid}/start", "deploy", moved),
    route("GET", "/applications/{uuid}/stop", "deploy", moved),
    route("GET", "/applications/{uuid}/restart", "deploy", moved),
    route("GET", "/applications/{uuid}/logs", "read", actions::logs),
    later(
        (3, 0),
        route("GET", "/applications/{uuid}/rollback-images", "read", actions::rollback_images),
    ),
    later((3, 0), route("POST", "/applications/{uuid}/rollback", "deploy", actions::rollback)),
    route("GET", "/applications/{uuid}/storages", "read", storages::list),
    route("POST", "/applications/{uuid}/storages", "write", storages::create),
    route("PATCH", "/applications/{uuid}/storages", "write", storages::change),
    route("DELETE", "/applications/{uuid}/storages/{storage}", "write", storages::delete),
    route("GET", "/applications/{uuid}/scheduled-tasks", "read", tasks::list),
    route("POST", "/applications/{uuid}/scheduled-tasks", "write", tasks::create),
    route("PATCH", "/applications/{uuid}/scheduled-tasks/{task}", "write", tasks::change),
    route("DELETE", "/applications/{uuid}/scheduled-tasks/{task}", "write", tasks::delete),
    route(
        "GET",
        "/applications/{uuid}/scheduled-tasks/{task}/executions",
        "read",
        tasks::executions,
    ),
    route("POST", "/applications/{uuid}/scheduled-tasks/{task}/execute", "write", tasks::execute),
    later((2, 0), route("GET", "/applications/{uuid}/tags", "read", tags::of_app)),
    later((2, 0), route("POST", "/applications/{uuid}/tags", "write", tags::add)),
    later((2, 0), route("DELETE", "/applications/{uuid}/tags/{tag}", "write", tags::remove)),
    later((2, 0), route("GET", "/tags", "read", tags::all)),
    route("POST", "/deploy", "deploy", deploy::deploy),
    route("GET", "/deploy", "deploy", moved),
    route("GET", "/deployments", "read", deployments::active),
    route("GET", "/deployments/applications/{uuid}", "read", deployments::of_app),
    route("GET", "/deployments/{uuid}", "read", deployments::one),
    route("POST", "/deployments/{uuid}/cancel", "deploy", deployments::cancel),
    later((3, 0), route("GET", "/s3-storages", "read", s3::list)),
    later((3, 0), route("POST", "/s3-storages", "write", s3::create)),
    later((3, 0), route("GET", "/s3-storages/{uuid}", "read", s3::one)),
    later((3, 0), route("PATCH", "/s3-storages/{uuid}", "write", s3::change)),
    later((3, 0), route("DELETE", "/s3-storages/{uuid}", "write", s3::delete)),
    later((3, 0), route("POST", "/s3-storages/{uuid}/validate", "write", s3::validate)),
    later((3, 0), route("GET", "/notifications/{kind}", "read", notifications::show)),
    later((3, 0), route("PATCH", "/notifications/{kind}", "write", notifications::change)),
];
