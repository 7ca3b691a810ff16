//! One outside thing per file; an edge reads and changes, and decides nothing.

pub mod actions;
pub mod apt;
pub mod cargo_deny;
pub mod clock;
pub mod confirm;
pub mod docker;
pub mod entry;
pub mod files;
pub mod git;
pub mod github;
pub mod gitleaks;
pub mod hooks;
pub mod http;
pub mod installed;
pub mod lease;
pub mod leftovers;
pub mod llvm;
pub mod npm;
pub mod npm_audit;
pub mod passphrase;
pub mod pip_audit;
pub mod places;
pub mod ports;
pub mod postgres;
pub mod proxy;
pub mod redis;
#[allow(clippy::disallowed_methods, reason = "a helper is looked for along the PATH")]
pub mod registry;
pub mod requirements;
pub mod secrets;
pub mod shell;
pub mod tools;
pub mod trivy;
pub mod uv;
