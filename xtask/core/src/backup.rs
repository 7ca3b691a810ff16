//! Back-ups: what one must hold, which stay, when to worry, whether a restore gave all of it back,
//! and what a drill proves. restic keeps them and Postgres makes them; here it is only judged.

pub mod alarm;
pub mod archive;
pub mod drill;
pub mod evidence;
pub mod exit;
pub mod facts;
pub mod lifecycle;
pub mod lock;
pub mod manifest;
pub mod retention;
pub mod sigv4;
pub mod snapshot;
pub mod state;
pub mod tools;
pub mod verify;
