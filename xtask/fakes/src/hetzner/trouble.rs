//! What goes wrong on the way to and from a Hetzner Cloud, at the request that a test names.

use crate::faults::Fault;
use crate::http::Request;

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It is not done, and answered so.
    Instead(Fault),
    /// It is done, and answered so.
    Afterwards(Fault),
    /// It is done, and the connection breaks before the answer.
    CutAfterwards,
}

/// When a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it is done.
    Before,
    /// It is done, and not answered yet.
    After,
}

/// Trouble that waits for its request.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) method: &'static str,
    /// How the path ends.
    pub(super) ending: &'static str,
    pub(super) trouble: Trouble,
}

impl Awaited {
    pub(super) fn is_for(&self, request: &Request) -> bool {
        request.method == self.method && request.path.ends_with(self.ending)
    }
}
