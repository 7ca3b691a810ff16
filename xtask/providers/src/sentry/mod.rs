//! Sentry's API, as far as releases go: a release with its commits, and where it was deployed.
//!
//! A release that is there is taken as made; a deploy is made anew each time.

use crate::bearer::bearer;
use crate::call::{Call, Caller, Error, Told};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};
use xtask_core::secret::Secret;
use xtask_http::header::AUTHORIZATION;
use xtask_http::{Client, Method};

/// An organisation at Sentry, and who we are there.
#[derive(Debug)]
pub struct Sentry {
    caller: Caller,
    base: String,
    token: Secret,
}

/// A commit, as Sentry spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    pub id: String,
    /// Its first line.
    pub message: String,
    /// Who wrote it.
    pub author_name: String,
    /// When, RFC 3339.
    pub timestamp: String,
}

/// Where a release was deployed, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deploy {
    pub environment: String,
    /// Where it is reached.
    pub url: String,
    /// When it began, RFC 3339.
    pub date_started: String,
    /// When it ended, RFC 3339.
    pub date_finished: String,
}

#[derive(serde::Deserialize)]
struct Made {
    // Sentry has sent it as a number and as a text.
    id: Value,
}

impl Sentry {
    /// The organisation of that name at `url`: `https://sentry.io`, or that of its region.
    pub fn new(client: Client, url: &str, organisation: &str, token: Secret) -> Self {
        let base = format!("{}/api/0/organizations/{organisation}", url.trim_end_matches('/'));
        let caller = Caller { provider: Told("Sentry"), client, secrets: vec![token.clone()] };
        Self { caller, base, token }
    }

    /// Makes the release, or finds it there.
    pub async fn release(
        &self,
        version: &str,
        projects: &[String],
        commits: &[Commit],
    ) -> Result<(), Error> {
        let mut body = json!({ "version": version, "projects": projects });
        if !commits.is_empty() {
            body["commits"] = json!(commits);
        }
        let url = format!("{}/releases/", self.base);
        let call = self.authorised(Call::once(Method::POST, &url).again().json(&body));
        self.caller.call(&call).await.map(drop)
    }

    /// Says since when the release is out.
    pub async fn finalise(&self, version: &str, at: &str) -> Result<(), Error> {
        let url = format!("{}/releases/{}/", self.base, escaped(version));
        let body = json!({ "dateReleased": at });
        let call = self.authorised(Call::once(Method::PUT, &url).again().json(&body));
        self.caller.call(&call).await.map(drop)
    }

    /// Says where the release was deployed; the deploy's number there.
    pub async fn deploy(&self, version: &str, deploy: &Deploy) -> Result<String, Error> {
        let url = format!("{}/releases/{}/deploys/", self.base, escaped(version));
        let call = self.authorised(Call::once(Method::POST, &url).json(&json!(deploy)));
        let id = self.caller.read::<Made>(&call).await?.id;
        Ok(id.as_str().map_or_else(|| id.to_string(), ToOwned::to_owned))
    }

    fn authorised<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.header(AUTHORIZATION, bearer(&self.token))
    }
}

fn escaped(version: &str) -> String {
    utf8_percent_encode(version, NON_ALPHANUMERIC).to_string()
}
