//! One layer of a definition: what it is filled with, what is left out, what is added.

use super::{name, placeholder};
use crate::digest::Digest;
use crate::platform::Platform;
use crate::reader::Table;
use serde::Serialize;
use std::collections::BTreeSet;

/// One layer: one tar of file changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Its name inside the definition, as the lock and the output call it.
    pub name: String,
    /// What it is filled with.
    pub stuff: Stuff,
    /// Globs of paths in the image that are left out.
    pub drop: Vec<String>,
    /// Globs of files that differ from platform to platform though they are no binaries.
    pub native: Vec<String>,
    /// Paths that a package makes set-id, each with the reason why they need not be.
    pub without_set_id: Vec<(String, String)>,
    /// What is added by declaration.
    pub additions: Vec<Addition>,
}

/// What the name of a native layer ends with, where a layer is split.
pub const NATIVE_SUFFIX: &str = "-native";

impl Layer {
    /// Whether a blob called `name` holds this layer, or one that it was split into.
    pub fn is_called(&self, name: &str) -> bool {
        name.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest == NATIVE_SUFFIX)
    }

    /// The same layer as it is asked for on `platform`.
    #[must_use]
    pub fn on(&self, platform: Platform) -> Self {
        let mut layer = self.clone();
        for text in layer.stuff.varied_mut() {
            *text = placeholder::filled(text, platform);
        }
        layer
    }

    /// Whether it may be another one on each platform. A build that names no platform is one for all.
    pub fn differs(&self) -> bool {
        self.stuff.differs()
    }
}

/// What a layer is filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Stuff {
    /// Debian packages, unpacked without running their scripts.
    Debian(Debian),
    /// Production packages of npm, installed by `npm ci` from the lock in `path`.
    Npm {
        /// The folder with `package.json` and `package-lock.json`.
        path: String,
        /// Whether optional packages are wanted: how a lock names one package a platform.
        optional: bool,
        /// Packages whose install script is not needed, each with the reason.
        scripts: Vec<(String, String)>,
        /// What goes where, relative to that folder after the installation.
        copy: Vec<Copy>,
    },
    /// Wheels, installed by `uv` from a hash-pinned requirements file.
    Wheels {
        /// The requirements file.
        requirements: String,
        /// What goes where, relative to the installation's folder.
        copy: Vec<Copy>,
    },
    /// The output of a service's own build.
    Build {
        /// The service's folder.
        path: String,
        /// What makes the output: a program and its arguments.
        run: Vec<String>,
        /// What goes where, relative to that folder after the build.
        copy: Vec<Copy>,
    },
    /// Files of the repository as they are.
    Files {
        /// The folder they are in.
        path: String,
        /// What goes where, relative to that folder.
        copy: Vec<Copy>,
    },
}

impl Stuff {
    /// The texts in which a platform may be named.
    fn varied_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let (run, copy): (&mut [String], &mut [Copy]) = match self {
            Self::Debian(_) => (&mut [], &mut []),
            Self::Npm { copy, .. } | Self::Wheels { copy, .. } | Self::Files { copy, .. } => {
                (&mut [], copy)
            }
            Self::Build { run, copy, .. } => (run, copy),
        };
        run.iter_mut().chain(copy.iter_mut().flat_map(|it| [&mut it.from, &mut it.to]))
    }

    /// Whether its files go by themselves into what is native and what every platform shares.
    fn is_split_by_file(&self) -> bool {
        !matches!(self, Self::Debian(_)) && self.differs()
    }

    fn differs(&self) -> bool {
        let Self::Build { run, copy, .. } = self else { return true };
        let copies = copy.iter().flat_map(|it| [&it.from, &it.to]);
        run.iter().chain(copies).any(|text| placeholder::is_in(text))
    }
}

/// Packages by name; their closure is in the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Debian {
    /// The packages asked for.
    pub packages: Vec<String>,
    /// Packages that a dependency asks for and that stay out, each with the reason.
    pub without: Vec<(String, String)>,
}

