//! A change of an environment as a machine: given how far a run has come and what is seen, the next
//! step, with its reason. Whoever carries the steps out decides nothing.
//!
//! `model` walks every state that two runs, failures, kills, lost leases and other people can
//! bring about, and holds what must never be so.

mod course;
mod journal;
#[cfg(test)]
mod model;
mod next;
mod past;
mod schema;
mod step;
mod target;
#[cfg(test)]
mod tests;

pub use course::{BackUp, Course, Manner, Move};
pub use journal::{Journal, Mishap};
pub use next::{End, Next, next};
pub use past::{Ended, Past, interrupted, release_of};
pub use schema::{Applied, Skew, judge};
pub use step::Step;
pub use target::{Refused, Taken, return_to, roll_back, take_up};
