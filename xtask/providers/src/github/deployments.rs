//! Deployments of a repository, and how each of them goes.

use crate::bearer::bearer;
use crate::call::{Call, Caller, Error, Kind, Told, Unanswered};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use xtask_core::secret::Secret;
use xtask_core::ship::notify::github::State;
use xtask_http::header::{ACCEPT, AUTHORIZATION};
use xtask_http::{Client, HeaderName, HeaderValue, Method, StatusCode};

/// The deployments of one repository, and who we are there.
#[derive(Debug)]
pub struct Deployments {
    caller: Caller,
    base: String,
    token: Secret,
}

/// A deployment that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewDeployment {
    #[serde(rename = "ref")]
    pub commit: String,
    pub environment: String,
    /// What is done, in a line.
    pub description: String,
    /// Whether users are there.
    pub production_environment: bool,
}

/// How a deployment goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatus {
    pub state: State,
    /// In a line of at most 140 characters.
    pub description: String,
    /// Where the services are reached.
    pub environment_url: String,
    /// The page of the run.
    pub log_url: Option<String>,
}

#[derive(Deserialize)]
struct Made {
    id: u64,
}

#[derive(Deserialize)]
struct Said {
    state: String,
}

impl Deployments {
    /// Those of the repository `owner/name` behind the API at `api`.
    pub fn new(client: Client, api: &str, repository: &str, token: Secret) -> Self {
        let base = format!("{}/repos/{repository}/deployments", api.trim_end_matches('/'));
        let caller = Caller { provider: Told("GitHub"), client, secrets: vec![token.clone()] };
        Self { caller, base, token }
    }

    /// Makes a deployment; its number.
    pub async fn create(&self, new: &NewDeployment) -> Result<u64, Error> {
        let mut body = json!(new);
        // GitHub would merge the default branch into what is deployed, and make no deployment then.
        body["auto_merge"] = json!(false);
        // It would also want every check of the commit to have passed; that is asked before.
        body["required_contexts"] = json!([]);
        body["transient_environment"] = json!(false);
        let call = self.authorised(Call::once(Method::POST, &self.base).json(&body));
        let reply = self.caller.call(&call).await?;
        let status = Some(reply.status);
        if reply.status != StatusCode::CREATED {
            return Err(self.caller.failed(&call, Kind::Unexpected, status));
        }
        let made = serde_json::from_slice::<Made>(&reply.body);
        let unread = |_| self.caller.failed(&call, Unanswered::NotUnderstood, status);
        made.map(|it| it.id).map_err(unread)
    }

    /// Says how the deployment of that number goes. GitHub itself makes those before one that
    /// succeeded inactive only in environments without users.
    pub async fn say(&self, deployment: u64, status: &NewStatus) -> Result<(), Error> {
        let mut body = json!({
            "state": status.state.word(),
            "description": status.description,
            "environment_url": status.environment_url,
            "auto_inactive": true,
        });
        if let Some(url) = &status.log_url {
            body["log_url"] = json!(url);
        }
        let url = format!("{}/{deployment}/statuses", self.base);
        let call = self.authorised(Call::once(Method::POST, &url).json(&body));
        self.caller.call(&call).await.map(drop)
    }

    /// The numbers of the newest deployments to an environment, the newest first.
    pub async fn newest(&self, environment: &str, most: u8) -> Result<Vec<u64>, Error> {
        let environment = utf8_percent_encode(environment, NON_ALPHANUMERIC);
        let url = format!("{}?environment={environment}&per_page={most}", self.base);
        let call = self.authorised(Call::once(Method::GET, &url).again());
        let made: Vec<Made> = self.caller.read(&call).await?;
        Ok(made.into_iter().map(|it| it.id).collect())
    }

    /// Whether what was last said of a deployment is that it serves.
    pub async fn serves(&self, deployment: u64) -> Result<bool, Error> {
        let url = format!("{}/{deployment}/statuses?per_page=1", self.base);
        let call = self.authorised(Call::once(Method::GET, &url).again());
        let said: Vec<Said> = self.caller.read(&call).await?;
        Ok(said.first().is_some_and(|it| it.state == State::Success.word()))
    }

    fn authorised<'a>(&self, call: Call<'a>) -> Call<'a> {
        let version = HeaderName::from_static("x-github-api-version");
        call.header(AUTHORIZATION, bearer(&self.token))
            .header(ACCEPT, HeaderValue::from_static("application/vnd.github+json"))
            .header(version, HeaderValue::from_static("2022-11-28"))
    }
}
