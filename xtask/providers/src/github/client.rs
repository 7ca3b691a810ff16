//! One repository, and one exchange for each method.

use super::error::{Error, Message};
use super::requests::{Changed, Commit, Named, NewCommit, NewPull, Pull};
use crate::bearer::bearer;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt;
use xtask_core::secret::Secret;
use xtask_http::header::{ACCEPT, AUTHORIZATION};
use xtask_http::{Client, HeaderName, HeaderValue, Method, Request, StatusCode};

/// The most of an answer that is read: a page of requests with long texts.
const ANSWER_MAX: u64 = 8 << 20;

/// A repository on GitHub, and who we are there. The token is for one host: the client follows
/// no redirect.
pub struct GitHub {
    client: Client,
    api: String,
    repository: String,
    token: Secret,
}

impl GitHub {
    /// The repository `owner/name` behind the API at `api`.
    pub fn new(client: Client, api: &str, repository: &str, token: Secret) -> Self {
        let api = api.trim_end_matches('/').to_owned();
        Self { client, api, repository: repository.to_owned(), token }
    }

    /// `owner/name`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// A commit by its hash.
    pub async fn commit(&self, sha: &str) -> Result<Commit, Error> {
        self.ask(Method::GET, &format!("git/commits/{sha}"), None).await
    }

    /// A tree that is `base` with these files in it; its hash.
    pub async fn create_tree(&self, base: &str, files: &[Changed<'_>]) -> Result<String, Error> {
        let tree = json!({ "base_tree": base, "tree": files });
        Ok(self.ask::<Named>(Method::POST, "git/trees", Some(tree)).await?.sha)
    }

    /// A commit that no branch leads to yet; its hash.
    pub async fn create_commit(&self, commit: &NewCommit<'_>) -> Result<String, Error> {
        let commit = Some(json!(commit));
        Ok(self.ask::<Named>(Method::POST, "git/commits", commit).await?.sha)
    }

    /// Whether there is a branch of that name.
    pub async fn has_branch(&self, branch: &str) -> Result<bool, Error> {
        match self.ask(Method::GET, &format!("git/ref/heads/{branch}"), None).await {
            Ok(Value::Null | Value::Object(_)) => Ok(true),
            // Of a name that others only begin with, GitHub lists those others.
            Ok(_) => Ok(false),
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A branch that was not there, at `commit`.
    pub async fn create_branch(&self, branch: &str, commit: &str) -> Result<(), Error> {
        let made = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
        self.ask::<Value>(Method::POST, "git/refs", Some(made)).await.map(drop)
    }

    /// Sets a branch to `commit`, whatever was on it.
    pub async fn move_branch(&self, branch: &str, commit: &str) -> Result<(), Error> {
        let moved = json!({ "sha": commit, "force": true });
        let path = format!("git/refs/heads/{branch}");
        self.ask::<Value>(Method::PATCH, &path, Some(moved)).await.map(drop)
    }

    /// The open pull requests from `branch` of this repository to `base`: at most one.
    pub async fn open_pulls(&self, branch: &str, base: &str) -> Result<Vec<Pull>, Error> {
        let owner = self.repository.split('/').next().unwrap_or_default();
        let path = format!("pulls?state=open&head={owner}:{branch}&base={base}");
        self.ask(Method::GET, &path, None).await
    }

    /// Opens a pull request.
    pub async fn create_pull(&self, pull: &NewPull<'_>) -> Result<Pull, Error> {
        self.ask(Method::POST, "pulls", Some(json!(pull))).await
    }

    /// Gives a pull request another title and text.
    pub async fn update_pull(&self, number: u64, title: &str, body: &str) -> Result<Pull, Error> {
        let text = json!({ "title": title, "body": body });
        self.ask(Method::PATCH, &format!("pulls/{number}"), Some(text)).await
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, Error> {
        let bytes = self.answer(&method, path, body).await?;
        let path = without_query(path);
        serde_json::from_slice(&bytes).map_err(|cause| Error::Malformed { method, path, cause })
    }

    /// What has no answer but that it was done.
    pub(super) async fn tell(&self, method: Method, path: &str, body: Value) -> Result<(), Error> {
        self.answer(&method, path, Some(body)).await.map(drop)
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Vec<u8>, Error> {
        let answer = self.client.send(self.request(method, path, body)?).await?;
        let (status, bytes) = (answer.status(), answer.bytes(ANSWER_MAX).await?);
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let (method, path) = (method.clone(), without_query(path));
        Err(Error::Refused { method, path, status, message: Message::of(&bytes) })
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Request, xtask_http::Error> {
        let url = format!("{}/repos/{}/{path}", self.api, self.repository);
        let version = HeaderName::from_static("x-github-api-version");
        let request = Request::to(method.clone(), &url)?
            .header(AUTHORIZATION, bearer(&self.token))
            .header(ACCEPT, HeaderValue::from_static("application/vnd.github+json"))
            .header(version, HeaderValue::from_static("2022-11-28"));
        Ok(match body {
            Some(body) => request.bytes(body.to_string()),
            None => request,
        })
    }
}

fn without_query(path: &str) -> String {
    path.split('?').next().unwrap_or_default().to_owned()
}

impl fmt::Debug for GitHub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GitHub({})", self.repository)
    }
}
