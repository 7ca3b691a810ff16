//! What is said and signed about images: keys, statements, where they are kept, and whether they
//! are to be believed. The forms are `core/src/trust/attestation`'s.

mod attach;
mod claims;
mod in_layout;
pub mod key;
mod store;
mod verify;

pub use attach::{Tally, attest};
pub use claims::{Claim, claims};
pub use key::{PublicKey, SigningKey};
pub use store::AttestationStore;
pub use verify::{Believed, Verified, verify};
