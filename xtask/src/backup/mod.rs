//! Back-ups of an environment: taken, restored, pruned; and the state of what stands around it.
//!
//! May use: `edge`, `error`, `report`, `runtime`, `world`. Not `ship`, which takes one before it
//! migrates and drills them. What stays and what is an alarm is decided in `core/src/backup`.

pub mod heartbeat;
pub mod home;
pub mod pipe;
pub mod prune;
pub mod restore;
pub mod run;
pub mod state;

pub use home::{Home, Purpose};
