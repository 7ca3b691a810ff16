//! What is said about images, and whether it is believed.

pub mod attestation;
pub mod sbom;
pub mod scan;
