//! A project at Hetzner Cloud: what is there, and a plan carried out there request by request.

mod apply;
mod journal;
mod observe;
mod purchase;

pub use apply::Writer;
pub use journal::Journal;
pub use observe::observe;
