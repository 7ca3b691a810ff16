//! Back-ups of an environment: taken, listed, restored, drilled, pruned and checked; and the state
//! of what stands around it.
//!
//! May use: `attest`, `database`, `edge`, `error`, `report`, `ship`, `target`, `world`. What stays,
//! what is an alarm and what a drill proves is decided in `core/src/backup`.

pub mod drill;
pub mod heartbeat;
pub mod home;
pub mod pipe;
pub mod place;
pub mod prune;
pub mod restore;
pub mod run;
pub mod state;

pub use home::{Home, Purpose};
