//! Deployments: asking for one, and looking what became of it.

use super::client::{Act, Coolify};
use super::error::Error;
use super::fields::words;
use super::path::piece;
use super::read::{List, flag, list, number, optional_number, optional_text, text};
use serde::Deserialize;
use xtask_http::Method;

/// An id that Coolify handed out. It does so for deployments that it never makes, too: only
/// [`Coolify::confirm`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed(String);

/// The id of a deployment that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeploymentId(String);

/// What came of asking for a deployment. Nobody says whether it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The id that was handed out, if one was.
    pub claimed: Option<Claimed>,
    /// Coolify's own words, for people.
    pub message: String,
}

/// What is behind a claimed id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    There(Box<Deployment>),
    /// Nothing: the request was skipped, or its application is gone.
    Phantom,
}

words! {
    /// How far a deployment is.
    Status {
        Queued = "queued",
        /// It was handed to a worker, which may not have begun.
        InProgress = "in_progress",
        /// It ended well, as Coolify sees it.
        Finished = "finished",
        /// It ended badly. Which version serves is not said.
        Failed = "failed",
        /// Somebody ended it. Two containers may be left.
        Cancelled = "cancelled-by-user",
    }
}

impl Status {
    /// Whether it waits or runs.
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }

    /// Whether it will not change any more. A word that nobody knows is not.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// A deployment. There is nothing in it that tells which image it ran, and `finished_at` may never
/// come, so it is left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deployment {
    /// Its number: later ones have higher ones.
    #[serde(deserialize_with = "number")]
    pub id: u64,
    /// Its name in the API.
    #[serde(rename = "deployment_uuid", deserialize_with = "id")]
    pub uuid: DeploymentId,
    /// How far it is.
    pub status: Status,
    /// The number of its application.
    #[serde(default, deserialize_with = "optional_text")]
    pub application_id: Option<String>,
    /// What its application was called.
    #[serde(default, deserialize_with = "optional_text")]
    pub application_name: Option<String>,
    /// The server that it runs on.
    #[serde(default, deserialize_with = "optional_text")]
    pub server_name: Option<String>,
    /// Where a person looks at it: a path on the panel.
    #[serde(default, deserialize_with = "optional_text")]
    pub deployment_url: Option<String>,
    /// Always `HEAD` for images, or the argument of a rollback.
    #[serde(default, deserialize_with = "optional_text")]
    pub commit: Option<String>,
    /// Whether it was asked for over the API.
    #[serde(default, deserialize_with = "flag")]
    pub is_api: bool,
    /// Whether a webhook asked for it.
    #[serde(default, deserialize_with = "flag")]
    pub is_webhook: bool,
    /// Whether it was asked for as a restart.
    #[serde(default, deserialize_with = "flag")]
    pub restart_only: bool,
    /// Whether it was asked for as a rollback.
    #[serde(default, deserialize_with = "flag")]
    pub rollback: bool,
    /// Whether it was asked for in spite of another.
    #[serde(default, deserialize_with = "flag")]
    pub force_rebuild: bool,
    /// 0 unless it is a preview.
    #[serde(default, deserialize_with = "optional_number")]
    pub pull_request_id: Option<u64>,
    /// When it was asked for.
    #[serde(default, deserialize_with = "optional_text")]
    pub created_at: Option<String>,
    /// When its row last changed.
    #[serde(default, deserialize_with = "optional_text")]
    pub updated_at: Option<String>,
    /// A list of [`Line`]s as a text; hidden from most tokens. May quote values.
    #[serde(default, deserialize_with = "super::read::optional_secret")]
    logs: Option<xtask_core::secret::Secret>,
}

/// One line of a deployment's log. It may quote values of variables: not for other people's eyes.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// What ran, or none for what Coolify tells.
    #[serde(default, deserialize_with = "optional_text")]
    pub command: Option<String>,
    /// What was said.
    #[serde(default, deserialize_with = "optional_text")]
    pub output: Option<String>,
    /// `stdout` or `stderr`.
    #[serde(default, rename = "type", deserialize_with = "optional_text")]
    pub stream: Option<String>,
    /// Whether the panel shows it only on demand.
    #[serde(default, deserialize_with = "flag")]
    pub hidden: bool,
    #[serde(default, deserialize_with = "optional_text")]
    pub timestamp: Option<String>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Line([may quote values])")
    }
}

/// A page of an application's deployments, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Deployments {
    /// How many there are in all.
    #[serde(deserialize_with = "number")]
    pub count: u64,
    /// Those of the page.
    #[serde(deserialize_with = "list")]
    pub deployments: Vec<Deployment>,
}

