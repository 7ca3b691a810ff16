//! How a release moves through an environment.

pub mod backing;
pub mod database;
pub mod gate;
pub mod instance;
pub mod lease;
pub mod ledger;
pub mod lines;
pub mod machine;
pub mod migration;
pub mod notify;
pub mod owner;
pub mod probe;
pub mod proof;
pub mod proxy;
pub mod release;
pub mod report;
pub mod retention;
pub mod review;
pub mod rollout;
pub mod same_image;
pub mod traffic;
