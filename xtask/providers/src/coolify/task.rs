//! Commands that Coolify runs in a container by the clock.

use super::client::{Act, Coolify};
use super::error::Error;
use super::path::piece;
use super::read::{flag, optional_number, optional_secret, optional_text, text};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use xtask_core::secret::Secret;

/// A scheduled task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Task {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub command: String,
    /// When, as cron says it, or a word of Coolify's.
    #[serde(deserialize_with = "text")]
    pub frequency: String,
    /// Where, if there is a choice.
    #[serde(default, deserialize_with = "optional_text")]
    pub container: Option<String>,
    /// Seconds that it may last.
    #[serde(default, deserialize_with = "optional_number")]
    pub timeout: Option<u64>,
    /// Whether the clock starts it.
    #[serde(default, deserialize_with = "flag")]
    pub enabled: bool,
}

/// A task that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewTask {
    /// What people call it.
    pub name: String,
    pub command: String,
    pub frequency: String,
    /// Whether the clock starts it.
    pub enabled: bool,
    /// Seconds that it may last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// What is to be set of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskChange {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// Whether the clock starts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Seconds that it may last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// One run of a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Execution {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// `running`, `success` or `failed`.
    #[serde(deserialize_with = "text")]
    pub status: String,
    /// What it printed, whatever that was.
    #[serde(default, deserialize_with = "optional_secret")]
    pub message: Option<Secret>,
    /// When it began.
    #[serde(default, deserialize_with = "optional_text")]
    pub started_at: Option<String>,
}

impl Coolify {
    /// The tasks of an application.
    pub async fn tasks(&self, application: &str) -> Result<Vec<Task>, Error> {
        self.read_list(&format!("applications/{}/scheduled-tasks", piece(application))).await
    }

    /// Gives an application a task.
    pub async fn create_task(&self, application: &str, new: &NewTask) -> Result<Task, Error> {
        self.create(&format!("applications/{}/scheduled-tasks", piece(application)), new).await
    }

    /// Changes a task.
    pub async fn update_task(
        &self,
        application: &str,
        task: &str,
        change: &TaskChange,
    ) -> Result<(), Error> {
        self.change(&path(application, task), change).await
    }

    /// Takes a task from an application.
    pub async fn delete_task(&self, application: &str, task: &str) -> Result<(), Error> {
        self.delete(&path(application, task)).await
    }

    /// Runs a task now. Which run it was is not said.
    pub async fn execute_task(&self, application: &str, task: &str) -> Result<(), Error> {
        let path = format!("{}/execute", path(application, task));
        self.act::<IgnoredAny>(&path, Act::Once).await.map(drop)
    }

    /// The runs of a task.
    pub async fn executions(&self, application: &str, task: &str) -> Result<Vec<Execution>, Error> {
        self.read_list(&format!("{}/executions", path(application, task))).await
    }
}

fn path(application: &str, task: &str) -> String {
    format!("applications/{}/scheduled-tasks/{}", piece(application), piece(task))
}