/// The images of a repository that are on the server, those of other applications too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RollbackImages {
    /// The tag that runs; not known where updates are rolling.
    #[serde(default, deserialize_with = "optional_text")]
    pub current: Option<String>,
    /// All of them.
    #[serde(default, deserialize_with = "list")]
    pub images: Vec<RollbackImage>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RollbackImage {
    #[serde(deserialize_with = "text")]
    pub tag: String,
    /// When the image says that it was made.
    #[serde(default, deserialize_with = "optional_text")]
    pub created_at: Option<String>,
    /// Whether it runs.
    #[serde(default, deserialize_with = "flag")]
    pub is_current: bool,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default, deserialize_with = "optional_text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    deployment_uuid: Option<String>,
}

#[derive(Deserialize)]
struct Deploys {
    deployments: List<Answered>,
}

impl Claimed {
    /// As Coolify wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DeploymentId {
    /// As Coolify writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deployment {
    /// Its log, if this token may see it and it is one.
    pub fn lines(&self) -> Option<Vec<Line>> {
        let logs: List<Line> = serde_json::from_str(self.logs.as_ref()?.expose()).ok()?;
        Some(logs.0)
    }
}

impl From<Answered> for Started {
    fn from(answered: Answered) -> Self {
        let claimed = answered.deployment_uuid.filter(|uuid| !uuid.is_empty()).map(Claimed);
        Self { claimed, message: answered.message.unwrap_or_default() }
    }
}

impl Coolify {
    /// Asks for a deployment of an application. Forced, it is made even while another waits or
    /// runs; not forced, it is then skipped, and the id that comes back leads nowhere.
    pub async fn deploy(&self, application: &str, is_forced: bool) -> Result<Started, Error> {
        let path = format!("deploy?uuid={}&force={is_forced}", piece(application));
        let mut all = self.act::<Deploys>(&path, Act::Once).await?.deployments.0;
        match all.len() {
            1 => Ok(all.remove(0).into()),
            _ => Err(self.unusable(
                Method::POST,
                &path,
                "the answer is not about one application".to_owned(),
            )),
        }
    }

    /// Starts a stopped application, with the variables and the image that are set now.
    pub async fn start(&self, application: &str) -> Result<Started, Error> {
        self.act_started(&format!("applications/{}/start", piece(application))).await
    }

    /// A deployment by another name: it pulls, too.
    pub async fn restart(&self, application: &str) -> Result<Started, Error> {
        self.act_started(&format!("applications/{}/restart", piece(application))).await
    }

    /// Looks whether a claimed id is that of a deployment.
    pub async fn confirm(&self, claimed: &Claimed) -> Result<Confirmed, Error> {
        let found = self.deployment_named(&claimed.0).await?;
        Ok(found.map_or(Confirmed::Phantom, |found| Confirmed::There(Box::new(found))))
    }

    /// Looks at a deployment again; `None` once its application was deleted.
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Option<Deployment>, Error> {
        self.deployment_named(&id.0).await
    }

    /// The same by an id that a person or a file has given.
    pub async fn deployment_named(&self, uuid: &str) -> Result<Option<Deployment>, Error> {
        self.read_if_there(&format!("deployments/{}", piece(uuid))).await
    }

    /// The deployments of the team that wait or run, the oldest first.
    pub async fn deployments(&self) -> Result<Vec<Deployment>, Error> {
        let mut all: Vec<Deployment> = self.read_list("deployments").await?;
        all.sort_by_key(|deployment| deployment.id);
        Ok(all)
    }

    /// Deployments of an application, the newest first. `take` is at least one.
    pub async fn deployments_of(
        &self,
        application: &str,
        skip: u32,
        take: u32,
    ) -> Result<Deployments, Error> {
        let application = piece(application);
        let path = format!("deployments/applications/{application}?skip={skip}&take={take}");
        self.read(&path).await
    }

    /// Ends a deployment. Whoever cancels in the middle of an update leaves two containers.
    pub async fn cancel(&self, id: &DeploymentId) -> Result<(), Error> {
        self.needs(super::version::Capability::Cancel).await?;
        let path = format!("deployments/{}/cancel", piece(&id.0));
        self.act::<serde::de::IgnoredAny>(&path, Act::Once).await.map(drop)
    }

    /// The images that are on the server. From version 4.3 on.
    pub async fn rollback_images(&self, application: &str) -> Result<RollbackImages, Error> {
        self.needs(super::version::Capability::RollbackImages).await?;
        self.read(&format!("applications/{}/rollback-images", piece(application))).await
    }

    async fn act_started(&self, path: &str) -> Result<Started, Error> {
        Ok(self.act::<Answered>(path, Act::Once).await?.into())
    }
}

fn id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<DeploymentId, D::Error> {
    text(from).map(DeploymentId)
}
