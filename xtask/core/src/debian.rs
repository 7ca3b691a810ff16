//! Choosing Debian packages: the archive's index, the order of versions, and a closure.

mod closure;
mod index;
mod version;

pub use closure::{ClosureError, close};
pub use index::{Index, IndexError, Package};
pub use version::newer;
