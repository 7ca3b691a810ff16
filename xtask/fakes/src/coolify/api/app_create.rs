//! `POST /applications/dockerimage`: its checks in Coolify's order.

use super::app_fields::{for_new, image_fault, split_image};
use super::app_write::{self, label_fault, mapping_fault};
use super::body::{Input, is_true};
use super::call::Call;
use super::queue::{self, Order};
use super::reply::{Answer, compact, invalid, invalid_list, invalid_string, message, server_error};
use super::row::{Row, fixture, now, number, set, text};
use super::rules::Errors;
use super::state::{App, Server, State};
use super::{domains, environments, tags};
use crate::http::Response;
use serde_json::{Value, json};

/// The place that a new application was given.
struct Place {
    environment: i64,
    destination: i64,
    server: Server,
}

/// Creates an application from an image.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let input = call.json()?;
    let checks = for_new();
    let known = |name: &str| checks.iter().any(|(own, _)| *own == name);
    Errors::of(&input, &checks).only(&input, known).refuse()?;
    if input.get("environment_name").is_none() && input.get("environment_uuid").is_none() {
        let text = "You need to provide at least one of environment_name or environment_uuid.";
        return Err(message(422, text));
    }
    let mut state = call.state();
    let place = place(&state, call, &input)?;
    check_image(&input)?;
    let mut app = new_app(&mut state, &place);
    let given = given_domains(&state, &app, &input)?;
    app_write::write(&mut app, &input).map_err(|_| server_error(call.request))?;
    settle(&mut state, &mut app, &input, &place, given);
    let uuid = text(&app.row, "uuid").to_owned();
    let shown = json!({ "uuid": uuid, "domains": app.row["fqdn"] });
    state.apps.push(app);
    if input.get("instant_deploy").is_some_and(is_true) {
        let order = Order { at_once: true, ..Order::of(&uuid) };
        queue::enqueue(call.hub, &mut state, &order);
    }
    Ok(compact(201, &shown))
}

fn place(state: &State, call: &Call<'_>, input: &Input) -> Result<Place, Response> {
    let asked = |name: &str| input.text(name).unwrap_or_default();
    let mine = |row: &Row| number(row, "team_id") == call.caller.team;
    let project =
        state.projects.iter().find(|row| row["uuid"] == asked("project_uuid") && mine(row));
    let project = number(project.ok_or_else(|| message(404, "Project not found."))?, "id");
    let keys = [input.text("environment_name"), input.text("environment_uuid")];
    let mut named =
        keys.into_iter().flatten().filter_map(|key| environments::named(state, project, key));
    let environment = named.next().ok_or_else(|| message(404, "Environment not found."))?;
    let server = super::servers::find(state, call, asked("server_uuid"))?;
    let destination = destination(state, server, input)?;
    let environment = number(&state.environments[environment], "id");
    Ok(Place { environment, destination, server: server.clone() })
}

fn destination(state: &State, server: &Server, input: &Input) -> Result<i64, Response> {
    let own: Vec<&Row> =
        state.destinations.iter().filter(|row| row["server_id"] == server.row["id"]).collect();
    let refused = |text: &str| message(400, text);
    match own.as_slice() {
        [] => Err(refused("Server has no destinations.")),
        [only] => Ok(number(only, "id")),
        many => {
            let asked = input.text("destination_uuid").ok_or_else(|| {
                refused("Server has multiple destinations and you do not set destination_uuid.")
            })?;
            let found = many.iter().find(|row| row["uuid"] == asked);
            found.map(|row| number(row, "id")).ok_or_else(|| {
                let text = "Provided destination_uuid does not belong to the specified server.";
                invalid_string("destination_uuid", text)
            })
        }
    }
}

fn check_image(input: &Input) -> Result<(), Response> {
    let field = "docker_registry_image_name";
    let Some(name) = input.text(field) else {
        return Err(invalid_list(field, "This field is required."));
    };
    if name.len() > 255 {
        let text = "The docker registry image name field must not be greater than 255 characters.";
        return Err(invalid_list(field, text));
    }
    if let Some(fault) = image_fault(name) {
        return Err(invalid_list(field, fault));
    }
    let faults = [("custom_labels", label_fault(input)), ("ports_mappings", mapping_fault(input))];
    match faults.into_iter().find_map(|(field, fault)| Some((field, fault?))) {
        Some((field, fault)) => Err(invalid_string(field, fault)),
        None => Ok(()),
    }
}

fn given_domains(state: &State, app: &App, input: &Input) -> Result<Vec<String>, Response> {
    let Some(list) = input.text("domains") else { return Ok(Vec::new()) };
    let parsed = domains::parse(list).map_err(|faults| invalid(json!({ "domains": faults })))?;
    if input.flag("force_domain_override") != Some(true) {
        domains::refuse_taken(state, text(&app.row, "uuid"), &parsed)?;
    }
    Ok(parsed)
}

fn new_app(state: &mut State, place: &Place) -> App {
    let mut row = fixture(include_str!("fixture/application.json"));
    let id = state.id("applications");
    set(&mut row, "id", id);
    set(&mut row, "uuid", state.uuid());
    set(&mut row, "name", format!("docker-image-{}", state.uuid()));
    for time in ["created_at", "updated_at", "last_online_at"] {
        set(&mut row, time, now());
    }
    for forge in ["bitbucket", "gitea", "github", "gitlab"] {
        let secret = format!("{}{}", state.uuid(), state.uuid());
        set(&mut row, &format!("manual_webhook_secret_{forge}"), &secret[..40]);
    }
    set(&mut row, "environment_id", place.environment);
    set(&mut row, "destination_id", place.destination);
    let settings = fixture(include_str!("fixture/application_settings.json"));
    App { row, settings, tags: Vec::new(), previews: Vec::new(), is_deleting: false }
}

/// What follows from what was sent: image, domains, labels, tags.
fn settle(state: &mut State, app: &mut App, input: &Input, place: &Place, mut given: Vec<String>) {
    let name = input.text("docker_registry_image_name").unwrap_or_default();
    let (name, tag) = split_image(name, input.text("docker_registry_image_tag"));
    set(&mut app.row, "docker_registry_image_name", name);
    set(&mut app.row, "docker_registry_image_tag", tag);
    if given.is_empty() && input.flag("autogenerate_domain").unwrap_or(true) {
        let uuid = text(&app.row, "uuid");
        given.push(domains::generated(uuid, &place.server.row, &place.server.settings));
    }
    let domains = if given.is_empty() { Value::Null } else { Value::from(given.join(",")) };
    set(&mut app.row, "fqdn", domains);
    if let Some(wanted) = input.get("noindex_domains") {
        let kept = app_write::noindex(&app.row, wanted);
        set(&mut app.row, "noindex_domains", kept);
    }
    if input.fields.get("name").is_some_and(Value::is_null) {
        set(&mut app.row, "name", format!("docker-image-{}", state.uuid()));
    }
    let network = app_write::network(state, &app.row);
    app_write::relabel(app, &network);
    app_write::rehash(app, 32);
    for tag in input.get("tags").and_then(Value::as_array).into_iter().flatten() {
        tags::attach(state, app, tag.as_str().unwrap_or_default());
    }
}