impl Debian {
    /// The digest of what is asked for, by which a lock knows whether it still holds.
    pub fn digest(&self) -> Digest {
        let without: Vec<&String> = self.without.iter().map(|(name, _)| name).collect();
        let asked = serde_json::to_vec(&(&self.packages, without));
        Digest::of(&asked.expect("names are texts"))
    }
}

/// A path of the input and where it goes in the image. `*` stands for one path component, `{arch}`
/// and `{machine}` for the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// Relative to the input's folder.
    pub from: String,
    /// Relative to the root of the image.
    pub to: String,
}

/// Something added to a layer by declaration, such as the useful effect of a maintainer script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Addition {
    /// A directory with its mode and owner.
    Directory(String, Ownership),
    /// A symlink and its text.
    Link(String, String),
    /// A file and its content.
    File(String, String),
    /// A file made of all files that match a glob, in byte order, each ending in a newline.
    Collect(String, String),
}

/// Mode and owner of a declared directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ownership {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

pub(super) fn read(table: &Table<'_>) -> Option<Layer> {
    let name = table.text("name");
    if let Some((name, why)) = name.as_ref().and_then(|it| Some((it, name::layer_flaw(it)?))) {
        table.refuse("name", format!("`{name}` {why}"));
    }
    let stuff = read_stuff(table);
    let drop = read_patterns(table, "drop");
    let native = read_patterns(table, "native");
    if !native.is_empty() && !stuff.as_ref().is_none_or(Stuff::is_split_by_file) {
        table.refuse("native", NEVER_SPLIT);
    }
    let without_set_id = table.text_table("without_set_id");
    if !without_set_id.is_empty() && !matches!(stuff, None | Some(Stuff::Debian(_))) {
        table.refuse("without_set_id", "only packages of Debian bring set-id bits");
    }
    let additions = read_additions(table);
    Some(Layer { name: name?, stuff: stuff?, drop, native, without_set_id, additions })
}

/// Why a layer has no native files.
const NEVER_SPLIT: &str = "packages of Debian are never split by file, and a `build` is only where \
                           its `run` or `copy` names `{arch}` or `{machine}`";

/// Globs over paths of the image.
fn read_patterns(table: &Table<'_>, key: &str) -> Vec<String> {
    let patterns = table.texts(key);
    for (place, pattern) in patterns.iter().enumerate() {
        if pattern.is_empty() || pattern.starts_with('/') || pattern.ends_with('/') {
            let wanted = "wanted one relative to the root of the image, such as `usr/share/man`";
            table.refuse(key, format!("the pattern `{pattern}` can match nothing; {wanted}"));
        }
        if patterns[..place].contains(pattern) {
            table.refuse(key, format!("the pattern `{pattern}` is named twice"));
        }
    }
    patterns
}

fn read_stuff(table: &Table<'_>) -> Option<Stuff> {
    match table.text("kind")?.as_str() {
        "debian" => Some(read_debian(table)),
        "npm" => read_npm(table),
        "wheels" => {
            let (requirements, copy) = (read_path(table, "requirements"), read_copies(table));
            Some(Stuff::Wheels { requirements: requirements?, copy })
        }
        "build" => {
            let (path, run) = (read_path(table, "path"), read_run(table));
            let copy = read_copies(table);
            Some(Stuff::Build { path: path?, run, copy })
        }
        "files" => {
            let (path, copy) = (read_path(table, "path"), read_copies(table));
            Some(Stuff::Files { path: path?, copy })
        }
        other => {
            let known = "`debian`, `npm`, `wheels`, `build`, `files`";
            table.refuse("kind", format!("unknown kind `{other}`; known: {known}"));
            None
        }
    }
}

fn read_run(table: &Table<'_>) -> Vec<String> {
    let run = table.texts("run");
    if run.is_empty() {
        table.refuse("run", "missing; it is the program that builds, and its arguments");
    }
    run
}

