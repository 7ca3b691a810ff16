//! How Coolify replaces the containers of an application: what it reads, what it says, what it
//! does to containers, and how long it takes. The order itself is in [`deploy`].

mod app;
mod clock;
mod containers;
mod deploy;
mod journal;

pub use app::{AppSpec, EnvRow, HealthCheck, HealthKind, Job, Limits};
pub use clock::Delays;
pub use containers::{Container, Containers, Exec, Health, LocalImage, NewContainer, PullError};
pub use deploy::{Check, deploy};
pub use journal::{Event, Journal, LogLine, Status, Stream};
