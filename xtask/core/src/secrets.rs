//! Secrets of an environment: the file that holds them, what each environment lacks, what is weak,
//! and how a key is exchanged for another one.

pub mod check;
pub mod document;
pub mod fit;
pub mod github;
pub mod rotation;
pub mod weak;
