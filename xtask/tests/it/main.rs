//! One file per verb or edge, each in a world of its own.

mod advisories;
mod archive;
mod attest;
mod bench;
mod bootstrap;
mod cache;
mod check_page;
mod cli;
mod completions;
mod docs;
mod doctor;
mod gc;
mod help;
mod image;
mod image_verify;
mod indexes;
mod leaks;
mod nix;
mod platforms;
mod push;
mod registry;
mod scan;
mod scripts;
mod size;
mod tree;
mod world;
