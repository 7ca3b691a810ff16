//! One file per verb or edge, each in a world of its own.

mod cli;
mod image;
mod registry;
mod world;
