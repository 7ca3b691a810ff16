//! What images are made of, and the locks of what goes into them.

pub mod conditions;
pub mod debian;
pub mod definition;
pub mod judgement;
pub mod links;
pub mod lock;
pub mod npm;
pub mod requirements;
pub mod size;
pub mod wheel;
