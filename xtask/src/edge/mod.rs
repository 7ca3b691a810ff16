//! One outside thing per file; an edge reads and changes, and decides nothing.

pub mod apt;
pub mod cargo_deny;
pub mod clock;
pub mod docker;
pub mod files;
pub mod git;
pub mod gitleaks;
pub mod holder;
pub mod hooks;
pub mod http;
pub mod in_use;
pub mod npm;
pub mod npm_audit;
pub mod passphrase;
pub mod pip_audit;
pub mod places;
pub mod ports;
pub mod postgres;
pub mod proxy;
pub mod redis;
pub mod registry;
pub mod secrets;
pub mod shell;
pub mod trivy;
pub mod uv;
pub mod workshop;
