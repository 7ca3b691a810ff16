//! How Coolify replaces the containers of an application: what it reads, what it says, what it
//! does to containers, and how long it takes. The order itself is in `deploy.rs`.

mod app;
mod clock;
mod compose;
mod containers;
mod deploy;
mod dotenv;
mod failure;
mod gate;
mod interpolate;
mod journal;
mod options;
pub mod proxy;
mod render;
mod run;
mod stop;

pub use app::{AppSpec, EnvRow, HealthCheck, HealthKind, Job, Limits};
pub use clock::Delays;
pub use compose::{Check, image};
pub use containers::docker::Docker;
pub use containers::simulated::{self, Simulated};
pub use containers::{Container, Containers, Exec, Health, LocalImage, NewContainer, PullError};
pub use deploy::deploy;
pub use journal::{Event, Journal, LogLine, Status, Stream};
pub use render::{env_file, real_value, seen, stored};
pub use stop::{Cleanup, stop};
