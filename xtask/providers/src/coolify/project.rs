//! Projects and their environments.

use super::application::{Application, applications};
use super::client::{Coolify, Made};
use super::error::Error;
use super::path::piece;
use super::read::{list, optional_text, text};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it. It may repeat.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// What people say of it.
    #[serde(default, deserialize_with = "optional_text")]
    pub description: Option<String>,
    /// Its environments; only where one project was asked for.
    #[serde(default, deserialize_with = "list")]
    pub environments: Vec<Environment>,
}

/// An environment of a project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Environment {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it: no two of a project have the same.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// What people say of it.
    #[serde(default, deserialize_with = "optional_text")]
    pub description: Option<String>,
    /// Its applications; only where one environment was asked for.
    #[serde(default, deserialize_with = "applications")]
    pub applications: Vec<Application>,
}

/// A project that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewProject {
    /// What people call it: 3 to 255 characters.
    pub name: String,
    /// What people say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Coolify {
    /// Every project of the token's team, without its environments.
    pub async fn projects(&self) -> Result<Vec<Project>, Error> {
        self.read_list("projects").await
    }

    /// One project with its environments; `None` where there is none of that name for this team.
    pub async fn project(&self, uuid: &str) -> Result<Option<Project>, Error> {
        self.read_if_there(&format!("projects/{}", piece(uuid))).await
    }

    /// Makes a project, which has an environment `production` from the start. Its uuid. Names may
    /// repeat: look first.
    pub async fn create_project(&self, new: &NewProject) -> Result<String, Error> {
        Ok(self.create::<Made>("projects", new).await?.uuid)
    }

    /// The environments of a project.
    pub async fn environments(&self, project: &str) -> Result<Vec<Environment>, Error> {
        self.read_list(&format!("projects/{}/environments", piece(project))).await
    }

    /// One environment by its name, with its applications; `None` where there is none.
    pub async fn environment(
        &self,
        project: &str,
        name: &str,
    ) -> Result<Option<Environment>, Error> {
        self.read_if_there(&format!("projects/{}/{}", piece(project), piece(name))).await
    }

    /// Makes an environment in a project. Its uuid.
    pub async fn create_environment(&self, project: &str, name: &str) -> Result<String, Error> {
        let path = format!("projects/{}/environments", piece(project));
        Ok(self.create::<Made>(&path, &json!({ "name": name })).await?.uuid)
    }
}
