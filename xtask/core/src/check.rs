//! The checks of the repository, and what GitHub runs of them.

pub mod advisories;
pub mod bench;
pub mod coverage;
pub mod decision;
pub mod excerpt;
pub mod graph;
pub mod hooks;
pub mod leaks;
pub mod renewal;
pub mod requirement;
pub mod schedule;
pub mod task;
pub mod tools;
pub mod workflow;
