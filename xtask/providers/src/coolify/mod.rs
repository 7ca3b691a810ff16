//! Coolify's HTTP API, as far as a rollout and its preparation go. Answers are read with patience
//! for what Coolify is known to send, requests are written strictly: only fields that it knows, in
//! the types that it takes.
//!
//! `client` sends, `repeat` says what is asked again, `refusal` turns answers into errors, `read`
//! holds what is tolerated; beside them stands one file for each kind of object.

mod ability;
mod application;
mod application_change;
mod cleanup;
mod client;
mod clock;
mod deployment;
mod error;
mod fields;
mod notifications;
mod path;
mod place;
mod project;
mod read;
mod refusal;
mod repeat;
pub(crate) mod said;
mod server;
mod settings;
mod storage;
mod storage_s3;
mod tag;
mod task;
mod variable;
mod version;

pub use ability::Ability;
pub use application::{Application, ApplicationSettings, Created};
pub use application_change::{ApplicationChange, NewApplication};
pub use cleanup::{Cleanup, CleanupChange, CleanupRun};
pub use client::Coolify;
pub use clock::Warning;
pub use deployment::{
    Claimed, Confirmed, Deployment, DeploymentId, Deployments, Line, RollbackImage, RollbackImages,
    Started, Status,
};
pub use error::{Error, Kind};
pub use fields::{Clearable, HealthCheckType, Redirect, Scheme};
pub use notifications::{Webhook, WebhookChange};
pub use place::{Destination, PlacedDestination, PlacedEnvironment, PlacedProject, PlacedServer};
pub use project::{Environment, NewProject, Project};
pub use refusal::Field;
pub use said::Said;
pub use server::{Proxy, Server, ServerChange, ServerSettings};
pub use settings::Settings;
pub use storage::{FileStorage, NewStorage, PersistentStorage, Storages};
pub use storage_s3::{NewS3, S3, S3Change, Validity};
pub use tag::Tag;
pub use task::{Execution, NewTask, Task, TaskChange};
pub use variable::{NewVariable, Variable};
pub use version::{Capabilities, Capability, NotAVersion, Version};
