//! The main road, one arrow a file: each takes what the one before gave, and gives what the next
//! one takes. Verbs in `cmd/` walk the whole of it or a part.

pub mod backing;
pub mod build;
pub mod gate;
pub mod migrate;
pub mod probe;
pub mod push;
pub mod record;
pub mod release;
pub mod rollout;
pub mod scan;
pub mod settings;
pub mod site;
pub mod verify;
