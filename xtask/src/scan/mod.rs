//! What a scanner says of an image: asked once for each digest, database and version, and kept.

mod sbom;
mod scanner;

pub use scanner::{Fetch, Scan, Scanner};
