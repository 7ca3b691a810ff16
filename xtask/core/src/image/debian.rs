//! Choosing Debian packages: the archive's index, the order of versions, a closure,
//! and what differs from the one before.

mod change;
mod closure;
mod index;
mod refusal;
mod relation;
mod resolve;
mod stanza;
mod version;

pub use change::{Change, Reason, changes};
pub use closure::{Asker, Candidate, Chosen, ClosureError, close};
pub use index::{Index, IndexError, Package};
pub use refusal::{Fault, Refusal, refusals};
pub use relation::{Bound, Group, Relation};
pub use resolve::{ResolveError, Resolved, resolve};
pub use version::newer;
