//! What each path does. The codes and statuses are those of the distribution specification
//! and, where it leaves a choice, of Docker's registry.

use super::fault::errors;
use super::store::{State, Upload, digest_of};
use super::{Fault, Hosts};
use crate::http::{Request, Response};
use serde_json::Value;

/// `/v2/<name>/<kind>/<rest>`, where the name may have slashes itself.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    let path = path.strip_prefix("/v2/")?;
    ["/blobs/", "/manifests/", "/tags/", "/referrers/"].into_iter().find_map(|kind| {
        let (name, rest) = path.rsplit_once(kind)?;
        Some((name, kind.trim_matches('/'), rest))
    })
}

/// The repository that a path is about.
pub(super) fn repository_of(path: &str) -> Option<&str> {
    split(path).map(|(name, _, _)| name)
}

pub(super) fn answer(state: &mut State, hosts: &Hosts, request: &Request) -> Response {
    if request.path == "/token" {
        let State { access, tokens, .. } = state;
        return tokens.grant(access, request);
    }
    if request.path == "/v2/" {
        return Response::new(200).body("{}");
    }
    let Some((name, kind, rest)) = split(&request.path) else {
        return Response::new(404);
    };
    match (request.method.as_str(), kind, rest.strip_prefix("uploads/")) {
        ("POST", "blobs", Some("")) => begin(state, hosts, request, name),
        ("PATCH", "blobs", Some(id)) => patch(state, hosts, request, id),
        ("PUT", "blobs", Some(id)) => commit(state, request, id),
        ("GET", "blobs", Some(id)) => how_far(state, hosts, id),
        ("DELETE", "blobs", Some(id)) => cancel(state, id),
        ("GET" | "HEAD", "blobs", None) => blob(state, hosts, request, name, rest),
        ("GET" | "HEAD", "manifests", _) => manifest(state, name, rest),
        ("PUT", "manifests", _) => put_manifest(state, request, name, rest),
        ("GET", "tags", _) => tags(state, request, name),
        ("GET", "referrers", _) => referrers(state, request, name, rest),
        _ => errors(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

fn blob(state: &mut State, hosts: &Hosts, request: &Request, name: &str, digest: &str) -> Response {
    let found = state.repositories.get(name).and_then(|own| own.blobs.get(digest)).cloned();
    let is_head = request.method == "HEAD";
    let is_redirected = state.has_fault(|fault| matches!(fault, Fault::RedirectBlobs));
    match found {
        Some(_) if is_redirected && request.header("host") == Some(&hosts.own) && !is_head => {
            let url = format!("http://{}{}?signature=secret", hosts.foreign, request.path);
            Response::new(307).with("Location", url)
        }
        Some(bytes) => Response::new(200).with("Docker-Content-Digest", digest).body(bytes),
        None if is_head && is_false_head(state) => Response::new(200),
        None => errors(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    }
}

fn is_false_head(state: &mut State) -> bool {
    let found = state.take_fault(|fault| matches!(fault, Fault::FalseHead { .. }).then_some(()));
    found.is_some()
}

fn begin(state: &mut State, hosts: &Hosts, request: &Request, name: &str) -> Response {
    let asked = request.parameter("mount").zip(request.parameter("from"));
    let mounted = asked.and_then(|(digest, from)| mount(state, request, name, digest, from));
    if let Some(response) = mounted {
        return response;
    }
    state.uploads_begun += 1;
    let id = format!("upload-{}", state.uploads_begun);
    let upload = Upload { repository: name.to_owned(), bytes: Vec::new(), turn: 0 };
    state.uploads.insert(id.clone(), upload);
    at(state, hosts, Response::new(202), &id)
}

fn mount(
    state: &mut State,
    request: &Request,
    name: &str,
    digest: &str,
    from: &str,
) -> Option<Response> {
    let mounted = Response::new(201).with("Docker-Content-Digest", digest);
    if state.has_fault(|fault| matches!(fault, Fault::FalseMount)) {
        return Some(mounted);
    }
    let scope = format!("repository:{from}:pull");
    if !state.tokens.covers(&state.access, request, Some(&scope)) {
        return None;
    }
    let bytes = state.repositories.get(from)?.blobs.get(digest)?.clone();
    state.repository(name).blobs.insert(digest.to_owned(), bytes);
    Some(mounted)
}

/// Adds where an upload goes on, and how far it is.
fn at(state: &State, hosts: &Hosts, response: Response, id: &str) -> Response {
    let upload = &state.uploads[id];
    let path = format!("/v2/{}/blobs/uploads/{id}?_turn={}", upload.repository, upload.turn);
    let location = if state.has_fault(|fault| matches!(fault, Fault::RelativeLocation)) {
        path
    } else if state.has_fault(|fault| matches!(fault, Fault::ForeignLocation)) {
        format!("http://{}{path}", hosts.foreign)
    } else {
        format!("http://{}{path}", hosts.own)
    };
    let last = upload.bytes.len().saturating_sub(1);
    response.with("Location", location).with("Range", format!("0-{last}"))
}

/// The upload that a request goes on with, if it has the newest location.
fn current<'a>(
    state: &'a mut State,
    request: &Request,
    id: &str,
) -> Result<&'a mut Upload, Response> {
    let Some(upload) = state.uploads.get_mut(id) else {
        return Err(errors(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"));
    };
    if request.parameter("_turn") != Some(&upload.turn.to_string()) {
        return Err(errors(404, "BLOB_UPLOAD_INVALID", "blob upload invalid"));
    }
    Ok(upload)
}

fn patch(state: &mut State, hosts: &Hosts, request: &Request, id: &str) -> Response {
    let limit = state.faults.iter().find_map(|fault| match fault {
        Fault::PatchLimit(limit) => Some(*limit),
        _ => None,
    });
    let takes = state.faults.iter().find_map(|fault| match fault {
        Fault::PatchTakes(takes) => Some(*takes),
        _ => None,
    });
    let upload = match current(state, request, id) {
        Ok(upload) => upload,
        Err(response) => return response,
    };
    let range = request.header("content-range");
    let is_in_order = range.is_none_or(|range| range == range_of(upload, request));
    if !is_in_order || limit.is_some_and(|limit| request.body.len() > limit) {
        let response = errors(416, "REQUESTED_RANGE_NOT_SATISFIABLE", "range not satisfiable");
        return at(state, hosts, response, id);
    }
    let count = takes.unwrap_or(usize::MAX).min(request.body.len());
    upload.bytes.extend(&request.body[..count]);
    upload.turn += 1;
    at(state, hosts, Response::new(202), id)
}

fn range_of(upload: &Upload, request: &Request) -> String {
    let start = upload.bytes.len();
    format!("{start}-{}", (start + request.body.len()).saturating_sub(1))
}

/// What had arrived of a chunk when its connection was cut stays.
pub(super) fn keep_part(state: &mut State, part: &Request) {
    let Some((_, _, rest)) = split(&part.path) else {
        return;
    };
    let upload = rest.strip_prefix("uploads/").and_then(|id| state.uploads.get_mut(id));
    if let (Some(upload), "PATCH") = (upload, part.method.as_str()) {
        upload.bytes.extend(&part.body);
        upload.turn += 1;
    }
}

fn how_far(state: &State, hosts: &Hosts, id: &str) -> Response {
    match state.uploads.contains_key(id) {
        true => at(state, hosts, Response::new(204), id),
        false => errors(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    }
}

fn cancel(state: &mut State, id: &str) -> Response {
    match state.uploads.remove(id) {
        Some(_) => Response::new(204),
        None => errors(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    }
}

fn commit(state: &mut State, request: &Request, id: &str) -> Response {
    let upload = match current(state, request, id) {
        Ok(upload) => upload,
        Err(response) => return response,
    };
    let mut bytes = std::mem::take(&mut upload.bytes);
    bytes.extend(&request.body);
    let repository = upload.repository.clone();
    state.uploads.remove(id);
    let found = digest_of(&bytes);
    if request.parameter("digest") != Some(&found) {
        return errors(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    state.repository(&repository).blobs.insert(found.clone(), bytes);
    Response::new(201)
        .with("Location", format!("/v2/{repository}/blobs/{found}"))
        .with("Docker-Content-Digest", found)
}

fn manifest(state: &State, name: &str, reference: &str) -> Response {
    let found = state.repositories.get(name).and_then(|own| {
        let digest = own.tags.get(reference).map_or(reference, String::as_str);
        own.manifests.get(digest).map(|(kind, bytes)| (digest, kind, bytes))
    });
    let Some((digest, kind, bytes)) = found else {
        return errors(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    Response::new(200)
        .with("Content-Type", kind)
        .with("Docker-Content-Digest", digest)
        .body(bytes.clone())
}

fn put_manifest(state: &mut State, request: &Request, name: &str, reference: &str) -> Response {
    let digest = digest_of(&request.body);
    if reference.starts_with("sha256:") && reference != digest {
        return errors(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    let Ok(document) = serde_json::from_slice::<Value>(&request.body) else {
        return errors(400, "MANIFEST_INVALID", "manifest invalid");
    };
    let kind = request.header("content-type").unwrap_or_default().to_owned();
    if document["mediaType"] != kind.as_str() {
        return errors(400, "MANIFEST_INVALID", "media type differs from Content-Type");
    }
    if let Some(missing) = missing(state, name, &document) {
        let message = format!("blob unknown to registry: {missing}");
        return errors(404, "MANIFEST_BLOB_UNKNOWN", &message);
    }
    let own = state.repository(name);
    own.manifests.insert(digest.clone(), (kind, request.body.clone()));
    if reference != digest {
        own.tags.insert(reference.to_owned(), digest.clone());
    }
    let response = Response::new(201)
        .with("Location", format!("/v2/{name}/manifests/{digest}"))
        .with("Docker-Content-Digest", digest);
    let subject = document["subject"]["digest"].as_str();
    let keeps = state.has_fault(|fault| matches!(fault, Fault::KeepsReferrers));
    match subject.filter(|_| keeps) {
        Some(subject) => response.with("OCI-Subject", subject),
        None => response,
    }
}

/// The first thing that a document names and the repository has not.
fn missing(state: &mut State, name: &str, document: &Value) -> Option<String> {
    let own = state.repository(name);
    let digest = |descriptor: &Value| descriptor["digest"].as_str().unwrap_or("").to_owned();
    let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
    let config = document.get("config").cloned();
    let mut blobs = list("layers").into_iter().chain(config).map(|found| digest(&found));
    let mut children = list("manifests").into_iter().map(|found| digest(&found));
    let blob = blobs.find(|digest| !own.blobs.contains_key(digest));
    blob.or_else(|| children.find(|digest| !own.manifests.contains_key(digest)))
}

fn tags(state: &State, request: &Request, name: &str) -> Response {
    let Some(own) = state.repositories.get(name) else {
        return errors(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let page = state.faults.iter().find_map(|fault| match fault {
        Fault::PageOf(page) => Some(*page),
        _ => None,
    });
    let last = request.parameter("last").unwrap_or_default();
    let rest: Vec<&String> = own.tags.keys().filter(|tag| tag.as_str() > last).collect();
    let page = page.unwrap_or(rest.len()).min(rest.len());
    let body = serde_json::json!({"name": name, "tags": rest[..page]});
    let response = Response::new(200).body(body.to_string());
    match rest[..page].last() {
        Some(last) if page < rest.len() => {
            let link = format!("</v2/{name}/tags/list?last={last}&n={page}>; rel=\"next\"");
            response.with("Link", link)
        }
        _ => response,
    }
}

/// GHCR and Docker's registry have no lists of referrers, unless they are told to keep them.
fn referrers(state: &State, request: &Request, name: &str, subject: &str) -> Response {
    let own = state.repositories.get(name);
    let Some(own) = own.filter(|_| state.has_fault(|it| matches!(it, Fault::KeepsReferrers)))
    else {
        return Response::new(404);
    };
    let entry = |(digest, (kind, bytes)): (&String, &(String, Vec<u8>))| {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let entry = serde_json::json!({
            "mediaType": kind, "digest": digest, "size": bytes.len(),
            "artifactType": document["artifactType"],
        });
        (document["subject"]["digest"] == subject).then_some((digest.clone(), entry))
    };
    let last = request.parameter("last").unwrap_or_default();
    let entries =
        own.manifests.iter().filter_map(entry).filter(|(digest, _)| digest.as_str() > last);
    let rest: Vec<(String, Value)> = entries.collect();
    let page = state.faults.iter().find_map(|fault| match fault {
        Fault::PageOf(page) => Some(*page),
        _ => None,
    });
    let page = page.unwrap_or(rest.len()).min(rest.len());
    let listed: Vec<&Value> = rest[..page].iter().map(|(_, entry)| entry).collect();
    let body = serde_json::json!({ "schemaVersion": 2, "manifests": listed });
    let response = Response::new(200).body(body.to_string());
    match rest[..page].last() {
        Some((last, _)) if page < rest.len() => {
            let link = format!("</v2/{name}/referrers/{subject}?last={last}>; rel=\"next\"");
            response.with("Link", link)
        }
        _ => response,
    }
}
