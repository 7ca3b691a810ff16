//! The client of Coolify, against answers that a running one gave and against a hostile server.

mod canaries;
mod double;
mod hostile;
mod recorded;
mod server;
mod writes;
