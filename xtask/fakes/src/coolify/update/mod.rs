//! How Coolify replaces the containers of an application: what it reads, what it says, what it
//! does to containers, and how long it takes. The order itself is in [`deploy`].

mod app;
mod clock;
mod containers;
mod deploy;
mod dotenv;
mod interpolate;
mod journal;
mod render;

pub use app::{AppSpec, EnvRow, HealthCheck, HealthKind, Job, Limits};
pub use clock::Delays;
pub use containers::{Container, Containers, Exec, Health, LocalImage, NewContainer, PullError};
pub use deploy::{Check, deploy};
pub use journal::{Event, Journal, LogLine, Status, Stream};
pub use render::{env_file, real_value, seen, stored};
