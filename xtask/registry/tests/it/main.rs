//! The client against the fake, with everything that goes wrong, and against Docker's own registry
//! and skopeo.

#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is asserting")]

mod access;
mod faults;
mod push;
mod read;
mod real;
mod referrers;
mod refusals;
mod skopeo;
mod world;
