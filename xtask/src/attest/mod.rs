//! What is said and signed about images: keys, statements, where they are kept, and whether they
//! are to be believed. The forms are `core/src/trust/attestation`'s.

mod at_hand;
mod attach;
mod claims;
pub mod images;
mod in_layout;
pub mod key;
mod store;
mod verify;

pub use at_hand::{key_at_hand, key_if_there, public_keys, signing_key};
pub use attach::{Tally, attest, bundle};
pub use claims::{Claim, claims, who_builds};
pub use key::{PublicKey, SigningKey};
pub use store::AttestationStore;
pub use verify::{Believed, Verified, verify};