fn read_npm(table: &Table<'_>) -> Option<Stuff> {
    let optional = match table.optional_text("optional").as_deref() {
        None | Some("omit") => false,
        Some("include") => true,
        Some(other) => {
            table.refuse("optional", format!("unknown `{other}`; known: `omit`, `include`"));
            false
        }
    };
    let scripts = table.text_table("scripts");
    let (path, copy) = (read_path(table, "path"), read_copies(table));
    Some(Stuff::Npm { path: path?, optional, scripts, copy })
}

fn read_debian(table: &Table<'_>) -> Stuff {
    let packages = table.texts("packages");
    Stuff::Debian(Debian { packages, without: table.text_table("without") })
}

fn read_copies(table: &Table<'_>) -> Vec<Copy> {
    let copies = table.text_table("copy").into_iter();
    let copies: Vec<Copy> = copies.map(|(from, to)| Copy { from, to }).collect();
    for copy in &copies {
        // A lone dot is the input's folder itself.
        if copy.from != "." {
            refuse_escape(table, "copy", &copy.from);
        }
        refuse_escape(table, "copy", &copy.to);
    }
    if copies.is_empty() {
        table.refuse("copy", "missing; it says what goes where: `{ FROM = \"TO\" }`");
    }
    copies
}

fn read_path(table: &Table<'_>, key: &str) -> Option<String> {
    let path = table.text(key)?;
    refuse_escape(table, key, &path).then_some(path)
}

/// True if `path` stays inside the tree; notes a finding otherwise.
fn refuse_escape(table: &Table<'_>, key: &str, path: &str) -> bool {
    let wanted = "wanted a relative path without `.`, `..` and `//`";
    let escapes = path.starts_with('/') || path.split('/').any(|part| part == "..");
    let is_plain = !path.split('/').any(|part| matches!(part, "" | "."));
    if escapes {
        table.refuse(key, format!("`{path}` escapes the tree; {wanted}"));
    } else if !is_plain {
        table.refuse(key, format!("`{path}` is not in plain form; {wanted}"));
    }
    !escapes && is_plain
}

fn read_additions(table: &Table<'_>) -> Vec<Addition> {
    let mut additions = Vec::new();
    for (path, text) in table.text_table("directories") {
        if let Some(ownership) = read_ownership(&text) {
            additions.push(Addition::Directory(path, ownership));
        } else {
            table.refuse("directories", format!("`{text}` is not `MODE` or `MODE UID:GID`"));
        }
    }
    let links = table.text_table("links").into_iter();
    additions.extend(links.map(|(path, target)| Addition::Link(path, target)));
    let files = table.text_table("files").into_iter();
    additions.extend(files.map(|(path, content)| Addition::File(path, content)));
    let collections = table.text_table("collect").into_iter();
    additions.extend(collections.map(|(path, glob)| Addition::Collect(path, glob)));
    let mut places = BTreeSet::new();
    for addition in &additions {
        refuse_escape(table, addition.key(), addition.path());
        if !places.insert(addition.path()) {
            let message = format!("`{}` is declared above as something else", addition.path());
            table.refuse(addition.key(), message);
        }
        if matches!(addition, Addition::Link(_, target) if target.is_empty()) {
            table.refuse("links", format!("`{}` links to nothing", addition.path()));
        }
    }
    additions
}

/// `0755` or `0700 70:70`.
fn read_ownership(text: &str) -> Option<Ownership> {
    let (mode, owner) = text.split_once(' ').unwrap_or((text, "0:0"));
    let (uid, gid) = owner.split_once(':')?;
    let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777)?;
    Some(Ownership { mode, uid: uid.parse().ok()?, gid: gid.parse().ok()? })
}

impl Addition {
    /// Where it goes, relative to the root of the image.
    pub fn path(&self) -> &str {
        match self {
            Self::Directory(path, _)
            | Self::Link(path, _)
            | Self::File(path, _)
            | Self::Collect(path, _) => path,
        }
    }

    /// Under which key of its layer it is declared.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Directory(..) => "directories",
            Self::Link(..) => "links",
            Self::File(..) => "files",
            Self::Collect(..) => "collect",
        }
    }
}
