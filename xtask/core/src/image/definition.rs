//! What an image is made of: `images/<name>.toml`, read whole, with every mistake.

mod config;
mod layer;
mod name;
mod placeholder;
mod platforms;
mod python;

pub use config::{Config, HealthCommand};
pub use layer::{Addition, Copy, Debian, Layer, NATIVE_SUFFIX, Ownership, Stuff};
pub(crate) use name::flaw as name_flaw;
pub use platforms::NotFor;
pub use python::UnknownPython;

use crate::finding::{Finding, Findings};
use crate::image::requirements::Python;
use crate::places::Origin;
use crate::platform::Platform;
use crate::reader::{Source, Table};
use serde::Serialize;
use std::collections::BTreeSet;

/// One image, for every platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// Its name: the file's name without `.toml`.
    pub name: String,
    /// The base it stands on: the name of a file in `images/bases`, whose layers come first.
    pub base: Option<String>,
    /// What it is built for, in the order of an index.
    pub platforms: Vec<Platform>,
    /// The Python for which wheels are chosen.
    pub python: Option<Python>,
    /// Layers from the one that changes least to the one that changes most.
    pub layers: Vec<Layer>,
    /// How its process is started.
    pub config: Config,
    /// The most it may weigh unpacked, in MB (millions of bytes).
    pub budget_mb: u64,
    /// Where it stands.
    #[serde(skip)]
    origin: Origin,
    /// Where each of its layers stands.
    #[serde(skip)]
    layer_origins: Vec<Origin>,
}

impl Definition {
    /// Reads the definition called `name` from `text`; `file` is how messages call it.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, Findings> {
        let origin = Origin::of(file, text);
        Source::new(file, text).read(|root| read(name, root, origin))
    }

    /// The same image on the layers of its base, which is in `file` and says `text`.
    pub fn on_base(mut self, file: &str, text: &str) -> Result<Self, Findings> {
        let read = |root: &Table<'_>| Some(read_layers(root));
        let mut layers = Source::new(file, text).read(read)?;
        let mut layer_origins = origins(&Origin::of(file, text), layers.len());
        layers.append(&mut self.layers);
        layer_origins.append(&mut self.layer_origins);
        let whole = Self { layers, layer_origins, ..self };
        whole.refuse_names_of_the_base()?;
        Ok(whole)
    }

    fn refuse_names_of_the_base(&self) -> Result<(), Findings> {
        let is_taken =
            |at: usize| self.layers[..at].iter().any(|it| it.name == self.layers[at].name);
        let taken = (0..self.layers.len()).filter(|at| is_taken(*at));
        let finding = |at: usize| {
            let message = format!("the base has a layer `{}` too", self.layers[at].name);
            self.layer_finding(at, "name", message + "; choose another name")
        };
        let findings: Vec<Finding> = taken.map(finding).collect();
        if findings.is_empty() { Ok(()) } else { Err(Findings(findings)) }
    }

    /// A mistake at `key` of the file, such as `config.entrypoint[0]`.
    pub fn finding(&self, key: &str, message: impl Into<String>) -> Finding {
        self.origin.finding(key, message)
    }

    /// A mistake at `key` of the layer in this place, or at the layer itself without a key.
    pub fn layer_finding(&self, place: usize, key: &str, message: impl Into<String>) -> Finding {
        self.layer_origins[place].finding(key, message)
    }

    /// The layer that a blob called `name` holds, split or not.
    pub fn layer_called(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.is_called(name))
    }

    /// The layers that are made of Debian packages, in order.
    pub fn debian_layers(&self) -> impl Iterator<Item = (&Layer, &Debian)> {
        self.layers.iter().filter_map(|layer| match &layer.stuff {
            Stuff::Debian(debian) => Some((layer, debian)),
            _ => None,
        })
    }
}

fn read(name: &str, root: &Table<'_>, origin: Origin) -> Option<Definition> {
    if let Some(why) = name::flaw(name) {
        root.refuse("(name)", format!("`{name}` {why}; choose another name for the file"));
    }
    let base = root.optional_text("base");
    let platforms = platforms::read(root);
    let layers = read_layers(root);
    let python = python::read(root, &layers);
    let config = root.table("config").map(|table| config::read(&table));
    let budget = root.table("budget").map(|table| {
        let unpacked = table.number("unpacked_mb", 1..=100_000);
        table.refuse_unknown();
        unpacked
    });
    let layer_origins = origins(&origin, layers.len());
    Some(Definition {
        name: name.to_owned(),
        base,
        platforms,
        python,
        layers,
        config: config??,
        budget_mb: budget??,
        origin,
        layer_origins,
    })
}

fn read_layers(root: &Table<'_>) -> Vec<Layer> {
    let (mut names, mut count) = (BTreeSet::new(), 0);
    let layers = root.tables("layer", |table| {
        count += 1;
        let layer = layer::read(table)?;
        if !names.insert(layer.name.clone()) {
            let message = format!("`{}` is the name of a layer above", layer.name);
            table.refuse("name", message + "; choose another name");
        }
        Some(layer)
    });
    if count == 0 {
        root.refuse("layer", "missing; an image has at least one `[[layer]]`");
    }
    layers
}

