//! Answers in Coolify's forms: its controllers write compact JSON, the framework pretty JSON, and
//! HTML to whoever does not ask for JSON.

use crate::http::{Request, Response};
use serde_json::{Map, Value, json};

/// What a handler says: an answer, or a refusal that ended it early.
pub(super) type Answer = Result<Response, Response>;

/// A controller's own answer.
pub(super) fn compact(status: u16, body: &Value) -> Response {
    Response::new(status).with("Content-Type", "application/json").body(body.to_string())
}

/// An answer that has nothing but a message.
pub(super) fn message(status: u16, text: &str) -> Response {
    compact(status, &json!({ "message": text }))
}

/// A framework's answer, as it is written while debugging is off.
pub(super) fn pretty(status: u16, text: &str) -> Response {
    let text = Value::from(text);
    let body = format!("{{\n    \"message\": {text}\n}}");
    Response::new(status).with("Content-Type", "application/json").body(body)
}

/// Plain text, under the framework's default type.
pub(super) fn text(body: &str) -> Response {
    Response::new(200).with("Content-Type", "text/html; charset=UTF-8").body(body)
}

/// A failure of the database or of the code; nothing was saved.
pub(super) fn server_error(request: &Request) -> Response {
    by_accept(request, 500, "Server Error", "Internal Server Error")
}

/// The framework's answer: JSON when it was asked for, its error page else.
pub(super) fn by_accept(request: &Request, status: u16, text: &str, title: &str) -> Response {
    if wants_json(request) {
        return pretty(status, text);
    }
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n    <meta charset=\"UTF-8\" />\n    \
         <title>An Error Occurred: {title}</title>\n</head>\n<body>\n<div class=\"container\">\n    \
         <h1>Oops! An Error Occurred</h1>\n    <h2>The server returned a \"{status} {title}\".</h2>\n\
         </div>\n</body>\n</html>"
    );
    Response::new(status).with("Content-Type", "text/html; charset=UTF-8").body(page)
}

/// Whether the caller asked for JSON.
pub(super) fn wants_json(request: &Request) -> bool {
    request
        .header("accept")
        .is_some_and(|accept| accept.contains("/json") || accept.contains("+json"))
}

/// The refusal of a body's fields.
pub(super) fn invalid(errors: impl Into<Value>) -> Response {
    compact(422, &json!({ "message": "Validation failed.", "errors": errors.into() }))
}

/// The refusal of one field, in the form of one string.
pub(super) fn invalid_string(field: &str, text: &str) -> Response {
    let mut errors = Map::new();
    errors.insert(field.to_owned(), Value::from(text));
    invalid(errors)
}

/// The refusal of one field, in the form of a list.
pub(super) fn invalid_list(field: &str, text: &str) -> Response {
    let mut errors = Map::new();
    errors.insert(field.to_owned(), json!([text]));
    invalid(errors)
}

/// An address that leads nowhere, or not by this method.
pub(super) fn no_route() -> Response {
    compact(404, &json!({ "message": "Not found.", "docs": "https://coolify.io/docs" }))
}
