//! What `bench image` measures with: real programs on the same inputs, one after another.

mod bulk;
mod peers;
mod rates;
mod scratch;
mod server;
mod timed;

pub use bulk::write_bulk;
pub use peers::{Packer, packers};
pub use rates::{measure, tar_size};
pub use scratch::Scratch;
pub use server::Server;
pub use timed::{Timed, timed};