fn origins(file: &Origin, count: usize) -> Vec<Origin> {
    (0..count).map(|place| file.below(&format!("layer[{place}]"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[layer]]
name = "base"
kind = "debian"
packages = ["libc6"]
without = { debconf = "asked by scripts only" }
directories = { tmp = "1777", data = "0700 70:70" }
links = { "bin/sh" = "dash" }
files = { "etc/passwd" = "root:x:0:0::/:\n" }

[[layer]]
name = "app"
kind = "build"
path = "services/backend"
run = ["node", "build.js"]
copy = { dist = "app/dist" }
drop = ["**/*.map"]

[config]
user = "65532:65532"
entrypoint = ["/bin/true"]
working_directory = "/"
ports = ["3000"]

[budget]
unpacked_mb = 200
"#;

    #[test]
    fn a_definition_reads_its_layers_in_order() {
        let definition = Definition::parse("x", "images/x.toml", GOOD).unwrap();
        let names: Vec<&str> = definition.layers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["base", "app"]);
        assert_eq!(definition.layers[0].additions.len(), 4);
    }

    #[test]
    fn a_build_that_does_not_say_what_runs_is_refused() {
        let silent = GOOD.replace("run = [\"node\", \"build.js\"]\n", "");
        let error = Definition::parse("x", "images/x.toml", &silent).unwrap_err();
        assert!(error.to_string().contains(".run`: missing; it is the program"), "{error}");
    }

    #[test]
    fn a_wrong_path_is_the_only_mistake_that_it_is() {
        for (kind, word) in
            [("build", "path"), ("npm", "path"), ("files", "path"), ("wheels", "requirements")]
        {
            let run = if kind == "build" { "run = [\"a\"]\n" } else { "" };
            let layer = format!(
                "[[layer]]\nname = \"a\"\nkind = \"{kind}\"\n{run}{word} = \".\"\ncopy = {{ a = \"b\" }}\n"
            );
            let text = format!(
                "python = \"3.11\"\n{layer}\n[config]{}",
                GOOD.split_once("[config]").unwrap().1
            );
            let error = Definition::parse("x", "images/x.toml", &text).unwrap_err().to_string();
            let wanted = format!("`layer[0].{word}`: `.` is not in plain form");
            assert!(error.contains(&wanted) && error.lines().count() == 1, "{kind}: {error}");
        }
    }

    #[test]
    fn the_layers_of_a_base_come_first() {
        let above = format!("base = \"debian\"\n{GOOD}");
        let definition = Definition::parse("x", "images/x.toml", &above).unwrap();
        let below = "[[layer]]\nname = \"below\"\nkind = \"debian\"\npackages = [\"dash\"]\n";
        let whole = definition.on_base("images/bases/debian.toml", below).unwrap();
        let names: Vec<&str> = whole.layers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["below", "base", "app"]);
    }

    #[test]
    fn files_are_native_by_name_only_where_layers_are_split_by_file() {
        let bad = GOOD.replace("drop = [", "native = [\"app/x\"]\ndrop = [");
        let error = Definition::parse("x", "images/x.toml", &bad).unwrap_err().to_string();
        assert!(error.contains("packages of Debian are never split by file"), "{error}");
        let good = bad.replace("kind = \"build\"", "kind = \"npm\"");
        let good = good.lines().filter(|line| !line.starts_with("run =")).collect::<Vec<_>>();
        let good = good.join("\n");
        let definition = Definition::parse("x", "images/x.toml", &good).unwrap();
        assert_eq!(definition.layers[1].native, ["app/x"]);
    }

    #[test]
    fn a_build_that_names_a_platform_is_one_for_each() {
        let text =
            GOOD.replace("[\"node\", \"build.js\"]", "[\"{machine}-linux-gnu-gcc\", \"a.c\"]");
        let text = text.replace("dist = \"app/dist\"", "\"out/{arch}/a\" = \"bin/a\"");
        let text = text.replace("drop = [", "native = [\"bin/a\"]\ndrop = [");
        let layer = Definition::parse("x", "images/x.toml", &text).unwrap().layers.remove(1);
        assert!(layer.differs());
        let said = |platform| match layer.on(platform).stuff {
            Stuff::Build { run, copy, .. } => (run[0].clone(), copy[0].from.clone()),
            other => panic!("{other:?}"),
        };
        let texts = |run: &str, from: &str| (run.to_owned(), from.to_owned());
        assert_eq!(said(Platform::Amd64), texts("x86_64-linux-gnu-gcc", "out/amd64/a"));
        assert_eq!(said(Platform::Arm64), texts("aarch64-linux-gnu-gcc", "out/arm64/a"));
        let same = Definition::parse("x", "images/x.toml", GOOD).unwrap().layers.remove(1);
        assert!(!same.differs() && same.on(Platform::Arm64) == same);
    }

    #[test]
    fn paths_that_escape_and_users_that_are_root_are_refused() {
        let bad = GOOD
            .replace("\"bin/sh\"", "\"../sh\"")
            .replace("= \"app/dist\"", "= \"/app/dist\"")
            .replace("65532:65532", "0:0")
            .replace("\"1777\"", "\"17x7\"")
            .replace("kind = \"build\"", "kind = \"zip\"");
        let error = Definition::parse("x", "images/x.toml", &bad).unwrap_err();
        insta::assert_snapshot!(error.to_string());
    }
}
