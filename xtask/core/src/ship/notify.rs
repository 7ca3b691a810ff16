//! What people are told after a change of an environment, as each place that shows it wants it.
//!
//! `told` is what happened, `message` the one text of it, `text` makes words of others harmless;
//! the rest is one place a file. Versions, names and errors come from outside: all of them are
//! treated as text that wants to be more than text.

pub mod discord;
pub mod github;
mod message;
pub mod sentry;
pub mod slack;
mod text;
mod told;

#[cfg(test)]
mod tests;

pub use message::{Message, Tone};
pub use told::{Ending, Requests, Told};
