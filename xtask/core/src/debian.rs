//! Choosing Debian packages: the archive's index, the order of versions, a closure,
//! and what differs from the one before.

mod change;
mod closure;
mod index;
mod refusal;
mod resolve;
mod version;

pub use change::{Change, Reason, changes};
pub use closure::{Asker, Chosen, ClosureError, close};
pub use index::{Index, IndexError, Package};
pub use refusal::{Fault, Refusal, refusals};
pub use resolve::{Resolved, resolve};
pub use version::newer;
