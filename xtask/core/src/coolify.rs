//! What Coolify does with what it is given, as far as plans need to know.

pub mod value;
