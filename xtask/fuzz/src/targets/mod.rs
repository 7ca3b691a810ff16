//! The targets: one file for each kind of outside bytes.

mod control;
mod deb;
mod documents;
mod layout;
mod locks;
mod names;
mod packages;
mod registry;
mod settings;

/// A parser of outside bytes and what it promises of any.
pub struct Target {
    /// What people call it.
    pub name: &'static str,
    /// Hands it some bytes; panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Bytes as they should be, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub words: &'static [&'static str],
}

pub const TARGETS: &[Target] = &[
    deb::PACKAGE,
    deb::DATA,
    control::CONTROL,
    packages::PACKAGES,
    settings::LOCK,
    locks::NPM,
    locks::REQUIREMENTS,
    settings::DEFINITION,
    settings::DEPLOY,
    layout::LAYOUT,
    documents::DOCUMENTS,
    names::NAMES,
    names::ELF,
    registry::ANSWER,
    registry::CREDENTIALS,
];
