//! What images are made of, and the locks of what goes into them.

pub mod conditions;
pub mod debian;
pub mod definition;
pub mod links;
pub mod lock;
pub mod npm;
pub mod requirements;
pub mod script_review;
pub mod size;
pub mod starter;
pub mod wheel;
